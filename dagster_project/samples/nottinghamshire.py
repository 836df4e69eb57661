"""Nottinghamshire's plan: June 2017 to May 2018, made to the papers of February and June 2018. Data only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from dagster_project.samples.fitting import Row
from dagster_project.samples.plan import (
    Activity,
    AgencyTerms,
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
DOMAIN = "nottinghamshire.example"
EXTRACTS = ("caseload", "workforce", "posts", "offers", "agency_spend")

CHILD_PROTECTION_TYPES: Weighted = (("child_protection", 38), ("child_in_need", 60), ("other", 2))
CHILD_PROTECTION_OUTCOMES: Weighted = (("closed", 46), ("stepped_down", 40), ("transferred", 14))
ASSESSMENT_OUTCOMES: Weighted = (("closed", 42), ("stepped_down", 20), ("transferred", 38))


def _assessment(
    unit: str, open_cases: tuple[int, ...], routes: Weighted, staffing: tuple[Staffing, ...]
) -> TeamPlan:
    flow = Caseflow(
        open_cases,
        case_types=(("assessment", 100),),
        ended_share=0.3,
        outcomes=ASSESSMENT_OUTCOMES,
        routes=routes,
        typical_days=110,
        quick_share=0.06,
        manager_share=0.004,
    )
    return TeamPlan(unit, (flow,), staffing)


def _child_protection(
    unit: str, open_cases: tuple[int, ...], neighbour: str, staffing: tuple[Staffing, ...]
) -> TeamPlan:
    flow = Caseflow(
        open_cases,
        case_types=CHILD_PROTECTION_TYPES,
        ended_share=0.085,
        outcomes=CHILD_PROTECTION_OUTCOMES,
        routes=(("looked_after_team", 7), (neighbour, 3), ("childrens_disability_team", 1)),
        typical_days=420,
        second_case_share=0.01,
        manager_share=0.006,
    )
    return TeamPlan(unit, (flow,), staffing)


def _workers(fte: str, agency: str, vacant: int, new: int = 0) -> Staffing:
    return Staffing(
        "social_worker", Decimal(fte), Decimal(agency), vacant=vacant, new_posts=new, yearly_turnover=0.08
    )


def _managers(fte: str, agency: str = "0") -> Staffing:
    covered = 1 if agency != "0" else 0
    return Staffing("team_manager", Decimal(fte), Decimal(agency), vacant=covered, part_time=False)


def _advanced(fte: str, agency: str = "0") -> Staffing:
    covered = 1 if agency != "0" else 0
    return Staffing("advanced_practitioner", Decimal(fte), Decimal(agency), vacant=covered)


def _officers(fte: str, role: str = "support_officer") -> Staffing:
    return Staffing(role, Decimal(fte), employment="fixed_term", part_time=False)


TEAMS = (
    _assessment(
        "assessment_north",
        (356, 362, 370, 379, 383, 396, 404, 412, 421, 433, 446, 461, 488),
        (
            ("ashfield_dcpt", 5),
            ("bassetlaw_dcpt", 5),
            ("mansfield_dcpt", 5),
            ("newark_dcpt", 4),
            ("looked_after_team", 1),
            ("childrens_disability_team", 1),
            ("assessment_south", 1),
        ),
        (_workers("18.6", "6", 8, new=2), _managers("2"), _advanced("2.6")),
    ),
    _assessment(
        "assessment_south",
        (332, 339, 343, 352, 357, 368, 375, 381, 390, 399, 409, 422, 439),
        (
            ("broxtowe_rushcliffe_dcpt", 6),
            ("gedling_dcpt", 6),
            ("looked_after_team", 1),
            ("childrens_disability_team", 1),
            ("assessment_north", 1),
        ),
        (_workers("17.4", "5", 6, new=2), _managers("2", "1"), _advanced("2")),
    ),
    _child_protection(
        "ashfield_dcpt",
        (318, 320, 322, 326, 329, 331, 334, 337, 338, 340, 342, 345, 349),
        "mansfield_dcpt",
        (_workers("16.4", "4", 5), _managers("2"), _advanced("1"), _officers("3")),
    ),
    _child_protection(
        "bassetlaw_dcpt",
        (284, 287, 291, 296, 300, 306, 312, 320, 327, 326, 316, 306, 302),
        "newark_dcpt",
        (
            _workers("15", "4", 5),
            _managers("2", "1"),
            _advanced("1"),
            _officers("4"),
            _officers("1", "senior_support_officer"),
        ),
    ),
    _child_protection(
        "broxtowe_rushcliffe_dcpt",
        (346, 349, 354, 358, 364, 367, 373, 375, 378, 382, 387, 392, 402),
        "gedling_dcpt",
        (_workers("17.6", "5", 6), _managers("2"), _advanced("1.5"), _officers("3")),
    ),
    _child_protection(
        "gedling_dcpt",
        (268, 272, 277, 283, 290, 295, 302, 309, 316, 323, 330, 338, 351),
        "broxtowe_rushcliffe_dcpt",
        (_workers("13", "4", 4), _managers("1", "1"), _advanced("1")),
    ),
    _child_protection(
        "mansfield_dcpt",
        (362, 361, 363, 360, 358, 359, 356, 354, 351, 347, 343, 339, 338),
        "ashfield_dcpt",
        (
            _workers("18", "4", 5),
            _managers("2"),
            _advanced("1"),
            _officers("3"),
            _officers("1", "senior_support_officer"),
        ),
    ),
    _child_protection(
        "newark_dcpt",
        (262, 265, 268, 272, 276, 279, 283, 286, 290, 292, 295, 298, 312),
        "bassetlaw_dcpt",
        (_workers("14", "3", 4), _managers("2", "1"), _advanced("1", "1")),
    ),
    TeamPlan(
        "childrens_disability_team",
        (
            Caseflow(
                (332, 336, 341, 344, 350, 354, 358, 364, 369, 373, 379, 384, 389),
                case_types=(("disability", 88), ("child_in_need", 12)),
                ended_share=0.045,
                outcomes=(("closed", 70), ("stepped_down", 24), ("transferred", 6)),
                routes=(("looked_after_team", 1),),
                typical_days=700,
                second_case_share=0.06,
            ),
        ),
        (_workers("16", "3", 4), _managers("2"), _advanced("1"), _officers("3")),
    ),
    TeamPlan(
        "looked_after_team",
        (
            Caseflow(
                (604, 606, 611, 613, 617, 622, 624, 629, 633, 636, 641, 643, 648),
                case_types=(("child_looked_after", 78), ("care_leaver", 22)),
                ended_share=0.04,
                outcomes=(("closed", 86), ("stepped_down", 8), ("transferred", 6)),
                routes=(("childrens_disability_team", 1), ("newark_dcpt", 1)),
                typical_days=800,
                second_case_share=0.05,
                manager_share=0.004,
            ),
        ),
        (_workers("40", "8", 10), _managers("4"), _advanced("2", "1"), _officers("4.5")),
    ),
)

TITLED = FileForm(title="Nottinghamshire children's social care at 31 January 2018")
MONTHS_THAT_DIFFER = {
    date(2017, 8, 1): FileForm(encoding="cp1252", line_end="\r\n", pounds=True),
    date(2017, 9, 1): FileForm("xlsx", spaced_headers=True),
    date(2017, 11, 1): FileForm(date_pattern="%d/%m/%Y", line_end="\r\n"),
    date(2018, 1, 1): TITLED,
}
FORMS = {
    **{(month, extract): form for month, form in MONTHS_THAT_DIFFER.items() for extract in EXTRACTS},
    **{(date(2018, 2, 1), extract): FileForm("xlsx") for extract in ("workforce", "posts", "offers")},
    (date(2018, 4, 1), "caseload"): FileForm(encoding="utf-8-sig"),
}

TABLE_1 = (
    ("Assessment", 927, 36),
    ("Children\u2019s Disability Service (CDS)", 389, 16),
    ("District Chid Protection Teams (DCPTs)", 2054, 94),
)


def _total(extract: str, month: date, row: Row, form: FileForm | None = None) -> PrintedTable:
    return PrintedTable(extract, month, (row,), form or FileForm())


# From before the system, and beside its rows. February 2018, para 4 prints a year's agency spend and a forecast,
# which stands beside the ledger's own lines; of the five years that it adds up the other three are not printed one
# by one and are made to their sum. Para 7 prints sickness days per FTE, para 9 how far demand has risen since 2015:
# what the rows of December 2017 are compared with is made to those percentages, for the charts' own figures are not
# in the text.
HISTORY = (
    *(
        _total(
            "agency_spend_summary",
            date(ends, 3, 1),
            {
                "amount_gbp": Decimal(amount),
                "is_forecast": False,
                "financial_year": f"{ends - 1}-{ends % 100}",
            },
        )
        for ends, amount in ((2014, "6200000.00"), (2015, "6100000.00"), (2016, "5700000.00"))
    ),
    _total(
        "agency_spend_summary",
        date(2017, 3, 1),
        {"amount_gbp": Decimal("5200000.00"), "is_forecast": False, "financial_year": "2016-17"},
    ),
    _total(
        "agency_spend_summary",
        date(2018, 3, 1),
        {"amount_gbp": Decimal("4200000.00"), "is_forecast": True, "financial_year": "2017-18"},
        FileForm(pounds=True, encoding="cp1252"),
    ),
    _total(
        "workforce_summary",
        date(2015, 3, 1),
        {
            "unit": "District Child Protection Teams",
            "in_post_fte": Decimal(88),
            "sickness_days": Decimal("1434.4"),
            "financial_year": "2014-15",
        },
    ),
    _total(
        "workforce_summary",
        date(2017, 3, 1),
        {
            "unit": "District Child Protection Teams",
            "in_post_fte": Decimal(92),
            "sickness_days": Decimal("1030.4"),
            "financial_year": "2016-17",
        },
    ),
    _total(
        "demand_summary", date(2015, 12, 1), {"contacts": Decimal(500), "mean_plan_days": Decimal("224.1")}
    ),
    _total(
        "caseload_summary",
        date(2015, 12, 1),
        {"unit": "Assessment", "open_cases": Decimal(407), "fte_social_workers": Decimal("30.4")},
    ),
)

NOTTINGHAMSHIRE = CouncilPlan(
    council="nottinghamshire",
    prefix="EX",
    seed=20180618,
    first_month=date(2017, 6, 1),
    month_count=12,
    teams=TEAMS,
    experience=Experience(date(2018, 1, 1), percent_under_18_months=47),
    agency=AgencyTerms(
        suppliers=("Example Care Staffing", "Sample Social Work Agency", "Specimen Locums"),
        pence_per_hour={
            "social_worker": (3700, 4500),
            "advanced_practitioner": (4200, 4800),
            "team_manager": (4500, 5200),
        },
        fee_percent=9,
        weekly_hours=Decimal(37),
    ),
    # Early help and the front door saw more every month; work on cases fell behind.
    activity=Activity(
        contacts=(812, 798, 695, 838, 861, 884, 850, 893, 872, 921, 904, 938),
        referrals=(292, 284, 246, 307, 318, 331, 312, 334, 329, 349, 345, 362),
        re_referral_share=0.21,
        visits_due={"child_protection": 1.0, "child_looked_after": 0.6, "child_in_need": 0.15},
        meetings={"child_protection": 0.9, "assessment": 0.22},
        timeliness=(
            Timeliness(date.min, assessments=0.78, visits=0.71, meetings=0.64, partners=0.58),
            Timeliness(date(2018, 1, 1), assessments=0.72, visits=0.67, meetings=0.6, partners=0.57),
        ),
    ),
    # The committee of 12 February 2018 extended the support officer posts by a year.
    funding=dict.fromkeys(
        ("support_officer", "senior_support_officer"),
        ((date(2017, 4, 1), date(2018, 3, 31)), (date(2018, 2, 12), date(2019, 3, 31))),
    ),
    new_posts_created_on=date(2018, 4, 1),
    moves_between_teams=5,
    long_absences=9,
    forms=FORMS,
    printed_tables=(
        PrintedTable(
            "caseload_summary",
            date(2018, 6, 1),
            tuple(
                {"unit": unit, "open_cases": Decimal(cases), "fte_social_workers": Decimal(fte)}
                for unit, cases, fte in TABLE_1
            ),
            FileForm(encoding="cp1252", line_end="\r\n"),
        ),
        *HISTORY,
    ),
    recipients=(
        Recipient("nottinghamshire", "breach", f"mailto:service.director@{DOMAIN}", "service director"),
        Recipient("assessment", "warning", f"mailto:group.manager@{DOMAIN}", "group manager"),
        Recipient("child_protection", "warning", f"mailto:team.manager@{DOMAIN}", "team manager"),
    ),
)
