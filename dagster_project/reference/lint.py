"""What is wrong with reference data, in words that name file, row and column. Nothing is mended here."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from dagster_project.extracts.source_system import SourceSystem
from dagster_project.reference.names import LEVEL_DEPTH, name_key
from dagster_project.reference.policy_lint import Finding, lint_alert_rules, lint_policies
from dagster_project.reference.tables import Table
from dagster_project.unseen_signs import first_harmful

Rows = Sequence[Mapping[str, str]]
Tables = Mapping[str, Rows]

UNIT_SLUGS_RESERVED = {"unmapped", "outside"}


def lint_values(table: Table, rows: Rows) -> list[str]:
    """Values that are missing or break their type or code list."""
    problems = []
    for row in rows:
        for column in table.columns:
            unseen = first_harmful(row[column] or "")
            problem = table.problem_with(column, row[column]) or (
                f"holds {unseen}, a sign that is not shown: take it out" if unseen else None
            )
            if problem:
                problems.append(f"{row['_place']}, column {column}: {problem}")
    return problems


def lint_references(declared: Mapping[str, Table], tables: Tables) -> list[str]:
    """Councils, units and roles that are named but registered nowhere."""
    councils = {row["council"] for row in tables["councils"]}
    units = {(row["council"], row["unit"]) for row in tables["org_units"]}
    roles = {row["role"] for row in tables["roles"]}
    metrics = {row["metric"] for row in tables["metrics"]}
    exists: dict[str, Callable[[Mapping[str, str], str], bool]] = {
        "councils": lambda row, column: row[column] in councils,
        "roles": lambda row, column: row[column] in roles,
        "metrics": lambda row, column: row[column] in metrics,
        "org_units": lambda row, column: (row["council"], row[column]) in units,
    }
    problems = []
    for name, rows in tables.items():
        for column, target in declared[name].references.items():
            for row in rows:
                if row[column] and not exists[target](row, column):
                    problems.append(
                        f"{row['_place']}, column {column}: {row[column]!r} is not in {target}.csv"
                    )
    return problems


def lint_org_units(rows: Rows) -> list[str]:
    """Every council is one tree: one unit of level council on top, each other unit below a higher one."""
    problems = []
    by_council: dict[str, dict[str, Mapping[str, str]]] = {}
    for row in rows:
        by_council.setdefault(row["council"], {})
        by_council[row["council"]][row["unit"]] = row
    for council, units in sorted(by_council.items()):
        roots = [row for row in units.values() if row["level"] == "council"]
        if len(roots) != 1:
            problems.append(
                f"org_units.csv, council {council}: one unit of level council is wanted, found {len(roots)}"
            )
        for row in units.values():
            if row["unit"] in UNIT_SLUGS_RESERVED:
                problems.append(f"{row['_place']}, column unit: {row['unit']!r} is a reserved name")
            if row["level"] == "council":
                if row["parent_unit"]:
                    problems.append(f"{row['_place']}, column parent_unit: a council has no unit above it")
                continue
            parent = units.get(row["parent_unit"])
            if parent is None:
                problems.append(
                    f"{row['_place']}, column parent_unit: {row['parent_unit']!r} is no unit of {council}"
                )
            elif LEVEL_DEPTH.get(parent["level"], 0) > LEVEL_DEPTH.get(row["level"], 0):
                problems.append(
                    f"{row['_place']}, column parent_unit: a {row['level']} cannot lie below a {parent['level']}"
                )
            elif _is_in_a_circle(row, units):
                problems.append(f"{row['_place']}, column parent_unit: the unit lies below itself")
    return problems


def _is_in_a_circle(row: Mapping[str, str], units: Mapping[str, Mapping[str, str]]) -> bool:
    seen = {row["unit"]}
    above = units.get(row["parent_unit"])
    while above is not None:
        if above["unit"] in seen:
            return True
        seen.add(above["unit"])
        above = units.get(above["parent_unit"])
    return False


def lint_periods(name: str, rows: Rows, same: tuple[str, ...], what: str) -> list[str]:
    """Periods of rows that speak of the same thing (`same` columns) must not overlap; `valid_to` is exclusive."""
    problems = []
    groups: dict[tuple[str, ...], list[Mapping[str, str]]] = defaultdict(list)
    for row in rows:
        if row["valid_to"] and row["valid_to"] <= row["valid_from"]:
            problems.append(f"{row['_place']}, column valid_to: not after valid_from")
        groups[tuple(row[column] for column in same)].append(row)
    for group in groups.values():
        ordered = sorted(group, key=lambda row: row["valid_from"])
        for earlier, later in itertools.pairwise(ordered):
            if not earlier["valid_to"] or later["valid_from"] < earlier["valid_to"]:
                problems.append(
                    f"{later['_place']}, column valid_from: its period overlaps {earlier['_place']} ({what})"
                )
    return problems


def lint_names(tables: Tables) -> list[str]:
    """A written name means one thing: compared as names are, no two rows of one rank claim it at one time."""
    problems = []
    for file, column, what in (("unit_aliases", "alias", "unit"), ("role_aliases", "alias", "role")):
        claimed: dict[tuple[str, str], Mapping[str, str]] = {}
        for row in tables[file]:
            other = claimed.setdefault((row["council"], name_key(row[column])), row)
            if other[what] != row[what]:
                problems.append(
                    f"{row['_place']}, column {column}: compares equal to {other['_place']}, which names another {what}"
                )
    alike: dict[tuple[str, str, str], list[Mapping[str, str]]] = defaultdict(list)
    for row in tables["org_units"]:
        alike[row["council"], row["level"], name_key(row["name"])].append(row)
    for units in alike.values():
        for number, unit in enumerate(units):
            for other in units[:number]:
                if _overlap(unit, other):
                    problems.append(
                        f"{unit['_place']}, column name: compares equal to the name in {other['_place']}, "
                        f"another {unit['level']} of the same time"
                    )
    return problems


def _overlap(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return (not one["valid_to"] or other["valid_from"] < one["valid_to"]) and (
        not other["valid_to"] or one["valid_from"] < other["valid_to"]
    )


OF_THE_INSTALLATION = {
    "outbox_mail",
    "look_up_log",
    "load_log",
    "published_version",
    "as_known_marts",
    "shadow_workbook",
}
"""Kinds whose files hold every council: how long they are kept cannot differ between councils."""
NO_LONGER_THAN = {
    "landed_original": "archive_delivery",
    "sealed_original": "archive_delivery",
    "superseded_delivery": "archive_delivery",
}
"""What is taken away before, or with, the deliveries of the archive: raw identifiers never outlive their rows."""


SMALLEST_LIMIT = 3
"""Of counts below this nothing could be told apart: one and none are all there is."""


def lint_retention(rows: Rows) -> list[str]:
    """Days are counted from 0, each kind has a row of every council, and nothing outlives what it belongs to."""
    problems = []
    everywhere = {row["what"]: row for row in rows if not row["council"]}
    own = {(row["council"], row["what"]): row for row in rows}
    for row in rows:
        if int(row["keep_days"]) < 0:
            problems.append(f"{row['_place']}, column keep_days: fewer than no days")
        if row["council"] and row["what"] in OF_THE_INSTALLATION:
            problems.append(
                f"{row['_place']}, column council: {row['what']} is kept for all councils alike; leave it empty"
            )
    for council in sorted({row["council"] for row in rows}):
        kept = {what: own.get((council, what), everywhere.get(what)) for what in NO_LONGER_THAN}
        for what, longest in NO_LONGER_THAN.items():
            shorter, bound = kept[what], own.get((council, longest), everywhere.get(longest))
            if shorter and bound and int(shorter["keep_days"]) > int(bound["keep_days"]):
                problems.append(
                    f"{shorter['_place']}, column keep_days: {what} would be kept longer than {longest} "
                    f"({bound['_place']})"
                )
    return problems


def lint_disclosure_limits(rows: Rows) -> list[str]:
    """Each kind of people has a number for every council that hides something; a council's own is no lower."""
    everywhere = {row["what"]: int(row["least"]) for row in rows if not row["council"]}
    problems = []
    for row in rows:
        if int(row["least"]) < SMALLEST_LIMIT:
            problems.append(
                f"{row['_place']}, column least: below {SMALLEST_LIMIT} nothing would be suppressed"
            )
        elif int(row["least"]) < everywhere.get(row["what"], SMALLEST_LIMIT):
            problems.append(
                f"{row['_place']}, column least: a council may set a higher number than every council's, no lower one"
            )
    return problems


def lint_sources(rows: Rows, sources: Mapping[str, SourceSystem]) -> list[str]:
    """A council's extract comes from one source at a time, which is known and holds that extract."""
    problems = lint_periods("council_sources", rows, ("council", "extract"), "one extract")
    for row in rows:
        source = sources.get(row["source"])
        if source is None:
            problems.append(
                f"{row['_place']}, column source: {row['source']!r} has no mapping; known are {', '.join(sources)}"
            )
        elif row["extract"] and row["extract"] not in source.extracts:
            problems.append(
                f"{row['_place']}, column extract: {row['extract']!r} is no extract of {row['source']}.yml"
            )
    return problems


def lint_contract_decisions(rows: Rows, contracts: Rows) -> list[str]:
    """A decision is on a contract that there is, and an extension says until when."""
    known = {(row["council"], row["contract_id"]) for row in contracts}
    problems = []
    for row in rows:
        if (row["council"], row["contract_id"]) not in known:
            problems.append(
                f"{row['_place']}, column contract_id: {row['contract_id']!r} is not in managed_contracts.csv"
            )
        if (row["decision"] == "extended") != bool(row["ends_on"]):
            problems.append(
                f"{row['_place']}, column ends_on: the new last day of an extension, and of nothing else"
            )
    return problems


def lint_investment_criteria(rows: Rows, investments: Rows) -> list[str]:
    """A criterion is of a line that there is, and one that is measured says of which unit and which way is better."""
    known = {(row["council"], row["investment"], row["line"]) for row in investments}
    problems = []
    for row in rows:
        if (row["council"], row["investment"], row["line"]) not in known:
            problems.append(
                f"{row['_place']}, column line: {row['line']!r} of {row['investment']!r} is not in investments.csv"
            )
        for column in ("unit", "better"):
            if bool(row[column]) != bool(row["indicator"]):
                problems.append(
                    f"{row['_place']}, column {column}: there with an indicator, and without one empty"
                )
    return problems


def lint(declared: Mapping[str, Table], tables: Tables) -> list[str | Finding]:
    """Every problem of the merged reference data, as one sentence each; empty when it can be used."""
    problems: list[str | Finding] = [
        problem for name, rows in tables.items() for problem in lint_values(declared[name], rows)
    ]
    if problems:
        return problems
    problems += lint_references(declared, tables)
    problems += lint_org_units(tables["org_units"])
    problems += lint_periods("org_units", tables["org_units"], ("council", "unit"), "one unit")
    problems += lint_names(tables)
    costs = tables["unit_costs"]
    problems += lint_periods("unit_costs", costs, ("council", "role", "grade"), "one role and grade")
    default_costs = [row for row in costs if row["is_default"].lower() == "true"]
    problems += lint_periods(
        "unit_costs", default_costs, ("council", "role"), "two default grades of one role"
    )
    policies = lint_policies(tables["threshold_policy"], tables["metrics"])
    problems += [finding for finding in policies if finding.is_error]
    rules = tables["alert_rules"]
    problems += lint_periods("alert_rules", rules, ("council", "metric", "severity"), "one rule")
    problems += lint_alert_rules(rules)
    problems += lint_investment_criteria(tables["investment_criteria"], tables["investments"])
    problems += lint_periods("agency_rules", tables["agency_rules"], ("rule",), "one rule")
    caps = tables["agency_price_caps"]
    problems += lint_periods("agency_price_caps", caps, ("council", "region_code", "role"), "one cap")
    problems += lint_contract_decisions(tables["contract_decisions"], tables["managed_contracts"])
    problems += lint_retention(tables["retention"])
    problems += lint_disclosure_limits(tables["disclosure_limits"])
    return list(dict.fromkeys(problems))
