"""Tameside's plan: October 2021 to September 2022, made to the paper of September 2022. Data only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from dagster_project.samples.plan import (
    Activity,
    AgencyTerms,
    Allocation,
    Caseflow,
    Cohorts,
    CouncilPlan,
    ProjectTeam,
    Recipient,
    Staffing,
    TeamPlan,
    Timeliness,
    Weighted,
)
from dagster_project.samples.writing import FileForm

# A domain reserved for examples: no mail can reach anybody.
DOMAIN = "tameside.example"
EXTRACTS = ("caseload", "workforce", "posts", "offers", "agency_spend")

NEIGHBOURHOODS = tuple(f"neighbourhood_team_{number}" for number in (1, 2, 3, 4))
TO_NEIGHBOURHOODS: Weighted = tuple((team, 1) for team in NEIGHBOURHOODS)


def _workers(
    held: str, agency: str, joined: int, agency_joined: int, replaced: int, part_time: bool = True
) -> Staffing:
    """Social workers: FTE of employees and of agency workers, who cover the posts still without an employee."""
    return Staffing(
        "social_worker",
        Decimal(held) + Decimal(agency),
        Decimal(agency),
        vacant=Decimal(agency),
        part_time=part_time,
        joined=joined,
        agency_joined=agency_joined,
        replaced=replaced,
    )


def _manager(is_agency: bool = False) -> Staffing:
    agency = Decimal(int(is_agency))
    return Staffing("team_manager", Decimal(1), agency, vacant=agency, part_time=False)


def _neighbourhood(unit: str, open_cases: tuple[int, ...], staffing: tuple[Staffing, ...]) -> TeamPlan:
    flow = Caseflow(
        open_cases,
        case_types=(("child_in_need", 68), ("child_protection", 32)),
        ended_share=0.11,
        outcomes=(("closed", 56), ("stepped_down", 38), ("transferred", 6)),
        routes=(("safeguarding_and_support_team_1", 1), ("safeguarding_and_support_team_2", 1)),
        typical_days=330,
        second_case_share=0.01,
        manager_share=0.008,
    )
    return TeamPlan(unit, (flow,), staffing)


def _duty(unit: str, open_cases: tuple[int, ...], staffing: tuple[Staffing, ...]) -> TeamPlan:
    flow = Caseflow(
        open_cases,
        case_types=(("assessment", 100),),
        ended_share=0.4,
        outcomes=(("closed", 50), ("stepped_down", 22), ("transferred", 28)),
        routes=TO_NEIGHBOURHOODS,
        typical_days=85,
        quick_share=0.05,
        manager_share=0.008,
    )
    return TeamPlan(unit, (flow,), staffing)


def _safeguarding(unit: str, open_cases: tuple[int, ...], staffing: tuple[Staffing, ...]) -> TeamPlan:
    flow = Caseflow(
        open_cases,
        case_types=(("child_looked_after", 74), ("child_protection", 16), ("care_leaver", 10)),
        ended_share=0.035,
        outcomes=(("closed", 90), ("stepped_down", 10)),
        routes=(),
        typical_days=700,
        second_case_share=0.02,
    )
    return TeamPlan(unit, (flow,), staffing)


# Para 2.2: with the bought team at work, 948 cases are open in August 2022 to the neighbourhood teams where 1,200
# were in March, 21% fewer.
TEAMS = (
    _neighbourhood(
        "neighbourhood_team_1",
        (288, 291, 294, 299, 303, 308, 312, 301, 289, 276, 263, 249, 240),
        (
            _workers("8.4", "3", joined=2, agency_joined=1, replaced=2),
            _manager(),
        ),
    ),
    _neighbourhood(
        "neighbourhood_team_2",
        (281, 284, 287, 290, 296, 301, 306, 296, 283, 270, 256, 243, 234),
        (
            _workers("8.4", "3", joined=2, agency_joined=1, replaced=2),
            _manager(),
            Staffing("senior_practitioner", Decimal(1), part_time=False),
        ),
    ),
    _neighbourhood(
        "neighbourhood_team_3",
        (266, 269, 272, 277, 283, 288, 294, 285, 273, 260, 246, 232, 226),
        (
            _workers("8.4", "3", joined=1, agency_joined=1, replaced=2),
            _manager(),
        ),
    ),
    _neighbourhood(
        "neighbourhood_team_4",
        (262, 266, 268, 272, 278, 283, 288, 279, 267, 253, 238, 224, 218),
        (
            _workers("8.4", "3", joined=1, agency_joined=1, replaced=2),
            _manager(is_agency=True),
        ),
    ),
    _duty(
        "duty_and_assessment_team_1",
        (171, 174, 178, 183, 187, 194, 199, 172, 151, 138, 129, 121, 126),
        (
            _workers("5", "4", joined=1, agency_joined=2, replaced=1, part_time=False),
            _manager(),
        ),
    ),
    _duty(
        "duty_and_assessment_team_2",
        (164, 168, 171, 175, 180, 186, 192, 166, 146, 133, 124, 117, 121),
        (
            _workers("5", "4", joined=1, agency_joined=1, replaced=1, part_time=False),
            _manager(is_agency=True),
        ),
    ),
    _safeguarding(
        "safeguarding_and_support_team_1",
        (129, 130, 131, 131, 133, 134, 135, 134, 133, 131, 130, 128, 127),
        (
            _workers("4", "2", joined=1, agency_joined=1, replaced=1, part_time=False),
            _manager(is_agency=True),
        ),
    ),
    _safeguarding(
        "safeguarding_and_support_team_2",
        (124, 125, 125, 127, 128, 128, 130, 129, 128, 127, 125, 124, 123),
        (
            _workers("4", "2", joined=0, agency_joined=0, replaced=1, part_time=False),
            _manager(),
        ),
    ),
    TeamPlan("mash", (), (_workers("2", "0", 0, 0, 0), _manager())),
)

PROJECT_TEAM = ProjectTeam(
    unit="managed_project_team",
    contract_id="managed_project_team_2022",
    supplier="Specialist recruitment agency",
    starts_on=date(2022, 4, 11),
    ends_on=date(2022, 9, 23),
    staffing=(("team_manager", 1), ("social_worker", 6)),
    # Para 3.2; of 428 received, 272 were closed or stepped down and 94 passed on, which leaves 62 open.
    counted_to=date(2022, 8, 26),
    received=428,
    closed=272,
    transferred=94,
    received_later=26,
    intake_ends_on=date(2022, 9, 9),
    routes=TO_NEIGHBOURHOODS,
    # Financial implications: 250,000 and 4,000 more, with 1,000 of travel beside it.
    price=Decimal(254000),
    travel=Decimal(1000),
    pence_per_hour={"team_manager": 4300, "social_worker": 3450},
)

MONTHS_THAT_DIFFER = {
    date(2021, 12, 1): FileForm(encoding="cp1252", line_end="\r\n", pounds=True),
    date(2022, 2, 1): FileForm(date_pattern="%d/%m/%Y", encoding="utf-8-sig"),
    date(2022, 5, 1): FileForm(title="Tameside children's social care, May 2022"),
    date(2022, 6, 1): FileForm("xlsx", spaced_headers=True),
}

TAMESIDE = CouncilPlan(
    council="tameside",
    prefix="EXT",
    seed=20220922,
    first_month=date(2021, 10, 1),
    month_count=12,
    teams=TEAMS,
    # Para 5.2 adds up only as shares of all staff: of 90 social workers 54 with under two years, 9 with more and
    # 27 from agencies. Para 4.1: over a third of those employed are in their assessed year.
    experience=Cohorts(date(2022, 9, 1), under_two_years=54, asye=21),
    agency=AgencyTerms(
        suppliers=("Example Care Staffing", "Specimen Locums", "Pennine Sample Agency"),
        pence_per_hour={"social_worker": (3700, 4400), "team_manager": (4600, 5200)},
        fee_percent=7,
        weekly_hours=Decimal(37),
    ),
    activity=Activity(
        contacts=(724, 741, 688, 735, 712, 790, 702, 745, 718, 731, 664, 727),
        referrals=(271, 279, 258, 276, 268, 297, 255, 268, 255, 259, 233, 257),
        re_referral_share=0.22,
        visits_due={"child_protection": 1.0, "child_looked_after": 0.6, "child_in_need": 0.3},
        meetings={"child_protection": 0.9, "assessment": 0.2},
        # Para 3.1: each of these has improved since the bought team came.
        timeliness=(
            Timeliness(date.min, assessments=0.45, visits=0.58, meetings=0.52, partners=0.49),
            Timeliness(date(2022, 4, 1), assessments=0.79, visits=0.74, meetings=0.7, partners=0.66),
            Timeliness(date(2022, 7, 1), assessments=0.92, visits=0.89, meetings=0.88, partners=0.84),
        ),
    ),
    joining=(date(2022, 4, 11), date(2022, 9, 12)),
    vacated_lately=0.0,
    starters_agreed=0.05,
    allocation=(
        Allocation(date.min, same_day_share=0.25, longest_wait_days=12),
        Allocation(date(2022, 4, 1), same_day_share=0.55, longest_wait_days=5),
        Allocation(date(2022, 7, 1), same_day_share=0.8, longest_wait_days=3),
    ),
    # Para 4.2: fewer cases came through, and the protected number could be kept.
    protected=(date(2022, 7, 1), 15),
    long_absences=4,
    project_team=PROJECT_TEAM,
    forms={(month, extract): form for month, form in MONTHS_THAT_DIFFER.items() for extract in EXTRACTS},
    month_packs={date(2022, 6, 1): "Tameside month pack June 2022.xlsx"},
    recipients=(
        Recipient("tameside", "breach", f"mailto:assistant.director@{DOMAIN}", "assistant director"),
        Recipient(
            "child_in_need_child_protection", "warning", f"mailto:service.manager@{DOMAIN}", "service manager"
        ),
    ),
)
