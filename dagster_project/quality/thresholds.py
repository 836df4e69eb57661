"""Checks on the marts of each council's latest month: they repeat the severity dbt decided and compare nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from dagster_project.durable import put_in_place
from dagster_project.quality.suites import CheckResult, run_suite
from dagster_project.reference import Reference
from dagster_project.reports.judged import FLAGGED_NOW
from dagster_project.settings import Settings
from dagster_project.warehouse_file import reading_warehouse

INDEX = ["council", "unit", "month"]


def check_marts(settings: Settings, reference: Reference, councils: Sequence[str]) -> list[CheckResult]:
    """Results of the suites on these councils' latest months, one for each policy; a worker is told by unit only.

    Of thresholds the latest month is that in which the metric could last be judged, as in the alerts: what was not
    delivered ends nothing, and what has ended since is flagged no more.
    """
    parameters = severity_parameters(reference)
    metric_of = {row["policy_id"]: row["metric"] for row in reference.rows("threshold_policy")}
    latest = (
        "select council, max(month) as month from caseload_bands "
        "where list_contains(?, council) group by council"
    )
    with reading_warehouse(settings) as warehouse:
        breaches = warehouse.execute(
            f"select council, unit, cast(month as varchar) as month, severity, policy_id "
            f"from ({FLAGGED_NOW}) where list_contains(?, council)",
            [list(councils)],
        ).df()
        bands = warehouse.execute(
            f"select council, unit, cast(month as varchar) as month, is_complete "
            f"from caseload_bands join ({latest}) as latest using (council, month)",
            [list(councils)],
        ).df()
    results = run_suite(settings.expectations, "caseload_bands", "caseload_bands", bands, parameters, INDEX)
    for result in run_suite(
        settings.expectations,
        "threshold_breaches",
        "threshold_breaches",
        breaches,
        parameters,
        [*INDEX, "policy_id"],
    ):
        results += [_of_policy(result, policy, metric_of[policy]) for policy in sorted(metric_of)]
    return results


def _of_policy(result: CheckResult, policy: str, metric: str) -> CheckResult:
    """One check for each policy: the suite runs once over all of them, for its start-up is most of its cost."""
    failing = tuple(
        {name: row[name] for name in INDEX} for row in result.failing if row["policy_id"] == policy
    )
    return replace(result, asset=metric, policy=policy, passed=not failing, failing=failing)


def severity_parameters(reference: Reference) -> dict[str, list[str]]:
    """The severities that each severity of a check stands for, by the name a suite asks for."""
    parameters: dict[str, list[str]] = {}
    for row in reference.rows("severities"):
        if row["check_severity"]:
            parameters.setdefault(f"severities_of_{row['check_severity']}", []).append(row["severity"])
    return parameters


def write_results(folder: Path, load_id: str, results: Sequence[CheckResult]) -> Path:
    """Keep the results of one load's checks as JSON; units only, no value and no worker."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{load_id}.json"
    being_written = path.with_name(f".{path.name}.writing")
    being_written.write_text(
        json.dumps([asdict(result) for result in results], indent=1, default=str), encoding="utf-8"
    )
    put_in_place(being_written, path)
    return path
