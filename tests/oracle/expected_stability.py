"""workforce_stability, by marts.md: of rows, of totals, and of both."""

from __future__ import annotations

import calendar
from datetime import date
from fractions import Fraction
from typing import Any

from .arithmetic import ANY, add_months, divide, half_up, last_day, months_between, percent
from .expected_rows import ExpectedMart, ExpectedRow, common, units_with_unmapped, within
from .totals import by_unit, counted, plus, units_of, whole
from .truth import UNMAPPED, MadeUpCouncil, Row, in_post

VOLUNTARY = {"resignation", "retirement"}


YEARLY = ("leavers_fte", "voluntary_leavers_fte", "sickness_days")


def workforce_stability(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("workforce_stability", ("month", "unit"))
    for month in council.loaded_months():
        for unit in units_with_unmapped(council, month):
            rows = within(council.rows(month, "workforce"), council.below(unit.unit, month))
            totals = _totals_now(council, month, unit.unit)
            grain = "rows" if rows else "summary" if totals else ANY
            in_post_fte = _in_post_fte(council, month, rows, totals)
            values = {
                **common(unit, month, grain),
                "in_post_fte": half_up(in_post_fte, 2),
                **_heads(council, month, unit.unit, rows, totals),
                **_rates(month, in_post_fte, _over_a_year(council, month, unit.unit)),
            }
            key = {"month": month, "unit": unit.unit}
            mart.rows.append(ExpectedRow(key, values, optional=unit.unit == UNMAPPED))
    return mart


def _silent(council: MadeUpCouncil, month: date) -> set[str]:
    """Units with a row of a worker, in post or not, of whatever role."""
    return units_of(council.rows(month, "workforce"))


def _part(council: MadeUpCouncil, month: date, *, of_year: bool) -> dict[str, Row]:
    rows = council.rows(month, "workforce_summary") or []
    of_part = by_unit(council, [r for r in rows if (r["financial_year"] is not None) == of_year])
    # Only names that nobody knows meet in one unit, and no two of them are made.
    return {unit: found[0] for unit, found in of_part.items()}


def _totals_now(council: MadeUpCouncil, month: date, unit: str) -> list[Row]:
    """Who is there at the end, of totals: what the month's leaves out, the year's may tell."""
    monthly, yearly = _part(council, month, of_year=False), _part(council, month, of_year=True)
    both = {}
    for one in {*monthly, *yearly}:
        now, year = monthly.get(one, {}), yearly.get(one, {})
        both[one] = {
            name: year.get(name) if now.get(name) is None else now.get(name)
            for name in ("in_post_fte", "headcount", "qualified_under_18_months")
        }
    return list(counted(council, month, unit, both, _silent(council, month)).values())


def _in_post_fte(
    council: MadeUpCouncil, month: date, rows: list[Row] | None, totals: list[Row]
) -> Fraction | None:
    if rows is None and not totals:
        return None
    present = [r for r in rows or [] if counts(council, r) and in_post(r, last_day(month))]
    return plus(_fte(present), whole(row["in_post_fte"] for row in totals))


def _heads(
    council: MadeUpCouncil, month: date, unit: str, rows: list[Row] | None, totals: list[Row]
) -> dict[str, object]:
    """Heads of rows and of totals together; totals say nothing of two years, assessed years and agencies."""
    names = ("headcount", "qualified_under_18_months")
    told = {name: whole(row[name] for row in totals) for name in names}
    if rows is None:
        heads, newest = (told[name] if totals else None for name in names)
        nothing = dict.fromkeys(
            ("qualified_under_2_years", "share_qualified_under_2_years", "asye_share", "agency_headcount")
        )
    else:
        now = _now(council, council.rows(month, "workforce") or [], council.below(unit, month), month)
        heads = plus(now["headcount"], told["headcount"])
        newest = plus(now["qualified_under_18_months"], told["qualified_under_18_months"])
        if not totals:
            return now
        nothing = dict.fromkeys(set(now) - {*names, "share_qualified_under_18_months"})
    return {
        **nothing,
        "headcount": None if heads is None else int(heads),
        "qualified_under_18_months": None if newest is None else int(newest),
        "share_qualified_under_18_months": percent(newest, heads),
    }


def counts(council: MadeUpCouncil, row: Row) -> bool:
    """A qualified social worker who is not from an agency."""
    return council.roles[row["role"]].is_social_worker and row["employment"] != "agency"


def _fte(rows: list[Row]) -> Fraction:
    return sum((Fraction(r["fte"]) for r in rows), Fraction(0))


def _now(council: MadeUpCouncil, rows: list[Row], below: set[str], month: date) -> dict[str, Any]:
    last = last_day(month)
    qualified = [r for r in rows if council.roles[r["role"]].is_social_worker and in_post(r, last)]
    employed = [r for r in qualified if r["employment"] != "agency"]
    here = {r["worker_id"] for r in employed if r["team"] in below}
    agency = {r["worker_id"] for r in qualified if r["employment"] == "agency" and r["team"] in below}
    since: dict[str, date] = {}
    for row in employed:
        if row["qualified_on"]:
            known = since.get(row["worker_id"], row["qualified_on"])
            since[row["worker_id"]] = min(known, row["qualified_on"])
    months = {worker: months_between(day, last) for worker, day in since.items()}
    newest = sum(1 for w in here if w in months and months[w] < 18)
    newer = sum(1 for w in here if w in months and months[w] < 24)
    assessed = len({r["worker_id"] for r in employed if r["asye"]} & here)
    says_qualified = any(r["qualified_on"] for r in qualified)
    says_asye = any(r["asye"] is not None for r in qualified)
    return {
        "headcount": len(here),
        "qualified_under_18_months": newest if says_qualified or not here else None,
        "share_qualified_under_18_months": percent(newest, len(here)) if says_qualified else None,
        "qualified_under_2_years": newer if says_qualified or not here else None,
        "share_qualified_under_2_years": percent(newer, len(here)) if says_qualified else None,
        "asye_share": percent(assessed, len(here)) if says_asye else None,
        "agency_headcount": len(agency),
        "agency_share": percent(len(agency), len(agency) + len(here)),
    }


def _over_a_year(council: MadeUpCouncil, month: date, unit: str) -> dict[str, Fraction | None]:
    """Leavers and days lost of twelve months; a total of the financial year stands for its unit's months."""
    yearly = counted(council, month, unit, _part(council, month, of_year=True), _silent(council, month))
    months = [add_months(month, -back) for back in range(12)]
    parts: dict[str, list[Fraction | None]] = {name: [] for name in YEARLY}
    told, says_sickness, counts_rows, has_parts = 0, False, False, False
    for past in months:
        # A team that closed in the year is in the year's total of its service.
        covered = set[str]().union(*(council.below(top, past) for top in yearly))
        sent = council.rows(past, "workforce")
        says_sickness |= any(r["sickness_days"] is not None and counts(council, r) for r in sent or [])
        totals = counted(council, past, unit, _part(council, past, of_year=False), _silent(council, past))
        open_totals = [row for u, row in totals.items() if u not in covered]
        rows = within(sent, council.below(unit, past) - covered)
        told += bool(rows is not None or open_totals)
        has_parts |= bool(rows) or bool(open_totals)
        counts_rows |= bool(rows) or (rows is not None and not open_totals)
        own = [r for r in rows or [] if counts(council, r)]
        gone = [r for r in own if _left(r, past)]
        parts["leavers_fte"].append(_fte(gone))
        parts["voluntary_leavers_fte"].append(_fte([r for r in gone if r["leaving_reason"] in VOLUNTARY]))
        parts["sickness_days"].append(sum((Fraction(r["sickness_days"] or 0) for r in own), Fraction(0)))
        for name in YEARLY:
            parts[name] += [row[name] for row in open_totals]
    if counts_rows and not says_sickness:
        parts["sickness_days"].append(None)
    if yearly and not has_parts:
        return {name: whole(row[name] for row in yearly.values()) for name in YEARLY}
    if told < 12:
        return dict.fromkeys(YEARLY)
    return {name: plus(whole(row[name] for row in yearly.values()), whole(parts[name])) for name in YEARLY}


def _left(row: Row, month: date) -> bool:
    return (
        bool(row["ended_on"] and month <= row["ended_on"] <= last_day(month))
        and row["leaving_reason"] != "internal_move"
    )


def _rates(month: date, in_post_fte: Fraction | None, year: dict[str, Fraction | None]) -> dict[str, object]:
    left, chose, sick = (year[name] for name in YEARLY)
    february = month.year if month.month >= 2 else month.year - 1
    days = 254 if calendar.isleap(february) else 253
    return {
        "leavers_fte_12m": half_up(left, 2),
        "voluntary_leavers_fte_12m": half_up(chose, 2),
        "turnover_rate": percent(left, in_post_fte),
        "voluntary_turnover_rate": percent(chose, in_post_fte),
        "sickness_days_12m": half_up(sick, 2),
        "sickness_days_per_fte": half_up(divide(sick, in_post_fte), 1),
        "working_days_12m": days,
        "absence_rate": percent(sick, None if in_post_fte is None else in_post_fte * days),
    }
