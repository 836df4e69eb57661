"""`caseload option`: a price worked by hand, rows kept, and words for what cannot be priced."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from deliveries_fixture import Row, csv_text
from test_cli import DONE, FAILED, WRONG_USAGE, run

COUNCIL = {"council": "eastshire", "name": "Eastshire"}
COST = {"council": "eastshire", "is_default": "true", "set_up_cost_gbp": "1000"}
COSTS = [
    {**COST, "role": "social_worker", "annual_cost_gbp": "40000", "valid_to": "2024-10-01"},
    {**COST, "role": "social_worker", "annual_cost_gbp": "43000.50", "valid_from": "2024-10-01"},
    {**COST, "role": "support_officer", "annual_cost_gbp": "26000", "set_up_cost_gbp": "500"},
]
STORED = {
    "council": "eastshire",
    "option": "stored",
    "line": "posts",
    "role": "social_worker",
    "posts_fte": "2",
    "starts_on": "2024-04-01",
    "adds_social_worker_fte": "2",
}
OPTION = ("option", "--council", "eastshire", "--start", "2024-10")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("option")
    (home / "reference").mkdir()
    periods: Row = {"valid_from": "", "valid_to": ""}
    for name, rows in {
        "councils": [COUNCIL],
        "unit_costs": [{**periods, **row} for row in COSTS],
        "capacity_options": [STORED],
    }.items():
        (home / "reference" / f"{name}.csv").write_text(csv_text(rows), encoding="utf-8")
    return home


def test_an_option_is_priced_from_the_unit_costs_of_its_first_day_by_financial_year(home: Path) -> None:
    """2.5 x 43,000.50 + 1 x 26,000 + 255,000 x 12 / 6 is 643,501.25; six months and four kits at their mean price."""
    result = run(
        home,
        *OPTION,
        *(
            "--end",
            "2025-05",
            "--posts",
            "social_worker=2.5,Support_Officer=1",
            "--managed-team",
            "255000/6",
            "--csv",
            "--save",
            "mixed",
        ),
    )

    assert result.code == DONE, result.words
    years = list(csv.DictReader(io.StringIO(result.out)))
    assert [(row["financial_year"], row["months"], row["set_up_heads"]) for row in years] == [
        ("2024-25", "6", "4"),
        ("2025-26", "2", "4"),
    ]
    # (2.5 x 1,000 + 500) / 3.5 is 857.14 a head.
    assert [row["recurring_gbp"] for row in years] == ["321750.63", "107250.21"]
    assert [row["one_off_gbp"] for row in years] == ["3428.56", "0.00"]
    assert years[0]["total_gbp"] == "325179.19"
    assert years[0]["adds_social_worker_fte"] == "2.50"
    assert years[0]["cost_per_fte_gbp"] == "257400.50"

    with (home / "reference" / "capacity_options.csv").open(encoding="utf-8", newline="") as text:
        rows = {(row["option"], row["line"]): row for row in csv.DictReader(text)}
    assert rows["stored", "posts"]["posts_fte"] == "2"
    assert rows["mixed", "social_worker"]["starts_on"] == "2024-10-01"
    assert rows["mixed", "managed_team"]["ends_on"] == "2025-05-31"


def test_a_kept_option_stands_beside_those_stored_and_its_name_is_taken(home: Path) -> None:
    beside = run(home, *OPTION, "--non-staffing", "1200")

    assert beside.code == DONE, beside.words
    for words in ("mixed", "643,501.25", "stored", "80,000", "what if", "1,200", "600"):
        assert words in beside.words

    again = run(home, *OPTION, "--posts", "social_worker=3", "--save", "mixed")
    assert again.code == FAILED
    assert "has an option named mixed already" in again.words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--posts", "social_wroker=2"), "has no role named social_wroker; known are social_worker"),
        (("--posts", "social_worker"), "write ROLE=FTE"),
        (("--posts", "social_worker=-1"), "is no number above 0"),
        (("--managed-team", "255000"), "write the price and its months"),
        (("--non-staffing", "10.005"), "whole pennies"),
        (("--end", "2024-09", "--posts", "social_worker=1"), "before it starts in 2024-10"),
        ((), "nothing to price"),
    ],
)
def test_what_cannot_be_an_option_is_told_with_the_word_that_is_wrong(
    home: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = run(home, *OPTION, *arguments)

    assert result.code == FAILED
    assert words in result.words


def test_a_role_without_a_price_on_the_first_day_is_named_and_nothing_is_kept(home: Path) -> None:
    result = run(home, *OPTION, "--posts", "team_manager=1,social_worker=1", "--save", "unpriced")

    assert result.code == FAILED
    assert "no default cost in force on 2024-10-01 for team_manager" in result.words
    assert "unpriced" not in (home / "reference" / "capacity_options.csv").read_text(encoding="utf-8")


def test_a_council_nobody_registered_is_wrong_usage(home: Path) -> None:
    result = run(home, "option", "--council", "nowhere", "--start", "2024-10", "--posts", "social_worker=1")

    assert result.code == WRONG_USAGE
    assert "is not registered" in result.words
