"""A whole paper from the published marts of one council's month. What it shows is declared in sections.yml."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime
from importlib.metadata import version

from dagster_project.errors import PlainError
from dagster_project.reference import load_reference
from dagster_project.reports.contracts import contracts
from dagster_project.reports.council_marts import Copy, council_marts
from dagster_project.reports.lineage import built_nodes
from dagster_project.reports.measures import day_words, month_words
from dagster_project.reports.paper.contents import Paper, Section, Table
from dagster_project.reports.paper.pictures import picture_of
from dagster_project.reports.paper.rules import PRODUCT, Rules
from dagster_project.reports.paper.sections import ShownSection, ShownTable, declared_sections
from dagster_project.reports.paper.summary import sentences
from dagster_project.reports.paper.tables import Body, TableMaker
from dagster_project.reports.paper.wording import Wording
from dagster_project.settings import Settings

COPIES = {
    Copy.PUBLIC: "public: small numbers are suppressed and printed as c",
    Copy.INTERNAL: "internal: exact figures, not for publication",
}


class UnknownColumnError(PlainError):
    """A declared section names a mart or column that is not published."""


class PaperMaker:
    """Numbers tables and figures through, collects sentences, and says what is not there."""

    def __init__(self, settings: Settings, council: str, month: date, copy: Copy) -> None:
        self._marts = council_marts(settings, council, month, copy)
        self._reference = load_reference(settings)
        declared = declared_sections()
        self._wording = Wording(self._reference, council)
        as_at = month.replace(day=calendar.monthrange(month.year, month.month)[1])
        self._rules = Rules(self._marts, self._reference, built_nodes(settings), as_at)
        self._declared = declared.sections
        self._tables = self._pictures = 0
        self._summary: list[str] = []
        self._left_out: list[str] = []

    def paper(self) -> Paper:
        marts, as_at = self._marts, day_words(self._rules.as_at)
        name = self._reference.councils.get(marts.council, marts.council)
        sections = [self._section(shown) for shown in self._declared]
        sections = [section for section in sections if section.tables or section.absent]
        return Paper(
            title=f"{name}: children's social care caseloads, workforce and cost, {month_words(marts.month)}",
            council=name,
            month=month_words(marts.month),
            copy=str(marts.copy),
            facts=(
                ("Council", name),
                ("Month", month_words(marts.month)),
                ("Figures as at", as_at),
                ("Copy", COPIES[marts.copy]),
                ("Made from", f"load {marts.load_id} by {PRODUCT} {version(PRODUCT)}"),
            ),
            summary=self._summary,
            not_delivered=self._rules.expected_and_missing,
            sections=sections,
            made_at=_moment_of(marts.load_id),
            left_out=self._left_out,
        )

    def _section(self, shown: ShownSection) -> Section:
        tables, absent = [], []
        for wanted in shown.tables:
            table = self._table(wanted)
            if isinstance(table, Table):
                tables.append(table)
            elif table:
                absent.append(table)
            else:
                self._left_out.append(wanted.title)
        return Section(shown.title, shown.about, tables, absent)

    def _table(self, shown: ShownTable) -> Table | str | None:
        """The table, why it has nothing to show, or None where this copy may not hold it."""
        contract = contracts().get(shown.mart)
        known = self._marts.columns.get(shown.mart)
        if contract is None:
            raise UnknownColumnError(
                f"no contract describes the mart {shown.mart} that a section of the paper draws"
            )
        if known is None:
            return None
        maker = TableMaker(self._marts, self._wording, contract, shown)
        body = maker.body()
        if body.is_empty and not (shown.is_of_words and body.lines):
            return self._rules.absent(contract, shown)
        self._summary += sentences(self._wording, contract, body.rows, shown.sentences)
        self._tables += 1
        as_at = self._as_at(body)
        picture = picture_of(maker, body.rows, self._pictures + 1, as_at, self._rules.policies(shown.policy))
        self._pictures += picture is not None
        return Table(
            key=shown.key,
            number=self._tables,
            title=shown.title,
            as_at=as_at,
            headings=body.headings,
            lines=body.lines,
            rules=self._rules.rules(contract, shown),
            source=self._rules.source(contract, shown),
            notes=[*body.notes, *self._rules.notes(contract, body.rows, body.lines)],
            picture=picture,
        )

    def _as_at(self, body: Body) -> str:
        ends = ("month",) if any(row.get("month") for row in body.rows) else ("first_month", "last_month")
        months = sorted({row[end] for row in body.rows for end in ends if row.get(end)})
        if len(months) > 1:
            return f"month ends from {month_words(months[0])} to {month_words(months[-1])}"
        return f"as at {day_words(self._rules.as_at)}"


def make_paper(settings: Settings, council: str, month: date, copy: Copy) -> Paper:
    """The paper of a council's month.

    Raises NothingPublishedError or NotLoadedError where there is nothing to draw it from.
    """
    return PaperMaker(settings, council, month, copy).paper()


def _moment_of(load_id: str) -> datetime:
    """When a load began, as its name says."""
    return datetime.strptime(load_id[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
