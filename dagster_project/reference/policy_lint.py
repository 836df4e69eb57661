"""What is wrong with threshold policies, each finding with its row, its rule and how to mend it. Mends nothing."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

Row = Mapping[str, str]
Rows = Sequence[Row]

SCOPE = ("council", "unit", "level", "service_area", "role_group", "experience", "metric")
"""What a policy speaks of: two policies of one scope at one time would both be the most specific."""
CALM = ("none", "info")
OF_WORKERS = ("role_group", "experience")


@dataclass(frozen=True)
class Finding:
    """One thing to mend; a warning can be used as it is, an error cannot. `place` names file and row."""

    place: str
    column: str
    rule: str
    words: str
    remedy: str
    is_error: bool = True

    def __str__(self) -> str:
        return f"{self.place}, column {self.column}: {self.words}" if self.column else self.words


def lint_policies(policies: Rows, metrics: Rows) -> list[Finding]:
    """Every finding of the merged policies: errors first where a value, a date or a band leaves no verdict, or two."""
    found = [*_rows(policies, {row["metric"]: row for row in metrics})]
    if not any(finding.is_error for finding in found):
        found += _bands(policies)
        found += _identities(policies)
        found += _same_scope(policies)
        found += _expired(policies)
    return list(dict.fromkeys(found))


def lint_alert_rules(rows: Rows) -> list[str]:
    """Months are counted from 1, days from 0, and one rule of a council, metric and severity holds at a time."""
    problems = []
    for row in rows:
        for column in ("months_before_new", "months_before_resolved"):
            if int(row[column]) < 1:
                problems.append(f"{row['_place']}, column {column}: fewer than one month")
        if row["acknowledge_within_days"] and int(row["acknowledge_within_days"]) < 0:
            problems.append(f"{row['_place']}, column acknowledge_within_days: fewer than no days")
    return problems


def _rows(policies: Rows, metrics: Mapping[str, Row]) -> Iterator[Finding]:
    """What can be said of one row alone."""
    for row in policies:
        place = row["_place"]
        if row["lower"] and row["upper"] and Decimal(row["lower"]) >= Decimal(row["upper"]):
            yield Finding(
                place,
                "upper",
                "empty_band",
                f"band {row['band']} holds no value: its upper is not above its lower",
                "Give an upper above the lower; a band holds from lower up to but not including upper.",
            )
        if row["valid_from"] and row["valid_to"] and row["valid_to"] <= row["valid_from"]:
            yield Finding(
                place,
                "valid_to",
                "period_ends_before_it_begins",
                "not after valid_from",
                "valid_to is the first day on which the row does not hold any more.",
            )
        metric = metrics.get(row["metric"])
        if metric and row["level"] and row["level"] not in metric["levels"].split():
            yield Finding(
                place,
                "level",
                "level_not_measured",
                f"{row['metric']} is not measured at level {row['level']}, so the policy never holds",
                f"It is measured at: {', '.join(metric['levels'].split())}.",
                is_error=False,
            )
        if metric and "worker" not in metric["levels"].split():
            for column in OF_WORKERS:
                if row[column]:
                    yield Finding(
                        place,
                        column,
                        "scope_of_workers_only",
                        f"{row['metric']} is not measured by {column}, so the policy never holds",
                        "Leave it empty, or choose a metric of workers.",
                        is_error=False,
                    )


def _bands(policies: Rows) -> Iterator[Finding]:
    """For each policy and date the bands leave no gap and no overlap, from the lowest value to the highest."""
    by_policy: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in policies:
        by_policy[row["policy_id"], *(row[column] for column in SCOPE)].append(row)
    for policy in by_policy.values():
        days = sorted({row["valid_from"] for row in policy} | {row["valid_to"] for row in policy} - {""})
        if not any(row["valid_from"] == "" for row in policy):
            days = [day for day in days if day]
        for day in days:
            in_force = [
                row
                for row in policy
                if row["valid_from"] <= day and (not row["valid_to"] or day < row["valid_to"])
            ]
            later = [row for row in policy if row["valid_from"] > day]
            if in_force:
                yield from _bands_on(day, in_force)
            elif later:
                first = min(later, key=lambda row: row["valid_from"])
                yield Finding(
                    first["_place"],
                    "valid_from",
                    "time_without_policy",
                    f"policy {first['policy_id']} holds nothing from {day} until {first['valid_from']}",
                    "Let the row before end on the day on which this one begins.",
                    is_error=False,
                )


def _bands_on(day: str, rows: Rows) -> Iterator[Finding]:
    policy = f"policy {rows[0]['policy_id']}" + (f" from {day}" if day else "")
    ordered = sorted(rows, key=lambda row: (row["lower"] != "", Decimal(row["lower"] or 0)))
    lowest, highest = ordered[0], ordered[-1]
    if len({row["rounding"] for row in ordered}) > 1:
        yield Finding(
            lowest["_place"],
            "rounding",
            "several_roundings",
            f"{policy}: its bands are rounded in different ways",
            "Give all bands of the policy one rounding.",
        )
    if lowest["lower"] and Decimal(lowest["lower"]) > 0:
        yield Finding(
            lowest["_place"],
            "lower",
            "gap",
            f"{policy}: values below {lowest['lower']} have no band",
            "Begin the lowest band at 0, or leave its lower empty.",
        )
    if highest["upper"]:
        yield Finding(
            highest["_place"],
            "upper",
            "gap",
            f"{policy}: values from {highest['upper']} on have no band",
            "Leave the upper of the highest band empty.",
        )
    for below, above in itertools.pairwise(ordered):
        if not below["upper"] or not above["lower"] or Decimal(below["upper"]) > Decimal(above["lower"]):
            yield Finding(
                above["_place"],
                "lower",
                "overlap",
                f"{policy}: bands {below['band']} and {above['band']} overlap",
                "Each band begins where the one below it ends; a row replaced from a day on ends on that day.",
            )
        elif Decimal(below["upper"]) < Decimal(above["lower"]):
            yield Finding(
                above["_place"],
                "lower",
                "gap",
                f"{policy}: a gap lies between bands {below['band']} and {above['band']}",
                "Each band begins where the one below it ends.",
            )
    yield from _target_on(policy, ordered)


def _target_on(policy: str, rows: Rows) -> Iterator[Finding]:
    """A target is one number, and lies in a band that nobody is warned of."""
    targets = {Decimal(row["target"]) for row in rows if row["target"]}
    place = rows[0]["_place"]
    if len(targets) > 1:
        yield Finding(
            place,
            "target",
            "several_targets",
            f"{policy}: its bands name {len(targets)} targets, and the highest is taken",
            "Write one target in all of its bands, or in one of them.",
            is_error=False,
        )
    for target in sorted(targets):
        calm = [
            row
            for row in rows
            if row["severity"] in CALM
            and (not row["lower"] or Decimal(row["lower"]) <= target)
            and (not row["upper"] or target < Decimal(row["upper"]))
        ]
        if not calm:
            yield Finding(
                place,
                "target",
                "target_outside_bands",
                f"{policy}: the target {target.normalize():f} lies in no band of severity none or info",
                "Whoever reaches the target would still be warned: move the target or the bands.",
                is_error=False,
            )


def _identities(policies: Rows) -> Iterator[Finding]:
    """One policy_id is one policy: one scope, and of each band one label."""
    scopes: dict[str, Row] = {}
    labels: dict[tuple[str, str], Row] = {}
    for row in policies:
        first = scopes.setdefault(row["policy_id"], row)
        if any(first[column] != row[column] for column in SCOPE):
            yield Finding(
                row["_place"],
                "policy_id",
                "policy_id_reused",
                f"{row['policy_id']} is the name of another policy in {first['_place']}",
                "Give each policy a name of its own: alerts and pages tell it by its name.",
                is_error=False,
            )
        first = labels.setdefault((row["policy_id"], row["band"]), row)
        if first["label"] != row["label"]:
            yield Finding(
                row["_place"],
                "label",
                "label_differs",
                f"band {row['band']} of {row['policy_id']} has another label in {first['_place']}",
                "Call one band by one label, or give the band another name.",
                is_error=False,
            )


def _same_scope(policies: Rows) -> Iterator[Finding]:
    """Two policies of one scope at one time: the one that began later is applied, which nobody may have meant."""
    by_scope: dict[tuple[str, ...], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in policies:
        by_scope[tuple(row[column] for column in SCOPE)][row["policy_id"]].append(row)
    for policies_of_it in by_scope.values():
        for one, other in itertools.combinations(sorted(policies_of_it), 2):
            both = (
                (first, second)
                for first in policies_of_it[one]
                for second in policies_of_it[other]
                if _overlap(first, second)
            )
            for first, second in itertools.islice(both, 1):
                yield Finding(
                    second["_place"],
                    "policy_id",
                    "two_policies_of_one_scope",
                    f"{other} speaks of the same as {one} ({first['_place']}) at the same time",
                    "End one of them by its valid_to; as it is, the one with the later valid_from is applied.",
                    is_error=False,
                )


def _overlap(one: Row, other: Row) -> bool:
    return (not one["valid_to"] or other["valid_from"] < one["valid_to"]) and (
        not other["valid_to"] or one["valid_from"] < other["valid_to"]
    )


def _expired(policies: Rows) -> Iterator[Finding]:
    """A council's metric whose last policy has ended, with none of every council behind it."""
    by_metric: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in policies:
        by_metric[row["council"], row["metric"]].append(row)
    for (council, metric), rows in sorted(by_metric.items()):
        behind = rows if not council else [*rows, *by_metric.get(("", metric), ())]
        if all(row["valid_to"] for row in behind):
            last = max(rows, key=lambda row: row["valid_to"])
            yield Finding(
                last["_place"],
                "valid_to",
                "expired",
                f"no policy for {metric} follows {last['policy_id']}, which ends on {last['valid_to']}",
                "Leave valid_to empty while the policy is in force, or add what follows from that day on.",
                is_error=False,
            )
