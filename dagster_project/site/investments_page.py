"""Did it work: what each investment was to move and what moved since, what would pay for it, and what surveys said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from dagster_project.reports.council_marts import Row
from dagster_project.reports.investments import COSTS, KINDS, NO_CAUSE
from dagster_project.reports.measures import day_words, measure_of, month_words
from dagster_project.site.contents import Cell, Heading, Page, Section, Table, Tag
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import HEADINGS, capitalised, table
from dagster_project.site.topic_page import page_of_topic, unit_link

IMPACT, FUNDING, CONTEXT, SURVEYS = (
    "investment_impact", "investment_funding", "investment_context", "survey_results",
)  # fmt: skip
TOPIC = "investments"
DIRECTIONS = {"better": "none", "worse": "warning", "unchanged": "info"}
MET = {True: "met", False: "not met"}


def has_investments(data: CouncilData) -> bool:
    return bool(data.rows(IMPACT) or data.rows(SURVEYS))


def investments_page(data: CouncilData, tier: str) -> Page:
    """Each investment of the council, then its surveys."""
    names = sorted({row["investment"] for row in data.rows(IMPACT)})
    return page_of_topic(
        data,
        tier,
        TOPIC,
        "Did it work?",
        NO_CAUSE,
        [*(_investment(data, name, tier) for name in names), _surveys(data)],
    )


def _investment(data: CouncilData, name: str, tier: str) -> Section | None:
    rows = [row for row in data.rows(IMPACT) if row["investment"] == name and row["month"] <= data.month]
    month = most_known(rows)
    if month is None:
        return None
    now = [row for row in rows if row["month"] == month]
    began = now[0].get("starts_on")
    tables = [_criteria(data, now, name, month), _lines(data, name) if tier != "public" else None]
    tables += [_funding(data, name), _context(data, name, month)]
    return Section(
        f"investment-{name}".replace("_", "-"),
        capitalised(name),
        inset=f"{f'Begun on {day_words(began)}. ' if began else ''}Seen at the end of {month_words(month)}.",
        tables=[found for found in tables if found is not None],
        notes=_claims(data, name),
    )


def most_known(rows: Sequence[Row]) -> date | None:
    """The month of which most is known, the later of two: totals that arrive late do not make a month the latest."""
    known = Counter(
        {row["month"]: 0 for row in rows}
        | Counter(row["month"] for row in rows if row.get("value_now") is not None)
    )
    return max(known, key=lambda month: (known[month], month), default=None)


def _criteria(data: CouncilData, rows: Sequence[Row], name: str, month: date) -> Table | None:
    def judged(row: Row) -> Cell:
        direction = row.get("direction")
        if row.get("last_known_month") is None:
            return Cell("not measured" if row.get("value_at_start") is None else "nothing since")
        if direction is None:
            return Cell("not known now")
        if row.get("months_since") == 1 and not row.get("is_start_before"):
            return Cell("one value only")
        return Cell("", tag=Tag(capitalised(direction), DIRECTIONS.get(direction, "info")))

    return table(
        data,
        IMPACT,
        f"What its paper hoped to move, before it began and at the end of {month_words(month)}",
        [
            ("Measure", lambda row: Cell(_measure_words(row))),
            ("Of", lambda row: unit_link(data, row["unit"], TOPIC)),
            ("Since", judged),
        ],
        ["value_at_start", "value_now", "change", "change_percent", "target", "is_target_met", "started_from",
         "mean_since", "best_since", "worst_since", "months_since", "last_known_month", "last_known_value"],
        sorted(rows, key=lambda row: (row["indicator"], row["unit"], row.get("item") or "")),
    )  # fmt: skip


def _measure_words(row: Row) -> str:
    """A survey's question, or the column of a mart as every page heads it."""
    return capitalised(row["item"]) if row.get("item") else _heading(row["indicator"])


def _heading(column: str) -> str:
    return HEADINGS.get(column, measure_of(column, "varchar").heading)


def _lines(data: CouncilData, name: str) -> Table | None:
    """What the paper asks of each line of the investment, where its council registered it."""
    # A criterion that is measured in several units is asked once.
    asked = {
        (row["line"], row["criterion"]): row
        for row in data.reference.rows("investment_criteria")
        if row["council"] == data.council and row["investment"] == name
    }
    if not asked:
        return None
    return Table(
        "What its paper asks of each line of it",
        [Heading("Line"), Heading("Criterion"), Heading("Measured by"), Heading("Source")],
        [
            [
                Cell(capitalised(row["line"])),
                Cell(row["criterion"] or "no criterion stated"),
                Cell(
                    _heading(row["indicator"])
                    if row["indicator"]
                    else ("nothing delivered" if row["criterion"] else "")
                ),
                Cell(row["source"]),
            ]
            for row in asked.values()
        ],
    )


def _funding(data: CouncilData, name: str) -> Table | None:
    """For each financial year since, the month of it that knows most: would the fall in agency spend pay for it?"""
    newest: dict[tuple[str, str], Row] = {}
    for row in sorted(
        (row for row in data.rows(FUNDING) if row["investment"] == name and row["month"] <= data.month),
        key=lambda row: (
            row.get("saving_gbp") is not None,
            row.get("cost_gbp") is not None,
            row["month"],
        ),
    ):
        newest[row["year_now"], row.get("cost_of") or ""] = row

    def pays(row: Row) -> Cell:
        verdict = row.get("would_fund")
        if verdict is None:
            return Cell("", kind="missing")
        return Cell("", tag=Tag("It would", "none") if verdict else Tag("It would not", "warning"))

    return table(
        data,
        FUNDING,
        "Would the fall in agency spend pay for it, by financial year",
        [
            ("Year", lambda row: Cell(f"{row['year_now']} against {row['year_before']}")),
            ("Would it pay", pays),
            ("What it costs is of", lambda row: Cell(COSTS.get(row.get("cost_of") or "", "not known"))),
        ],
        ["agency_cost_before_gbp", "is_before_whole", "agency_cost_now_gbp", "is_now_whole", "saving_gbp", "cost_gbp",
         "difference_gbp"],
        [newest[key] for key in sorted(newest, reverse=True)],
    )  # fmt: skip


def _claims(data: CouncilData, name: str) -> list[str]:
    said = {
        (row.get("claim"), row.get("source")): None
        for row in data.rows(FUNDING)
        if row["investment"] == name and row.get("claim")
    }
    return [f"Its paper says: {claim} ({source})." for claim, source in said]


def _context(data: CouncilData, name: str, month: date) -> Table | None:
    order = list(KINDS)
    rows = sorted(
        (row for row in data.rows(CONTEXT) if row["investment"] == name and row["month"] == month),
        key=lambda row: (order.index(row["kind"]), row["happened_on"], row["what"], row["event"]),
    )
    return table(
        data,
        CONTEXT,
        "What else began, ended or changed since",
        [
            ("What", lambda row: Cell(_heading(row["what"]))),
            ("Which is", lambda row: Cell(KINDS[row["kind"]])),
        ],
        ["event", "happened_on", "from_value", "to_value"],
        rows,
    )


def _surveys(data: CouncilData) -> Section | None:
    rows = sorted(
        data.rows(SURVEYS), key=lambda row: (-row["taken_on"].toordinal(), row["survey"], row["question"])
    )
    found = table(
        data,
        SURVEYS,
        f"Answers of surveys, audits and records of {data.name}, the newest first",
        [
            ("Question", lambda row: Cell(capitalised(row["question"]))),
            ("Survey", lambda row: Cell(capitalised(row["survey"]))),
        ],
        ["taken_on", "value", "unit", "source"],
        rows,
    )
    return Section("surveys", "What surveys said", tables=[found]) if found else None
