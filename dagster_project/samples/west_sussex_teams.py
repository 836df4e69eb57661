"""The teams of West Sussex's plan: their cases by month end and their posts. Data only."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from dagster_project.samples.plan import Caseflow, Staffing, TeamPlan, Weighted

DECEMBER = 10
MONTHS = 12

ASSESSMENT_OUTCOMES: Weighted = (("closed", 46), ("stepped_down", 24), ("transferred", 30))
PROTECTION_OUTCOMES: Weighted = (("closed", 52), ("stepped_down", 40), ("transferred", 8))
LOOKED_AFTER_OUTCOMES: Weighted = (("closed", 90), ("stepped_down", 10))
TO_LOOKED_AFTER: Weighted = (
    ("children_looked_after_north", 1),
    ("children_looked_after_south", 1),
    ("children_looked_after_west", 1),
)


def _cases(first: int, december: int, last: int) -> tuple[int, ...]:
    """Month-end counts in even steps from before the first month to the printed December, and on to the last."""
    before = [first + (december - first) * index // DECEMBER for index in range(DECEMBER)]
    after = MONTHS - DECEMBER
    return (*before, *(december + (last - december) * index // after for index in range(after + 1)))


def _flow(
    case_type: str,
    open_cases: tuple[int, ...],
    ended_share: float,
    typical_days: int,
    outcomes: Weighted,
    routes: Weighted = (),
    quick_share: float = 0.0,
) -> Caseflow:
    # No child has two cases of one kind, so that children are counted as exactly as cases.
    return Caseflow(
        open_cases,
        case_types=((case_type, 100),),
        ended_share=ended_share,
        outcomes=outcomes,
        routes=routes,
        typical_days=typical_days,
        quick_share=quick_share,
        manager_share=0.03,
    )


def _assessment(
    unit: str,
    counts: tuple[int, int, int],
    in_need: tuple[int, int, int],
    family_teams: Sequence[str],
    staffing: tuple[Staffing, ...],
) -> TeamPlan:
    routes = (*((team, 5) for team in family_teams), (TO_LOOKED_AFTER[0][0], 1))
    return TeamPlan(
        unit,
        (
            _flow("assessment", _cases(*counts), 0.34, 100, ASSESSMENT_OUTCOMES, routes, quick_share=0.05),
            _flow("child_in_need", _cases(*in_need), 0.1, 240, PROTECTION_OUTCOMES, routes),
        ),
        staffing,
    )


def _family(
    unit: str, in_need: tuple[int, int, int], protection: tuple[int, int, int], staffing: tuple[Staffing, ...]
) -> TeamPlan:
    return TeamPlan(
        unit,
        (
            _flow("child_in_need", _cases(*in_need), 0.075, 380, PROTECTION_OUTCOMES, TO_LOOKED_AFTER),
            _flow("child_protection", _cases(*protection), 0.08, 330, PROTECTION_OUTCOMES, TO_LOOKED_AFTER),
        ),
        staffing,
    )


def _looked_after(
    unit: str,
    looked_after: tuple[int, int, int],
    leavers: tuple[int, int, int],
    staffing: tuple[Staffing, ...],
) -> TeamPlan:
    return TeamPlan(
        unit,
        (
            _flow("child_looked_after", _cases(*looked_after), 0.03, 820, LOOKED_AFTER_OUTCOMES),
            _flow("care_leaver", _cases(*leavers), 0.03, 700, LOOKED_AFTER_OUTCOMES),
        ),
        staffing,
    )


def _workers(
    held: str, agency: str, vacant: str, new: int = 0, agency_starters: str = "0", starters: str = "0"
) -> Staffing:
    """Social workers' posts: FTE held by employees, FTE of agency workers in post, vacant FTE."""
    return Staffing(
        "social_worker",
        Decimal(held) + Decimal(agency),
        Decimal(agency),
        vacant=Decimal(vacant),
        new_posts=new,
        yearly_turnover=0.154,
        # The project to recruit agency workers in the interim: most came in these months.
        agency_joined=int(Decimal(agency) * 3 / 5),
        starters=Decimal(starters),
        agency_starters=Decimal(agency_starters),
    )


def _advanced(held: str, vacant: str = "0", new: int = 0) -> Staffing:
    return Staffing(
        "advanced_practitioner", Decimal(held), vacant=Decimal(vacant), new_posts=new, yearly_turnover=0.1
    )


def _managers(
    held: str,
    agency: str = "0",
    vacant: str = "1",
    new: int = 0,
    agency_starters: str = "0",
    starters: str = "0",
) -> tuple[Staffing, ...]:
    """A team manager and the practice managers; what is vacant is the practice managers'."""
    practice = Staffing(
        "practice_manager",
        Decimal(held) - 1 + Decimal(agency),
        Decimal(agency),
        vacant=Decimal(vacant),
        new_posts=new,
        yearly_turnover=0.12,
        starters=Decimal(starters),
        agency_starters=Decimal(agency_starters),
    )
    return (Staffing("team_manager", Decimal(1), part_time=False, yearly_turnover=0.08), practice)


TEAMS = (
    _assessment(
        "assessment_and_intervention_north",
        (300, 345, 352),
        (214, 238, 241),
        ("family_support_and_protection_north_1", "family_support_and_protection_north_2"),
        (
            _workers("17.6", "3.4", "5.5", new=2, agency_starters="1", starters="1"),
            _advanced("1", "1"),
            *_managers("5.5", "1", new=1, starters="1"),
        ),
    ),
    _assessment(
        "assessment_and_intervention_mid",
        (281, 302, 306),
        (205, 221, 223),
        ("family_support_and_protection_mid_1", "family_support_and_protection_mid_2"),
        (
            _workers("17.6", "2", "5.5", new=2, agency_starters="1", starters="1"),
            _advanced("1", "1"),
            *_managers("5.5", "1", starters="1"),
        ),
    ),
    _assessment(
        "assessment_and_intervention_south",
        (310, 352, 361),
        (222, 246, 247),
        ("family_support_and_protection_south_1", "family_support_and_protection_south_2"),
        (
            _workers("17.6", "2", "5.5", new=2, agency_starters="1", starters="1"),
            _advanced("1"),
            *_managers("5.5", "1", new=1, agency_starters="1"),
        ),
    ),
    _assessment(
        "assessment_and_intervention_west",
        (238, 251, 249),
        (199, 215, 212),
        ("family_support_and_protection_west_1", "family_support_and_protection_west_2"),
        (
            _workers("17.6", "2", "5.5", new=2, agency_starters="1", starters="1"),
            _advanced("1"),
            *_managers("5.5", starters="0.6"),
        ),
    ),
    _family(
        "family_support_and_protection_north_1",
        (530, 566, 570),
        (80, 105, 107),
        (
            _workers("20.2", "3", "7", new=4, agency_starters="2", starters="2"),
            _advanced("1.22", "1", new=1),
            *_managers("5.5", "1", "2", new=1, starters="1"),
        ),
    ),
    _family(
        "family_support_and_protection_north_2",
        (512, 540, 544),
        (75, 96, 97),
        (
            _workers("20.2", "4", "7", new=3, agency_starters="1", starters="1.8"),
            _advanced("1.2", "1.08"),
            *_managers("5.5", "1", "2.52", new=1, agency_starters="1"),
        ),
    ),
    _family(
        "family_support_and_protection_mid_1",
        (498, 518, 515),
        (72, 90, 91),
        (
            _workers("20.2", "3", "7", new=3, agency_starters="1", starters="1"),
            _advanced("1.2", "1", new=1),
            *_managers("5.5", "1", new=1, starters="1"),
        ),
    ),
    _family(
        "family_support_and_protection_mid_2",
        (489, 509, 511),
        (70, 86, 88),
        (
            _workers("20.2", "3", "7", new=3, agency_starters="1", starters="1.8"),
            _advanced("1.2"),
            *_managers("5.5", "1", starters="1"),
        ),
    ),
    _family(
        "family_support_and_protection_south_1",
        (561, 604, 611),
        (88, 116, 118),
        (
            _workers("20.2", "3", "7", new=4, agency_starters="2", starters="2"),
            _advanced("1.2", "1", new=1),
            *_managers("5.5", "1", new=1, agency_starters="1"),
        ),
    ),
    _family(
        "family_support_and_protection_south_2",
        (541, 577, 582),
        (82, 108, 110),
        (
            _workers("20.2", "3", "7", new=3, agency_starters="1", starters="1"),
            _advanced("1.2", "1", new=1),
            *_managers("5.5", "1", new=1, starters="1"),
        ),
    ),
    _family(
        "family_support_and_protection_west_1",
        (470, 490, 487),
        (73, 88, 87),
        (
            _workers("20.2", "3", "7", new=3, agency_starters="1", starters="1"),
            _advanced("1.2"),
            *_managers("5.5", starters="1"),
        ),
    ),
    _family(
        "family_support_and_protection_west_2",
        (481, 496, 492),
        (72, 86, 85),
        (
            _workers("20.2", "3", "7", new=3, agency_starters="1", starters="1"),
            _advanced("1.2"),
            *_managers("5.5", starters="1"),
        ),
    ),
    _looked_after(
        "children_looked_after_north",
        (231, 241, 242),
        (104, 112, 113),
        (
            _workers("11.5", "2", "4", new=1, agency_starters="1", starters="2"),
            _advanced("1"),
            *_managers("4.5", "1"),
        ),
    ),
    _looked_after(
        "children_looked_after_south",
        (240, 252, 254),
        (106, 115, 117),
        (
            _workers("11.5", "2", "4", new=1, starters="1"),
            _advanced("1"),
            *_managers("4.5", "1", starters="1"),
        ),
    ),
    _looked_after(
        "children_looked_after_west",
        (202, 211, 211),
        (95, 103, 103),
        (
            _workers("11.5", "2", "4", new=1, starters="1"),
            _advanced("1"),
            *_managers("4.5"),
        ),
    ),
    TeamPlan(
        "mash",
        (_flow("other", _cases(64, 72, 75), 0.6, 25, (("closed", 100),)),),
        (_workers("5.73", "0", "2.84"), *_managers("2.74", vacant="0")),
    ),
)
