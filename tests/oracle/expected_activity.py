"""demand, timeliness and caseload_bridge, by marts.md, of what rows of cases and workers say."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from .arithmetic import ANY, Number, add_months, divide, half_up, last_day, percent
from .expected_caseload import CaseloadMonth, measures
from .expected_rows import ExpectedMart, ExpectedRow, common, units_with_unmapped
from .truth import UNMAPPED, MadeUpCouncil, Row, is_open
from .working_days import working_days_after

KINDS = {
    "children_in_need": "child_in_need",
    "child_protection": "child_protection",
    "children_looked_after": "child_looked_after",
}
COUNTS = ("contacts", "referrals", *KINDS)
RATIOS = {
    "conversion_rate": ("referrals", "contacts", 100),
    "re_referral_rate": ("re_referrals", "referrals", 100),
    "looked_after_per_10000": ("children_looked_after", "children_0_17", 10000),
}
LIMIT = 45
"""The statutory limit of an assessment in working days, by the page on the extracts."""


def demand(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("demand", ("month",))
    loaded = set(council.loaded_months())
    for month in sorted(loaded):
        now = _parts(council, month)
        values: dict[str, object] = {"as_at": last_day(month), "level": "council"}
        values |= {name: now[name] for name in (*COUNTS, "re_referrals", "children_0_17")}
        for name, (part, base, scale) in RATIOS.items():
            ratio = divide(now[part], now[base])
            values[name] = None if ratio is None else half_up(ratio * scale, 1)
        for years in (1, 2):
            then_month = add_months(month, -12 * years)
            then = _parts(council, then_month) if then_month in loaded else {}
            for name in COUNTS:
                values[f"{name}_change_{years}y"] = _change(now[name], then.get(name))
            for name, (part, base, _) in RATIOS.items():
                before = divide(then.get(part), then.get(base))
                values[f"{name}_change_{years}y"] = _change(divide(now[part], now[base]), before)
        ended = [
            c
            for c in council.rows(month, "caseload") or []
            if c["plan_started_on"] and c["plan_ended_on"] and month <= c["plan_ended_on"] <= last_day(month)
        ]
        days = sum((c["plan_ended_on"] - c["plan_started_on"]).days for c in ended)
        values["mean_plan_days"] = half_up(divide(days, len(ended)), 1)
        mart.rows.append(ExpectedRow({"month": month}, values))
    return mart


def _parts(council: MadeUpCouncil, month: date) -> dict[str, int | None]:
    """Exact counts: of rows where the extract was delivered, else of the totals."""
    totals = (council.rows(month, "demand_summary") or [{}])[0]
    parts: dict[str, int | None] = {
        name: None if totals.get(name) is None else int(totals[name]) for name in (*COUNTS, "children_0_17")
    }
    parts["re_referrals"] = None
    contacts = council.rows(month, "contacts")
    if contacts is not None:
        referrals = [c for c in contacts if c["outcome"] == "referral"]
        says = not referrals or any(c["is_re_referral"] is not None for c in referrals)
        parts["contacts"], parts["referrals"] = len(contacts), len(referrals)
        parts["re_referrals"] = sum(1 for c in referrals if c["is_re_referral"]) if says else None
    cases = council.rows(month, "caseload")
    if cases is not None:
        last = last_day(month)
        for name, kind in KINDS.items():
            parts[name] = len({c["child_id"] for c in cases if c["case_type"] == kind and is_open(c, last)})
    return parts


def _change(now: Number | None, then: Number | None) -> object:
    if now is None or not then:
        return None
    return half_up(Fraction(100) * (Fraction(now) - Fraction(then)) / Fraction(then), 1)


def _done(council: MadeUpCouncil, month: date, extract: str) -> list[tuple[str, Row]] | None:
    """Rows of an extract with the unit they belong to: the team said, else the case's, else the council's own."""
    rows = council.rows(month, extract)
    if rows is None:
        return None
    teams = {c["case_id"]: c["team"] for c in council.rows(month, "caseload") or []}
    return [(r["team"] or teams.get(r["case_id"]) or council.council_unit, r) for r in rows]


def _activity(council: MadeUpCouncil, month: date, below: set[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    assessments = _done(council, month, "assessments")
    if assessments is not None:
        took = [
            working_days_after(r["started_on"], r["completed_on"]) for unit, r in assessments if unit in below
        ]
        in_time = sum(1 for days in took if days <= LIMIT)
        found["assessments_completed"] = len(took)
        found["assessments_in_45_days"] = in_time
        found["assessments_in_45_days_rate"] = percent(in_time, len(took))
        found["median_assessment_working_days"] = half_up(_median(sorted(took)), 1)
    else:
        found |= dict.fromkeys(["assessments_completed", "assessments_in_45_days_rate"])
    visits = _done(council, month, "visits")
    if visits is not None:
        due = [r for unit, r in visits if unit in below]
        seen = sum(1 for r in due if r["seen_on"] and r["seen_on"] <= r["due_on"])
        found |= {
            "visits_due": len(due),
            "visits_in_time": seen,
            "visits_in_time_rate": percent(seen, len(due)),
        }
    else:
        found |= dict.fromkeys(["visits_due", "visits_in_time_rate"])
    meetings = _done(council, month, "strategy_meetings")
    if meetings is not None:
        held = [r for unit, r in meetings if unit in below and r["due_on"]]
        timely = sum(1 for r in held if r["held_on"] <= r["due_on"])
        found["strategy_meetings_due"] = len(held)
        found["strategy_meetings_in_time_rate"] = percent(timely, len(held))
    else:
        found |= dict.fromkeys(["strategy_meetings_due", "strategy_meetings_in_time_rate"])
    return found


def timeliness(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("timeliness", ("month", "unit"))
    for month in council.loaded_months():
        last = last_day(month)
        cases = council.rows(month, "caseload")
        workers = _workers_of_children(council, month)
        for unit in units_with_unmapped(council, month):
            below = council.below(unit.unit, month)
            here = None if cases is None else [c for c in cases if c["team"] in below]
            values: dict[str, object] = {**common(unit, month, ANY)}
            if here is None:
                values |= dict.fromkeys(
                    ["median_days_to_allocation", "cases_allocated", "workers_per_child_12m"]
                )
            else:
                waits = sorted(
                    (c["allocated_on"] - c["opened_on"]).days
                    for c in here
                    if c["opened_on"] >= month and c["allocated_on"] and c["allocated_on"] <= last
                )
                children = {c["child_id"] for c in here if is_open(c, last)}
                values |= {
                    "cases_allocated": len(waits),
                    "median_days_to_allocation": half_up(_median(waits), 1),
                    "open_children": len(children),
                }
                if workers is None:
                    values["workers_per_child_12m"] = None
                else:
                    seen = sum(len(workers.get(child, set())) for child in children)
                    values["child_workers_12m"] = seen
                    values["workers_per_child_12m"] = half_up(divide(seen, len(children)), 2)
            values |= _activity(council, month, below)
            mart.rows.append(ExpectedRow({"month": month, "unit": unit.unit}, values, unit.unit == UNMAPPED))
    return mart


def _workers_of_children(council: MadeUpCouncil, month: date) -> dict[str, set[str]] | None:
    """The workers each child's cases had at the last twelve month ends; None until twelve months were sent."""
    found: dict[str, set[str]] = {}
    for back in range(12):
        earlier = add_months(month, -back)
        cases = council.rows(earlier, "caseload")
        if cases is None:
            return None
        for case in cases:
            if is_open(case, last_day(earlier)) and case["worker_id"]:
                found.setdefault(case["child_id"], set()).add(case["worker_id"])
    return found


def _median(values: list[int]) -> Fraction | None:
    if not values:
        return None
    middle = len(values) // 2
    return Fraction(values[middle]) if len(values) % 2 else Fraction(values[middle - 1] + values[middle], 2)


def caseload_bridge(council: MadeUpCouncil) -> ExpectedMart:
    """The steps that the contract fixes; `ignored` are those between of which only the sum is known."""
    fixed = {
        "start",
        "totals_without_rows",
        "unallocated",
        "workers_not_in_post",
        "not_social_workers",
        "end",
    }
    mart = ExpectedMart("caseload_bridge", ("month", "step"), ignored=lambda row: row["step"] not in fixed)
    for month in council.loaded_months():
        data = CaseloadMonth(council, month)
        if data.open is None or data.workforce is None:
            continue
        present = {p["worker_id"] for p in data.posts}
        held = [c for c in data.open if c["worker_id"]]
        social = [p for p in data.posts if council.roles[p["role"]].role_group == "social_worker"]
        counted = [
            p
            for p in data.posts
            if council.roles[p["role"]].is_social_worker and p["worker_id"] in data.holders
        ]
        top = measures(council, month)[council.council_unit]
        dfe_cases = [c for c in held if c["worker_id"] in data.social_workers]
        away = [c for c in held if c["worker_id"] not in present]
        others = [c for c in held if c["worker_id"] in present and c["worker_id"] not in data.social_workers]
        steps: dict[str, dict[str, object]] = {
            "start": {"cases": top.open_cases, "fte": half_up(top.fte, 2)},
            "totals_without_rows": {
                "cases_change": len(data.open) - (top.open_cases or 0),
                "fte": half_up(_fte(social), 2),
            },
            "unallocated": {"cases_change": len(held) - len(data.open), "fte_change": half_up(0, 2)},
            "workers_not_in_post": {"cases_change": -len(away), "fte_change": half_up(0, 2)},
            "not_social_workers": {"cases_change": -len(others), "fte_change": half_up(0, 2)},
            "end": {"cases": len(dfe_cases), "fte": half_up(_fte(counted), 2)},
        }
        for step, values in steps.items():
            mart.rows.append(ExpectedRow({"month": month, "step": step}, values))
    return mart


def _fte(rows: list[Row]) -> Fraction:
    return sum((Fraction(r["fte"]) for r in rows), Fraction(0))
