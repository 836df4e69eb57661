"""What the optional extracts tell of a month: contacts, assessments, visits and strategy meetings.

Each extract draws from a stream of chance of its own, and only looks at cases: nothing here changes one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dagster_project.samples.cases import Case
from dagster_project.samples.chance import Chance
from dagster_project.samples.fitting import Row
from dagster_project.samples.months import (
    month_end,
    working_day_on_or_after,
    working_day_on_or_before,
    working_days,
)
from dagster_project.samples.naming import MonthNames
from dagster_project.samples.plan import CouncilPlan, Timeliness, Weighted

SOURCES: Weighted = (
    ("Police", 34), ("Education", 24), ("Health", 18), ("Family or friend", 9), ("Local authority", 8),
    ("Housing", 4), ("Anonymous", 3),
)  # fmt: skip
OTHER_OUTCOMES: Weighted = (("early_help", 22), ("advice", 30), ("no_further_action", 48))
# Days, and well clear of the statutory limit on both sides, whatever holidays lie between.
ASSESSED_IN_TIME, ASSESSED_LATE = (18, 58), (68, 110)
MEETING_DUE_DAYS = 5
LAST_DAYS_OF_A_VISIT_MISSED = 0.3


class Activity:
    """The optional extracts of one council, month after month in order."""

    def __init__(self, plan: CouncilPlan, first_stream: int) -> None:
        self.plan = plan
        streams = (Chance(plan.seed + first_stream + index) for index in range(4))
        self.contacts, self.assessed, self.visited, self.met = streams
        self.numbers = {"CONTACT": 0, "REFERRAL": 0, "ASSESSMENT": 0, "VISIT": 0, "MEETING": 0}
        self.assessments_due: dict[str, date | None] = {}
        self.meetings_to_hold: list[Meeting] = []

    def contact_rows(self, month: date) -> list[Row]:
        place = self.plan.months.index(month)
        contacts, referrals = self.plan.activity.contacts[place], self.plan.activity.referrals[place]
        days = working_days(month)
        received = sorted(self.contacts.pick(days) for _ in range(contacts))
        led_to_referral = [index * referrals // contacts for index in range(contacts + 1)]
        rows: list[Row] = []
        for index, day in enumerate(received):
            is_referral = led_to_referral[index + 1] > led_to_referral[index]
            rows.append(
                {
                    "contact_id": self._number("CONTACT"),
                    "received_on": day,
                    "source": self.contacts.weighted(SOURCES),
                    "outcome": "referral" if is_referral else self.contacts.weighted(OTHER_OUTCOMES),
                    "referral_id": self._number("REFERRAL") if is_referral else None,
                    "is_re_referral": self.contacts.happens(self.plan.activity.re_referral_share)
                    if is_referral
                    else None,
                }
            )
        return rows

    def assessment_rows(self, cases: Sequence[Case], month: date, names: MonthNames) -> list[Row]:
        """One for each case of assessment that is done with in the month; a case that ends is done by then."""
        last_day = month_end(month)
        rows: list[Row] = []
        for case in cases:
            if case.case_type != "assessment":
                continue
            if case.case_id not in self.assessments_due:
                self.assessments_due[case.case_id] = self._assessed_on(case)
            planned = self.assessments_due[case.case_id]
            if planned is None or planned < month:
                continue
            completed_on = min(planned, case.closed_on or planned)
            if completed_on > last_day:
                continue
            self.assessments_due[case.case_id] = None
            rows.append(
                {
                    "assessment_id": self._number("ASSESSMENT"),
                    "case_id": case.case_id,
                    "team": names.unit(case.unit),
                    "started_on": case.opened_on,
                    "completed_on": completed_on,
                }
            )
        return rows

    def visit_rows(self, cases: Sequence[Case], month: date, names: MonthNames) -> list[Row]:
        """A visit not made by month end has no day yet, and no later month tells of it."""
        days, last_day = working_days(month), month_end(month)
        shares = self.plan.activity.visits_due
        rows: list[Row] = []
        for case in cases:
            share = shares.get(case.case_type)
            if share is None or not self.visited.happens(share):
                continue
            due_on = self.visited.pick(days)
            if due_on <= case.opened_on or (case.closed_on and due_on > case.closed_on):
                continue
            rows.append(
                {
                    "visit_id": self._number("VISIT"),
                    "case_id": case.case_id,
                    "team": names.unit(case.unit),
                    "due_on": due_on,
                    "seen_on": self._seen_on(case, due_on, min(last_day, case.closed_on or last_day)),
                }
            )
        return rows

    def meeting_rows(self, cases: Sequence[Case], month: date, names: MonthNames) -> list[Row]:
        """Meetings held in the month; one that fell behind is held in a later month, if the case is still open."""
        last_day = month_end(month)
        self.meetings_to_hold += self._meetings(cases, month)
        listed = {case.case_id for case in cases}
        held = [m for m in self.meetings_to_hold if m.held_on <= last_day and m.case.case_id in listed]
        self.meetings_to_hold = [m for m in self.meetings_to_hold if m.held_on > last_day]
        return [
            {
                "meeting_id": self._number("MEETING"),
                "case_id": meeting.case.case_id,
                "team": names.unit(meeting.case.unit),
                "due_on": meeting.due_on,
                "held_on": meeting.held_on,
                "attended_by_partners": meeting.attended,
            }
            for meeting in held
            if not (meeting.case.closed_on and meeting.held_on > meeting.case.closed_on)
        ]

    def _assessed_on(self, case: Case) -> date:
        in_time = self.assessed.happens(self._timeliness(case.opened_on).assessments)
        fewest, most = ASSESSED_IN_TIME if in_time else ASSESSED_LATE
        return working_day_on_or_before(case.opened_on + timedelta(days=self.assessed.between(fewest, most)))

    def _seen_on(self, case: Case, due_on: date, latest: date) -> date | None:
        if self.visited.happens(self._timeliness(due_on).visits):
            early = due_on - timedelta(days=self.visited.between(0, 4))
            return max(working_day_on_or_before(early), case.opened_on)
        if self.visited.happens(LAST_DAYS_OF_A_VISIT_MISSED):
            return None
        seen_on = working_day_on_or_after(due_on + timedelta(days=self.visited.between(1, 16)))
        return seen_on if seen_on <= latest else None

    def _meetings(self, cases: Sequence[Case], month: date) -> Iterator[Meeting]:
        shares = self.plan.activity.meetings
        for case in cases:
            if case.opened_on < month or not self.met.happens(shares.get(case.case_type, 0.0)):
                continue
            timely = self._timeliness(case.opened_on)
            due_on = working_day_on_or_after(case.opened_on + timedelta(days=MEETING_DUE_DAYS))
            in_time = self.met.happens(timely.meetings)
            days = -self.met.between(0, 4) if in_time else self.met.between(1, 14)
            held_on = max(working_day_on_or_after(due_on + timedelta(days=days)), case.opened_on)
            if in_time:
                held_on = min(held_on, due_on)
            yield Meeting(case, due_on, held_on, self.met.happens(timely.partners))

    def _timeliness(self, day: date) -> Timeliness:
        return next(rule for rule in reversed(self.plan.activity.timeliness) if rule.since <= day)

    def _number(self, kind: str) -> str:
        self.numbers[kind] += 1
        return f"{self.plan.prefix}-{kind}{self.numbers[kind]:06}"


@dataclass(frozen=True, slots=True)
class Meeting:
    case: Case
    due_on: date
    held_on: date
    attended: bool
