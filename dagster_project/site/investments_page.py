"""Did it work: what each investment was to move and what moved since, what would pay for it, and what surveys said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from dagster_project.reports.code_words import code_words
from dagster_project.reports.council_marts import Row
from dagster_project.reports.investments import NO_CAUSE
from dagster_project.reports.measures import day_words, measure_words, month_words
from dagster_project.site.contents import Cell, Page, Section, Table, Tag
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import capitalised, table
from dagster_project.site.topic_page import page_of_topic, unit_link

IMPACT, LINES, FUNDING, CONTEXT, SURVEYS = (
    "investment_impact", "investment_lines", "investment_funding", "investment_context", "survey_results",
)  # fmt: skip
TOPIC = "investments"
DIRECTIONS = {"better": "none", "worse": "warning", "unchanged": "info"}
MET = {True: "met", False: "not met"}


def has_investments(data: CouncilData) -> bool:
    return bool(data.rows(IMPACT) or data.rows(LINES) or data.rows(SURVEYS))


def investments_page(data: CouncilData, tier: str) -> Page:
    """Each investment of the council, then its surveys."""
    names = sorted({row["investment"] for row in (*data.rows(IMPACT), *data.rows(LINES))})
    return page_of_topic(
        data,
        tier,
        TOPIC,
        "Did it work?",
        NO_CAUSE,
        [*(_investment(data, name, tier) for name in names), _surveys(data)],
    )


def _investment(data: CouncilData, name: str, tier: str) -> Section | None:
    rows, lines = (
        [row for row in data.rows(mart) if row["investment"] == name and row["month"] <= data.month]
        for mart in (IMPACT, LINES)
    )
    month = most_known(rows or lines)
    if month is None:
        return None
    now = [row for row in rows if row["month"] == month]
    began = min((row["starts_on"] for row in now or lines if row.get("starts_on")), default=None)
    tables = [
        _criteria(data, now, month),
        _lines(data, [row for row in lines if row["month"] == month], month),
        _funding(data, name),
        _context(data, name, month),
    ]
    return Section(
        f"investment-{name}".replace("_", "-"),
        capitalised(name),
        inset=f"{f'Begun on {day_words(began)}. ' if began else ''}Seen at the end of {month_words(month)}.",
        tables=[found for found in tables if found is not None],
        notes=[*_sources(lines, month), *_claims(data, name)],
    )


def most_known(rows: Sequence[Row]) -> date | None:
    """The month of which most is known, the later of two: totals that arrive late do not make a month the latest."""
    known = Counter(
        {row["month"]: 0 for row in rows}
        | Counter(row["month"] for row in rows if row.get("value_now") is not None)
    )
    return max(known, key=lambda month: (known[month], month), default=None)


def _judged(row: Row) -> Cell:
    direction = row.get("direction")
    if row.get("last_known_month") is None:
        return Cell("not measured" if row.get("value_at_start") is None else "nothing since")
    if direction is None:
        return Cell("not known now")
    if row.get("months_since") == 1 and not row.get("is_start_before"):
        return Cell("one value only")
    return Cell("", tag=Tag(capitalised(direction), DIRECTIONS.get(direction, "info")))


def _criteria(data: CouncilData, rows: Sequence[Row], month: date) -> Table | None:
    return table(
        data,
        IMPACT,
        f"What its paper hoped to move, before it began and at the end of {month_words(month)}",
        [
            ("Measure", lambda row: Cell(_measure_words(data, row))),
            ("Of", lambda row: unit_link(data, row["unit"], TOPIC)),
            ("Since", _judged),
        ],
        ["value_at_start", "value_now", "change", "change_percent", "target", "is_target_met", "started_from",
         "mean_since", "best_since", "worst_since", "months_since", "last_known_month", "last_known_value"],
        sorted(rows, key=lambda row: (row["indicator"], row["unit"], row.get("item") or "")),
    )  # fmt: skip


def _measure_words(data: CouncilData, row: Row) -> str:
    """A survey's question, or a measure with its unit."""
    if row.get("item"):
        return capitalised(row["item"])
    return measure_words(row["indicator"], data.reference.rows("metrics"))


def _lines(data: CouncilData, rows: Sequence[Row], month: date) -> Table | None:
    """What the paper asks of each line of the investment: before the line began, since and now."""

    def asked(row: Row) -> Cell:
        return Cell(row.get("criterion") or "no criterion stated")

    def of_line(row: Row) -> Cell:
        began = row.get("starts_on")
        return Cell(f"{capitalised(row['line'])}{f', from {day_words(began)}' if began else ''}")

    def followed(row: Row) -> Cell:
        return Cell(_measure_words(data, row)) if row.get("indicator") else Cell("")

    def since(row: Row) -> Cell:
        why_not = code_words()["measured"][row["measured"]]
        return _judged(row) if row.get("indicator") else Cell(why_not if row.get("criterion") else "")

    def where(row: Row) -> Cell:
        return unit_link(data, row["unit"], TOPIC) if row.get("unit") else Cell("")

    return table(
        data,
        LINES,
        f"What its paper asks of each line of it, before the line began and at the end of {month_words(month)}",
        [("Line", of_line), ("Criterion", asked), ("Measured by", followed), ("Of", where), ("Since", since)],
        ["value_at_start", "mean_since", "value_now", "target", "is_target_met", "started_from", "last_known_month",
         "last_known_value"],
        sorted(rows, key=lambda row: (row["line"], row.get("criterion") or "", row.get("unit") or "")),
    )  # fmt: skip


def _sources(lines: Sequence[Row], month: date) -> list[str]:
    """Where its paper asks what it asks of a line, each place once."""
    places = {(row["line"], row["source"]): None for row in lines if row["month"] == month}
    return [f"{capitalised(line)}: {source}." for line, source in sorted(places)]


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

    costs = code_words()["cost_of"]

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
            ("What it costs is of", lambda row: Cell(costs.get(row.get("cost_of") or "", "not known"))),
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
    kinds = code_words()["kind"]
    order = list(kinds)
    rows = sorted(
        (row for row in data.rows(CONTEXT) if row["investment"] == name and row["month"] == month),
        key=lambda row: (order.index(row["kind"]), row["happened_on"], row["what"], row["event"]),
    )
    return table(
        data,
        CONTEXT,
        "What else began, ended or changed since",
        [
            ("What", lambda row: Cell(measure_words(row["what"], data.reference.rows("metrics")))),
            ("Which is", lambda row: Cell(kinds[row["kind"]])),
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
