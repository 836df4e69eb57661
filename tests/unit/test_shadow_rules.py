"""What the comparison with a spreadsheet rests on: names, rounding, arithmetic, and rules that stay apart."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from dagster_project.reference import load_reference
from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.shadow.evidence import variant
from dagster_project.shadow.measures import measure_key
from dagster_project.shadow.rounding import half_up, is_written_as
from dagster_project.shadow.rules import Formula, Rule, load_rulebook


def contracts() -> dict[str, set[str]]:
    """The columns of each mart by its published name."""
    found = {}
    for path in (PROJECT_ROOT / "dbt" / "models" / "marts").rglob("*.yml"):
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        for model in content.get("models", []):
            name = model.get("config", {}).get("alias", model["name"])
            found[name] = {column["name"] for column in model["columns"]}
    return found


def test_every_name_and_every_formula_is_for_a_column_of_its_mart(tmp_path: Path) -> None:
    named = [
        (row["mart"], row["measure"]) for row in load_reference(Settings(home=tmp_path)).rows("measure_names")
    ]
    named += [
        (mart, column) for mart, _, column in (name.partition(".") for name in load_rulebook().measures)
    ]
    known = contracts()

    assert len(named) > 100
    assert [(mart, column) for mart, column in named if mart in known and column not in known[mart]] == []


def test_no_two_names_that_compare_equal_mean_different_measures(tmp_path: Path) -> None:
    meant: dict[str, set[tuple[str, str]]] = {}
    for row in load_reference(Settings(home=tmp_path)).rows("measure_names"):
        meant.setdefault(measure_key(row["alias"]), set()).add((row["mart"], row["measure"]))

    assert {alias: measures for alias, measures in meant.items() if len(measures) > 1} == {}


def test_rules_have_names_and_words_of_their_own() -> None:
    rules = load_rulebook().rules

    assert len({rule.name for rule in rules}) == len({rule.words for rule in rules}) == len(rules)


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [
        (Fraction(5, 2), 0, "3"),
        (Fraction(-5, 2), 0, "-3"),
        (Fraction(2054, 94), 13, "21.8510638297872"),
        (Fraction(100 * 46, 160), 1, "28.8"),
        (Fraction(217300, 10107), 0, "21"),
        (Fraction(3370), 2, "3370.00"),
    ],
)
def test_a_figure_is_rounded_half_up_once_from_what_is_exact(
    value: Fraction, decimals: int, written: str
) -> None:
    assert half_up(value, decimals) == Decimal(written)
    assert is_written_as(value, Decimal(written), decimals)


def test_a_formula_is_exact_and_has_no_value_where_it_divides_by_nothing() -> None:
    formula = Formula("100 * vacant / (vacant + in_post)")

    assert formula.terms == ("vacant", "in_post") and formula.is_ratio
    assert formula.value({"vacant": Fraction(1), "in_post": Fraction(2)}) == Fraction(100, 3)
    assert formula.value({"vacant": Fraction(0), "in_post": Fraction(0)}) is None
    assert formula.value({"vacant": None, "in_post": Fraction(1)}) is None


def test_two_rules_that_set_the_same_thing_do_not_go_together() -> None:
    book = load_rulebook()
    rules = {rule.name: rule for rule in book.rules}

    def together(*names: str) -> bool:
        chosen: tuple[Rule, ...] = tuple(rules[name] for name in names)
        return variant(book, "open_cases", chosen) is not None

    assert not together("children", "families")
    assert not together("open_on_any_day", "open_at_start")
    assert not together("dfe_definition", "monthly_totals")
    assert together("children", "open_on_any_day") and together("rejected_rows", "repeated_rows")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Agency spend (£)", "agency_spend"),
        ("Re-referral  rate", "re referral rate"),
        ("throughput.closed", "Throughput.Closed"),
    ],
)
def test_names_of_measures_compare_by_their_words(one: str, other: str) -> None:
    assert measure_key(one) == measure_key(other)
