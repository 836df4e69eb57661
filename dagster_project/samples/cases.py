"""A case of a sample council, and its row in a month's extract. How cases come and go is in `caseload`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dagster_project.samples.fitting import Row
from dagster_project.samples.months import add_months
from dagster_project.samples.naming import MonthNames
from dagster_project.samples.workers import Spell


@dataclass(slots=True, eq=False)
class Case:
    case_id: str
    child_id: str
    family_id: str | None
    case_type: str
    unit: str
    opened_on: date
    plan_started_on: date | None = None
    spell: Spell | None = None
    allocated_on: date | None = None
    closed_on: date | None = None
    outcome: str | None = None
    transferred_to: str | None = None

    def end(self, day: date, outcome: str, transferred_to: str | None = None) -> None:
        self.closed_on, self.outcome, self.transferred_to = day, outcome, transferred_to
        if self.spell:
            self.spell.load -= 1


def case_rows(cases: Sequence[Case], month: date, names: MonthNames) -> list[Row]:
    """One row per case as it was known at month end: nothing of a later day is in it."""
    next_month = add_months(month, 1)
    rows: list[Row] = []
    for case in cases:
        started = case.plan_started_on
        if started and (started >= next_month or (case.closed_on and started > case.closed_on)):
            started = None
        rows.append(
            {
                "case_id": case.case_id,
                "child_id": case.child_id,
                "family_id": case.family_id,
                "case_type": case.case_type,
                "team": names.unit(case.unit),
                "worker_id": case.spell.worker.worker_id if case.spell else None,
                "opened_on": case.opened_on,
                "allocated_on": case.allocated_on,
                "closed_on": case.closed_on,
                "closure_outcome": case.outcome,
                "transferred_to": names.unit(case.transferred_to) if case.transferred_to else None,
                "plan_started_on": started,
                "plan_ended_on": case.closed_on if started else None,
            }
        )
    return rows
