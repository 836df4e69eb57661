"""Rows of a mart as tables of a page: headings and cells in words, as published. Rounds and computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from dagster_project.reports.code_words import listed_words
from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import (
    SUPPRESSED,
    TOLD_AMOUNTS,
    Measure,
    amount_words,
    month_words,
    slug_words,
    without_zeros,
    words_of,
)
from dagster_project.site.contents import Cell, Heading, Table, Tag
from dagster_project.site.reading import CouncilData

NO_VALUE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
CELLS_KEPT = 512
"""Of a column, for the next page or copy that has the same value."""
SEVERITY_WORDS = {"breach": "Breach", "warning": "Warning", "info": "Information", "none": "Within"}
# The letter that stands for a severity where a word has no room; its key stands beside the table.
SIGNS = {"breach": "B", "warning": "W", "info": "i"}
# Measures of every kind stand in these columns, with decimals that most of them do not need.
OF_EVERY_KIND = (
    "value", "rounded_value", "target", "lower", "upper", "previous_value", "change", "value_at_start", "value_now",
    "mean_since", "best_since", "worst_since", "last_known_value",
)  # fmt: skip
SLUGS = (
    "metric",
    "state",
    "trend",
    "role_group",
    "option_kind",
    "extract",
    "basis",
    "grain",
    "asset",
    "check",
    "no_interval_because",
    "budget_lies",
    "role",
    "employment",
    "event",
    "incomplete_because",
)
HEADINGS = {
    "average_caseload_rounded": "Average, rounded",
    "average_caseload": "Average caseload",
    "band_label": "Band",
    "fte_social_workers": "Social workers (FTE)",
    "fte_to_target": "FTE to target",
    "cost_to_target_gbp": "Cost to target (£)",
    "metric": "Measure",
    "is_asye": "In first year (ASYE)",
    "changes_of_worker_12m": "Changes of worker, 12 months",
    "months_since_qualified": "Months since qualified",
    "option_kind": "Way",
    "unallocated_cases": "Cases without a worker",
    "manager_held_cases": "Cases held by managers",
    "open_at_start": "Open at start",
    "asye_share": "In their first year, ASYE (%)",
    "share_qualified_under_18_months": "Qualified under 18 months (%)",
    "share_qualified_under_2_years": "Qualified under 2 years (%)",
    "agency_share": "Agency workers (%)",
    "expected_average_caseload": "Expected average",
    "lower_average_caseload": "Lowest to expect",
    "upper_average_caseload": "Highest to expect",
    "expected_band_label": "Band then",
    "expected_open_cases": "Open cases then",
    "expected_fte_social_workers": "Social workers then (FTE)",
    "starters_fte": "Starting by then (FTE)",
    "leavers_fte": "Leaving by then (FTE)",
    "expected_fte_to_target": "FTE to target then",
    "value_at_start": "Before",
    "started_from": "Before is of",
    "value_now": "Now",
    "mean_since": "Mean since",
    "best_since": "Best since",
    "worst_since": "Worst since",
    "is_target_met": "Target met",
    "months_since": "Months known since",
    "change_percent": "Change (%)",
    "last_known_month": "Last known in",
    "last_known_value": "Value then",
    "agency_cost_before_gbp": "Agency spend before (£)",
    "is_before_whole": "Of a whole year",
    "agency_cost_now_gbp": "Agency spend now (£)",
    "is_now_whole": "Of a whole year now",
    "saving_gbp": "Fall in spend (£)",
    "cost_gbp": "It costs (£)",
    "difference_gbp": "Difference (£)",
    "happened_on": "On",
    "from_value": "From",
    "to_value": "To",
    "taken_on": "Taken on",
    "officer_fte": "Officers (FTE)",
    "senior_officer_fte": "Senior officers (FTE)",
    "social_worker_fte": "Social workers (FTE)",
    "workers_per_officer": "Social workers for each officer",
    "workers_per_officer_with_seniors": "The same with seniors",
    "target_ratio": "Aimed at",
    "target_officer_fte": "Officers at that ratio (FTE)",
    "gap_fte": "Missing (FTE)",
    "annual_cost_gbp": "Cost in a year (£)",
    "supported_social_worker_fte": "Social workers in teams with officers (FTE)",
    "hours_released_per_week": "Hours released a week",
    "assessments_in_45_days": "Of them in time",
    "assessments_in_45_days_rate": "Assessments in time (%)",
    "median_assessment_working_days": "Median working days",
    "median_days_to_allocation": "Median days to allocation",
    "visits_in_time_rate": "Visits in time (%)",
    "strategy_meetings_in_time_rate": "Strategy meetings in time (%)",
    "workers_per_child_12m": "Workers a child, 12 months",
}


def capitalised(slug: str) -> str:
    """A slug as the words at the beginning of a line."""
    words = slug_words(slug)
    return words[:1].upper() + words[1:]


def severity_tag(severity: str | None, words: str = "") -> Tag | None:
    """The verdict as a tag; None where nothing was judged."""
    if severity is None:
        return None
    return Tag(words or SEVERITY_WORDS.get(severity, severity), severity)


def band_tag(row: Row | None) -> Tag | None:
    """A unit's band in its own words; how grave the council calls it stands before them."""
    if row is None or row.get("severity") is None or not row.get("band_label"):
        return None
    severity, label = row["severity"], str(row["band_label"])
    words = label[:1].upper() + label[1:] if severity == "none" else f"{SEVERITY_WORDS[severity]}: {label}"
    return Tag(words, severity)


def shown(row: Row | None, column: str, measure: Measure) -> tuple[str, str]:
    """A value in words, and its kind: empty, `missing` or `suppressed`."""
    value = None if row is None else row.get(column)
    if value is None:
        if row is not None and column in row.suppressed:
            return SUPPRESSED, "suppressed"
        return NO_VALUE, "missing"
    return _cell_of(measure)(value).text, ""


@cache
def _cell_of(measure: Measure) -> Callable[[Any], Cell]:
    """Makes the cell of a value. Those of one column have as many decimals each: equal ones are written alike."""
    written, is_number = _writer(measure), measure.is_number
    return lru_cache(CELLS_KEPT)(lambda value: Cell(written(value), is_number))


def _writer(measure: Measure) -> Callable[[Any], str]:
    column = measure.column
    if column == "missing_inputs":
        return lambda value: listed_words(column, str(value))
    if column in TOLD_AMOUNTS:
        return lambda value: amount_words(str(value))
    if column in SLUGS:
        return lambda value: slug_words(str(value)).replace(",", ", ").replace(",  ", ", ")
    is_month, is_of_every_kind = column.endswith("month"), column in OF_EVERY_KIND
    is_number, is_money = measure.is_number, measure.unit == "£"

    def written(value: Any) -> str:
        if is_month and isinstance(value, date):
            return month_words(value)
        if is_of_every_kind and isinstance(value, Decimal):
            value = without_zeros(value)
        words = words_of(value, measure)
        if is_money:
            words = f"{words[0]}£{words[1:]}" if words[0] in "+-" else f"£{words}"
        return words.replace("-", MINUS, 1) if is_number and words.startswith("-") else words

    return written


def cell(data: CouncilData, mart: str, row: Row | None, column: str) -> Cell:
    """One cell of a row."""
    measures = data.marts.measures.get(mart, {})
    if column not in measures:
        return Cell(NO_VALUE, kind="missing")
    if column == "severity" and row is not None:
        tag = severity_tag(row.get("severity"))
        return Cell("", tag=tag) if tag else Cell(NO_VALUE, kind="missing")
    text, kind = shown(row, column, measures[column])
    return Cell(text, is_number=measures[column].is_number, kind=kind)


def _column(measure: Measure, rows: Sequence[Row]) -> list[Cell]:
    """The cells of a column, row after row."""
    column, cell_of = measure.column, _cell_of(measure)
    missing = Cell(NO_VALUE, measure.is_number, "missing")
    suppressed = Cell(SUPPRESSED, measure.is_number, "suppressed")
    return [
        cell_of(value)
        if (value := row.values[column]) is not None
        else suppressed
        if column in row.suppressed
        else missing
        for row in rows
    ]


@cache
def heading(measure: Measure) -> Heading:
    text = HEADINGS.get(measure.column, measure.heading)
    if measure.unit == "£":
        text = text.replace(" (£)", "")
    return Heading(text, measure.is_number)


Lead = tuple[str, Callable[[Row], Cell]]


def table(
    data: CouncilData,
    mart: str,
    caption: str,
    lead: Sequence[Lead],
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    keep_empty: bool = False,
    is_prose: bool = False,
) -> Table | None:
    """A table of rows with the columns that this tier has and any row fills; None where there are none.

    `lead` are the first columns, made of a row as the page wants them. `keep_empty`: columns without any value too.
    """
    measures = data.marts.measures.get(mart, {})
    known = [
        column
        for column in columns
        if column in measures
        and (keep_empty or any(row.values[column] is not None or column in row.suppressed for row in rows))
    ]
    if not rows or not known:
        return None
    columns_of_cells = [
        *([make(row) for row in rows] for _, make in lead),
        *(
            [cell(data, mart, row, column) for row in rows]
            if column == "severity"
            else _column(measures[column], rows)
            for column in known
        ),
    ]
    return Table(
        caption,
        [*(Heading(text) for text, _ in lead), *(heading(measures[column]) for column in known)],
        list(zip(*columns_of_cells, strict=True)),
        is_prose,
    )


MONTH_LEAD: Lead = ("Month", lambda row: Cell(month_words(row["month"])))


def by_month(
    data: CouncilData, mart: str, caption: str, columns: Sequence[str], rows: Sequence[Row]
) -> Table | None:
    """A table of a unit's months, the newest first, without those of which nothing is known."""
    told = [
        row
        for row in reversed(rows)
        if any(row.get(column) is not None or column in row.suppressed for column in columns)
    ]
    return table(data, mart, caption, [MONTH_LEAD], columns, told)


def values(rows: Sequence[Row], months: Sequence[date], column: str) -> list[Decimal | int | None]:
    """A column's value in each month."""
    known = {row["month"]: row.get(column) for row in rows}
    return [known.get(month) for month in months]


def has_values(rows: Sequence[Row], columns: Sequence[str], least: int = 1) -> bool:
    """Whether there is something to draw."""
    return any(sum(row.get(column) is not None for row in rows) >= least for column in columns)


def described(name: str, rows: Sequence[Row], column: str, measure: Measure, *, by_year: bool = False) -> str:
    """A series in words for those who do not see the chart: where it began, its least and greatest, where it stands."""
    known = [row for row in rows if row.get(column) is not None]
    if not known:
        return f"{name}: no value"

    def said(row: Row) -> str:
        return f"{shown(row, column, measure)[0]} in {row['year'] if by_year else month_words(row['month'])}"

    least = min(known, key=lambda row: row[column])
    greatest = max(known, key=lambda row: row[column])
    parts = [said(known[0])] if len(known) > 1 else []
    parts += [f"lowest {said(least)}, highest {said(greatest)}"] if len(known) > 2 else []
    return f"{name}: {'; '.join([*parts, f'latest {said(known[-1])}'])}"


class _MetricWords(dict[str, str]):
    """A metric that no row names is said by its own name."""

    def __missing__(self, metric: str) -> str:
        return slug_words(metric)


def metric_words(reference_rows: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """What each metric is called, for `words[metric]`."""
    return _MetricWords((row["metric"], row["words"]) for row in reference_rows)
