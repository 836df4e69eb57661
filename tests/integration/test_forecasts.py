"""Forecasts from landed files to the command line: months ahead, the year's end, and how far earlier ones were off."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from deliveries_fixture import land
from landing import COUNCIL, first_day, land_month, make_small_council
from test_cli import DONE, FAILED, WRONG_USAGE, run

from dagster_project.load import load
from dagster_project.settings import Settings

LATEST = 4
# 100 a month to June, then 200: 2,100 where June let expect 1,200. A year later 300, then 200: 2,700 for 3,600.
EARLIER_YEARS = {-24: (100, 200), -12: (300, 200)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Five months of rows, from April 2023, and the spend of the two years before as monthly totals."""
    settings = make_small_council(tmp_path_factory.mktemp("forecasts"))
    for april, (in_spring, later) in EARLIER_YEARS.items():
        for number in range(12):
            row = {
                "unit": "westshire",
                "amount_gbp": str(in_spring if number < 3 else later),
                "is_forecast": "false",
            }
            land(settings, "agency_spend_summary.csv", [row], f"{first_day(april + number):%Y-%m}", COUNCIL)
    for number in range(LATEST + 1):
        land_month(settings, number)
    load(settings)
    return settings


def row_of(home: Settings, sql: str) -> dict[str, Any]:
    with duckdb.connect(str(home.published / "current" / "marts.duckdb"), read_only=True) as marts:
        found = marts.execute(sql)
        names = [column[0] for column in found.description or []]
        (row,) = found.fetchall()
        return dict(zip(names, row, strict=True))


def test_spend_to_the_years_end_lies_where_earlier_junes_were_off(home: Settings) -> None:
    june = row_of(
        home,
        "select agency_forecasts.*, costs.forecast_year_gbp as told from agency_forecasts "
        "join agency_costs as costs using (council, unit, month) where unit = 'westshire' and month = '2023-06-01'",
    )

    # Three months of totals stood in for the ledger of nobody: 3,600 told, times 2,100 / 1,200 and 2,700 / 3,600.
    assert june["forecast_year_gbp"] == june["told"] > 0
    assert june["upper_gbp"] == june["told"] * Decimal("1.75")
    assert june["lower_gbp"] == june["told"] * Decimal("0.75")
    assert (june["lowest_error_rate"], june["highest_error_rate"]) == (Decimal("-42.9"), Decimal("33.3"))
    assert (june["earlier_years"], june["years_compared"], june["no_interval_because"]) == (2, 2, None)


def test_a_unit_without_earlier_years_has_no_interval_and_is_told_why(home: Settings) -> None:
    result = run(home.home, "forecast", "--council", COUNCIL, "--unit", "north", "--month", "2023-06")

    assert result.code == DONE, result.words
    assert "North, as told at the end of June 2023" in result.words
    assert "No interval: no earlier financial year is loaded whole." in result.words
    assert "No interval: too few earlier forecasts can be compared with what came." in result.words


def test_a_forecast_shows_what_is_expected_and_what_came(home: Settings) -> None:
    told = row_of(
        home,
        "select * from caseload_forecasts where unit = 'westshire' and month = '2023-07-01' and months_ahead = 1",
    )

    result = run(home.home, "forecast", "--council", COUNCIL, "--month", "2023-07")

    assert result.code == DONE, result.words
    assert told["expected_open_cases"] is not None and told["actual_open_cases"] is not None
    assert told["error_open_cases"] == told["expected_open_cases"] - told["actual_open_cases"]
    assert f"{told['expected_open_cases']}" in result.words
    assert f"{told['actual_open_cases']} cases" in result.words
    assert "'as now'" in result.words


def test_without_a_month_the_latest_is_told_and_its_budget_held_against_the_interval(home: Settings) -> None:
    result = run(home.home, "forecast", "--council", COUNCIL)

    assert result.code == DONE, result.words
    assert f"as told at the end of {first_day(LATEST):%B %Y}" in result.words
    assert "earlier years at the same month" in result.words and "Budget GBP 71,000.00" in result.words


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--month", "2019-01"], FAILED, "was not in force in 2019-01, or the month is not loaded"),
        (["--unit", "nowhere"], WRONG_USAGE, "'nowhere' is no unit of westshire"),
    ],
)
def test_what_has_no_forecast_is_told_so(home: Settings, arguments: list[str], code: int, words: str) -> None:
    result = run(home.home, "forecast", "--council", COUNCIL, *arguments)

    assert result.code == code and words in " ".join(result.words.replace("│", " ").split())
