"""Forecasts of one unit from the published marts, and how earlier ones did. Looks up, computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dagster_project.errors import PlainError
from dagster_project.reports.published import query
from dagster_project.settings import Settings

Row = Mapping[str, Any]

# Totals alone let expect nothing: the latest month is the latest from which a forecast of cases or money was made.
LATEST = """
select max(month) as month from (
    select month from caseload_forecasts where council = $council and expected_open_cases is not null
    union all
    select month from agency_forecasts where council = $council and forecast_year_gbp is not null and not is_outturn
) as told
"""
WHOLE_COUNCIL = "select unit from caseload_bands where council = $council and level = 'council' limit 1"
CASELOAD = """
select * from caseload_forecasts
where council = $council and unit = $unit and month = $month order by months_ahead
"""
AGENCY = "select * from agency_forecasts where council = $council and unit = $unit and month = $month"
ACCURACY = """
select * from forecast_accuracy where council = $council and unit = $unit
order by list_position(['open_cases', 'fte_social_workers', 'average_caseload', 'fte_to_target'], measure), months_ahead
"""

# Why the average of a month ahead is not told, by the mart's own slug.
INCOMPLETE = {
    "no_rows_of_cases": "no rows of cases came for the month, and totals do not say what was received and ended",
    "too_few_months": "too few months with rows of cases are loaded to tell a mean from",
    "no_workforce": "no workforce extract came for the month",
}


class NoForecastError(PlainError):
    """The council, unit or month has no forecast to show."""


@dataclass(frozen=True)
class Forecast:
    """What was told from one month for one unit, nearest month first, and how the method did until today."""

    council: str
    unit: str
    month: date
    caseload: Sequence[Row]
    agency: Row | None
    accuracy: Sequence[Row]


def forecast_of(settings: Settings, council: str, unit: str | None, month: date | None) -> Forecast:
    """The forecast made in the month, of the latest month and the whole council unless named.

    Raises NoForecastError when there is none, and NothingPublishedError before the first load.
    """
    names: dict[str, Any] = {"council": council}
    month = month or query(settings, LATEST, names)[0]["month"]
    whole = query(settings, WHOLE_COUNCIL, names)
    if month is None or not whole:
        raise NoForecastError(f"nothing was loaded of {council} that a forecast could be made from")
    unit = unit or whole[0]["unit"]
    place = names | {"unit": unit, "month": month}
    caseload = query(settings, CASELOAD, place)
    agency = query(settings, AGENCY, place)
    if not caseload and not agency:
        raise NoForecastError(
            f"{unit} of {council} was not in force in {month:%Y-%m}, or the month is not loaded"
        )
    accuracy = query(settings, ACCURACY, names | {"unit": unit})
    return Forecast(council, unit, month, caseload, agency[0] if agency else None, accuracy)
