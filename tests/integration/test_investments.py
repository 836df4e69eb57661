"""What became of an investment, from landed files to the command line: criteria, what else moved, what would pay.

And what reaching the caseload target takes in the same landed council.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from deliveries_fixture import csv_text, land
from landing import COUNCIL, REFERENCE, first_day, land_month, make_small_council
from test_cli import DONE, FAILED, WRONG_USAGE, run

from dagster_project.load import load
from dagster_project.page_addresses import topic_page
from dagster_project.settings import Settings

# The investment begins with month 3.
BEFORE, LATEST = 2, 4
A_MONTH = 6000
TERMS = {
    "council": COUNCIL,
    "investment": "more_of_all",
    "cost_of": "contract",
    "cost_item": "mc1",
    "claim": "Less agency work would pay for it",
    "source": "made up, para 9",
}


ASKED = {"council": COUNCIL, "investment": "more_of_all", "criterion": "", "indicator": ""}
ASKED_OF_LINES = [
    {
        "line": "posts", "criterion": "fewer cases a head", "indicator": "average_caseload", "unit": "care",
        "better": "lower", "source": "para 1",
    },
    {"line": "posts", "criterion": "managers stay", "source": "para 2"},
    {"line": "training", "source": "para 3"},
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Three months from the one before it began, and the spend of the financial year before as monthly totals."""
    settings = make_small_council(tmp_path_factory.mktemp("investments"))
    (settings.council_reference / "investment_funding_terms.csv").write_text(
        csv_text([TERMS]), encoding="utf-8"
    )
    (settings.council_reference / "investment_criteria.csv").write_text(
        csv_text([{**ASKED, **line} for line in ASKED_OF_LINES]), encoding="utf-8"
    )
    whole = REFERENCE["investments"][0]
    lines = [{**whole, "line": line, "amount_gbp": ""} for line in ("posts", "training")]
    (settings.council_reference / "investments.csv").write_text(csv_text([whole, *lines]), encoding="utf-8")
    # A target that leaves a gap which is no decimal.
    policies = [{**row, "target": "1.5"} for row in REFERENCE["threshold_policy"]]
    (settings.council_reference / "threshold_policy.csv").write_text(csv_text(policies), encoding="utf-8")
    spent = {"unit": COUNCIL, "amount_gbp": str(A_MONTH), "is_forecast": "false"}
    for number in range(-12, 0):
        land(settings, "agency_spend_summary.csv", [spent], f"{first_day(number):%Y-%m}", COUNCIL)
    for number in range(BEFORE, LATEST + 1):
        land_month(settings, number)
    load(settings)
    return settings


def rows_of(home: Settings, sql: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(home.published / "current" / "marts.duckdb"), read_only=True) as marts:
        found = marts.execute(sql)
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_a_criterion_shows_what_stood_before_each_month_since_and_now(home: Settings) -> None:
    before, first, now = (
        row["average_caseload"]
        for row in rows_of(
            home,
            "select average_caseload from caseload_bands where unit = 'care' and average_caseload is not null "
            "order by month",
        )
    )
    (row,) = rows_of(
        home,
        "select * from investment_impact where indicator = 'average_caseload' "
        f"and month = '{first_day(LATEST)}'",
    )

    assert (row["value_at_start"], row["is_start_before"], row["value_now"]) == (before, True, now)
    assert (row["months_since"], row["best_since"], row["worst_since"]) == (
        2,
        min(first, now),
        max(first, now),
    )
    assert abs(row["mean_since"] - (first + now) / 2) <= Decimal("0.00005")


def test_a_fall_in_agency_spend_is_set_against_the_cost_of_the_contract(home: Settings) -> None:
    (row,) = rows_of(
        home,
        "select funding.*, costs.forecast_year_gbp from investment_funding as funding "
        f"join agency_costs as costs using (council, month) where level = 'council' and month = '{first_day(LATEST)}'",
    )

    assert (row["year_before"], row["year_now"]) == ("2022-23", "2023-24")
    assert row["agency_cost_before_gbp"] == 12 * A_MONTH and row["is_before_whole"]
    assert row["saving_gbp"] == 12 * A_MONTH - row["forecast_year_gbp"]
    # The contract's price and travel.
    assert row["cost_gbp"] == 910
    assert row["would_fund"] is (row["saving_gbp"] >= 910)
    assert row["difference_gbp"] == row["saving_gbp"] - 910


def test_what_is_of_all_months_since_is_hidden_in_public_where_one_of_them_is(home: Settings) -> None:
    with duckdb.connect(
        str(home.published / "current" / "public" / "marts.duckdb"), read_only=True
    ) as public:
        public.execute(f"attach '{home.published / 'current' / 'marts.duckdb'}' as internal (read_only)")
        hidden, shown = public.execute(
            "select count(*) filter (truth.mean_since is not null), count(seen.mean_since) "
            "from investment_impact as seen join internal.investment_impact as truth using (indicator, month) "
            "where truth.indicator = 'received' and exists (select 1 from investment_impact as past "
            "join internal.investment_impact as known using (indicator, month) where past.indicator = seen.indicator "
            "and past.month <= seen.month and past.value_now is null and known.value_now is not null)"
        ).fetchall()[0]
    assert (hidden > 0, shown) == (True, 0)


def test_the_command_sets_all_side_by_side_and_claims_no_cause(home: Settings) -> None:
    result = run(home.home, "investments", "--council", COUNCIL, "--month", f"{first_day(LATEST):%Y-%m}")

    assert result.code == DONE, result.words
    for words in (
        "More of all, begun 1 July 2023, at the end of August 2023",
        "Morale",
        "a line of it",
        "Would the saving fund it? 2022-23 to 2023-24",
        "Less agency work would pay for it (made up, para 9)",
        "No cause is claimed",
    ):
        assert words in result.words
    # Its contract begins in October.
    assert "mc1" not in result.words


def test_each_line_says_what_its_paper_asks_of_it_or_that_it_asks_nothing(home: Settings) -> None:
    words = run(home.home, "investments", "--council", COUNCIL, "--month", f"{first_day(LATEST):%Y-%m}").words

    assert "managers stay nothing delivered measures it" in words
    assert "no criterion stated" in words
    for source in ("para 1", "para 2", "para 3"):
        assert source in words


@pytest.mark.parametrize("tier", ["", "public"])
def test_the_page_shows_a_lines_criterion_with_its_values_as_the_tier_holds_them(
    home: Settings, tier: str
) -> None:
    published = home.published / "current" / tier
    with duckdb.connect(str(published / "marts.duckdb"), read_only=True) as marts:
        (known,) = marts.execute(
            "select value_at_start, mean_since, value_now from investment_lines "
            f"where indicator = 'average_caseload' and month = '{first_day(LATEST)}'"
        ).fetchall()
    page = (published / "site" / topic_page(COUNCIL, "investments")).read_text(encoding="utf-8")
    (table,) = re.findall(r"<caption[^>]*><span>[^<]*asks of each line.*?</table>", page, re.DOTALL)
    rows = [
        [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.split(r"</t[hd]>", row)]
        for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    ]
    shown = {cells[1]: cells for cells in rows}

    assert tier or None not in known
    for value in known:
        assert ("c" if value is None else f"{value.normalize():f}") in shown["fewer cases a head"]
    assert "Average caseload (cases per FTE social worker)" in shown["fewer cases a head"]
    assert "nothing delivered measures it" in shown["managers stay"]
    assert "no criterion stated" in shown
    assert "Training: para 3." in page


def test_a_line_is_measured_from_its_own_first_day(home: Settings) -> None:
    of_line, of_whole = (
        rows_of(
            home,
            f"select * from {mart} where month = '{first_day(LATEST)}' and indicator = 'average_caseload'",
        )[0]
        for mart in ("investment_lines", "investment_impact")
    )

    assert of_line["starts_on"] >= of_whole["starts_on"]
    assert (of_line["measured"], of_line["value_now"]) == ("measured", of_whole["value_now"])
    assert of_line["change"] == of_line["value_now"] - of_line["value_at_start"]


def test_a_month_before_it_began_and_a_council_without_any_are_told_so(home: Settings) -> None:
    early = run(home.home, "investments", "--council", COUNCIL, "--month", f"{first_day(BEFORE):%Y-%m}")
    none = run(home.home, "investments", "--council", "tameside")
    nobody = run(home.home, "investments", "--council", "nowhere")

    assert (early.code, none.code, nobody.code) == (FAILED, FAILED, WRONG_USAGE)
    assert f"no investment of {COUNCIL} had begun by 2023-06" in early.words
    assert "tameside has no investment with success criteria by any month loaded" in none.words


def test_ways_to_the_target_are_priced_from_the_gap_of_what_was_landed(home: Settings) -> None:
    (unit,) = rows_of(
        home, f"select * from caseload_bands where level = 'council' and month = '{first_day(LATEST)}'"
    )
    ways = {
        (row["option_kind"], row["financial_year"]): row
        for row in rows_of(home, f"select * from options_to_target where month = '{first_day(LATEST)}'")
    }

    # What was landed comes to 4.575, which the mart shows as 4.58.
    assert unit["fte_social_workers"] == Decimal("4.58")
    gap = Fraction(unit["open_cases"]) / Fraction("1.5") - Fraction("4.575")
    first = ways["social_workers", "2023-24"]
    # Five months ahead is January, from when a social worker costs 41,000: three months of the year.
    assert (first["unit"], first["starts_on"], first["months"]) == (COUNCIL, first_day(9), 3)
    assert first["gap_fte"] == unit["fte_to_target"] == first["gained_fte"] and first["reaches_target"]
    assert first["gap_fte"] > 0
    assert first["annual_cost_gbp"] == Decimal(int(gap * 41000 * 100 + Fraction(1, 2))) / 100
    assert ways["support_officers", "2023-24"]["annual_cost_gbp"] is None
    assert ways["support_officers", "2023-24"]["missing_inputs"] == "target_ratio, hours_released_per_worker"


def test_an_option_for_a_unit_stands_beside_the_ways_to_that_units_target(home: Settings) -> None:
    option = ("option", "--council", COUNCIL, "--start", "2024-01", "--posts", "social_worker=2")
    beside = run(home.home, *option, "--unit", COUNCIL)
    (way,) = rows_of(
        home,
        "select distinct gap_fte, annual_cost_gbp from options_to_target "
        f"where option_kind = 'social_workers' and month = '{first_day(LATEST)}'",
    )

    assert beside.code == DONE, beside.words
    for words in ("82,000", "of Westshire, August 2023", f"is {way['gap_fte']} FTE of social workers short"):
        assert words in beside.words

    none = run(home.home, *option, "--unit", "north")
    assert none.code == FAILED
    assert (
        "north of westshire has no caseload target of its own that is known; units with one: westshire"
        in none.words
    )
