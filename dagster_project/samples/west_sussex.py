"""West Sussex's plan: March 2018 to February 2019, made to the paper of March 2019. Data only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from dagster_project.samples.plan import (
    Activity,
    AgencyTerms,
    Allocation,
    Caseflow,
    CouncilPlan,
    Experience,
    PrintedTable,
    Recipient,
    Staffing,
    TeamPlan,
    Timeliness,
    Weighted,
)
from dagster_project.samples.writing import FileForm

# A domain reserved for examples: no mail can reach anybody.
DOMAIN = "west-sussex.example"
EXTRACTS = ("caseload", "workforce", "posts", "offers", "agency_spend")
DECEMBER = 10
MONTHS = 12
# Cabinet agreed the additional posts in October 2018.
NEW_POSTS_CREATED_ON = date(2018, 11, 1)

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

MONTHS_THAT_DIFFER = {
    date(2018, 5, 1): FileForm(encoding="cp1252", line_end="\r\n", pounds=True),
    date(2018, 8, 1): FileForm(encoding="utf-8-sig", date_pattern="%d/%m/%Y"),
    date(2018, 11, 1): FileForm(title="West Sussex children's social care, month end", line_end="\r\n"),
}
FORMS = {
    **{(month, extract): form for month, form in MONTHS_THAT_DIFFER.items() for extract in EXTRACTS},
    **{
        (date(2018, 9, 1), extract): FileForm("xlsx", spaced_headers=True)
        for extract in ("workforce", "posts", "offers")
    },
}

# March 2019, tables 1 and 2: FTE of new posts, posts, vacancies, agency workers; of starters by kind.
ROLES = ("Social Workers", "Advanced Practitioners", "Managers of Social Worker Teams")
TABLE_1 = (
    ("37.00", "365.07", "92.84", "40.40"),
    ("4.00", "23.70", "7.08", "0.00"),
    ("7.00", "99.76", "17.52", "11.00"),
)
TABLE_2 = (
    ("agency", date(2019, 4, 1), ("15.00", "0.00", "3.00")),
    ("permanent", date(2019, 5, 31), ("19.60", "0.00", "9.60")),
)
# Paras 1.2, 1.3 and 1.8. The children aged 0 to 17 are those that 40.3 in 10,000 implies.
DEMAND = {
    date(2016, 12, 1): {"children_in_need": 4652, "child_protection": 417, "children_looked_after": 639},
    date(2017, 12, 1): {"referrals": 410},
    date(2018, 12, 1): {
        "children_in_need": 5220, "child_protection": 775, "children_looked_after": 704, "children_0_17": 174690,
    },
}  # fmt: skip

PRINTED_TABLES = (
    PrintedTable(
        "establishment_summary",
        date(2019, 3, 1),
        tuple(
            {
                "unit": "Children's Social Care",
                "role": role,
                "newly_created_fte": Decimal(new),
                "posts_fte": Decimal(posts),
                "vacant_fte": Decimal(vacant),
                "agency_fte": Decimal(agency),
            }
            for role, (new, posts, vacant, agency) in zip(ROLES, TABLE_1, strict=True)
        ),
        FileForm(line_end="\r\n"),
    ),
    PrintedTable(
        "offers_summary",
        date(2019, 3, 1),
        tuple(
            {"role": role, "employment": employment, "fte": Decimal(fte), "expected_start_by": by}
            for employment, by, by_role in TABLE_2
            for role, fte in zip(ROLES, by_role, strict=True)
        ),
        FileForm(date_pattern="%d/%m/%Y"),
    ),
    # The month before the rows begin, made so that over the 12 months to January 2019 as many social workers left
    # of their own will as para 2.5 prints.
    PrintedTable(
        "workforce_summary",
        date(2018, 2, 1),
        (
            {
                "unit": "Children's Social Care",
                "in_post_fte": Decimal("384.60"),
                "headcount": Decimal(436),
                "sickness_days": Decimal("262.5"),
                "leavers_fte": Decimal("7.12"),
                "voluntary_leavers_fte": Decimal("6.52"),
                "qualified_under_18_months": Decimal(94),
            },
        ),
        FileForm(),
    ),
    *(
        PrintedTable(
            "demand_summary",
            month,
            ({measure: Decimal(count) for measure, count in counts.items()},),
            FileForm(),
        )
        for month, counts in DEMAND.items()
    ),
)

WEST_SUSSEX = CouncilPlan(
    council="west_sussex",
    prefix="EXW",
    seed=20190307,
    first_month=date(2018, 3, 1),
    month_count=MONTHS,
    teams=TEAMS,
    experience=Experience(date(2018, 12, 1), percent_under_18_months=31),
    agency=AgencyTerms(
        suppliers=("Example Care Staffing", "Downland Specimen Locums", "Sample Social Work Agency"),
        pence_per_hour={
            "social_worker": (3600, 4300),
            "advanced_practitioner": (4100, 4700),
            "practice_manager": (4400, 5000),
            "team_manager": (4600, 5300),
        },
        fee_percent=8,
        weekly_hours=Decimal(37),
    ),
    activity=Activity(
        contacts=(1088, 1062, 1121, 1097, 1043, 1009, 1138, 1176, 1192, 1154, 1207, 1183),
        referrals=(418, 407, 433, 421, 399, 384, 437, 455, 462, 450, 471, 459),
        re_referral_share=0.24,
        visits_due={"child_protection": 1.0, "child_looked_after": 0.6, "child_in_need": 0.12},
        meetings={"child_protection": 0.9, "assessment": 0.15},
        timeliness=(Timeliness(date.min, assessments=0.66, visits=0.62, meetings=0.57, partners=0.55),),
    ),
    new_posts_created_on=NEW_POSTS_CREATED_ON,
    moves_between_teams=12,
    long_absences=16,
    joining=(date(2018, 7, 2), date(2019, 2, 11)),
    starters_agreed=0.0,
    # Table 2 counts agency workers who start by 1 April and appointments by May; para 3.2: by 4 March 2019.
    starter_days={
        "agency": (date(2019, 3, 4),),
        "permanent": (date(2019, 3, 11), date(2019, 4, 1), date(2019, 4, 29), date(2019, 5, 13)),
    },
    allocation=(Allocation(date.min, same_day_share=0.45, longest_wait_days=7),),
    forms=FORMS,
    printed_tables=PRINTED_TABLES,
    recipients=(
        Recipient("west_sussex", "warning", f"mailto:service.director@{DOMAIN}", "service director"),
        Recipient(
            "family_support_and_protection", "warning", f"mailto:service.manager@{DOMAIN}", "service manager"
        ),
    ),
)
