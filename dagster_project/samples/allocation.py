"""Who holds which case: the desk of one team in one month. Opening and closing cases is not done here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Protocol

from dagster_project.samples.chance import Chance
from dagster_project.samples.months import working_day_on_or_after
from dagster_project.samples.spellings import Spellings
from dagster_project.samples.workers import Spell

PRACTITIONER = "social_worker"
ADVANCED_SHARE = 0.3
PROTECTED_SHARE = 0.65
SAME_DAY_SHARE = 0.7
LONGEST_WAIT_DAYS = 4


class Allocatable(Protocol):
    family_id: str | None
    opened_on: date
    spell: Spell | None
    allocated_on: date | None


class Desk:
    """The workers of one team present at month end, each with the share of cases they should hold."""

    def __init__(
        self, spells: Sequence[Spell], roles: Spellings, manager_share: float, last_day: date, chance: Chance
    ) -> None:
        self.chance = chance
        self.last_day = last_day
        self.managers = [spell for spell in spells if spell.role in roles.manager_roles]
        self.manager_share = manager_share if self.managers else 0.0
        self.holders = [spell for spell in spells if spell.role in roles.case_roles]
        self.present = {*self.holders, *self.managers}
        self.shares = {spell: _share(spell, last_day) for spell in self.holders}

    def take_over(self, cases: Sequence[Allocatable], month: date) -> None:
        """Cases that nobody present holds get a worker, after a leaver's last day or on the month's first."""
        for case in cases:
            former = case.spell
            if former in self.present:
                continue
            day = max(month, case.opened_on)
            if former is not None:
                former.load -= 1
                if former.ended_on and former.ended_on >= month:
                    day = former.ended_on + timedelta(days=1)
            day = min(working_day_on_or_after(day), self.last_day)
            self._give(case, self._freest(day), day)

    def allocate(self, cases: Sequence[Allocatable]) -> None:
        """New cases get a worker within days; one whose day is beyond the month's end waits, unallocated."""
        held: dict[str, tuple[Spell, date]] = {}
        for case in cases:
            if case.family_id in held and held[case.family_id][0].started_on <= case.opened_on:
                holder, day = held[case.family_id]
                self._give(case, holder, max(day, case.opened_on))
                continue
            day = case.opened_on
            if not self.chance.happens(SAME_DAY_SHARE):
                wait = timedelta(days=self.chance.between(1, LONGEST_WAIT_DAYS))
                day = working_day_on_or_after(day + wait)
            if day > self.last_day:
                continue
            if self.chance.happens(self.manager_share):
                holder = self.chance.pick(self.managers)
            else:
                holder = self._freest(day)
            self._give(case, holder, day)
            if case.family_id and case.allocated_on:
                held[case.family_id] = (holder, day)

    def _freest(self, day: date) -> Spell:
        there = [spell for spell in self.holders if spell.started_on <= day] or self.holders
        return min(there, key=lambda spell: spell.load / self.shares[spell])

    def _give(self, case: Allocatable, holder: Spell, day: date) -> None:
        case.spell = holder
        case.allocated_on = max(day, holder.started_on)
        holder.load += 1


def _share(spell: Spell, last_day: date) -> float:
    share = spell.fte / 100
    if spell.role != PRACTITIONER:
        return share * ADVANCED_SHARE
    if spell.worker.asye_until and last_day < spell.worker.asye_until:
        return share * PROTECTED_SHARE
    return share
