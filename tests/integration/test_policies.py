"""A file of policies, linted and tried before it is adopted; adopted, it raises what the trial said."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landing import COUNCIL, land_month, make_small_council
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.load import load
from dagster_project.settings import Settings

BREACHES = """
select unit, metric, month, worker_key, band, severity from threshold_breaches where severity <> 'none'
"""
STRICTER = (
    "c,westshire,,council,,,,vacancy_rate,one_decimal,,1,full,full,none,,2010-04-01,,made up",
    "c,westshire,,council,,,,vacancy_rate,one_decimal,1,,short,short,breach,,2010-04-01,,made up",
    "u,westshire,care,,,,,average_caseload,integer,0,2,fine,fine,none,1,2023-06-01,,made up",
    "u,westshire,care,,,,,average_caseload,integer,2,,many,many,breach,1,2023-06-01,,made up",
)


@dataclass
class Tried:
    settings: Settings
    file: Path
    before: set[tuple[Any, ...]]
    tried: list[dict[str, str]]
    shown: str
    untouched: bool
    after: set[tuple[Any, ...]]


def run(settings: Settings, *arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments), env={"CASELOAD_HOME": str(settings.home)})


def rows_of(settings: Settings, sql: str) -> set[tuple[Any, ...]]:
    marts = (settings.published / "current").resolve() / "restricted" / "marts.duckdb"
    with duckdb.connect(str(marts), read_only=True) as connection:
        return set(connection.execute(sql).fetchall())


def contents(settings: Settings) -> dict[str, tuple[int, int]]:
    """Every file of the installation but the scratch one's, by size and time of its last change."""
    return {
        str(path.relative_to(settings.home)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in settings.home.rglob("*")
        if path.is_file() and "as-known" not in str(path)
    }


def stricter(settings: Settings) -> str:
    """The council's own policies, and the stricter ones after them."""
    own = (settings.council_reference / "threshold_policy.csv").read_text(encoding="utf-8")
    return own.rstrip("\n") + "\n" + "\n".join(STRICTER) + "\n"


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    settings = make_small_council(tmp_path_factory.mktemp("policies"))
    for month in range(4):
        land_month(settings, month)
    load(settings)
    own = settings.council_reference / "threshold_policy.csv"
    file = settings.home.parent / "changed.csv"
    file.write_text(stricter(settings), encoding="utf-8")
    before, there = rows_of(settings, BREACHES), contents(settings)
    out = settings.home.parent / "trial.csv"
    result = run(settings, "policy", "try", str(file), "--council", COUNCIL, "--csv", str(out))
    assert result.exit_code == 0, result.output
    untouched = contents(settings) == there
    with out.open(encoding="utf-8", newline="") as text:
        changes = list(csv.DictReader(text))
    own.write_bytes(file.read_bytes())
    (settings.council_reference / "alert_rules.csv").write_text(
        "council,metric,severity,months_before_new,months_before_resolved,acknowledge_within_days,source\n"
        "westshire,vacancy_rate,,3,1,7,made up\n",
        encoding="utf-8",
    )
    load(settings)
    return Tried(settings, file, before, changes, result.output, untouched, rows_of(settings, BREACHES))


@pytest.mark.long
def test_a_trial_changes_nothing_and_says_what_the_policies_raise_when_they_are_adopted(tried: Tried) -> None:
    now = {row for row in tried.after if row[1] != "vacancy_rate"}
    new = {
        (unit, str(month)) for unit, metric, month, *_ in now - tried.before if metric == "average_caseload"
    }
    told = {(r["unit"], r["month"]) for r in tried.tried if r["metric"] == "average_caseload"}

    assert tried.untouched
    assert new and new == told
    assert {r["change"] for r in tried.tried} <= {"new", "gone", "severity", "band"}
    assert {r["month"] for r in tried.tried if r["metric"] == "vacancy_rate"} == {
        "2023-04-01", "2023-05-01", "2023-06-01", "2023-07-01",
    }  # fmt: skip
    assert "average_caseload" in tried.shown and "care" in tried.shown


@pytest.mark.long
def test_a_policy_from_a_later_day_on_changes_no_earlier_month(tried: Tried) -> None:
    early = {row for row in tried.after if str(row[2]) < "2023-06-01" and row[1] != "vacancy_rate"}

    assert early == {row for row in tried.before if str(row[2]) < "2023-06-01"}


@pytest.mark.long
def test_a_breach_is_told_only_after_the_months_that_its_rule_wants(tried: Tried) -> None:
    states = rows_of(
        tried.settings,
        "select month, state, acknowledge_within_days from alert_states where metric = 'vacancy_rate'",
    )

    assert {(str(month), state) for month, state, _ in states} == {
        ("2023-04-01", "pending"),
        ("2023-05-01", "pending"),
        ("2023-06-01", "new"),
        ("2023-07-01", "continuing"),
    }
    assert {days for *_, days in states} == {7}


def test_lint_names_row_column_and_rule_and_fails_where_a_load_would_stop(
    tmp_path: Path,
) -> None:
    settings = make_small_council(tmp_path / "home")
    policies = stricter(settings)
    sound = tmp_path / "sound.csv"
    sound.write_text(policies, encoding="utf-8")
    gap = tmp_path / "gap.csv"
    gap.write_text(policies.replace("integer,2,,many", "integer,3,,many"), encoding="utf-8")
    expired = tmp_path / "expired.csv"
    expired.write_text(
        policies.replace(",full,none,,2010-04-01,,", ",full,none,,2010-04-01,2011-04-01,")
        .replace(",short,breach,,2010-04-01,,", ",short,breach,,2010-04-01,2011-04-01,"),
        encoding="utf-8",
    )  # fmt: skip
    unknown = tmp_path / "unknown.csv"
    unknown.write_text(policies.replace("vacancy_rate", "vacancies"), encoding="utf-8")

    whole, gap_found, expired_found, unknown_found = (
        run(settings, "policy", "lint", str(file)) for file in (sound, gap, expired, unknown)
    )

    assert whole.exit_code == 0 and "nothing to mend" in whole.output
    assert gap_found.exit_code == 1 and "a gap lies between bands" in " ".join(gap_found.output.split())
    assert expired_found.exit_code == 0 and "expired" in expired_found.output
    assert unknown_found.exit_code == 1 and "'vacancies' is not in metrics.csv" in unknown_found.output
