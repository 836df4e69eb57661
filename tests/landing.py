"""A small made-up council that lives for fourteen months, a row at a time, and lands them. Asserts nothing.

Small enough to think through, odd enough to matter: a team opened midway, one without social workers, a leaver who
still holds cases, an agency manager whose role has no cost, monthly totals in rows' stead, a ledger that did not
come, names nobody knows.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from deliveries_fixture import KEY, Row, csv_text, land, write_reference

from dagster_project.settings import Settings

COUNCIL = "westshire"
MONTHS = 14
"""April 2023 to May 2024, two Aprils among them; a month is told by its number, from 0."""

DUTY_OPENS, TOTALS_FOR_SOUTH, UNKNOWN_NAMES, NO_LEDGER, LEAVER_GOES = 6, 2, 4, 5, 9
AGENCY_MANAGER = range(3, 5)


def first_day(number: int) -> date:
    """Of a month; those before the council's first are negative."""
    months = 2023 * 12 + 3 + number
    return date(months // 12, months % 12 + 1, 1)


def last_day(number: int) -> date:
    first = first_day(number)
    return first.replace(day=monthrange(first.year, first.month)[1])


def make_small_council(path: Path) -> Settings:
    """An installation that knows the council and has a key; nothing has landed."""
    settings = Settings(home=path, pseudonym_key_variable=KEY)
    write_reference(settings, **{name: csv_text(rows) for name, rows in REFERENCE.items()})
    return settings


def land_month(settings: Settings, number: int, *, as_first_told: bool = False) -> None:
    """A month's extracts lie in landing, over those that lay there; `as_first_told` is before they were corrected."""
    for extract, rows in month_rows(number, as_first_told=as_first_told).items():
        land(settings, f"{extract}.csv", rows, f"{first_day(number):%Y-%m}", COUNCIL)


def month_rows(number: int, *, as_first_told: bool = False) -> dict[str, list[Row]]:
    """Canonical rows of each extract of a month.

    As first told, the hub's only case is missing, every allocated case is with one worker and a credit is left out.
    """
    cases = _cases(number)
    ledger = _ledger(number)
    if as_first_told:
        cases = [{**row, "worker_id": row["worker_id"] and "W5"} for row in cases if row["team"] != "Hub"]
        ledger = [row for row in ledger if not row["amount_gbp"].startswith("-")]
    rows = {
        "caseload": cases,
        "workforce": _workforce(number),
        "posts": _posts(),
        "offers": _offers(number),
        "agency_spend": ledger,
        "contacts": _contacts(number)[: 3 if as_first_told else None],
        "assessments": _assessments(number),
        "visits": _visits(number),
    }
    if number == TOTALS_FOR_SOUTH:
        rows["caseload"] = [row for row in cases if row["team"] != "South"]
        rows["caseload_summary"] = [
            {"unit": "south", "open_cases": "7", "fte_social_workers": "1.8"},
            {"unit": "care", "open_cases": "99", "fte_social_workers": "9"},
        ]
    if number == NO_LEDGER:
        del rows["agency_spend"]
    return rows


def _table(header: str, *lines: str) -> list[Row]:
    return [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]


REFERENCE: Mapping[str, Sequence[Row]] = {
    "councils": _table(
        "council,name,ons_code,former_ons_codes,dfe_code,region_code,standard_hours_per_week",
        "westshire,Westshire,E10009993,,993,E12000004,37",
    ),
    "org_units": _table(
        "council,unit,name,level,parent_unit,service_area,frontline,valid_from,valid_to",
        "westshire,westshire,Westshire,council,,other,false,2010-04-01,",
        "westshire,fieldwork,Fieldwork,division,westshire,other,true,2010-04-01,",
        "westshire,care,Care,service,fieldwork,child_protection,true,2010-04-01,",
        "westshire,north,North,team,care,child_protection,true,2010-04-01,",
        "westshire,south,South,team,care,child_protection,true,2010-04-01,",
        f"westshire,duty,Duty,team,fieldwork,assessment,true,{first_day(DUTY_OPENS)},",
        "westshire,hub,Hub,team,westshire,other,false,2010-04-01,",
    ),
    "unit_aliases": _table("council,alias,unit", "westshire,North CP Team,north"),
    "role_aliases": _table("council,alias,role", "westshire,Case Person,social_worker"),
    "unit_costs": _table(
        "council,role,grade,is_default,annual_cost_gbp,set_up_cost_gbp,includes_on_costs,valid_from,valid_to,source",
        "westshire,social_worker,,true,40000.01,,,2010-04-01,2024-01-01,made up",
        "westshire,social_worker,,true,41000.00,,,2024-01-01,,made up",
    ),
    "budgets": _table(
        "council,unit,financial_year,cost_kind,contract_id,budget_gbp,source",
        "westshire,care,2023-24,agency,,70000.00,made up",
        "westshire,hub,2023-24,agency,,1000.00,made up",
    ),
    "managed_contracts": _table(
        "council,contract_id,unit,supplier,starts_on,ends_on,months,price_gbp,travel_gbp,ends_on_alternative,source",
        f"westshire,mc1,duty,made up,{first_day(6)},{last_day(11)},6,900.00,10.00,,made up",
        f"westshire,mc2,south,made up,{first_day(1)},{last_day(13)},13,900.00,,,made up",
    ),
    "investments": _table(
        "council,investment,line,amount_gbp,posts_fte,starts_on,ends_on,source",
        f"westshire,more_of_all,whole,5000.00,2,{first_day(3)},,made up",
        f"westshire,more_of_all,officers,900.00,1,{first_day(5)},{last_day(10)},made up",
    ),
    "investment_criteria": _table(
        "council,investment,line,criterion,indicator,unit,item,better,target,source",
        "westshire,more_of_all,whole,lower caseloads,average_caseload,care,,lower,2.5,made up",
        "westshire,more_of_all,officers,fewer cases received,received,westshire,,lower,,made up",
        "westshire,more_of_all,officers,better morale,survey_answer,westshire,morale,higher,80,made up",
        "westshire,more_of_all,officers,nobody measures it,,,,,,made up",
    ),
    "investment_indicators": _table(
        "council,investment,indicator,unit,item,better,target,source",
        "westshire,more_of_all,average_caseload,care,,lower,2.5,made up",
        "westshire,more_of_all,received,westshire,,lower,,made up",
        "westshire,more_of_all,turnover_rate,westshire,,lower,,made up",
        "westshire,more_of_all,uncovered_fte,westshire,,lower,0,made up",
        "westshire,more_of_all,contacts,westshire,,lower,,made up",
        "westshire,more_of_all,survey_answer,westshire,morale,higher,80,made up",
    ),
    "surveys": _table(
        "council,survey,question,taken_on,value,unit,source",
        f"westshire,staff,morale,{first_day(2)},61,percent,made up",
        f"westshire,staff,morale,{first_day(8)},74,percent,made up",
    ),
    "threshold_policy": _table(
        "policy_id,council,unit,level,service_area,role_group,experience,metric,rounding,lower,upper,band,label,severity,"
        "target,valid_from,valid_to,source",
        "w,westshire,,,,,,average_caseload,integer,0,3,fine,fine,none,2.5,2010-04-01,2023-12-01,made up",
        "w,westshire,,,,,,average_caseload,integer,3,5,high,high,warning,2.5,2010-04-01,2023-12-01,made up",
        "w,westshire,,,,,,average_caseload,integer,5,,too_high,too high,breach,2.5,2010-04-01,2023-12-01,made up",
        "w,westshire,,,,,,average_caseload,integer,0,4,fine,fine,none,3,2023-12-01,,made up",
        "w,westshire,,,,,,average_caseload,integer,4,,high,high,warning,3,2023-12-01,,made up",
        "a,westshire,,worker,,,asye,worker_caseload,none,0,3,within,within,none,2,2010-04-01,,made up",
        "a,westshire,,worker,,,asye,worker_caseload,none,3,,over,over,breach,2,2010-04-01,,made up",
    ),
    "report_figures": _table(
        "figure_id,report,place,measure,council,period,printed,unit,evidence,inputs,rule,note",
        "X1,made up,,average caseload,westshire,2023-05,2.8,cases,calibrated,,one decimal,",
    ),
    "report_figure_measures": _table(
        "figure_id,measure,council,unit,month,item,from_on,to_on,unit_of,printed_decimals,printed_divisor,rounding",
        f"X1,average_caseload,westshire,care,{first_day(1)},,,,1,1,1,",
    ),
}


def _cases(number: int) -> list[Row]:
    rows = [_case_row(case, number) for case in range(24)]
    rows += [_lasting_case(case, number) for case in range(3)]
    return [row for row in rows if row]


def _case_row(case: int, number: int) -> Row:
    """A case that opens and ends within the story; empty where the month does not know it."""
    opened = case * 5 % 18 - 6
    ended = opened + 4 + case % 7
    if not opened <= number <= ended:
        return {}
    team = ("North CP Team", "South", "Duty" if number >= DUTY_OPENS else "South", "north")[case % 4]
    if number == UNKNOWN_NAMES and case == 1:
        team = "Nobody's Team"
    row = _open_case(f"C{case:02}", f"CH{case // 2:02}", team)
    row["family_id"] = "" if case % 3 == 0 else f"F{case // 4}"
    row["opened_on"] = str(first_day(opened).replace(day=1 if case % 6 == 0 else 8))
    row["worker_id"] = "" if (case + number) % 9 == 0 else f"W{(case + number // 5) % 6}"
    if number == ended:
        row["closed_on"] = str(last_day(number) if case % 5 == 0 else first_day(number).replace(day=17))
        row["closure_outcome"] = ("closed", "stepped_down", "transferred")[case % 3]
        if case % 3 == 2:
            row["transferred_to"] = ("South", "North", "The Next County")[case % 9 // 3]
    return row


def _lasting_case(case: int, number: int) -> Row:
    """Open throughout: one that changes hands, one that a manager holds, one in the team without social workers."""
    team = ("North", "South", "Hub")[case]
    row = _open_case(f"L{case}", f"CHL{case}", team)
    row["opened_on"] = "2021-09-06"
    row["worker_id"] = (f"W{number // 3 % 3}", "W4", "")[case]
    return row


def _open_case(case_id: str, child_id: str, team: str) -> Row:
    return {
        "case_id": case_id,
        "child_id": child_id,
        "family_id": "",
        "case_type": "child_in_need",
        "team": team,
        "worker_id": "",
        "opened_on": "",
        "closed_on": "",
        "closure_outcome": "",
        "transferred_to": "",
    }


def _workforce(number: int) -> list[Row]:
    rows = [
        _worker("W0", "P0", "North", "1"),
        _worker("W1", "P1", "North", "0.6"),
        _worker("W1", "P2", "South", "0.4"),
        _worker("W2", "P3", "South", "0.8", role="Case Person"),
        _worker("W3", "", "Duty" if number >= DUTY_OPENS else "South", "0.775", employment="agency"),
        _worker("W4", "P4", "South", "1", role="team_manager"),
    ]
    if number <= LEAVER_GOES:
        rows.append(_worker("W5", "P5", "South", "1", asye="true"))
    if number == LEAVER_GOES:
        rows[-1] |= {"ended_on": str(last_day(number).replace(day=20)), "leaving_reason": "resignation"}
    if number in AGENCY_MANAGER:
        rows.append(_worker("W6", "", "North", "1", role="team_manager", employment="agency"))
    return rows


def _worker(
    worker_id: str,
    post_id: str,
    team: str,
    fte: str,
    *,
    role: str = "social_worker",
    employment: str = "permanent",
    asye: str = "false",
) -> Row:
    return {
        "worker_id": worker_id,
        "post_id": post_id,
        "team": team,
        "role": role,
        "employment": employment,
        "fte": fte,
        "started_on": "2020-01-06",
        "ended_on": "",
        "leaving_reason": "",
        "qualified_on": "2018-08-31",
        "asye": asye,
    }


def _posts() -> list[Row]:
    return [
        {
            "post_id": f"P{post}",
            "team": ("North", "North", "South", "South", "South", "South", "Hub")[post],
            "role": "team_manager" if post == 4 else "social_worker",
            "fte": ("1", "0.6", "0.4", "1", "1", "1", "1")[post],
            "newly_created": "true" if post == 6 else "false",
            "vacant_fte": ("0", "0", "0", "0.2", "0", "0.125", "1")[post],
        }
        for post in range(7)
    ]


def _offers(number: int) -> list[Row]:
    return [
        {
            "offer_id": f"O{offer}",
            "team": "South",
            "role": ("social_worker", "team_manager", "social_worker")[offer],
            "employment": ("permanent", "fixed_term", "agency")[offer],
            "fte": ("0.5", "1", "0.275")[offer],
            "expected_start_on": "2024-09-01",
        }
        for offer in range(1 + number % 3)
    ]


def _ledger(number: int) -> list[Row]:
    pay = _line(number, 0, "Duty" if number >= DUTY_OPENS else "South", f"{6000 + number * 100}.37", "pay")
    fee = _line(number, 1, "Nowhere" if number == UNKNOWN_NAMES else "North", "120.50", "fee")
    credit = _line(number, 2, "Hub", "-50.25", "other")
    return [pay, fee, credit]


def _line(number: int, line: int, team: str, amount: str, cost_type: str) -> Row:
    return {
        "line_id": f"{number}-{line}",
        "team": team,
        "role": "social_worker",
        "worker_id": "W3",
        "week_ending": str(first_day(number).replace(day=12)),
        "amount_gbp": amount,
        "cost_type": cost_type,
    }


def _contacts(number: int) -> list[Row]:
    return [
        {
            "contact_id": f"{number}-{contact}",
            "received_on": str(first_day(number).replace(day=1 + contact)),
            "outcome": "referral" if contact % 3 == 0 else "advice",
            "is_re_referral": "true" if contact == 6 else "false",
        }
        for contact in range(5 + number % 4)
    ]


def _assessments(number: int) -> list[Row]:
    return [
        {
            "assessment_id": f"{number}-{assessment}",
            "case_id": f"L{assessment}",
            "team": ("North", "", "Nobody's Team" if number == UNKNOWN_NAMES else "Hub")[assessment],
            "started_on": str(first_day(number - 2 - assessment % 2).replace(day=20)),
            "completed_on": str(first_day(number).replace(day=25)),
        }
        for assessment in range(3)
    ]


def _visits(number: int) -> list[Row]:
    due = first_day(number).replace(day=10)
    return [
        {
            "visit_id": f"{number}-{visit}",
            "case_id": f"L{visit}",
            "team": "",
            "due_on": str(due),
            "seen_on": seen,
        }
        for visit, seen in enumerate([str(due), str(due.replace(day=11)), ""])
    ]
