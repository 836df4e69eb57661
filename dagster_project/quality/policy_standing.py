"""Each policy as it stands: what it says, from when to when, how many it judged where it was last asked and which units
it flags. Units and counts only; no verdict is made here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from dagster_project.reference import Reference
from dagster_project.reports.judged import FLAGGED_NOW, LATEST_JUDGED
from dagster_project.reports.measures import day_words
from dagster_project.reports.policies import Policy, policy_of_rows
from dagster_project.settings import Settings
from dagster_project.warehouse_file import reading_warehouse

Row = Mapping[str, str]

_JUDGED = f"""
select verdicts.policy_id, count(*)
from int_verdicts as verdicts
inner join ({LATEST_JUDGED}) as latest using (council, metric, month)
where list_contains(?, verdicts.council)
group by verdicts.policy_id
"""
# How a worker stands is told by the unit alone: with how many of its workers.
_FLAGGED = f"""
select
    breaches.policy_id, breaches.council, breaches.unit, cast(breaches.month as varchar) as month, breaches.severity,
    breaches.band_label, count(*) as flags
from ({FLAGGED_NOW}) as breaches
inner join reference.severities as severities on severities.severity = breaches.severity and severities.rank > 0
where list_contains(?, breaches.council)
group by
    breaches.policy_id, breaches.council, breaches.unit, breaches.month, breaches.severity, breaches.band_label
order by max(severities.rank) desc, breaches.policy_id, breaches.council, breaches.unit, month, breaches.band_label
"""
_LAST_DAYS = """
select council, cast(max(as_at) as varchar) from int_verdicts where list_contains(?, council) group by council
"""


@dataclass(frozen=True)
class Declared:
    """A policy as the reference data has it: its bands of the period that holds on a day, or that held last."""

    policy_id: str
    metric: str
    words: str
    councils: tuple[str, ...]
    severity: str
    source: str
    periods: tuple[tuple[str, str], ...]

    @property
    def period_words(self) -> str:
        return "; ".join(
            " ".join(
                [f"from {day_words(date.fromisoformat(start))}" if start else "from the beginning"]
                + ([f"until the day before {day_words(date.fromisoformat(end))}"] if end else [])
            )
            for start, end in self.periods
        )


@dataclass(frozen=True)
class Flagged:
    """A unit with the policy's words for it; `count` is of its workers where the policy judges workers, else one."""

    council: str
    unit: str
    month: str
    severity: str
    label: str
    count: int


@dataclass(frozen=True)
class Standing:
    """What a policy says now: `state` in words, how many units or workers it judged, and those it flags."""

    state: str
    judged: int = 0
    flagged: tuple[Flagged, ...] = ()

    @property
    def units(self) -> int:
        return len({(one.council, one.unit) for one in self.flagged})

    @property
    def tally(self) -> str:
        """Such as `3 units flagged: 1 breach, 2 warning`."""
        if not self.flagged:
            return self.state
        counts = Counter(one.severity for one in self.flagged)
        units = f"{self.units} {'unit' if self.units == 1 else 'units'} flagged"
        return f"{units}: {', '.join(f'{count} {severity}' for severity, count in counts.items())}"


def declared_policies(reference: Reference, today: date) -> dict[str, Declared]:
    """Every policy of the reference data by its id, those that ended and those that do not hold yet among them."""
    names = {row["metric"]: row["words"] for row in reference.rows("metrics")}
    by_id: dict[str, list[Row]] = defaultdict(list)
    for row in reference.rows("threshold_policy"):
        by_id[row["policy_id"]].append(row)
    return {
        policy: _declared(reference, policy, rows, names, today) for policy, rows in sorted(by_id.items())
    }


def _declared(
    reference: Reference, policy_id: str, rows: Sequence[Row], names: Mapping[str, str], today: date
) -> Declared:
    periods = sorted({(row["valid_from"], row["valid_to"]) for row in rows})
    begun = [period for period in periods if period[0] <= today.isoformat()]
    shown = [row for row in rows if (row["valid_from"], row["valid_to"]) == (begun or periods)[-1]]
    # One policy may be kept for several councils, each with bounds of its own.
    said = [
        (council, policy_of_rows(reference, council, [row for row in shown if row["council"] == council]))
        for council in sorted({row["council"] for row in shown})
    ]
    metric = shown[0]["metric"]
    ranks = {row["severity"]: int(row["rank"]) for row in reference.rows("severities")}
    return Declared(
        policy_id=policy_id,
        metric=metric,
        words=" ".join(
            _sentence(reference, council, names.get(metric, metric), policy) for council, policy in said
        ),
        councils=tuple(council for council, _ in said),
        severity=max((row["severity"] for row in shown), key=lambda severity: ranks[severity]),
        source="; ".join(dict.fromkeys(policy.source for _, policy in said if policy.source)),
        periods=tuple(periods),
    )


def _sentence(reference: Reference, council: str, metric: str, policy: Policy) -> str:
    where = reference.councils.get(council, council) if council else "Every council"
    return f"{where}. {metric}, {policy.words}."


def standing_policies(
    settings: Settings, declared: Mapping[str, Declared], councils: Sequence[str]
) -> dict[str, Standing]:
    """How each policy stands in the latest month in which its metric was judged, of these councils."""
    flagged: dict[str, list[Flagged]] = defaultdict(list)
    with reading_warehouse(settings) as warehouse:
        judged = dict(warehouse.execute(_JUDGED, [list(councils)]).fetchall())
        for policy, *values in warehouse.execute(_FLAGGED, [list(councils)]).fetchall():
            flagged[policy].append(Flagged(*values))
        days = dict(warehouse.execute(_LAST_DAYS, [list(councils)]).fetchall())
    return {
        policy: Standing(
            _state(one, judged.get(policy, 0), days), judged.get(policy, 0), tuple(flagged.get(policy, ()))
        )
        for policy, one in declared.items()
    }


def _state(policy: Declared, judged: int, last_days: Mapping[str, str]) -> str:
    """Whether it applied to the months that are loaded, and why not."""
    if judged:
        return "In force; nothing is flagged"
    asked = [day for council, day in last_days.items() if council in policy.councils or "" in policy.councils]
    if not asked:
        return "Does not apply: nothing is loaded of its council"
    last = max(asked)
    starts, ends = [start for start, _ in policy.periods], [end for _, end in policy.periods]
    if all(end and end <= last for end in ends):
        return f"Ended on {day_words(date.fromisoformat(max(ends)))}: no longer applied"
    if all(start > last for start in starts):
        return f"Not yet in force: begins on {day_words(date.fromisoformat(min(starts)))}, after the months loaded"
    return "Does not apply: nothing it is about was measured, or a more specific policy holds everywhere"
