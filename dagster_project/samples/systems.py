"""Canonical rows in the layouts of other systems: what an HR system and a ledger would have exported of the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

from dagster_project.extracts.source_system import SourceColumn, load_sources

Row = Mapping[str, str]
Lines = list[list[str]]

STAFF_HEADER = [
    "Employee Number",
    "Position Number",
    "Surname",
    "Date of Birth",
    "Organisation Unit",
    "Job Title",
    "Contract Type",
    "Contracted Hours",
    "Start in Position",
    "Last Day in Position",
    "Leaving Reason Code",
    "Qualification Date",
    "SWE Number",
    "ASYE",
    "Days Lost Sickness",
    "Absence Code",
    "Position Organisation Unit",
    "Position Title",
    "Position Status",
    "Position Hours",
    "Vacant Hours",
    "New Position",
    "Position Created",
    "Funded Until",
]
LEDGER_HEADER = [
    "Journal ID",
    "Line",
    "Period",
    "Journal Type",
    "Cost Centre Description",
    "Account",
    "Supplier",
    "Job Title",
    "Worker Reference",
    "Contract Reference",
    "Week Ending",
    "Hours",
    "Rate",
    "Debit",
    "Credit",
]


def staff_list(workforce: Sequence[Row], posts: Sequence[Row], weekly_hours: str) -> Lines:
    """Header and rows of `payroll_export`: every holder beside the position held, then positions nobody holds.

    A position that is none of `posts` is closed. `weekly_hours` are the council's standard ones.
    """
    by_post = {post["post_id"]: post for post in posts}
    held = {row["post_id"] for row in workforce}
    lines = [
        [*_holder(row, weekly_hours), *_position(by_post.get(row["post_id"]), weekly_hours)]
        for row in workforce
    ]
    vacant = [post for post in posts if post["post_id"] not in held]
    nobody = [""] * STAFF_HEADER.index("Position Organisation Unit")
    lines += [["", post["post_id"], *nobody[2:], *_position(post, weekly_hours)] for post in vacant]
    return [STAFF_HEADER, *lines]


def ledger_lines(spend: Sequence[Row]) -> Lines:
    """Header and rows of `finance_ledger`, among them a budget line that is no spend."""
    lines = [LEDGER_HEADER]
    for row in spend:
        credit = row["amount_gbp"].startswith("-")
        journal, _, line = row["line_id"].rpartition("-")
        lines.append(
            [
                journal or row["line_id"],
                line if journal else "",
                "",
                "Actual",
                row["team"],
                _source_word("finance_ledger", "agency_spend", "cost_type", row["cost_type"]),
                row.get("supplier", ""),
                row.get("role", ""),
                row.get("worker_id", ""),
                row.get("contract_id", ""),
                _day(row["week_ending"]),
                row.get("hours", ""),
                row.get("hourly_rate_gbp", ""),
                "" if credit else row["amount_gbp"],
                row["amount_gbp"].removeprefix("-") if credit else "",
            ]
        )
    budget = dict.fromkeys(LEDGER_HEADER, "") | {"Journal ID": "B1", "Line": "1", "Journal Type": "Budget"}
    budget |= {"Account": "43010", "Debit": "100000.00", "Cost Centre Description": "Agency"}
    return [*lines, list(budget.values())]


def _holder(row: Row, weekly_hours: str) -> list[str]:
    def word(column: str) -> str:
        return _source_word("payroll_export", "workforce", column, row.get(column, ""))

    return [
        row.get("worker_id", ""),
        row["post_id"],
        "Sample",
        "01/01/1980",
        f"Council > Children's Services > {row['team']}",
        row.get("role", ""),
        word("employment"),
        _hours(row["fte"], weekly_hours),
        _day(row["started_on"]),
        _day(row.get("ended_on", "")),
        word("leaving_reason"),
        _day(row.get("qualified_on", "")),
        row.get("registration_no", ""),
        {"true": "Y", "false": "N"}.get(row.get("asye", ""), ""),
        row.get("sickness_days", ""),
        word("absent_at_month_end"),
    ]


def _position(post: Row | None, weekly_hours: str) -> list[str]:
    if post is None:
        return ["", "", "Closed", "", "", "", "", ""]
    return [
        f"Council > Children's Services > {post['team']}",
        post["role"],
        "Open",
        _hours(post["fte"], weekly_hours),
        _hours(post["vacant_fte"], weekly_hours),
        {"true": "Y", "false": "N"}.get(post.get("newly_created", ""), ""),
        _day(post.get("created_on", "")),
        _day(post.get("funded_until", "")),
    ]


def _source_word(source: str, extract: str, column: str, code: str) -> str:
    """The first of the source's words for a canonical code."""
    given: SourceColumn = load_sources()[source].extracts[extract].columns[column]
    return next((word for word, meant in given.codes.items() if meant == code), code)


def _hours(fte: str, weekly_hours: str) -> str:
    """Exact: a share in decimals times hours in decimals ends."""
    if not fte:
        return ""
    hours, decimals = Fraction(fte) * Fraction(weekly_hours), 0
    while (hours * 10**decimals).denominator != 1:
        decimals += 1
    digits = str(int(hours * 10**decimals)).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits


def _day(text: str) -> str:
    return f"{date.fromisoformat(text):%d/%m/%Y}" if text else ""
