"""A made-up council and its landed files, plain and whole, for tests to bend one thing at a time. Asserts nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter

from dagster_project import deliveries, quality
from dagster_project.deliveries.manifest import Manifest
from dagster_project.extracts import load_specifications
from dagster_project.reference import load_reference
from dagster_project.settings import Settings

KEY = "a made-up key, not a secret"
COUNCIL = "northshire"
MONTH = "2024-05"
MAY = date(2024, 5, 1)
FIRST_LOAD = datetime(2024, 6, 3, 6, 0, tzinfo=UTC)

Row = dict[str, str]

REFERENCE = {
    "councils": """\
council,name,ons_code,former_ons_codes,dfe_code,region_code,standard_hours_per_week
northshire,Northshire,E10009991,,991,E12000004,37
southshire,Southshire,E10009992,,992,E12000004,37
""",
    "org_units": """\
council,unit,name,level,parent_unit,service_area,frontline,valid_from,valid_to
northshire,northshire,Northshire Council,council,,other,false,2010-04-01,
northshire,fieldwork,Fieldwork,division,northshire,other,true,2010-04-01,
northshire,ash,Ashfield DCPT,team,fieldwork,child_protection,true,2010-04-01,
northshire,birch,Birch Assessment,team,fieldwork,assessment,true,2010-04-01,
northshire,closed_team,Closed Team,team,fieldwork,assessment,true,2010-04-01,2024-05-01
northshire,future_team,Future Team,team,fieldwork,assessment,true,2024-06-01,
southshire,southshire,Southshire Council,council,,other,false,2010-04-01,
southshire,duty,Duty Team,team,southshire,assessment,true,2010-04-01,
""",
    "unit_aliases": """\
council,alias,unit
northshire,Ashfield District CP Team,ash
southshire,Front Desk,duty
""",
    "role_aliases": """\
council,alias,role
southshire,Case Person,social_worker
northshire,Family Practitioner,social_worker
""",
}


def rows_of(extract: str, count: int) -> list[Row]:
    """That many sound canonical rows of an extract."""
    return [ROW_MAKERS[extract](number) for number in range(1, count + 1)]


def _case(number: int) -> Row:
    return {
        "case_id": f"C{number:05}",
        "child_id": f"CH{number:05}",
        "family_id": "",
        "case_type": "child_in_need",
        "team": "Ashfield DCPT",
        "worker_id": f"W{number % 7:03}",
        "opened_on": "2024-03-04",
        "allocated_on": "2024-03-06",
        "closed_on": "",
        "closure_outcome": "",
        "transferred_to": "",
        "plan_started_on": "",
        "plan_ended_on": "",
    }


def _worker(number: int) -> Row:
    return {
        "worker_id": f"W{number:03}",
        "post_id": f"P{number:03}",
        "team": "Ashfield DCPT",
        "role": "social_worker",
        "employment": "permanent",
        "fte": "1.0",
        "started_on": "2020-01-06",
        "ended_on": "",
        "leaving_reason": "",
        "qualified_on": "2018-07-01",
        "registration_no": f"SW{number:010}",
        "asye": "false",
        "sickness_days": "0.5",
        "absent_at_month_end": "",
    }


def _post(number: int) -> Row:
    return {
        "post_id": f"P{number:03}",
        "team": "Ashfield DCPT",
        "role": "social_worker",
        "fte": "1.0",
        "newly_created": "false",
        "created_on": "",
        "funded_until": "",
        "vacant_fte": "0",
    }


def _offer(number: int) -> Row:
    return {
        "offer_id": f"O{number:03}",
        "team": "Ashfield DCPT",
        "role": "social_worker",
        "employment": "permanent",
        "fte": "1.0",
        "accepted_on": "2024-05-20",
        "expected_start_on": "2024-07-01",
    }


def _ledger_line(number: int) -> Row:
    return {
        "line_id": f"L{number:05}",
        "team": "Ashfield DCPT",
        "role": "social_worker",
        "worker_id": f"A{number:03}",
        "supplier": "Agency One",
        "contract_id": "",
        "week_ending": "2024-05-17",
        "hours": "37",
        "hourly_rate_gbp": "40.00",
        "amount_gbp": "1480.00",
        "cost_type": "pay",
    }


def _totals(number: int) -> Row:
    return {"unit": ("ash", "birch")[number - 1], "open_cases": "120", "fte_social_workers": "6.5"}


def _contact(number: int) -> Row:
    return {
        "contact_id": f"K{number:04}",
        "received_on": "2024-05-07",
        "source": "school",
        "outcome": "referral",
        "referral_id": f"R{number:04}",
        "is_re_referral": "false",
    }


def _assessment(number: int) -> Row:
    return {
        "assessment_id": f"AS{number:04}",
        "case_id": f"C{number:04}",
        "team": "Ashfield DCPT",
        "started_on": "2024-04-02",
        "completed_on": "2024-05-14",
    }


def _visit(number: int) -> Row:
    return {
        "visit_id": f"V{number:04}",
        "case_id": f"C{number:04}",
        "team": "Ashfield DCPT",
        "due_on": "2024-05-14",
        "seen_on": "2024-05-13",
    }


def _meeting(number: int) -> Row:
    return {
        "meeting_id": f"M{number:04}",
        "case_id": f"C{number:04}",
        "team": "Ashfield DCPT",
        "due_on": "2024-05-14",
        "held_on": "2024-05-13",
        "attended_by_partners": "true",
    }


def _posts_total(number: int) -> Row:
    return {
        "unit": ("ash", "birch")[number - 1],
        "role": "social_worker",
        "posts_fte": "10.5",
        "newly_created_fte": "1",
        "vacant_fte": "2.25",
        "agency_fte": "1.5",
    }


def _offers_total(number: int) -> Row:
    return {
        "role": "social_worker",
        "employment": ("permanent", "agency")[number - 1],
        "fte": "1.5",
        "expected_start_by": "2024-07-01",
    }


def _workforce_total(number: int) -> Row:
    return {
        "unit": ("ash", "birch")[number - 1],
        "in_post_fte": "8.25",
        "headcount": "9",
        "sickness_days": "12.5",
        "leavers_fte": "1",
        "voluntary_leavers_fte": "0.5",
        "qualified_under_18_months": "4",
        "financial_year": "",
    }


def _demand_total(number: int) -> Row:
    return {
        "contacts": "400",
        "referrals": "120",
        "children_in_need": "950",
        "child_protection": "110",
        "children_looked_after": "205",
        "children_0_17": "48000",
        "mean_plan_days": "231.5",
    }


def _spend_total(number: int) -> Row:
    return {
        "unit": ("ash", "birch")[number - 1],
        "amount_gbp": "15000.00",
        "is_forecast": "false",
        "financial_year": "",
    }


ROW_MAKERS: dict[str, Callable[[int], Row]] = {
    "caseload": _case,
    "workforce": _worker,
    "posts": _post,
    "offers": _offer,
    "agency_spend": _ledger_line,
    "caseload_summary": _totals,
    "contacts": _contact,
    "assessments": _assessment,
    "visits": _visit,
    "strategy_meetings": _meeting,
    "establishment_summary": _posts_total,
    "offers_summary": _offers_total,
    "workforce_summary": _workforce_total,
    "demand_summary": _demand_total,
    "agency_spend_summary": _spend_total,
}


def write_reference(settings: Settings, **replaced: str) -> None:
    """The made-up councils' reference files; a keyword gives a file other content."""
    settings.council_reference.mkdir(parents=True, exist_ok=True)
    for name, content in {**REFERENCE, **replaced}.items():
        (settings.council_reference / f"{name}.csv").write_text(content, encoding="utf-8")


def make_home(path: Path) -> Settings:
    """An installation that knows the made-up councils and has a key; nothing has landed."""
    settings = Settings(home=path, pseudonym_key_variable=KEY)
    write_reference(settings)
    return settings


def csv_text(rows: Sequence[Mapping[str, str]], separator: str = ",", line_end: str = "\r\n") -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def csv_bytes(rows: Sequence[Mapping[str, str]], encoding: str = "utf-8", separator: str = ",") -> bytes:
    return csv_text(rows, separator).encode(encoding)


def workbook(
    sheets: Mapping[str, Sequence[Sequence[Any]]],
    hidden: Sequence[str] = (),
    *,
    from_1904: bool = False,
    date_format: str = "dd/mm/yyyy",
) -> bytes:
    """A workbook of plain cells; a callable cell writes itself: it is given sheet, row and column."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True, "date_1904": from_1904}) as book:
        dates = book.add_format({"num_format": date_format})
        for name, lines in sheets.items():
            sheet = book.add_worksheet(name)
            if name in hidden:
                sheet.hide()
            elif not any(other.get_name() not in hidden for other in book.worksheets()[:-1]):
                sheet.activate()
                sheet.set_first_sheet()
            for row, line in enumerate(lines):
                for column, cell in enumerate(line):
                    if callable(cell):
                        cell(sheet, row, column)
                    elif isinstance(cell, date):
                        sheet.write_datetime(row, column, cell, dates)
                    elif isinstance(cell, str):
                        sheet.write_string(row, column, cell)
                    elif cell is not None:
                        sheet.write(row, column, cell)
    return stream.getvalue()


def formula(text: str, stored: Any) -> Callable[[Any, int, int], None]:
    """A cell with a formula; '' stores no value, as programs do that compute nothing."""

    def write(sheet: Any, row: int, column: int) -> None:
        sheet.write_formula(row, column, text, None, stored)

    return write


def lines_of(rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Header and rows as lines of a sheet."""
    return [list(rows[0]), *([*row.values()] for row in rows)]


def land(
    settings: Settings,
    name: str,
    content: bytes | Sequence[Mapping[str, str]],
    month: str = MONTH,
    council: str = COUNCIL,
) -> Path:
    """The file lies in landing; rows are written as canonical CSV."""
    folder = settings.landing / council / month
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else csv_bytes(content))
    return path


_loads = 0


def arrive(settings: Settings, **options: Any) -> deliveries.Arrival:
    """What a load does before it builds marts: read, check, judge, archive, record. Each call is a later load."""
    global _loads  # noqa: PLW0603  loads have to follow each other in time
    _loads += 1
    now = FIRST_LOAD + timedelta(minutes=_loads)
    return deliveries.receive(
        settings,
        load_reference(settings),
        load_specifications(),
        quality.judge_deliveries(settings),
        load_id=deliveries.new_load_id(now),
        now=now,
        **options,
    )


def arrive_one(settings: Settings) -> deliveries.Delivery:
    """The one delivery that a load records."""
    recorded = arrive(settings).recorded
    assert len(recorded) == 1, [delivery.delivery for delivery in recorded]
    return recorded[0]


def in_force(settings: Settings) -> dict[tuple[str, date, str], deliveries.Delivery]:
    return Manifest(settings.manifest).in_force()
