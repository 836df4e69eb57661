"""How quickly cases are allocated, assessed and seen: of a unit over time, and of every unit side by side."""

from __future__ import annotations

from dagster_project.reports.measures import month_words
from dagster_project.site.contents import Section
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import by_month, table
from dagster_project.site.topic_page import line_chart, unit_lead

MART = "timeliness"
DRAWN = (
    ("assessments_in_45_days_rate", "assessments in time"),
    ("visits_in_time_rate", "visits in time"),
    ("strategy_meetings_in_time_rate", "strategy meetings in time"),
)
COLUMNS = (
    "assessments_completed", "assessments_in_45_days", "assessments_in_45_days_rate",
    "median_assessment_working_days", "cases_allocated", "median_days_to_allocation", "visits_due",
    "visits_in_time", "visits_in_time_rate", "strategy_meetings_due", "strategy_meetings_in_time",
    "strategy_meetings_in_time_rate", "workers_per_child_12m",
)  # fmt: skip
SIDE_BY_SIDE = (
    "assessments_completed", "assessments_in_45_days_rate", "median_assessment_working_days",
    "median_days_to_allocation", "visits_in_time_rate", "strategy_meetings_in_time_rate", "workers_per_child_12m",
)  # fmt: skip


def timeliness_section(data: CouncilData, unit: str) -> Section | None:
    """A unit's share of assessments, visits and meetings in time, by month."""
    rows = data.of_unit(MART, unit)
    found = by_month(data, MART, f"Timeliness of {data.unit_name(unit)} by month", COLUMNS, rows)
    if found is None:
        return None
    chart = line_chart(data, MART, rows, "In time, per cent of those of the month", DRAWN)
    return Section("timeliness", "Timeliness", charts=[chart] if chart else [], tables=[found])


def timeliness_by_unit(data: CouncilData, address: str) -> Section | None:
    """The council's timeliness by month, and every unit in the newest month."""
    section = timeliness_section(data, data.top or "")
    month = data.newest(MART, "assessments_completed")
    rows = [row for unit in data.units if (row := data.row_of(MART, unit, month)) is not None]
    found = table(
        data,
        MART,
        f"Timeliness of each unit in {month_words(month)}" if month else "",
        [unit_lead(data, address)],
        SIDE_BY_SIDE,
        rows if month else [],
    )
    if section is None:
        return None
    return Section(
        section.key,
        section.title,
        about="Assessments within the working days of statute, visits and strategy meetings by the day they were due.",
        charts=section.charts,
        tables=[*section.tables, *([found] if found else [])],
    )
