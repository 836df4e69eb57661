"""West Sussex's plan: March 2018 to February 2019, made to the paper of March 2019. Data only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from dagster_project.samples.plan import (
    Activity,
    AgencyTerms,
    Allocation,
    CouncilPlan,
    Experience,
    PrintedTable,
    Recipient,
    Timeliness,
)
from dagster_project.samples.west_sussex_teams import MONTHS, TEAMS
from dagster_project.samples.writing import FileForm

# A domain reserved for examples: no mail can reach anybody.
DOMAIN = "west-sussex.example"
EXTRACTS = ("caseload", "workforce", "posts", "offers", "agency_spend")
# Cabinet agreed the additional posts in October 2018.
NEW_POSTS_CREATED_ON = date(2018, 11, 1)

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
