"""Agency spend of one month: weekly timesheets, the agencies' fees, travel and the odd credit note."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from dagster_project.samples.chance import Chance
from dagster_project.samples.fitting import Row
from dagster_project.samples.months import month_end
from dagster_project.samples.naming import MonthNames
from dagster_project.samples.plan import CouncilPlan, ProjectTeam
from dagster_project.samples.project import charges
from dagster_project.samples.workers import Spell, Workforce

WEEK = timedelta(days=7)
SUNDAY = 6
PENNY = Decimal("0.01")
LATE_SHARE = 0.04
AWAY_SHARE = 0.06
CHRISTMAS_AWAY_SHARE = 0.5
CREDIT_SHARE = 0.008
TRAVEL_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Line:
    """Without a worker where a whole team is charged for."""

    spell: Spell
    supplier: str
    week_ending: date
    cost_type: str
    amount: Decimal
    hours: Decimal | None = None
    rate: Decimal | None = None
    is_for_team: bool = False


@dataclass
class Ledger:
    """Lines by the month they are posted in; a late timesheet is posted a month after its week."""

    plan: CouncilPlan
    chance: Chance
    lines: dict[date, list[Line]] = field(default_factory=lambda: defaultdict(list))
    posted: int = 0

    def record(self, workforce: Workforce) -> None:
        """Every agency worker's weeks of the plan's months, and the statements of a bought team."""
        last_day = month_end(self.plan.months[-1])
        for spell in workforce.spells:
            if spell.employment != "agency" or spell.contract_id or spell.started_on > last_day:
                continue
            supplier = self.chance.pick(self.plan.agency.suppliers)
            lowest, highest = self.plan.agency.pence_per_hour[spell.role]
            rate = Decimal(self.chance.between(lowest, highest)) / 100
            for week_ending in self._weeks(spell, last_day):
                self._week(spell, supplier, rate, week_ending)
        if self.plan.project_team:
            self._contract(self.plan.project_team, workforce)

    def rows(self, month: date, names: MonthNames) -> list[Row]:
        rows: list[Row] = []
        lines = sorted(self.lines[month], key=lambda line: (line.week_ending, line.spell.worker.worker_id))
        for line in lines:
            self.posted += 1
            rows.append(
                {
                    "line_id": f"{self.plan.prefix}-LINE{self.posted:06}",
                    "team": names.unit(line.spell.unit),
                    "role": None if line.is_for_team else names.role(line.spell.role),
                    "worker_id": None if line.is_for_team else line.spell.worker.worker_id,
                    "supplier": line.supplier,
                    "contract_id": line.spell.contract_id,
                    "week_ending": line.week_ending,
                    "hours": line.hours,
                    "hourly_rate_gbp": line.rate,
                    "amount_gbp": line.amount,
                    "cost_type": line.cost_type,
                }
            )
        return rows

    def _contract(self, team: ProjectTeam, workforce: Workforce) -> None:
        for charge in charges(team, workforce, self.chance):
            self.lines[charge.week_ending.replace(day=1)].append(
                Line(
                    charge.spell,
                    team.supplier,
                    charge.week_ending,
                    charge.cost_type,
                    charge.amount,
                    charge.hours,
                    charge.rate,
                    is_for_team=charge.hours is None,
                )
            )

    def _weeks(self, spell: Spell, last_day: date) -> Iterator[date]:
        day = max(spell.started_on, self.plan.first_month)
        week_ending = day + timedelta(days=SUNDAY - day.weekday())
        while week_ending <= last_day and (spell.ended_on is None or week_ending - WEEK < spell.ended_on):
            yield week_ending
            week_ending += WEEK

    def _week(self, spell: Spell, supplier: str, rate: Decimal, week_ending: date) -> None:
        monday = week_ending - timedelta(days=SUNDAY)
        # Agency workers are not paid for the days offices are shut between Christmas and New Year.
        is_christmas = monday <= date(monday.year, 12, 26) <= week_ending
        if self.chance.happens(CHRISTMAS_AWAY_SHARE if is_christmas else AWAY_SHARE):
            return
        hours = self.plan.agency.weekly_hours * spell.fte / 100 + Decimal(self.chance.between(-4, 4)) / 2
        pay = _pence(hours * rate)
        fee = _pence(pay * self.plan.agency.fee_percent / 100)
        posting = week_ending.replace(day=1)
        if self.chance.happens(LATE_SHARE):
            posting = month_end(posting) + timedelta(days=1)
        lines = self.lines[posting]
        lines.append(Line(spell, supplier, week_ending, "pay", pay, hours, rate))
        lines.append(Line(spell, supplier, week_ending, "fee", fee))
        if self.chance.happens(TRAVEL_SHARE):
            miles = self.chance.between(20, 160)
            lines.append(Line(spell, supplier, week_ending, "travel", _pence(Decimal(miles * 45) / 100)))
        if self.chance.happens(CREDIT_SHARE):
            # A day charged twice, put right on the same month's statement.
            lines.append(Line(spell, supplier, week_ending, "pay", -_pence(pay / 5)))


def _pence(amount: Decimal) -> Decimal:
    return amount.quantize(PENNY, ROUND_HALF_UP)
