"""The cases, people and ledger of a team bought from an agency, made to the counts that its paper prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from dagster_project.samples.cases import Case
from dagster_project.samples.chance import Chance
from dagster_project.samples.months import (
    month_end,
    working_day_on_or_after,
    working_day_on_or_before,
)
from dagster_project.samples.plan import ProjectTeam, Weighted
from dagster_project.samples.workers import Post, Spell, Worker, Workforce

PENNY = Decimal("0.01")
WEEKLY_HOURS = Decimal(37)
PRACTITIONER = "social_worker"
SAME_DAY = 0.8
LAST_OUTCOMES: Weighted = (("closed", 38), ("stepped_down", 26), ("transferred", 36))
NewFamily = Callable[[date, int], list[Case]]


@dataclass(frozen=True, slots=True)
class Ending:
    """How and when a case will end; nobody knows before that day."""

    case: Case
    day: date
    outcome: str
    target: str | None


class ProjectCases:
    """The team's cases of its whole contract. Each month lists them as they are known at its end."""

    def __init__(
        self, team: ProjectTeam, workforce: Workforce, new_family: NewFamily, chance: Chance
    ) -> None:
        self.team = team
        self.chance = chance
        counted = self._received(team.received, team.starts_on, team.counted_to, new_family)
        later = self._received(
            team.received_later, team.counted_to + timedelta(days=1), team.intake_ends_on, new_family
        )
        self.cases = counted + later
        self.endings = [*self._counted_endings(counted, later)]
        self._allocate([spell for spell in workforce.spells if spell.contract_id == team.contract_id])

    def listed(self, month: date) -> list[Case]:
        """The cases open on a day of the month; those that end in it have ended."""
        last_day = month_end(month)
        open_before = [
            case
            for case in self.cases
            if case.opened_on <= last_day and (case.closed_on is None or case.closed_on >= month)
        ]
        for ending in self.endings:
            if month <= ending.day <= last_day:
                ending.case.end(ending.day, ending.outcome, ending.target)
        return open_before

    def transferred(self, month: date) -> list[Case]:
        """Cases that other teams take over in a month that was listed."""
        return [
            ending.case
            for ending in self.endings
            if ending.target and month <= ending.day <= month_end(month)
        ]

    def _received(self, count: int, first: date, last: date, new_family: NewFamily) -> list[Case]:
        days = [first + timedelta(days=index) for index in range((last - first).days + 1)]
        days = [day for day in days if working_day_on_or_after(day) == day]
        cases: list[Case] = []
        while len(cases) < count:
            cases += new_family(self.chance.pick(days), count - len(cases))
        return sorted(cases, key=lambda case: case.opened_on)

    def _counted_endings(self, counted: list[Case], later: list[Case]) -> Iterator[Ending]:
        """Exactly the printed counts by the printed day; the rest ends between it and the contract's end."""
        team = self.team
        # Who has been with the team longest is done first, siblings about the same time.
        waits = {case.family_id: self.chance.between(0, 30) for case in counted}
        waiting = sorted(counted, key=lambda case: case.opened_on + timedelta(days=waits[case.family_id]))
        done = team.closed + team.transferred
        turns = [*["transferred"] * team.transferred, *["closed"] * team.closed]
        for place in range(done - 1, 0, -1):
            other = self.chance.below(place + 1)
            turns[place], turns[other] = turns[other], turns[place]
        for case, turn in zip(waiting[:done], turns, strict=True):
            latest = (team.counted_to - case.opened_on).days
            day = case.opened_on + timedelta(days=min(latest, self.chance.between(12, 50)))
            stepped_down = turn == "closed" and self.chance.happens(0.4)
            yield self._ending(case, day, "stepped_down" if stepped_down else turn)
        rest = (team.ends_on - team.counted_to).days
        for case in waiting[done:] + later:
            earliest = max(team.counted_to, case.opened_on) + timedelta(days=3)
            day = earliest + timedelta(days=self.chance.between(0, rest))
            yield self._ending(case, min(day, team.ends_on), self.chance.weighted(LAST_OUTCOMES))

    def _ending(self, case: Case, day: date, outcome: str) -> Ending:
        day = max(working_day_on_or_before(day), case.opened_on)
        target = self.chance.weighted(self.team.routes) if outcome == "transferred" else None
        return Ending(case, day, outcome, target)

    def _allocate(self, spells: list[Spell]) -> None:
        workers = [spell for spell in spells if spell.role == PRACTITIONER]
        ends = {ending.case: ending.day for ending in self.endings}
        for number, case in enumerate(self.cases):
            day = case.opened_on
            if not self.chance.happens(SAME_DAY):
                day = working_day_on_or_after(day + timedelta(days=1))
            soonest = min(day, month_end(case.opened_on.replace(day=1)), ends[case])
            case.spell, case.allocated_on = workers[number % len(workers)], soonest
            case.spell.load += 1


def staff_project(team: ProjectTeam, workforce: Workforce, prefix: str) -> None:
    """The team's workers join the workforce from the contract's first day to its last, beside all posts.

    They are bought, not recruited: no offer comes before them.
    """
    number = 0
    for role, count in team.staffing:
        for _ in range(count):
            number += 1
            post = Post("", team.unit, role, 100)
            spell = Spell(Worker(f"{prefix}-WP{number:02}"), post, "agency", 100, team.starts_on)
            spell.contract_id = team.contract_id
            spell.end(team.ends_on, "end_of_contract")
            workforce.spells.append(spell)


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of the contract's weekly statement; fees are not charged for a worker."""

    spell: Spell
    week_ending: date
    cost_type: str
    amount: Decimal
    hours: Decimal | None = None
    rate: Decimal | None = None


def charges(team: ProjectTeam, workforce: Workforce, chance: Chance) -> list[Charge]:
    """Weekly pay, the agency's fee and travel. Together exactly the contract's price and travel."""
    spells = [spell for spell in workforce.spells if spell.contract_id == team.contract_id]
    first = team.starts_on + timedelta(days=6 - team.starts_on.weekday())
    weeks = [first + timedelta(weeks=index) for index in range((team.ends_on - first).days // 7 + 2)]
    lines: list[Charge] = []
    for week_ending in weeks:
        for spell in spells:
            rate = Decimal(team.pence_per_hour[spell.role]) / 100
            hours = WEEKLY_HOURS - Decimal(chance.pick((0, 0, 0, 0, 0, 1, 2, 15)))
            lines.append(Charge(spell, week_ending, "pay", _pence(hours * rate), hours, rate))
    pay = sum((line.amount for line in lines), Decimal(0))
    lines += _shared(spells[0], weeks, "fee", team.price - pay)
    lines += _shared(spells[0], weeks[::2], "travel", team.travel)
    return lines


def _shared(spell: Spell, weeks: list[date], cost_type: str, total: Decimal) -> list[Charge]:
    """A total over the weeks in equal parts, the last one taking what rounding left."""
    part = _pence(total / len(weeks))
    rest = total - part * (len(weeks) - 1)
    return [Charge(spell, week, cost_type, part if week != weeks[-1] else rest) for week in weeks]


def _pence(amount: Decimal) -> Decimal:
    return amount.quantize(PENNY, ROUND_HALF_UP)
