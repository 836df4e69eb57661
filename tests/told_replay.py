"""Twenty-four months of one council, load by load, and by plain arithmetic what each recipient has to be told by each.
Knows nothing of the product: neither its marts, nor its ledger, nor its words. Prints the table of docs/reliability.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from told_council import (
    COUNCIL,
    DIRECTOR,
    EAST,
    HEAD,
    MANAGER,
    NORTH,
    SERVICE,
    SOUTH,
    TEAMS,
    WORKERS,
    Averages,
    day_of_load,
    month_of,
)

RANK = {"none": 0, "warning": 1, "breach": 2}
UNITS = {NORTH: (NORTH,), SOUTH: (SOUTH,), EAST: (EAST,), SERVICE: TEAMS, COUNCIL: TEAMS}
LINE = {
    **{team: (team, SERVICE, COUNCIL) for team in TEAMS},
    SERVICE: (SERVICE, COUNCIL),
    COUNCIL: (COUNCIL,),
}
WHO = {DIRECTOR: (COUNCIL, "breach"), HEAD: (SERVICE, "warning"), MANAGER: (NORTH, "warning")}
NAMES = {DIRECTOR: "director", HEAD: "head", MANAGER: "manager"}
POLICY_CHANGES, LIMITS = 12, ((20, 25), (18, 24))
"""From that month on other limits hold: of a warning and of a breach."""
DAYS_TO_ACKNOWLEDGE, DUE_DAY = 20, 5
Mails = dict[tuple[str, str], frozenset[tuple[str, str]]]
"""By recipient and kind of message: units with what is told of them."""


@dataclass(frozen=True)
class Step:
    """One load: what lies in landing before it (None: only the workforce), and what people did before it."""

    what: str
    at: datetime
    lands: dict[int, Averages | None] = field(default_factory=dict)
    acknowledge: tuple[str, datetime] | None = None
    mute: tuple[str, datetime] | None = None


def teams(north: int, south: int, east: int) -> Averages:
    return {NORTH: north, SOUTH: south, EAST: east}


def steps() -> list[Step]:
    months: dict[int, Averages | None] = {
        number: teams(*averages)
        for number, averages in enumerate(
            [
                (15, 15, 15), (22, 15, 15), (26, 15, 15), (26, 15, 15), (23, 15, 15), (15, 15, 15), (15, 21, 15),
                (15, 21, 15), (0, 0, 0), (15, 27, 15), (27, 27, 15), (27, 28, 15), (27, 19, 19), (15, 19, 26),
                (15, 15, 26), (15, 15, 26), (15, 15, 26), (0, 0, 0), (15, 15, 15), (21, 21, 21), (21, 21, 21),
                (27, 27, 27), (27, 27, 27), (10, 10, 10),
            ]
        )
    }  # fmt: skip
    months[17] = None
    made = [
        Step(f"{month_of(number):%Y-%m} lands", day_of_load(number), {number: months[number]})
        for number in months
    ]
    made[8] = Step("nothing of 2022-09 comes", day_of_load(8))
    made[10] = _with(made[10], "South is acknowledged", acknowledge=(SOUTH, day_of_load(40)))
    made[12] = _with(made[12], "stricter policies from that month on")
    made[13] = _with(
        made[13], "East is muted until the day before the load of 2023-04", mute=(EAST, day_of_load(15, 9))
    )
    made[17] = _with(made[17], "only its workforce")
    made[22] = _with(
        made[22], "North was acknowledged for five days", acknowledge=(NORTH, day_of_load(21, 15))
    )
    late = Step("the cases of 2023-06 come late", day_of_load(17, 13), {17: teams(15, 15, 26)})
    wrong = Step("2023-05 corrected: North too high", day_of_load(16, 13), {16: teams(26, 15, 26)})
    right = Step("2023-05 corrected again: North as before", day_of_load(16, 15), {16: teams(15, 15, 26)})
    return [*made[:17], wrong, right, made[17], late, *made[18:]]


def _with(
    step: Step,
    what: str,
    acknowledge: tuple[str, datetime] | None = None,
    mute: tuple[str, datetime] | None = None,
) -> Step:
    return Step(f"{step.what}; {what}", step.at, step.lands, acknowledge, mute)


@dataclass
class Run:
    """A breach as one recipient knows it: the graver word told, in which months with which, and the last of them."""

    gravest: str
    told: set[tuple[int, str]]
    last: int


@dataclass
class Standing:
    """A breach as the service knows it: in which load it became as grave as it is, and how far up it went."""

    since: int
    severity: str
    entered: dict[str, datetime] = field(default_factory=dict)
    steps: list[tuple[datetime, str]] = field(default_factory=list)


class Expected:
    """What has to be told, load after load."""

    def __init__(self) -> None:
        self.averages: dict[int, Averages | None] = {}
        self.known: dict[tuple[str, str], Run] = {}
        self.standing: dict[str, Standing] = {}
        self.acknowledged: dict[str, tuple[str, datetime, bool]] = {}
        self.mutes: list[tuple[str, datetime]] = []
        self.unknown_told: set[tuple[str, str, int]] = set()

    def after(self, step: Step) -> Mails:
        if step.acknowledge:
            unit, until = step.acknowledge
            self.acknowledged[unit] = (self.standing[unit].severity, until, False)
        if step.mute:
            self.mutes.append(step.mute)
        self.averages |= step.lands
        told: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for unit in UNITS:
            verdicts = [(number, self.severity(unit, number)) for number in sorted(self.averages)]
            judged = [(number, severity) for number, severity in verdicts if severity]
            self._stand(unit, judged, step.at)
            if any(unit == muted and step.at.date() <= until.date() for muted, until in self.mutes):
                continue
            for who, state in self._news(unit, judged, step.at):
                told.setdefault((who, "digest"), set()).add((unit, state))
            for who in self._reminded(unit, step.at):
                told.setdefault((who, "reminder"), set()).add((unit, ""))
            for who in self._escalated(unit, step.at):
                told.setdefault((who, "escalation"), set()).add((unit, ""))
        return {place: frozenset(items) for place, items in told.items()}

    def severity(self, unit: str, number: int) -> str:
        """Empty where the month's cases did not come."""
        averages = self.averages[number]
        if averages is None:
            return ""
        open_cases = sum(averages[team] * WORKERS for team in UNITS[unit])
        workers = len(UNITS[unit]) * WORKERS
        rounded = (2 * open_cases + workers) // (2 * workers)
        warning, breach = LIMITS[number >= POLICY_CHANGES]
        return "breach" if rounded >= breach else "warning" if rounded >= warning else "none"

    def _news(self, unit: str, judged: list[tuple[int, str]], at: datetime) -> Iterator[tuple[str, str]]:
        if not judged:
            return
        latest, severity = judged[-1]
        before = judged[-2][1] if len(judged) > 1 else "none"
        for who, (of, floor) in WHO.items():
            if of not in LINE[unit]:
                continue
            run = self.known.get((who, unit))
            if severity == "none":
                if run:
                    was_one = any(number >= run.last and RANK[one] for number, one in judged)
                    del self.known[who, unit]
                    yield who, "resolved" if was_one else "withdrawn"
                continue
            state = _state(before, severity)
            # Who never heard of it is told, whatever it became; who did is told when it got worse.
            if RANK[severity] >= RANK[floor] and (
                run is None or (state == "worsened" and (latest, severity) not in run.told)
            ):
                if run is None or not self._is_acknowledged(unit, severity, at):
                    run = self.known.setdefault((who, unit), Run(severity, set(), latest))
                    run.told.add((latest, severity))
                    run.last = latest
                    yield who, state
                    continue
            unjudged = [number for number in self.averages if number > latest]
            if (
                run
                and unjudged
                and at > _due(unjudged[0])
                and (who, unit, unjudged[0]) not in self.unknown_told
            ):
                self.unknown_told.add((who, unit, unjudged[0]))
                yield who, "unknown"

    def _is_acknowledged(self, unit: str, severity: str, at: datetime) -> bool:
        given = self.acknowledged.get(unit)
        return given is not None and at.date() <= given[1].date() and RANK[severity] <= RANK[given[0]]

    def _stand(self, unit: str, judged: list[tuple[int, str]], at: datetime) -> None:
        if not judged or judged[-1][1] == "none":
            self.standing.pop(unit, None)
            self.acknowledged.pop(unit, None)
            return
        latest, severity = judged[-1]
        standing = self.standing.setdefault(unit, Standing(latest, severity))
        standing.severity = severity
        standing.entered.setdefault(severity, at)

    def _reminded(self, unit: str, at: datetime) -> Iterator[str]:
        given = self.acknowledged.get(unit)
        if not given or given[2] or at.date() <= given[1].date():
            return
        self.acknowledged[unit] = (given[0], given[1], True)
        severity = self.standing[unit].severity
        yield from (
            who for who, (of, floor) in WHO.items() if of in LINE[unit] and RANK[severity] >= RANK[floor]
        )

    def _escalated(self, unit: str, at: datetime) -> Iterator[str]:
        standing = self.standing.get(unit)
        if not standing or standing.severity != "breach" or self._is_acknowledged(unit, "breach", at):
            return
        start = standing.entered["breach"]
        if unit in self.acknowledged:
            over = self.acknowledged[unit][1].replace(hour=0) + timedelta(days=1)
            start = max(start, over)
        taken = [one for one in standing.steps if one[0] >= start]
        waited_since = taken[-1][0] if taken else start
        if at < waited_since + timedelta(days=DAYS_TO_ACKNOWLEDGE):
            return
        line = LINE[unit]
        for above in line[line.index(taken[-1][1] if taken else unit) + 1 :]:
            who = [one for one, (of, _) in WHO.items() if of == above]
            if who:
                standing.steps.append((at, above))
                yield from who
                return


def _state(before: str, severity: str) -> str:
    if not RANK[before]:
        return "new"
    if RANK[severity] == RANK[before]:
        return "continuing"
    return "worsened" if RANK[severity] > RANK[before] else "eased"


def _due(number: int) -> datetime:
    return day_of_load(number, DUE_DAY + 1).replace(hour=0)


def expected() -> list[tuple[Step, Mails]]:
    told = Expected()
    return [(step, told.after(step)) for step in steps()]


def page() -> str:
    lines = ["| load | what came | who was told what |", "|---|---|---|"]
    for step, mails in expected():
        words = "; ".join(
            f"{NAMES[who]}{'' if kind == 'digest' else f' ({kind})'}: "
            + ", ".join(f"{unit} {state}".strip() for unit, state in sorted(items))
            for (who, kind), items in sorted(mails.items())
        )
        lines.append(f"| {step.at:%Y-%m-%d} | {step.what} | {words or 'nobody'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
