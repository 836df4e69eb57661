"""Policies that can be used and cannot be what somebody meant: each a warning with its row and how to mend it."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal

from dagster_project.reference.policy_lint import SCOPE, Finding, Row, Rows

_GRAVITY = ("none", "info", "warning", "breach")
_STEPS = {"integer": Decimal(1), "one_decimal": Decimal("0.1")}


def lint_sense(policies: Rows, metrics: Rows, units: Rows) -> list[Finding]:
    """Of policies that `lint_policies` finds no error in: what will not do what it says."""
    worse = {row["metric"]: row.get("worse", "") for row in metrics}
    found = [*_rows(policies), *_scopes(policies, units), *_directions(policies, worse)]
    return list(dict.fromkeys(found))


def _rows(policies: Rows) -> Iterator[Finding]:
    """A verdict that nobody can look up, and a bound between two rounded values."""
    for row in policies:
        if not row["source"]:
            yield Finding(
                row["_place"],
                "source",
                "no_source",
                f"band {row['band']} names no paper, so whoever doubts its verdict has nowhere to look",
                "Name the paper and its paragraph.",
                is_error=False,
            )
        step = _STEPS.get(row["rounding"])
        for column in ("lower", "upper"):
            if step and row[column] and Decimal(row[column]) % step:
                up = (Decimal(row[column]) // step + 1) * step
                yield Finding(
                    row["_place"],
                    column,
                    "bound_finer_than_rounding",
                    f"no value rounded to {row['rounding'].replace('_', ' ')} lies at {row[column]}",
                    f"As it is, the bound is {up}: write that, or choose a finer rounding.",
                    is_error=False,
                )


def _scopes(policies: Rows, units: Rows) -> Iterator[Finding]:
    """A policy of one unit that also names a level or a service area which the unit is not of."""
    known: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for unit in units:
        known[unit["council"], unit["unit"]].append(unit)
    for row in policies:
        if row["level"] == "contract" and row["service_area"]:
            yield _never(row, "service_area", "a contract has no service area", "Leave it empty.")
        versions = known.get((row["council"], row["unit"]), [])
        for column in ("level", "service_area"):
            # A contract and a worker are judged below the unit they belong to.
            if not row["unit"] or not row[column] or row[column] in ("worker", "contract"):
                continue
            its = sorted({version[column] or "none" for version in versions})
            if versions and row[column] not in its:
                yield _never(row, column, f"{row['unit']} is of {column.replace('_', ' ')} {', '.join(its)}",
                             "Leave it empty where a unit is named.")  # fmt: skip


def _never(row: Row, column: str, words: str, remedy: str) -> Finding:
    return Finding(
        row["_place"], column, "never_holds", f"{words}, so the policy never holds", remedy, is_error=False
    )


def _directions(policies: Rows, worse: Mapping[str, str]) -> Iterator[Finding]:
    """Bands that get milder where the metric gets worse: most often two severities changed places."""
    by_policy: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in policies:
        by_policy[row["policy_id"], *(row[column] for column in SCOPE), row["valid_from"]].append(row)
    for rows in by_policy.values():
        direction = worse.get(rows[0]["metric"], "")
        ordered = sorted(rows, key=lambda row: (row["lower"] != "", Decimal(row["lower"] or 0)))
        if direction == "lower":
            ordered.reverse()
        for better, graver in itertools.pairwise(ordered):
            if direction and _GRAVITY.index(better["severity"]) > _GRAVITY.index(graver["severity"]):
                yield Finding(
                    graver["_place"],
                    "severity",
                    "severity_runs_backwards",
                    f"band {graver['band']} is milder than {better['band']}, and of {graver['metric']} "
                    f"{'more' if direction == 'higher' else 'less'} is worse",
                    "Look whether two severities or two bounds changed places.",
                    is_error=False,
                )
