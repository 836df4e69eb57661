"""Breaks rows and files, one rule of extracts.md at a time. Knows nothing of a council's truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from random import Random
from typing import Any

from .arithmetic import days_after
from .extract_forms import REQUIRED
from .messy_cells import Cell, Formula, Styled

Change = dict[str, Cell]
"""Cells that replace those of a sound row."""


def broken_rows(extract: str, first: date, last: date, medium: str) -> list[tuple[str, Change]]:
    """Every way to break one row of the extract: the rule's name and the cells that break it."""
    after, before = days_after(last, 1).isoformat(), days_after(first, -1).isoformat()
    ways: list[tuple[str, Change]] = [(f"required {column}", {column: ""}) for column in REQUIRED[extract]]
    by_extract: dict[str, list[tuple[str, Change]]] = {
        "caseload": [
            ("code list case_type", {"case_type": "toddler"}),
            ("no such day", {"opened_on": "31/02/2024"}),
            ("two-digit year", {"opened_on": "03/04/23"}),
            ("time of day", {"opened_on": f"{first.isoformat()} 14:30:00"}),
            ("opened after the month", {"opened_on": after, "allocated_on": ""}),
            (
                "closed before the month",
                {
                    "opened_on": "2020-01-06",
                    "closed_on": before,
                    "closure_outcome": "closed",
                    "transferred_to": "",
                },
            ),
            (
                "closed without outcome",
                {"closed_on": last.isoformat(), "closure_outcome": "", "transferred_to": ""},
            ),
            ("code list closure_outcome", {"closed_on": last.isoformat(), "closure_outcome": "vanished"}),
            ("digits lost in case_id", {"case_id": "1.23E+05"}),
            ("digits lost in worker_id", {"worker_id": "4.1E+10"}),
            ("not a date", {"closed_on": "soon", "closure_outcome": "closed"}),
        ],
        "workforce": [
            ("fte zero", {"fte": "0"}),
            ("fte above one", {"fte": "1.2"}),
            ("fte above one as percentage", {"fte": "120%"}),
            ("fte negative", {"fte": "-0.5"}),
            ("decimal comma", {"fte": "0,8"}),
            ("not a number", {"fte": "full time"}),
            ("started after the month", {"started_on": after}),
            (
                "ended before the month",
                {"started_on": "2019-05-01", "ended_on": before, "leaving_reason": "resignation"},
            ),
            ("ended without reason", {"ended_on": last.isoformat(), "leaving_reason": ""}),
            ("code list employment", {"employment": "volunteer"}),
            ("code list leaving_reason", {"ended_on": last.isoformat(), "leaving_reason": "moved to Spain"}),
            ("code list absent_at_month_end", {"absent_at_month_end": "holiday"}),
            ("not true or false", {"asye": "maybe"}),
            ("grouped decimal comma", {"sickness_days": "1.234,50"}),
            ("two-digit year", {"qualified_on": "07/09/15"}),
            ("unknown role", {"role": "Wizard in residence"}),
        ],
        "posts": [
            ("vacant above fte", {"fte": "0.5", "vacant_fte": "0.75"}),
            ("vacant negative", {"vacant_fte": "-0.2"}),
            ("vacant negative in brackets", {"vacant_fte": "(0.20)"}),
            ("decimal comma", {"fte": "0,8"}),
            ("not true or false", {"newly_created": "maybe"}),
            ("unknown role", {"role": "Wizard in residence"}),
        ],
        "offers": [
            ("code list employment", {"employment": "handshake"}),
            ("not a number", {"fte": "full time"}),
            ("no such day", {"expected_start_on": "32/01/2024"}),
        ],
        "agency_spend": [
            ("grouped decimal comma", {"amount_gbp": "1.234,50"}),
            ("three decimals", {"amount_gbp": "12.345"}),
            ("not a number", {"amount_gbp": "tbc"}),
            ("code list cost_type", {"cost_type": "gift"}),
            ("week of another month", {"week_ending": days_after(last, 7).isoformat()}),
            ("decimal comma", {"hours": "7,5"}),
            ("time of day", {"week_ending": f"{first.isoformat()}T09:15:00"}),
        ],
        "caseload_summary": [],
        "contacts": [
            ("received before the month", {"received_on": before}),
            ("received after the month", {"received_on": after}),
            ("code list outcome", {"outcome": "shrugged"}),
            ("not true or false", {"is_re_referral": "perhaps"}),
            ("digits lost in contact_id", {"contact_id": "9.99E+09"}),
        ],
        "assessments": [
            ("completed before the month", {"completed_on": before}),
            ("completed after the month", {"completed_on": after}),
            ("no such day", {"started_on": "30/02/2024"}),
            ("time of day", {"completed_on": f"{last.isoformat()} 16:45"}),
        ],
        "visits": [
            ("due before the month", {"due_on": before}),
            ("due after the month", {"due_on": after}),
            ("not a date", {"seen_on": "yes"}),
        ],
        "strategy_meetings": [
            ("held before the month", {"held_on": before}),
            ("held after the month", {"held_on": after}),
            ("two-digit year", {"due_on": "03/04/23"}),
            ("not true or false", {"attended_by_partners": "some"}),
        ],
        "establishment_summary": [
            ("unknown role", {"role": "Wizard in residence"}),
            ("decimal comma", {"posts_fte": "12,5"}),
            ("not a number", {"vacant_fte": "several"}),
        ],
        "offers_summary": [
            ("code list employment", {"employment": "handshake"}),
            ("grouped decimal comma", {"fte": "1.234,50"}),
        ],
        "workforce_summary": [
            ("no such financial year", {"financial_year": "2021-23"}),
            ("another month's financial year", {"financial_year": "1999-00"}),
            ("not a number", {"in_post_fte": "about 20"}),
        ],
        "demand_summary": [
            ("not a number", {"contacts": "many"}),
            ("decimal comma", {"mean_plan_days": "120,5"}),
        ],
        "agency_spend_summary": [
            ("three decimals", {"amount_gbp": "12.345"}),
            ("no such financial year", {"financial_year": "this year"}),
            ("another month's financial year", {"financial_year": "1999-00"}),
            ("not true or false", {"is_forecast": "hopefully"}),
        ],
    }
    ways += by_extract[extract]
    if medium == "xlsx":
        ways += [("error cell", {c: Formula("=1/0", "#DIV/0!")}) for c in REQUIRED[extract][-1:]]
        if extract == "caseload":
            ways.append(
                ("time of day cell", {"opened_on": Styled(datetime(first.year, first.month, 1, 14, 30))})
            )
    return ways


def spoil(
    cells: dict[str, Any], extract: str, first: date, last: date, medium: str, rng: Random
) -> tuple[str, Any]:
    """A broken copy of a sound row's cells, and the rule it breaks; only columns the file has are touched."""
    ways = [w for w in broken_rows(extract, first, last, medium) if all(column in cells for column in w[1])]
    rule, change = rng.choice(ways)
    return rule, {**cells, **change}


def _cut_short(text: str, separator: str) -> str:
    body = text.rstrip("\r\n")
    start = max(body.rfind("\r"), body.rfind("\n")) + 1
    fields = body[start:].split(separator)
    return body[:start] + separator.join(fields[:2])


def _open_quote(text: str, separator: str) -> str:
    body = text.rstrip("\r\n")
    start = max(body.rfind("\r"), body.rfind("\n")) + 1
    return body[:start] + '"' + body[start:]


TEXT_FAULTS: dict[str, Callable[[str, str], str]] = {
    "last line cut short": _cut_short,
    "open quote": _open_quote,
}
"""Faults of separated text: each takes the text and its separator."""

FAULTS = (
    "required column missing",
    "rejected rows above the limit",
    "last line cut short",
    "open quote",
    "one key with different values",
    "one header twice with different values",
    "both endings in the folder",
    "header without rows",
    "truncated workbook",
    "a link in the file's place",
    "two sheets with the columns",
    "every row rejected",
)
