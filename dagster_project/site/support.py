"""Support officers and the social workers they support: of a unit over time, and of every unit side by side."""

from __future__ import annotations

from dagster_project.reports.measures import month_words
from dagster_project.site.contents import Section
from dagster_project.site.reading import CouncilData, Unit
from dagster_project.site.tables import by_month, has_values, table
from dagster_project.site.topic_page import line_chart, unit_lead

MART = "support_officers"
COLUMNS = (
    "officer_fte", "senior_officer_fte", "social_worker_fte", "workers_per_officer",
    "workers_per_officer_with_seniors", "target_ratio", "target_officer_fte", "gap_fte", "annual_cost_gbp",
    "supported_social_worker_fte", "hours_released_per_week",
)  # fmt: skip


def support_section(data: CouncilData, unit: Unit) -> Section | None:
    """A unit's officers by month; nothing where it never had any and aims at none."""
    rows = data.of_unit(MART, unit.unit)
    is_told = any(row.get("officer_fte") or "officer_fte" in row.suppressed for row in rows) or has_values(
        rows, ["target_ratio"]
    )
    found = by_month(data, MART, f"Support officers of {unit.name} by month", COLUMNS, rows)
    if found is None or not is_told:
        return None
    drawn = [("workers_per_officer", "social workers for each officer"), ("target_ratio", "aimed at")]
    is_drawn = has_values(rows, ["workers_per_officer"], least=2)
    chart = (
        line_chart(data, MART, rows, "Social workers for each support officer", drawn) if is_drawn else None
    )
    return Section("support", "Support officers", charts=[chart] if chart else [], tables=[found])


def support_by_unit(data: CouncilData, address: str) -> Section | None:
    """Every unit's officers in the newest month, against what the council aims at."""
    month = data.newest(MART, "officer_fte")
    rows = [row for unit in data.units if (row := data.row_of(MART, unit, month)) is not None]
    found = table(
        data,
        MART,
        f"Support officers of each unit in {month_words(month)}" if month else "",
        [unit_lead(data, address)],
        COLUMNS,
        rows if month and any(row.get("officer_fte") for row in rows) else [],
    )
    if found is None:
        return None
    return Section(
        "support",
        "Support officers",
        about="Officers in post and the social workers they support, against the ratio the council aims at.",
        tables=[found],
    )
