"""demand, timeliness and caseload_bridge, by marts.md, of what rows of cases and workers say."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from .arithmetic import ANY, add_months, divide, half_up, last_day
from .expected_caseload import CaseloadMonth
from .expected_rows import ExpectedMart, ExpectedRow, common, units_with_unmapped
from .truth import UNMAPPED, MadeUpCouncil, Row, is_open

KINDS = {
    "children_in_need": "child_in_need",
    "child_protection": "child_protection",
    "children_looked_after": "child_looked_after",
}


def demand(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("demand", ("month",))
    loaded = set(council.loaded_months())
    for month in sorted(loaded):
        now = _children(council, month)
        values: dict[str, object] = {"as_at": last_day(month), "level": "council", **now}
        for years in (1, 2):
            then_month = add_months(month, -12 * years)
            then = _children(council, then_month) if then_month in loaded else dict.fromkeys(KINDS)
            for name in KINDS:
                values[f"{name}_change_{years}y"] = _change(now[name], then[name])
        ended = [
            c
            for c in council.rows(month, "caseload") or []
            if c["plan_started_on"] and c["plan_ended_on"] and month <= c["plan_ended_on"] <= last_day(month)
        ]
        days = sum((c["plan_ended_on"] - c["plan_started_on"]).days for c in ended)
        values["mean_plan_days"] = half_up(divide(days, len(ended)), 1)
        mart.rows.append(ExpectedRow({"month": month}, values))
    return mart


def _children(council: MadeUpCouncil, month: date) -> dict[str, int | None]:
    cases = council.rows(month, "caseload")
    if cases is None:
        return dict.fromkeys(KINDS)
    last = last_day(month)
    return {
        name: len({c["child_id"] for c in cases if c["case_type"] == kind and is_open(c, last)})
        for name, kind in KINDS.items()
    }


def _change(now: int | None, then: int | None) -> object:
    if now is None or not then:
        return None
    return half_up(Fraction(100 * (now - then), then), 1)


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
            values |= dict.fromkeys(
                ["assessments_completed", "assessments_in_45_days_rate", "visits_in_time_rate"]
            )
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
    fixed = {"start", "unallocated", "workers_not_in_post", "not_social_workers", "end"}
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
        dfe_cases = [c for c in held if c["worker_id"] in data.social_workers]
        away = [c for c in held if c["worker_id"] not in present]
        others = [c for c in held if c["worker_id"] in present and c["worker_id"] not in data.social_workers]
        steps: dict[str, dict[str, object]] = {
            "start": {"cases": len(data.open), "fte": half_up(_fte(social), 2)},
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
