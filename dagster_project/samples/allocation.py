"""Who holds which case: the desk of one team in one month. Opening and closing cases is not done here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Protocol

from dagster_project.samples.chance import Chance
from dagster_project.samples.months import working_day_on_or_after
from dagster_project.samples.plan import CouncilPlan
from dagster_project.samples.spellings import Spellings
from dagster_project.samples.workers import Spell

PRACTITIONER = "social_worker"
ADVANCED_SHARE = 0.3
PROTECTED_SHARE = 0.65


class Allocatable(Protocol):
    family_id: str | None
    opened_on: date
    spell: Spell | None
    allocated_on: date | None


class Desk:
    """The workers of one team present at month end, each with the share of cases they should hold."""

    def __init__(
        self,
        spells: Sequence[Spell],
        roles: Spellings,
        plan: CouncilPlan,
        manager_share: float,
        last_day: date,
        chance: Chance,
    ) -> None:
        self.chance = chance
        self.last_day = last_day
        self.promptness = next(rule for rule in reversed(plan.allocation) if rule.since <= last_day)
        self.protected_cases = (
            plan.protected[1] if plan.protected and plan.protected[0] <= last_day else sys.maxsize
        )
        self.managers = [spell for spell in spells if spell.role in roles.manager_roles]
        self.manager_share = manager_share if self.managers else 0.0
        self.holders = [spell for spell in spells if spell.role in roles.case_roles]
        self.present = {*self.holders, *self.managers}
        self.shares = {spell: _share(spell, last_day) for spell in self.holders}

    def take_over(self, cases: Sequence[Allocatable], month: date) -> None:
        """Cases that nobody present holds get a worker, after a leaver's last day or on the month's first."""
        for case in cases:
            former = case.spell
            if former in self.present and not self._is_full(former, self.protected_cases + 1):
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
            if (
                case.family_id in held
                and held[case.family_id][0].started_on <= case.opened_on
                and not self._is_full(held[case.family_id][0], self.protected_cases)
            ):
                holder, day = held[case.family_id]
                self._give(case, holder, max(day, case.opened_on))
                continue
            day = case.opened_on
            if not self.chance.happens(self.promptness.same_day_share):
                wait = timedelta(days=self.chance.between(1, self.promptness.longest_wait_days))
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
        there = [spell for spell in there if not self._is_full(spell, self.protected_cases)] or there
        return min(there, key=lambda spell: spell.load / self.shares[spell])

    def _is_full(self, spell: Spell, cases: int) -> bool:
        """Whether a worker in the protected year holds that many cases."""
        return spell.load >= cases and _is_protected(spell, self.last_day)

    def _give(self, case: Allocatable, holder: Spell, day: date) -> None:
        case.spell = holder
        case.allocated_on = max(day, holder.started_on)
        holder.load += 1


def _share(spell: Spell, last_day: date) -> float:
    share = spell.fte / 100
    if spell.role != PRACTITIONER:
        return share * ADVANCED_SHARE
    return share * PROTECTED_SHARE if _is_protected(spell, last_day) else share


def _is_protected(spell: Spell, last_day: date) -> bool:
    return spell.worker.asye_until is not None and last_day < spell.worker.asye_until
