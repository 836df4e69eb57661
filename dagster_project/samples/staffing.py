"""Who held which post over the sample's months, worked back from the totals the plan ends with."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from dagster_project.samples.chance import Chance
from dagster_project.samples.fitting import SampleError
from dagster_project.samples.months import monday_on_or_after, month_end, working_days
from dagster_project.samples.plan import CouncilPlan, Staffing, Weighted
from dagster_project.samples.project import staff_project
from dagster_project.samples.workers import Post, Spell, Worker, Workforce, partition

REASONS: Weighted = (("resignation", 12), ("retirement", 3), ("other", 2), ("dismissal", 1))
AGENCY_CHANGES = 0.6
STARTER_IS_AGENCY = 0.35


class Staffer:
    """Fills `workforce` post by post. Every spell of the end is in post on the last month's last day."""

    def __init__(self, plan: CouncilPlan, chance: Chance) -> None:
        self.plan = plan
        self.chance = chance
        self.workforce = Workforce()
        self.last_day = month_end(plan.months[-1])
        self.worker_count = 0
        self.successors: list[Spell] = []

    def fill(self, unit: str, staffing: Staffing) -> None:
        """Posts of one role in one team, their history, and the agency workers beside them."""
        hundredths = _hundredths(staffing.fte)
        agency = _hundredths(staffing.agency_fte)
        for index, fte in enumerate(partition(hundredths - agency, staffing.part_time)):
            post = self._post(unit, staffing, fte)
            if index < staffing.joined:
                self._joined(post, staffing.employment)
            elif index < staffing.joined + staffing.replaced:
                self._replaced(post, staffing.employment)
            else:
                self._held(post, staffing)
        vacant, uncovered = [], []
        for index, fte in enumerate(partition(_hundredths(staffing.vacant), part_time=False)):
            is_new = index < staffing.new_posts
            post = self._post(unit, staffing, fte, self.plan.new_posts_created_on if is_new else None)
            vacant.append(post)
            # A post that somebody left in these months had no agency worker in it before.
            if not self._vacant(post, staffing, is_new) and not is_new:
                uncovered.append(post)
        for index, fte in enumerate(partition(agency, part_time=False)):
            post = uncovered.pop() if uncovered else Post("", unit, staffing.role, fte)
            if index < staffing.agency_joined:
                self._joined(post, "agency", fte)
            else:
                self._agency(post, fte)
        for fte in partition(_hundredths(staffing.agency_starters), part_time=False):
            self._starter(vacant.pop(0), "agency", fte)
        for fte in partition(_hundredths(staffing.starters), part_time=False):
            self._starter(vacant.pop(0), staffing.employment, fte)

    def move_between_teams(self) -> None:
        """Some successors are workers of another team, whose own post then needs a successor."""
        first, last = self.plan.months[2], self.plan.months[-4]
        places = [spell for spell in self.successors if first <= spell.started_on < last]
        for place in places[: self.plan.moves_between_teams]:
            candidates = [
                spell
                for spell in self.workforce.spells
                if spell.role == place.role
                and spell.fte == place.fte
                and spell.unit != place.unit
                and spell.employment == place.employment
                and spell.ended_on is None
                and spell.started_on < self.plan.first_month
            ]
            if not candidates:
                continue
            mover = self.chance.pick(candidates)
            mover.end(place.started_on - timedelta(days=1), "internal_move")
            place.worker, place.accepted_on = mover.worker, None
            self._successor(mover.post, mover.employment, place.started_on + timedelta(days=35))

    def long_absences(self) -> None:
        """Some long-standing workers are away for months: still in post, holding no cases."""
        standing = [
            spell.worker
            for spell in self.workforce.spells
            if spell.role == "social_worker"
            and spell.employment != "agency"
            and spell.ended_on is None
            and spell.started_on < self.plan.first_month
        ]
        for number in range(self.plan.long_absences):
            worker = standing.pop(self.chance.below(len(standing)))
            first = self.chance.pick(working_days(self.chance.pick(self.plan.months[:-2])))
            reason, days = ("maternity", 270) if number % 2 else ("sickness", self.chance.between(50, 110))
            worker.absences.append((reason, first, first + timedelta(days=days)))

    def _held(self, post: Post, staffing: Staffing) -> None:
        changes = self.chance.happens(staffing.yearly_turnover * self.plan.month_count / 12)
        left_on = self._day_in(self.plan.months[:-2])
        if not changes:
            self._spell(post, staffing.employment, self._long_ago())
            return
        leaver = self._spell(post, staffing.employment, self._long_ago())
        leaver.end(left_on, self.chance.weighted(REASONS))
        self._successor(post, staffing.employment, left_on + timedelta(days=self.chance.between(14, 55)))

    def _joined(self, post: Post, employment: str, fte: int | None = None) -> None:
        """A place that was empty until somebody came in the council's joining time."""
        if self.plan.joining is None:
            raise SampleError(f"{self.plan.council}: somebody joined, but the plan has no joining time")
        first, last = self.plan.joining
        day = first + timedelta(days=self.chance.below((last - first).days + 1))
        spell = self._spell(post, employment, monday_on_or_after(day), fte)
        spell.accepted_on = spell.started_on - timedelta(days=self.chance.between(10, 45))

    def _replaced(self, post: Post, employment: str) -> None:
        """A post that somebody left in the first third of the months and somebody came to in the first half."""
        left_on = self._day_in(self.plan.months[: self.plan.month_count // 3])
        self._spell(post, employment, self._long_ago()).end(left_on, self.chance.weighted(REASONS))
        self._successor(post, employment, left_on + timedelta(days=self.chance.between(14, 45)))

    def _starter(self, post: Post, employment: str, fte: int) -> None:
        spell = self._spell(post, employment, self.chance.pick(self.plan.starter_days[employment]), fte)
        spell.accepted_on = self.last_day - timedelta(days=self.chance.between(1, 60))

    def _successor(self, post: Post, employment: str, earliest: date) -> None:
        started_on = min(monday_on_or_after(earliest), monday_on_or_after(self.last_day) - timedelta(days=7))
        spell = self._spell(post, employment, started_on)
        spell.accepted_on = started_on - timedelta(days=self.chance.between(30, 80))
        self.successors.append(spell)

    def _vacant(self, post: Post, staffing: Staffing, is_new: bool) -> bool:
        """Whether the vacant post was held for a part of the months."""
        was_held = not is_new and self.chance.happens(self.plan.vacated_lately)
        if was_held:
            leaver = self._spell(post, staffing.employment, self._long_ago())
            leaver.end(self._day_in(self.plan.months[3:]), self.chance.weighted(REASONS))
        if self.chance.happens(self.plan.starters_agreed):
            is_agency = self.chance.happens(STARTER_IS_AGENCY)
            notice = self.chance.between(7, 20) if is_agency else self.chance.between(14, 75)
            starts_on = monday_on_or_after(self.last_day + timedelta(days=notice))
            starter = self._spell(post, "agency" if is_agency else staffing.employment, starts_on)
            starter.accepted_on = self.last_day - timedelta(days=self.chance.between(1, 60))
        return was_held

    def _agency(self, post: Post, fte: int) -> None:
        started_on = self._long_ago(most_days=400)
        if self.chance.happens(AGENCY_CHANGES):
            left_on = self._day_in(self.plan.months[:-1])
            former = self._spell(post, "agency", started_on, fte)
            former.end(left_on, "end_of_contract")
            started_on = monday_on_or_after(left_on + timedelta(days=1))
        current = self._spell(post, "agency", started_on, fte)
        if started_on >= self.plan.first_month:
            current.accepted_on = started_on - timedelta(days=self.chance.between(8, 24))

    def _post(self, unit: str, staffing: Staffing, fte: int, created_on: date | None = None) -> Post:
        number = len(self.workforce.posts) + 1
        post = Post(f"{self.plan.prefix}-POST{number:04}", unit, staffing.role, fte, created_on)
        self.workforce.posts.append(post)
        return post

    def _spell(self, post: Post, employment: str, started_on: date, fte: int | None = None) -> Spell:
        self.worker_count += 1
        worker = Worker(f"{self.plan.prefix}-W{self.worker_count:04}")
        spell = Spell(worker, post, employment, post.fte if fte is None else fte, started_on)
        self.workforce.spells.append(spell)
        return spell

    def _day_in(self, months: tuple[date, ...]) -> date:
        """A working day but the month's last: nobody leaves on the day the totals are taken."""
        return self.chance.pick(working_days(self.chance.pick(months))[:-1])

    def _long_ago(self, most_days: int = 2900) -> date:
        return monday_on_or_after(self.plan.first_month - timedelta(days=self.chance.between(40, most_days)))


def _hundredths(fte: Decimal | int) -> int:
    return int(fte * 100)


def staff(plan: CouncilPlan, chance: Chance) -> Workforce:
    """Posts and spells of all teams; what workers are qualified for is added by `experience`."""
    staffer = Staffer(plan, chance)
    for team in plan.teams:
        for staffing in team.staffing:
            staffer.fill(team.unit, staffing)
    if plan.project_team:
        staff_project(plan.project_team, staffer.workforce, plan.prefix)
    staffer.move_between_teams()
    staffer.long_absences()
    return staffer.workforce
