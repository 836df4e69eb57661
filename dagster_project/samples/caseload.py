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
from dagster_project.samples.intake import Intake, Stream
from dagster_project.samples.months import month_end, working_day_on_or_before, working_days
from dagster_project.samples.plan import Caseflow, CouncilPlan, ProjectTeam
from dagster_project.samples.project import ProjectCases
from dagster_project.samples.spellings import Spellings
from dagster_project.samples.workers import Workforce

TRANSFERS_AT_MOST = 0.8
# Chance of its own, so that other cases stay as they are: see `landing` for the other streams.
PROJECT_STREAM = 3


class Turnover(NamedTuple):
    """Cases of one stream in one month: ended of those open before, received, and of these soon ended again."""

    ended: int
    received: int
    quick: int


class Caseload:
    """Open cases by team and flow, moved on a month at a time: every month starts where the last one ended."""

    def __init__(self, plan: CouncilPlan, workforce: Workforce, roles: Spellings, chance: Chance) -> None:
        self.plan = plan
        self.chance = chance
        self.workforce = workforce
        self.roles = roles
        self.streams = [Stream(team.unit, flow) for team in plan.teams for flow in team.caseflows]
        # Of a team's streams the first takes over what other teams pass on.
        self.receiving = {stream.unit: stream for stream in reversed(self.streams)}
        self.intake = Intake(plan.prefix, self.streams, chance)
        day_before = plan.first_month - timedelta(days=1)
        for stream in self.streams:
            stream.open = self._stock(stream, day_before)
        self.project = self._project(plan.project_team) if plan.project_team else None

    def months(self) -> Iterator[tuple[date, list[Case]]]:
        """Each month with its cases in the state they are in at its end; the next step changes them."""
        for index, month in enumerate(self.plan.months, start=1):
            yield month, self._advance(month, index)

    def _advance(self, month: date, index: int) -> list[Case]:
        last_day = month_end(month)
        desks = {unit: self._desk(unit, last_day) for unit in self.receiving}
        listed = [case for stream in self.streams for case in stream.open]
        for stream in self.streams:
            desks[stream.unit].take_over(stream.open, month)
        turnover = {stream: self._turnover(stream, index) for stream in self.streams}
        passed_on: dict[Stream, list[tuple[Case, date]]] = defaultdict(list)
        if self.project:
            listed += self.project.listed(month)
            for case in self.project.transferred(month):
                passed_on[self.receiving[str(case.transferred_to)]].append((case, case.closed_on or last_day))
        room = {
            stream: int(planned.received * TRANSFERS_AT_MOST) - len(passed_on[stream])
            for stream, planned in turnover.items()
        }
        for stream in self.streams:
            self._end_cases(stream, turnover[stream].ended, month, room, passed_on)
        for stream in self.streams:
            planned = turnover[stream]
            # The receiving team's own case of a child passed on to it opens the day the other one closed.
            received = [
                self.intake.case(stream, former.child_id, former.family_id, day)
                for former, day in passed_on[stream]
            ]
            received += self.intake.new_cases(stream, planned.received - len(received), month)
            desks[stream.unit].allocate(received)
            self._end_quickly(received, planned.quick, last_day)
            listed += received
            stream.open = [case for case in stream.open + received if case.closed_on is None]
        return listed

    def _turnover(self, stream: Stream, index: int) -> Turnover:
        open_cases, flow = len(stream.open), stream.flow
        target = flow.open_cases[index]
        usual = int(open_cases * flow.ended_share * (0.9 + 0.2 * self.chance.share()))
        ended = max(usual, open_cases - target)
        quick = int(ended * flow.quick_share)
        return Turnover(ended, target - open_cases + ended + quick, quick)

    def _desk(self, unit: str, last_day: date) -> Desk:
        spells = [
            spell
            for spell in self.workforce.spells
            if spell.unit == unit and spell.in_post(last_day) and not spell.worker.absence(last_day)
        ]
        team = next(team for team in self.plan.teams if team.unit == unit)
        return Desk(spells, self.roles, self.plan, team.caseflows[0].manager_share, last_day, self.chance)

    def _stock(self, stream: Stream, day: date) -> list[Case]:
        """The cases open the day before the first month, older ones fewer."""
        flow = stream.flow
        cases: list[Case] = []
        while len(cases) < flow.open_cases[0]:
            age = int(2.2 * flow.typical_days * self.chance.share() * self.chance.share())
            opened_on = working_day_on_or_before(day - timedelta(days=age + 1))
            cases += self.intake.family(stream, opened_on, flow.open_cases[0] - len(cases))
        cases.sort(key=lambda case: case.opened_on)
        self._desk(stream.unit, day).allocate(cases)
        return cases

    def _project(self, team: ProjectTeam) -> ProjectCases:
        """The bought team's cases of its whole contract, with children and families of the council's own."""
        flow = Caseflow((), (("assessment", 100),), 0.0, (), (), 0)
        stream = Stream(team.unit, flow)
        chance = Chance(self.plan.seed + PROJECT_STREAM)
        return ProjectCases(
            team, self.workforce, lambda day, at_most: self.intake.family(stream, day, at_most), chance
        )

    def _end_cases(
        self,
        stream: Stream,
        count: int,
        month: date,
        room: dict[Stream, int],
        passed_on: dict[Stream, list[tuple[Case, date]]],
    ) -> None:
        """`count` of the stream's cases end, siblings together, older ones sooner."""
        cases = stream.open
        days = working_days(month)
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
            outcome = self.chance.weighted(stream.flow.outcomes)
            route = self.chance.weighted(stream.flow.routes) if outcome == "transferred" else None
            target = self.receiving[route] if route else None
            if target and room[target] < len(family):
                outcome, target = "closed", None
            day = max(self.chance.pick(days), *(case.allocated_on or case.opened_on for case in family))
            for case in family:
                case.end(day, outcome, target.unit if target else None)
            if target:
                room[target] -= len(family)
                passed_on[target] += [(case, day) for case in family]
            elif len(family) == 1:
                self.intake.known_singles.append((family[0].child_id, family[0].family_id))
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


def _siblings(one: Case, other: Case) -> bool:
    return one is other or (one.family_id is not None and one.family_id == other.family_id)
