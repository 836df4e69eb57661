"""workforce_stability, by marts.md, of councils that send rows."""

from __future__ import annotations

import calendar
from datetime import date
from fractions import Fraction

from .arithmetic import ANY, add_months, divide, half_up, last_day, months_between, percent
from .expected_rows import ExpectedMart, ExpectedRow, common, units_with_unmapped
from .truth import UNMAPPED, MadeUpCouncil, Row, in_post

VOLUNTARY = {"resignation", "retirement"}


def workforce_stability(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("workforce_stability", ("month", "unit"))
    for month in council.loaded_months():
        months = [add_months(month, -back) for back in range(12)]
        sent = {m: council.rows(m, "workforce") for m in months}
        rows = sent[month]
        for unit in units_with_unmapped(council, month):
            below = council.below(unit.unit, month)
            key = {"month": month, "unit": unit.unit}
            if rows is None:
                values = {
                    **common(unit, month, ANY),
                    "in_post_fte": None,
                    "headcount": None,
                    "turnover_rate": None,
                }
                mart.rows.append(ExpectedRow(key, values, optional=unit.unit == UNMAPPED))
                continue
            year = [r for m in months for r in sent[m] or [] if counts(council, r)]
            here = [
                (m, r) for m in months for r in sent[m] or [] if counts(council, r) and r["team"] in below
            ]
            is_whole = all(sent[m] is not None for m in months)
            values = {
                **common(unit, month, "rows"),
                **_now(council, rows, below, month),
                **_over_a_year(council, year, here, rows, below, month, is_whole=is_whole),
            }
            mart.rows.append(ExpectedRow(key, values, optional=unit.unit == UNMAPPED))
    return mart


def counts(council: MadeUpCouncil, row: Row) -> bool:
    """A qualified social worker who is not from an agency."""
    return council.roles[row["role"]].is_social_worker and row["employment"] != "agency"


def _fte(rows: list[Row]) -> Fraction:
    return sum((Fraction(r["fte"]) for r in rows), Fraction(0))


def _now(council: MadeUpCouncil, rows: list[Row], below: set[str], month: date) -> dict[str, object]:
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
        "in_post_fte": half_up(_fte([r for r in employed if r["team"] in below]), 2),
        "headcount": len(here),
        "qualified_under_18_months": newest if says_qualified or not here else None,
        "share_qualified_under_18_months": percent(newest, len(here)) if says_qualified else None,
        "qualified_under_2_years": newer if says_qualified or not here else None,
        "share_qualified_under_2_years": percent(newer, len(here)) if says_qualified else None,
        "asye_share": percent(assessed, len(here)) if says_asye else None,
        "agency_headcount": len(agency),
        "agency_share": percent(len(agency), len(agency) + len(here)),
    }


def _over_a_year(
    council: MadeUpCouncil,
    year: list[Row],
    here: list[tuple[date, Row]],
    rows: list[Row],
    below: set[str],
    month: date,
    *,
    is_whole: bool,
) -> dict[str, object]:
    leavers = [
        r
        for m, r in here
        if r["ended_on"] and m <= r["ended_on"] <= last_day(m) and r["leaving_reason"] != "internal_move"
    ]
    left = _fte(leavers)
    chose = _fte([r for r in leavers if r["leaving_reason"] in VOLUNTARY])
    told = any(r["sickness_days"] is not None for r in year)
    sick = sum((Fraction(r["sickness_days"] or 0) for _, r in here), Fraction(0)) if told else None
    in_post_fte = _fte(
        [r for r in rows if counts(council, r) and in_post(r, last_day(month)) and r["team"] in below]
    )
    february = month.year if month.month >= 2 else month.year - 1
    days = 254 if calendar.isleap(february) else 253
    if not is_whole:
        unknown = dict.fromkeys(
            (
                "leavers_fte_12m",
                "voluntary_leavers_fte_12m",
                "turnover_rate",
                "sickness_days_12m",
                "absence_rate",
            )
        )
        return {**unknown, "working_days_12m": days}
    return {
        "leavers_fte_12m": half_up(left, 2),
        "voluntary_leavers_fte_12m": half_up(chose, 2),
        "turnover_rate": percent(left, in_post_fte),
        "voluntary_turnover_rate": percent(chose, in_post_fte),
        "sickness_days_12m": half_up(sick, 2),
        "sickness_days_per_fte": half_up(divide(sick, in_post_fte), 1),
        "working_days_12m": days,
        "absence_rate": percent(sick, in_post_fte * days),
    }
