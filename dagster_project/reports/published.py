"""Rows of the published marts for drawing. Reads the internal tier only, so no worker can be shown."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.errors import PlainError
from dagster_project.settings import Settings
from dagster_project.warehouse_file import named_rows

# Totals of posts or demand alone, as a paper brings them for a later month, do not make a month the latest one.
LATEST_MONTH = (
    "select council, max(month) as month from caseload_bands where open_cases is not null group by council"
)
LATEST_MONTHS = f"""
{LATEST_MONTH}
union
select council, max(month) as month from caseload_bands
where open_cases is not null and grain = 'rows' group by council
"""
UNITS = f"""
select
    council, month, grain, unit, unit_name, level, open_cases, fte_social_workers, average_caseload,
    band, severity, fte_to_target
from caseload_bands join ({LATEST_MONTHS}) as latest using (council, month)
where open_cases is not null and (council = any(?) or len(?) = 0)
order by council, month, unit
"""
UNITS_OF_MONTH = UNITS.replace(
    f"({LATEST_MONTHS})", "(select council, ?::date as month from caseload_bands group by 1)"
)
BREACHES = f"""
select
    council, month, unit, metric, rounded_value, band, severity, state, months_in_breach
from threshold_breaches
    join ({LATEST_MONTH}) as latest using (council, month)
where council = any(?) or len(?) = 0
order by council, month, severity = 'breach' desc, severity = 'warning' desc, metric, unit
"""
CONTROL_TOTALS = """
select council, month, asset, replace("check", '_', ' ') as "check", detail
from data_quality
where "check" in ('control_rows', 'control_fte', 'control_amount') and not passed
order by council, month, asset, "check"
"""
# The latest of the months in which most ways have a price: totals alone leave the others unknown.
TARGET_OPTIONS = """
select * from options_to_target
where council = $council and unit = $unit and month = (
    select month from options_to_target
    where council = $council and unit = $unit and gap_fte is not null
    group by month
    order by count(distinct case when annual_cost_gbp is not null then option_kind end) desc, month desc limit 1
)
order by option_kind, financial_year
"""
UNITS_WITH_TARGET = "select distinct unit from options_to_target where council = $council order by unit"
WHOLE_FIGURES = "select * from report_figures order by figure_id"
READINGS = "select * from report_readings order by reading_id"


class NothingPublishedError(PlainError):
    """There are no marts to read yet."""


def published_file(settings: Settings) -> Path:
    """The internal tier's DuckDB file."""
    return settings.published / "current" / "marts.duckdb"


def unit_rows(
    settings: Settings, councils: list[str], file: Path | None = None, month: date | None = None
) -> list[dict[str, Any]]:
    """Units with cases in the latest month of each council, and in its latest month that came as rows.

    Of the current marts or those in `file`; in the month given, instead, where there is one.
    """
    if month:
        return query(settings, UNITS_OF_MONTH, [month, councils, councils], file)
    return query(settings, UNITS, [councils, councils], file)


def breach_rows(settings: Settings, councils: list[str]) -> list[dict[str, Any]]:
    """Thresholds crossed or resolved in each council's latest month that has cases."""
    return query(settings, BREACHES, [councils, councils])


def control_rows(settings: Settings) -> list[dict[str, Any]]:
    """Control totals that deliveries in force do not come to."""
    return query(settings, CONTROL_TOTALS, [])


def whole_figures(settings: Settings) -> list[dict[str, Any]]:
    """Every printed figure with its evidence, rule and place.

    Raises NothingPublishedError before the first load.
    """
    return query(settings, WHOLE_FIGURES, [])


def readings_of(settings: Settings) -> list[dict[str, Any]]:
    """Each way to read the figures that a paper contradicts."""
    return query(settings, READINGS, [])


def target_option_rows(settings: Settings, council: str, unit: str) -> list[dict[str, Any]]:
    """What each way to the caseload target takes for a unit, in the latest month of which most is known."""
    return query(settings, TARGET_OPTIONS, {"council": council, "unit": unit})


def units_with_target(settings: Settings, council: str) -> list[str]:
    """The units of which ways to the target are priced, by slug."""
    return [row["unit"] for row in query(settings, UNITS_WITH_TARGET, {"council": council})]


def query(
    settings: Settings, sql: str, parameters: list[Any] | dict[str, Any], file: Path | None = None
) -> list[dict[str, Any]]:
    """Rows of the published marts, or of those in `file`.

    Raises NothingPublishedError before the first load.
    """
    path = file or published_file(settings)
    if not path.is_file():
        raise NothingPublishedError(
            f"nothing is published yet under {settings.published}: run `caseload load` first"
        )
    with duckdb.connect(str(path), read_only=True) as marts:
        return named_rows(marts.execute(sql, parameters))
