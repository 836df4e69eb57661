"""How the cases of a sample council come and go: opened, allocated, passed on, closed, month after month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from dagster_project.samples.allocation import Desk
from dagster_project.samples.cases import Case
from dagster_project.samples.chance import Chance
from dagster_project.samples.fitting import SampleError
from dagster_project.samples.months import month_end, working_day_on_or_before, working_days
from dagster_project.samples.plan import CouncilPlan, TeamPlan, Weighted
from dagster_project.samples.spellings import Spellings
from dagster_project.samples.workers import Workforce

SIBLINGS: Weighted = (("1", 52), ("2", 27), ("3", 14), ("4", 7))
CHILD_RETURNS = 0.08
SINGLE_WITHOUT_FAMILY = 0.1
TRANSFERS_AT_MOST = 0.8
PLANNED_TYPES = ("child_protection", "child_in_need")


class Turnover(NamedTuple):
    """Cases of one team in one month: ended of those open before, received, and of these soon ended again."""

    ended: int
    received: int
    quick: int


class Caseload:
    """Open cases by team, moved on a month at a time: every month starts where the last one ended."""

    def __init__(self, plan: CouncilPlan, workforce: Workforce, roles: Spellings, chance: Chance) -> None:
        self.plan = plan
        self.chance = chance
        self.workforce = workforce
        self.roles = roles
        self.counts: Counter[str] = Counter()
        self.open: dict[str, list[Case]] = {}
        self.known_singles: list[tuple[str, str | None]] = []
        day_before = plan.first_month - timedelta(days=1)
        for team in plan.teams:
            self.open[team.unit] = self._stock(team, day_before)

    def months(self) -> Iterator[tuple[date, list[Case]]]:
        """Each month with its cases in the state they are in at its end; the next step changes them."""
        for index, month in enumerate(self.plan.months, start=1):
            yield month, self._advance(month, index)

    def _advance(self, month: date, index: int) -> list[Case]:
        last_day = month_end(month)
        desks = {team.unit: self._desk(team, last_day) for team in self.plan.teams}
        listed = [case for team in self.plan.teams for case in self.open[team.unit]]
        for team in self.plan.teams:
            desks[team.unit].take_over(self.open[team.unit], month)
        turnover = {team.unit: self._turnover(team, index) for team in self.plan.teams}
        room = {unit: int(planned.received * TRANSFERS_AT_MOST) for unit, planned in turnover.items()}
        passed_on: dict[str, list[tuple[Case, date]]] = defaultdict(list)
        for team in self.plan.teams:
            self._end_cases(team, turnover[team.unit].ended, month, room, passed_on)
        for team in self.plan.teams:
            planned = turnover[team.unit]
            # The receiving team's own case of a child passed on to it opens the day the other one closed.
            received = [
                self._case(team, former.child_id, former.family_id, day)
                for former, day in passed_on[team.unit]
            ]
            received += self._new_cases(team, planned.received - len(received), month)
            desks[team.unit].allocate(received)
            self._end_quickly(received, planned.quick, last_day)
            listed += received
            self.open[team.unit] = [
                case for case in self.open[team.unit] + received if case.closed_on is None
            ]
        return listed

    def _turnover(self, team: TeamPlan, index: int) -> Turnover:
        open_cases, flow = len(self.open[team.unit]), team.caseflow
        target = flow.open_cases[index]
        usual = int(open_cases * flow.ended_share * (0.9 + 0.2 * self.chance.share()))
        ended = max(usual, open_cases - target)
        quick = int(ended * flow.quick_share)
        return Turnover(ended, target - open_cases + ended + quick, quick)

    def _desk(self, team: TeamPlan, last_day: date) -> Desk:
        spells = [
            spell
            for spell in self.workforce.spells
            if spell.unit == team.unit and spell.in_post(last_day) and not spell.worker.absence(last_day)
        ]
        return Desk(spells, self.roles, team.caseflow.manager_share, last_day, self.chance)

    def _stock(self, team: TeamPlan, day: date) -> list[Case]:
        """The cases open the day before the first month, older ones fewer."""
        flow = team.caseflow
        cases: list[Case] = []
        while len(cases) < flow.open_cases[0]:
            age = int(2.2 * flow.typical_days * self.chance.share() * self.chance.share())
            opened_on = working_day_on_or_before(day - timedelta(days=age + 1))
            cases += self._family(team, opened_on, flow.open_cases[0] - len(cases))
        cases.sort(key=lambda case: case.opened_on)
        self._desk(team, day).allocate(cases)
        return cases

    def _end_cases(
        self,
        team: TeamPlan,
        count: int,
        month: date,
        room: dict[str, int],
        passed_on: dict[str, list[tuple[Case, date]]],
    ) -> None:
        """`count` of the team's cases end, siblings together, older ones sooner."""
        cases = self.open[team.unit]
        days = working_days(month)
        routes = team.caseflow.routes
        while count > 0:
            share = self.chance.share()
            place = int(share * share * len(cases))
            while cases[place].closed_on:
                place = (place + 1) % len(cases)
            family = [
                case
                for case in cases[place : place + count]
                if case.closed_on is None and _siblings(case, cases[place])
            ]
            outcome = self.chance.weighted(team.caseflow.outcomes)
            target = self.chance.weighted(routes) if outcome == "transferred" else None
            if target and room[target] < len(family):
                outcome, target = "closed", None
            day = max(self.chance.pick(days), *(case.allocated_on or case.opened_on for case in family))
            for case in family:
                case.end(day, outcome, target)
            if target:
                room[target] -= len(family)
                passed_on[target] += [(case, day) for case in family]
            elif len(family) == 1:
                self.known_singles.append((family[0].child_id, family[0].family_id))
            count -= len(family)

    def _end_quickly(self, received: list[Case], count: int, last_day: date) -> None:
        """Some single children's cases need no more than a fortnight."""
        families = Counter(case.family_id for case in received)
        for case in received:
            day = working_day_on_or_before(case.opened_on + timedelta(days=14))
            alone = case.family_id is None or families[case.family_id] == 1
            if count and alone and day < last_day and case.allocated_on and case.allocated_on <= day:
                case.end(day, "closed")
                count -= 1
        if count:
            raise SampleError(
                f"too few new cases of a team can end within {last_day:%Y-%m}: lower quick_share"
            )

    def _new_cases(self, team: TeamPlan, count: int, month: date) -> list[Case]:
        days = working_days(month)
        cases: list[Case] = []
        while len(cases) < count:
            cases += self._family(team, self.chance.pick(days), count - len(cases))
        return cases

    def _family(self, team: TeamPlan, opened_on: date, at_most: int) -> list[Case]:
        if self.chance.happens(team.caseflow.second_case_share):
            other = self._child_open_elsewhere(team)
            if other:
                return [self._case(team, other.child_id, other.family_id, opened_on)]
        size = min(at_most, int(self.chance.weighted(SIBLINGS)))
        if size == 1 and self.known_singles and self.chance.happens(CHILD_RETURNS):
            child_id, family_id = self.known_singles.pop(self.chance.below(len(self.known_singles)))
            return [self._case(team, child_id, family_id, opened_on)]
        alone_unnamed = size == 1 and self.chance.happens(SINGLE_WITHOUT_FAMILY)
        family_id = None if alone_unnamed else self._identifier("F")
        return [self._case(team, self._identifier("P"), family_id, opened_on) for _ in range(size)]

    def _child_open_elsewhere(self, team: TeamPlan) -> Case | None:
        others = [unit for unit, cases in self.open.items() if unit != team.unit and cases]
        if not others:
            return None
        case = self.chance.pick(self.open[self.chance.pick(others)])
        return None if case.closed_on else case

    def _case(self, team: TeamPlan, child_id: str, family_id: str | None, opened_on: date) -> Case:
        case_type = self.chance.weighted(team.caseflow.case_types)
        plan_started_on = None
        if case_type in PLANNED_TYPES:
            days = self.chance.between(14, 35)
            plan_started_on = working_day_on_or_before(opened_on + timedelta(days=days))
        case_id = self._identifier("C")
        return Case(case_id, child_id, family_id, case_type, team.unit, opened_on, plan_started_on)

    def _identifier(self, kind: str) -> str:
        self.counts[kind] += 1
        return f"{self.plan.prefix}-{kind}{self.counts[kind]:06}"


def _siblings(one: Case, other: Case) -> bool:
    return one is other or (one.family_id is not None and one.family_id == other.family_id)
