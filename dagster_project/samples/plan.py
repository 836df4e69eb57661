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

    `vacant` is the FTE of posts that no permanent worker holds at the end; agency workers cover them in turn
    and those without one to cover are supernumerary. `joined` posts were empty until the council's joining
    time, `agency_joined` workers came in it, and `replaced` posts changed hands in the first half of the
    months. Starters have accepted an offer and start after the last month.
    """

    role: str
    fte: Decimal
    agency_fte: Decimal = Decimal(0)
    vacant: Decimal | int = 0
    new_posts: int = 0
    employment: str = "permanent"
    part_time: bool = True
    yearly_turnover: float = 0.0
    joined: int = 0
    agency_joined: int = 0
    replaced: int = 0
    starters: Decimal = Decimal(0)
    agency_starters: Decimal = Decimal(0)


@dataclass(frozen=True)
class TeamPlan:
    """A team's kinds of case, each with its own flow, and its people. The first flow takes what others pass on."""

    unit: str
    caseflows: tuple[Caseflow, ...]
    staffing: tuple[Staffing, ...]


@dataclass(frozen=True)
class Experience:
    """Share of social workers (without agency) qualified under 18 months at one month end, in percent."""

    month: date
    percent_under_18_months: int


@dataclass(frozen=True)
class Cohorts:
    """How many social workers (without agency) at one month end were newly qualified, by head.

    `under_two_years` counts those in their Assessed and Supported Year as well.
    """

    month: date
    under_two_years: int
    asye: int


@dataclass(frozen=True)
class AgencyTerms:
    """Hourly pay by role in pence, and the fee as a share of pay."""

    suppliers: tuple[str, ...]
    pence_per_hour: Mapping[str, tuple[int, int]]
    fee_percent: int
    weekly_hours: Decimal


@dataclass(frozen=True)
class Allocation:
    """How soon cases opened from `since` on get a worker: at once, or after a wait of days."""

    since: date
    same_day_share: float
    longest_wait_days: int


@dataclass(frozen=True)
class Timeliness:
    """Shares of what is due from `since` on that is done in time, and of meetings that partners attend."""

    since: date
    assessments: float
    visits: float
    meetings: float
    partners: float


@dataclass(frozen=True)
class Activity:
    """What arrives at the front door each month, and how timely the work on cases is.

    `visits_due` is the share of open cases of a type with a visit due in a month, `meetings` the share of
    opened cases of a type that need a strategy meeting.
    """

    contacts: tuple[int, ...]
    referrals: tuple[int, ...]
    re_referral_share: float
    visits_due: Mapping[str, float]
    meetings: Mapping[str, float]
    timeliness: tuple[Timeliness, ...]


@dataclass(frozen=True)
class ProjectTeam:
    """A team bought from an agency for a time: its people, its cases up to a printed day, and its price.

    `closed` are closed or stepped down by `counted_to`, what is neither that nor transferred is open then.
    `received_later` cases come after that day, until `intake_ends_on`; all are done with by `ends_on`.
    Prices are in pounds, rates in pence an hour by role.
    """

    unit: str
    contract_id: str
    supplier: str
    starts_on: date
    ends_on: date
    staffing: tuple[tuple[str, int], ...]
    counted_to: date
    received: int
    closed: int
    transferred: int
    received_later: int
    intake_ends_on: date
    routes: Weighted
    price: Decimal
    travel: Decimal
    pence_per_hour: Mapping[str, int]


@dataclass(frozen=True)
class PrintedTable:
    """Totals that a committee paper prints, or that stand for a month before the system, as a summary extract."""

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
    experience: Experience | Cohorts
    agency: AgencyTerms
    activity: Activity
    # By role: (decided on, funded until) of temporary posts.
    funding: Mapping[str, tuple[tuple[date, date], ...]] = field(default_factory=dict)
    new_posts_created_on: date | None = None
    moves_between_teams: int = 0
    long_absences: int = 0
    joining: tuple[date, date] | None = None
    vacated_lately: float = 0.25
    starters_agreed: float = 0.2
    # By employment: the days that starters with an accepted offer come on.
    starter_days: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    allocation: tuple[Allocation, ...] = (Allocation(date.min, 0.7, 4),)
    # From which month on, and at how many cases, workers in their Assessed and Supported Year get no more.
    protected: tuple[date, int] | None = None
    project_team: ProjectTeam | None = None
    forms: Mapping[tuple[date, str], FileForm] = field(default_factory=dict)
    # Months that arrive as one workbook, by its name.
    month_packs: Mapping[date, str] = field(default_factory=dict)
    printed_tables: tuple[PrintedTable, ...] = ()
    recipients: tuple[Recipient, ...] = ()

    @property
    def months(self) -> tuple[date, ...]:
        return months_from(self.first_month, self.month_count)

    def funded_until(self, role: str, day: date) -> date | None:
        """The last day of a role's temporary funding as decided by that day; None when permanent."""
        return max((until for decided, until in self.funding.get(role, ()) if decided <= day), default=None)
