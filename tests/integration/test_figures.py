"""Every printed figure at the command line: what matches, what is stored, what reads in two ways, what is behind it."""

from __future__ import annotations

import csv
import json
from collections import Counter

import pytest
from landing import land_month, make_small_council
from test_cli import DONE, FAILED, run

from dagster_project.load import load
from dagster_project.reports.figures import model_of
from dagster_project.settings import PROJECT_ROOT, Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = make_small_council(tmp_path_factory.mktemp("figures"))
    land_month(settings, 12)
    load(settings)
    return settings


def test_every_printed_figure_is_listed_and_each_class_of_evidence_counted_for_itself(home: Settings) -> None:
    result = run(home.home, "figures")

    with (PROJECT_ROOT / "seeds" / "report_figures.csv").open(encoding="utf-8", newline="") as text:
        figures = list(csv.DictReader(text))
    words = result.words.split()
    assert {row["figure_id"] for row in figures} <= set(words)
    assert "figure council measure period printed computed exact unit" in result.words
    for named in ("N01 nottinghamshire ", "T01 tameside ", "W01 west sussex ", " cases per FTE "):
        assert named in result.words
    assert result.code == DONE
    for evidence in ("computed", "calibrated", "given"):
        assert evidence in words
    assert "no data" in result.words


def test_the_lineage_of_a_figure_names_model_rule_place_and_reference_data(home: Settings) -> None:
    result = run(home.home, "figures", "n10")

    assert result.code == DONE, result.words
    for words in (
        "314461 GBP",
        "exact 314460.5000",
        "para 11 and 21",
        "580521 x 6/12 + 24200",
        "Answered by capacity_options_costed",
        "capacity_options_costed",
        "unit_costs.csv",
    ):
        assert words in result.words


def test_a_contradiction_shows_both_readings_and_what_each_means(home: Settings) -> None:
    result = run(home.home, "figures", "T05")

    for words in ("23 September", "27 September", "165", "169", "10818.18", "10562.13"):
        assert words in result.words


def test_a_figure_nobody_prints_is_told_so(home: Settings) -> None:
    result = run(home.home, "figures", "X99")

    assert result.code == FAILED
    assert "no report prints a figure named X99" in result.words


def test_each_measure_names_a_model_that_the_figures_are_made_from(home: Settings) -> None:
    measures = set()
    for name in ("report_figure_measures", "report_readings"):
        with (PROJECT_ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as text:
            measures |= {row["measure"] for row in csv.DictReader(text) if row["measure"]}
    assert set(model_of()) == measures

    nodes = json.loads((home.warehouse / "dbt" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    components = nodes["model.caseload.int_report_figure_components"]["depends_on"]["nodes"]
    assert set(model_of().values()) <= {name.split(".")[-1] for name in components}


def test_each_contradiction_has_two_readings_or_more_and_says_what_follows_of_each() -> None:
    tables = {}
    for name in ("report_figures", "report_readings"):
        with (PROJECT_ROOT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as text:
            tables[name] = list(csv.DictReader(text))
    flagged = {row["figure_id"] for row in tables["report_figures"] if "flag" in row["note"]}
    readings = Counter(row["figure_id"] for row in tables["report_readings"])

    assert flagged
    assert {figure for figure in flagged if readings[figure] < 2} == set()
    assert all(row["reading"] and row["consequence"] for row in tables["report_readings"])
