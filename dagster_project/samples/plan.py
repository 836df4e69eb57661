"""What a sample council is made from: a plan is data, and a new council is a new plan. No generating here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from dagster_project.samples.fitting import Row
from dagster_project.samples.months import months_from
from dagster_project.samples.writing import FileForm

Weighted = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Caseflow:
    """How a team's cases come and go.

    `open_cases` are month-end counts, one before the first month and then one per month. `outcomes` weigh
    how cases end, `routes` the teams that transferred ones go to. `ended_share` is per month, of the cases
    open at its start.
    """

    open_cases: tuple[int, ...]
    case_types: Weighted
    ended_share: float
    outcomes: Weighted
    routes: Weighted
    typical_days: int
    quick_share: float = 0.0
    second_case_share: float = 0.0
    manager_share: float = 0.0


@dataclass(frozen=True)
class Staffing:
    """Posts of one role in a team: FTE in post at the last month's end, its agency part, vacancies beyond.

    `vacant` counts whole posts that no permanent worker holds at the end; agency workers cover them in turn
    and those without one to cover are supernumerary.
    """

    role: str
    fte: Decimal
    agency_fte: Decimal = Decimal(0)
    vacant: int = 0
    new_posts: int = 0
    employment: str = "permanent"
    part_time: bool = True
    yearly_turnover: float = 0.0


@dataclass(frozen=True)
class TeamPlan:
    unit: str
    caseflow: Caseflow
    staffing: tuple[Staffing, ...]


@dataclass(frozen=True)
class Experience:
    """Share of social workers (without agency) qualified under 18 months at one month end, in percent."""

    month: date
    percent_under_18_months: int


@dataclass(frozen=True)
class AgencyTerms:
    """Hourly pay by role in pence, and the fee as a share of pay."""

    suppliers: tuple[str, ...]
    pence_per_hour: Mapping[str, tuple[int, int]]
    fee_percent: int
    weekly_hours: Decimal


@dataclass(frozen=True)
class PrintedTable:
    """A table of a committee paper, delivered as it stands as a summary extract."""

    extract: str
    month: date
    rows: tuple[Row, ...]
    form: FileForm


@dataclass(frozen=True)
class Recipient:
    unit: str
    severity: str
    channel: str
    role: str


@dataclass(frozen=True)
class CouncilPlan:
    council: str
    prefix: str
    seed: int
    first_month: date
    month_count: int
    teams: tuple[TeamPlan, ...]
    experience: Experience
    agency: AgencyTerms
    # By role: (decided on, funded until) of temporary posts.
    funding: Mapping[str, tuple[tuple[date, date], ...]] = field(default_factory=dict)
    new_posts_created_on: date | None = None
    moves_between_teams: int = 0
    long_absences: int = 0
    forms: Mapping[tuple[date, str], FileForm] = field(default_factory=dict)
    printed_tables: tuple[PrintedTable, ...] = ()
    recipients: tuple[Recipient, ...] = ()

    @property
    def months(self) -> tuple[date, ...]:
        return months_from(self.first_month, self.month_count)

    def funded_until(self, role: str, day: date) -> date | None:
        """The last day of a role's temporary funding as decided by that day; None when permanent."""
        return max((until for decided, until in self.funding.get(role, ()) if decided <= day), default=None)
