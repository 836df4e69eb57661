"""The cases that come in: whose they are, of which kind, siblings together. What becomes of them is in `caseload`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from dagster_project.samples.cases import Case
from dagster_project.samples.chance import Chance
from dagster_project.samples.months import working_day_on_or_before, working_days
from dagster_project.samples.plan import Caseflow, Weighted

SIBLINGS: Weighted = (("1", 52), ("2", 27), ("3", 14), ("4", 7))
CHILD_RETURNS = 0.08
SINGLE_WITHOUT_FAMILY = 0.1
PLANNED_TYPES = ("child_protection", "child_in_need")


@dataclass(eq=False)
class Stream:
    """A team's open cases of one flow."""

    unit: str
    flow: Caseflow
    open: list[Case] = field(default_factory=list)


class Intake:
    """Makes cases. `known_singles` are children without siblings whose case ended: some of them come back."""

    def __init__(self, prefix: str, streams: Sequence[Stream], chance: Chance) -> None:
        self.prefix = prefix
        self.streams = streams
        self.chance = chance
        self.counts: Counter[str] = Counter()
        self.known_singles: list[tuple[str, str | None]] = []

    def new_cases(self, stream: Stream, count: int, month: date) -> list[Case]:
        days = working_days(month)
        cases: list[Case] = []
        while len(cases) < count:
            cases += self.family(stream, self.chance.pick(days), count - len(cases))
        return cases

    def family(self, stream: Stream, opened_on: date, at_most: int) -> list[Case]:
        """The cases of one child or of siblings, or a second case of a child another team knows."""
        if self.chance.happens(stream.flow.second_case_share):
            other = self._child_open_elsewhere(stream)
            if other:
                return [self.case(stream, other.child_id, other.family_id, opened_on)]
        size = min(at_most, int(self.chance.weighted(SIBLINGS)))
        if size == 1 and self.known_singles and self.chance.happens(CHILD_RETURNS):
            child_id, family_id = self.known_singles.pop(self.chance.below(len(self.known_singles)))
            return [self.case(stream, child_id, family_id, opened_on)]
        alone_unnamed = size == 1 and self.chance.happens(SINGLE_WITHOUT_FAMILY)
        family_id = None if alone_unnamed else self._identifier("F")
        return [self.case(stream, self._identifier("P"), family_id, opened_on) for _ in range(size)]

    def _child_open_elsewhere(self, stream: Stream) -> Case | None:
        others = [other for other in self.streams if other.unit != stream.unit and other.open]
        if not others:
            return None
        case = self.chance.pick(self.chance.pick(others).open)
        return None if case.closed_on else case

    def case(self, stream: Stream, child_id: str, family_id: str | None, opened_on: date) -> Case:
        case_type = self.chance.weighted(stream.flow.case_types)
        plan_started_on = None
        if case_type in PLANNED_TYPES:
            days = self.chance.between(14, 35)
            plan_started_on = working_day_on_or_before(opened_on + timedelta(days=days))
        case_id = self._identifier("C")
        return Case(case_id, child_id, family_id, case_type, stream.unit, opened_on, plan_started_on)

    def _identifier(self, kind: str) -> str:
        self.counts[kind] += 1
        return f"{self.prefix}-{kind}{self.counts[kind]:06}"
