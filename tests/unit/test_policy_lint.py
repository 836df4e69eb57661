"""What is said of policies that can be used and should be mended, and what DfE's rates make of the worst tenth."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from dagster_project.official_statistics.policies import nearest_rank, policies_of_published_rates
from dagster_project.policies.checking import check_file
from dagster_project.reference import lint_policies, lint_sense, load_reference
from dagster_project.reference.tables import load_tables
from dagster_project.settings import PROJECT_ROOT, Settings

METRICS = [
    {"metric": "average_caseload", "levels": "council division service team"},
    {"metric": "worker_caseload", "levels": "worker"},
]


def row(number: int, **values: str) -> dict[str, str]:
    empty = dict.fromkeys(load_tables()["threshold_policy"].columns, "")
    common = {
        "policy_id": "p",
        "metric": "average_caseload",
        "rounding": "integer",
        "severity": "none",
        "band": "all",
    }
    return {**empty, **common, "_place": f"mine.csv, row {number}", **values}


@pytest.mark.parametrize(
    ("rows", "rule", "is_error"),
    [
        ([row(2, lower="5", upper="5")], "empty_band", True),
        ([row(2, valid_from="2020-01-01", valid_to="2020-01-01")], "period_ends_before_it_begins", True),
        ([row(2, level="worker")], "level_not_measured", False),
        ([row(2, experience="asye")], "scope_of_workers_only", False),
        ([row(2, valid_to="2020-01-01")], "expired", False),
        ([row(2), row(3, policy_id="q", valid_from="2020-01-01")], "two_policies_of_one_scope", False),
        ([row(2), row(3, level="team")], "policy_id_reused", False),
        (
            [row(2, valid_to="2020-01-01", label="well"), row(3, valid_from="2020-01-01", label="good")],
            "label_differs",
            False,
        ),
        ([row(2, valid_to="2020-01-01"), row(3, valid_from="2021-01-01")], "time_without_policy", False),
        (
            [
                row(2, upper="20", target="25"),
                row(3, lower="20", band="high", severity="warning", target="25"),
            ],
            "target_outside_bands",
            False,
        ),
        (
            [row(2, upper="20", target="5"), row(3, lower="20", band="high", target="6")],
            "several_targets",
            False,
        ),
        ([row(2, upper="20"), row(3, lower="19", band="high")], "overlap", True),
        ([row(2, upper="20"), row(3, lower="20", band="high", rounding="none")], "several_roundings", True),
    ],
)
def test_each_fault_of_a_policy_has_its_rule_its_row_and_a_way_to_mend_it(
    rows: list[dict[str, str]], rule: str, is_error: bool
) -> None:
    found = [finding for finding in lint_policies(rows, METRICS) if finding.rule == rule]

    assert [finding.is_error for finding in found] == [is_error]
    assert found[0].place in {"mine.csv, row 2", "mine.csv, row 3"}
    assert found[0].remedy and found[0].words


UNITS = [
    {"council": "anyshire", "unit": "north", "level": "team", "service_area": "assessment"},
    {"council": "anyshire", "unit": "court", "level": "team", "service_area": ""},
]
OF_NORTH = {"council": "anyshire", "unit": "north", "source": "Committee, 3 May, para 2"}


@pytest.mark.parametrize(
    ("rows", "rule", "column"),
    [
        ([row(2, **{**OF_NORTH, "source": ""})], "no_source", "source"),
        (
            [row(2, **OF_NORTH, upper="20.5"), row(3, **OF_NORTH, lower="20.5", severity="warning")],
            "bound_finer_than_rounding",
            "upper",
        ),
        ([row(2, **OF_NORTH, level="council")], "never_holds", "level"),
        ([row(2, **OF_NORTH, service_area="disability")], "never_holds", "service_area"),
        ([row(2, **{**OF_NORTH, "unit": "court"}, service_area="disability")], "never_holds", "service_area"),
        ([row(2, source="x", level="contract", service_area="assessment")], "never_holds", "service_area"),
        (
            [row(2, **OF_NORTH, upper="20", severity="breach"), row(3, **OF_NORTH, lower="20", band="high")],
            "severity_runs_backwards",
            "severity",
        ),
        (
            [
                row(2, **OF_NORTH, metric="visits", upper="80"),
                row(3, **OF_NORTH, metric="visits", lower="80", band="high", severity="warning"),
            ],
            "severity_runs_backwards",
            "severity",
        ),
    ],
)
def test_a_policy_that_can_be_used_and_makes_no_sense_is_a_warning(
    rows: list[dict[str, str]], rule: str, column: str
) -> None:
    metrics = [
        {**METRICS[0], "worse": "higher"},
        {"metric": "visits", "levels": "team", "worse": "lower"},
    ]

    found = lint_sense(rows, metrics, UNITS)

    assert {finding.rule for finding in found} == {rule}
    assert found[0].column == column and not any(finding.is_error for finding in found)
    assert found[0].place.startswith("mine.csv, row ") and found[0].words and found[0].remedy


HEADER = (
    "policy_id,council,unit,level,service_area,role_group,experience,metric,rounding,lower,upper,band,label,severity,"
    "target,valid_from,valid_to,source\n"
)
FINE = "p,nottinghamshire,,team,,,,average_caseload,integer,0,20,fine,fine,none,19,2018-04-01,,Paper 1\n"
HIGH = "p,nottinghamshire,,team,,,,average_caseload,integer,20,,high,high,warning,19,2018-04-01,,Paper 1\n"


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (",20,,high", ",21,,high", ("gap", 3, "lower")),
        (",20,,high", ",19,,high", ("overlap", 3, "lower")),
        (",0,20,fine", ",1,20,fine", ("gap", 2, "lower")),
        ("nottinghamshire,,team", "nottinghamshire,atlantis,team", ("value", 2, "unit")),
        ("average_caseload", "caseload", ("value", 2, "metric")),
        ("integer,20", "whole,20", ("value", 3, "rounding")),
        ("integer,20", "one_decimal,20", ("several_roundings", 2, "rounding")),
        ("2018-04-01,,", "1 April 2018,,", ("value", 2, "valid_from")),
        (",0,20,fine", ',0,"2,0",fine', ("value", 2, "upper")),
        (",team,", ",worker,", ("level_not_measured", 2, "level")),
        ("nottinghamshire,,team", "nottinghamshire,gedling_dcpt,council", ("never_holds", 2, "level")),
        ("warning", "none,warning", ("value", 3, "")),
    ],
)
def test_a_file_that_went_wrong_is_found_by_rule_row_and_column(
    tmp_path: Path, old: str, new: str, found: tuple[str, int, str]
) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(HEADER + (FINE + HIGH).replace(old, new), encoding="utf-8")

    findings = check_file(Settings(home=tmp_path), file).findings

    assert found in {
        (finding.rule, int(finding.place.rpartition(" ")[2]), finding.column) for finding in findings
    }, findings


def test_the_products_own_policies_make_sense(tmp_path: Path) -> None:
    reference = load_reference(Settings(home=tmp_path))
    rows = [reference.rows(name) for name in ("threshold_policy", "metrics", "org_units")]

    assert lint_sense(*rows) == []


def test_a_policy_that_follows_another_and_one_of_every_council_behind_it_are_no_fault() -> None:
    rows = [
        row(2, council="anyshire", valid_to="2020-01-01", policy_id="own"),
        row(3, valid_from="2020-01-01"),
        row(4, metric="worker_caseload", policy_id="w", level="worker", experience="asye"),
    ]

    assert lint_policies(rows, METRICS) == []


def test_the_ninth_of_ten_is_the_value_that_nine_in_ten_do_not_exceed() -> None:
    assert nearest_rank([Decimal(n) for n in range(10, 0, -1)], 9, 10) == 9
    assert nearest_rank([Decimal(n) for n in range(1, 12)], 9, 10) == 10


def test_a_year_of_rates_judges_from_its_census_day_until_the_next_imported_one() -> None:
    published = [
        {"geographic_level": level, "year": year, "vacancy_rate": rate, "agency_rate": "", "turnover_rate": "",
         "absence_rate": ""}
        for year, first in (("2020", 10), ("2021", 20))
        for level, rate in [("National", "99"), *(("Local authority", f"{first + n}.5") for n in range(10))]
    ]  # fmt: skip

    policies = policies_of_published_rates(published)

    assert [
        (p.get("lower"), p.get("upper"), p["severity"], p["valid_from"], p["valid_to"]) for p in policies
    ] == [
        (None, "18.6", "none", "2020-09-30", "2021-09-30"),
        ("18.6", None, "warning", "2020-09-30", "2021-09-30"),
        (None, "28.6", "none", "2021-09-30", ""),
        ("28.6", None, "warning", "2021-09-30", ""),
    ]
    assert {(p["level"], p["metric"], p["policy_id"]) for p in policies} == {
        ("council", "vacancy_rate", "dfe_vacancy_rate")
    }
    assert policies_of_published_rates(published[1:10]) == []


def test_a_policy_can_judge_every_rate_that_a_mart_has_of_a_month() -> None:
    with (PROJECT_ROOT / "seeds" / "metrics.csv").open(encoding="utf-8", newline="") as file:
        judged = {(row["mart"], row["measure"]) for row in csv.DictReader(file)}
    rates = {
        (model["name"], column["name"])
        for path in (PROJECT_ROOT / "dbt" / "models" / "marts").rglob("*.yml")
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
        if "month" in {column["name"] for column in model["columns"]}
        for column in model["columns"]
        if re.search(r"_rate$|_share$|^share_|_per_10000$|_per_fte$", column["name"])
    }
    # Of a year or of a forecast; and the same rates once more, beside those of others.
    not_of_a_month = {"agency_forecasts", "agency_spend_by_year", "dfe_comparison"}

    of_months = {(mart, rate) for mart, rate in rates if mart not in not_of_a_month}
    assert len(of_months) > 15 and of_months <= judged
