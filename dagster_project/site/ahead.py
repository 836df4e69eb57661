"""What the coming months may bring: the caseload expected of a unit, and of every unit side by side."""

from __future__ import annotations

from dagster_project.reports.council_marts import Row
from dagster_project.reports.forecasts import INCOMPLETE
from dagster_project.reports.measures import month_words
from dagster_project.reports.policies import Policy
from dagster_project.site.contents import Cell, Chart, Section
from dagster_project.site.drawing import Series, lines
from dagster_project.site.reading import CouncilData, Unit
from dagster_project.site.tables import Lead, severity_tag, shown, table, values
from dagster_project.site.topic_page import unit_lead

MART = "caseload_forecasts"
EXPECTED = "expected_average_caseload"
CASES = "expected_open_cases"
HOW = (
    "Cases go on as in a mean month of the last ones; people as accepted offers and known last days say. The range is "
    "as wide as earlier forecasts as far ahead were off at worst."
)
COLUMNS = (
    "expected_average_caseload", "lower_average_caseload", "upper_average_caseload", "expected_band_label",
    "expected_open_cases", "expected_fte_social_workers", "starters_fte", "leavers_fte", "expected_fte_to_target",
)  # fmt: skip
SIDE_BY_SIDE = (
    "expected_average_caseload", "lower_average_caseload", "upper_average_caseload", "expected_open_cases",
    "expected_fte_social_workers", "expected_fte_to_target",
)  # fmt: skip


def ahead_section(data: CouncilData, unit: Unit, policy: Policy | None) -> Section | None:
    """A unit's caseload as its newest forecast has it, drawn on from the months that led there."""
    month = data.newest(MART, CASES)
    rows = _of_unit(data, unit) if month else []
    if month is None or not rows:
        return None
    found = table(
        data,
        MART,
        f"What to expect of {unit.name}, as told at the end of {month_words(month)}",
        [("Month", lambda row: Cell(month_words(row["target_month"]))), *_verdict(data)],
        COLUMNS,
        rows,
    )
    if found is None:
        return None
    why = INCOMPLETE.get(rows[0].get("incomplete_because") or "", "")
    is_drawn = any(row.get(EXPECTED) is not None for row in rows)
    return Section(
        "ahead",
        "What to expect",
        about=HOW,
        inset=f"No average is told: {why}." if why else "",
        charts=[_chart(data, unit, rows, policy)] if is_drawn else [],
        tables=[found],
    )


def _verdict(data: CouncilData) -> list[Lead]:
    """The band that the policy in force would give, in the copies that hold it."""
    if "expected_severity" not in data.marts.measures.get(MART, {}):
        return []

    def judged(row: Row) -> Cell:
        tag = severity_tag(row["expected_severity"])
        return Cell("", tag=tag) if tag else Cell("", kind="missing")

    return [("Would be", judged)]


def _chart(data: CouncilData, unit: Unit, rows: list[Row], policy: Policy | None) -> Chart:
    told_from = rows[0]["month"]
    past = [month for month in data.months if month <= told_from]
    ahead = [row["target_month"] for row in rows]
    months = [*past, *ahead]
    was = values(data.of_unit("caseload_bands", unit.unit), past, "average_caseload")
    before = [None] * (len(past) - 1)

    def told(column: str) -> list[object]:
        return [*before, was[-1], *(row.get(column) for row in rows)]

    has_range = any(row.get("lower_average_caseload") is not None for row in rows)
    bounds = (
        Series("lowest", told("lower_average_caseload")),  # type: ignore[arg-type]
        Series("highest", told("upper_average_caseload")),  # type: ignore[arg-type]
    )
    said = "; ".join(
        f"{month_words(row['target_month'])} {_said(data, row, EXPECTED)}"
        + (
            f" (between {_said(data, row, 'lower_average_caseload')} and "
            f"{_said(data, row, 'upper_average_caseload')})"
            if row.get("lower_average_caseload") is not None
            else ""
        )
        for row in rows
        if row.get(EXPECTED) is not None
    )
    return Chart(
        f"Average caseload to {month_words(told_from)} and {len(rows)} months ahead",
        lines(
            months,
            [
                Series("average caseload", [*was, *(None for _ in rows)]),
                Series("expected", told(EXPECTED)),  # type: ignore[arg-type]
            ],
            policy.bands if policy else (),
            policy.target if policy else None,
            between=bounds if has_range else None,
        ),
        f"Line over months, drawn on by what is expected: {said}.",
        [
            ("line s0", "average caseload"),
            ("line s1", "expected"),
            *([("between", "between the lowest and the highest to expect")] if has_range else []),
            *([("target", "target")] if policy and policy.target else []),
        ],
    )


def _said(data: CouncilData, row: Row, column: str) -> str:
    return shown(row, column, data.measure(MART, column))[0]


def _of_unit(data: CouncilData, unit: Unit) -> list[Row]:
    month = data.newest(MART, CASES)
    return sorted(
        (row for row in data.of_month(MART, month) if row["unit"] == unit.unit),
        key=lambda row: row["months_ahead"],
    )


def expected_by_unit(data: CouncilData, address: str) -> Section | None:
    """Every unit as far ahead as is told, beside what it has now."""
    month = data.newest(MART, CASES)
    rows = data.of_month(MART, month) if month else []
    furthest = max((row["months_ahead"] for row in rows), default=0)
    by_unit = {row["unit"]: row for row in rows if row["months_ahead"] == furthest}
    found = table(
        data,
        MART,
        f"What to expect of each unit in {month_words(next(iter(by_unit.values()))['target_month'])}, as told at "
        f"the end of {month_words(month)}"
        if month and by_unit
        else "",
        [
            unit_lead(data, address),
            *_verdict(data),
        ],
        ["average_caseload", *SIDE_BY_SIDE],
        [by_unit[unit] for unit in data.units if unit in by_unit],
    )
    if found is None:
        return None
    return Section("expected", "Caseload to expect", about=HOW, tables=[found])
