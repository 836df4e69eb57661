"""caseload_bands, worker_caseloads and throughput, by marts.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .arithmetic import (
    ANY,
    OneOf,
    add_months,
    divide,
    exact,
    half_up,
    last_day,
    months_between,
    percent,
)
from .expected_rows import (
    ExpectedMart,
    ExpectedRow,
    common,
    total,
    units_with_unmapped,
    within,
)
from .policies import band_of, policy_for
from .pseudonyms import worker_key
from .totals import counted, units_in_post, units_of
from .truth import UNMAPPED, MadeUpCouncil, Row, Unit, in_post, is_open


@dataclass
class UnitMeasures:
    """The exact numbers of a unit's caseload row that thresholds are applied to."""

    unit: Unit
    open_cases: int | None
    unallocated: int | None
    manager_held: int | None
    fte: Fraction | None

    @property
    def average(self) -> Fraction | None:
        return divide(self.open_cases, self.fte)


@dataclass
class WorkerMeasures:
    """A worker in post as the worker marts see them."""

    worker_id: str
    unit: str
    role: str
    employment: str
    fte: Fraction
    is_asye: bool | None
    qualified_on: date | None
    cases: list[Row] | None


@dataclass
class CaseloadMonth:
    """A month's case and workforce rows, with who is in post and who holds what."""

    council: MadeUpCouncil
    month: date
    cases: list[Row] | None = None
    workforce: list[Row] | None = None
    posts: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        last = last_day(self.month)
        self.cases = self.council.rows(self.month, "caseload")
        self.workforce = self.council.rows(self.month, "workforce")
        self.posts = [p for p in self.workforce or [] if in_post(p, last)]
        self.open = None if self.cases is None else [c for c in self.cases if is_open(c, last)]
        roles = self.council.roles
        self.managers = {p["worker_id"] for p in self.posts if roles[p["role"]].role_group == "manager"}
        self.social_workers = {p["worker_id"] for p in self.posts if roles[p["role"]].is_social_worker}
        self.holders = {c["worker_id"] for c in self.open or []} - {None}


def measures(council: MadeUpCouncil, month: date) -> dict[str, UnitMeasures]:
    """Exact measures by unit: from rows, and from totals of units without rows. Cases and FTE are of one grain."""
    data = CaseloadMonth(council, month)
    summary = {row["unit"]: row for row in council.rows(month, "caseload_summary") or []}
    silent = units_of(data.cases)
    if data.cases is not None:
        silent |= units_of(data.posts)
    found = {}
    for unit in units_with_unmapped(council, month):
        below = council.below(unit.unit, month)
        held = within(data.open, below)
        workers = [p for p in data.posts if p["team"] in below]
        workers = [p for p in workers if council.roles[p["role"]].role_group == "social_worker"]
        managed = None
        if held is not None and data.workforce is not None:
            managed = sum(1 for c in held if c["worker_id"] in data.managers)
        unallocated = None if held is None else sum(1 for c in held if c["worker_id"] is None)
        cases: int | None = None if held is None else len(held)
        fte = None if data.workforce is None else total(workers, "fte")
        totals = list(counted(council, month, unit.unit, summary, silent).values())
        if totals:
            told = sum((Fraction(row["fte_social_workers"]) for row in totals), Fraction(0))
            cases = (cases or 0) + sum(row["open_cases"] for row in totals)
            if held is None:
                fte = told
            elif data.workforce is not None:
                fte = (fte or Fraction(0)) + told
            elif not below & units_of(data.cases):
                fte = told
        found[unit.unit] = UnitMeasures(unit, cases, unallocated, managed, fte)
    return found


def is_of_totals(council: MadeUpCouncil, month: date, unit: str) -> bool:
    """Whether totals alone tell of the unit's cases, though others sent rows of theirs."""
    cases = council.rows(month, "caseload")
    summary = {row["unit"]: row for row in council.rows(month, "caseload_summary") or []}
    silent = units_of(cases)
    if cases is not None:
        silent |= units_in_post(council, month)
    return bool(
        counted(council, month, unit, summary, silent) and not council.below(unit, month) & units_of(cases)
    )


def caseload_bands(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("caseload_bands", ("month", "unit"))
    for month in council.loaded_months():
        data = CaseloadMonth(council, month)
        by_unit = measures(council, month)
        for unit in units_with_unmapped(council, month):
            mart.rows.append(_band_row(council, month, data, by_unit[unit.unit]))
    return mart


def _grain(council: MadeUpCouncil, month: date, data: CaseloadMonth, unit: str) -> Any:
    if is_of_totals(council, month, unit):
        return "summary"
    if data.cases is not None or data.workforce is not None:
        return "rows"
    return "summary" if council.rows(month, "caseload_summary") is not None else ANY


def _band_row(council: MadeUpCouncil, month: date, data: CaseloadMonth, unit: UnitMeasures) -> ExpectedRow:
    last, below = last_day(month), council.below(unit.unit.unit, month)
    held = within(data.open, below)
    average = unit.average
    policy = policy_for(council, "average_caseload", last, unit.unit)
    band = band_of(policy, average)
    target = policy[0].target if policy else None
    to_target = None
    if target is not None and unit.open_cases is not None and unit.fte is not None:
        to_target = max(Fraction(0), Fraction(unit.open_cases) / target - unit.fte)
    cost = council.annual_cost("social_worker", last)
    cost_to_target = None if to_target is None or cost is None else to_target * cost
    dfe_cases: int | None = None
    dfe_fte: Fraction | None = None
    if held is not None and data.workforce is not None:
        dfe_cases = sum(1 for c in held if c["worker_id"] in data.social_workers)
        counted = data.social_workers & data.holders
        dfe_fte = total([p for p in data.posts if p["team"] in below and p["worker_id"] in counted], "fte")
    values = {
        **common(unit.unit, month, _grain(council, month, data, unit.unit.unit)),
        "unit_name": unit.unit.name,
        **_completeness(council, month),
        "open_cases": unit.open_cases,
        "open_children": None if held is None else len({c["child_id"] for c in held}),
        "unallocated_cases": unit.unallocated,
        "manager_held_cases": unit.manager_held,
        "fte_social_workers": half_up(unit.fte, 2),
        "average_caseload": half_up(average, 4),
        "average_caseload_rounded": half_up(average, 0),
        "band": band.band if band else None,
        "band_label": band.label if band else None,
        "severity": band.severity if band else None,
        "target_caseload": exact(target),
        "fte_to_target": half_up(to_target, 2),
        "cost_to_target_gbp": half_up(cost_to_target, 2),
        "dfe_cases": dfe_cases,
        "dfe_fte": half_up(dfe_fte, 2),
        "dfe_average_caseload": half_up(divide(dfe_cases, dfe_fte), 1),
    }
    optional = False
    if unit.unit.unit == UNMAPPED:
        open_to_reading = ("unit_name", "band", "band_label", "severity", "target_caseload", "grain")
        values.update(dict.fromkeys((*open_to_reading, "fte_to_target", "cost_to_target_gbp"), ANY))
        rows = (data.cases or []) + (data.workforce or [])
        optional = not any(row["team"] == UNMAPPED for row in rows)
        if data.cases is None and data.workforce is None:
            values.update(open_cases=OneOf((0, None)), fte_social_workers=OneOf((Decimal(0), None)))
    return ExpectedRow({"month": month, "unit": unit.unit.unit}, values, optional)


def _completeness(council: MadeUpCouncil, month: date) -> dict[str, Any]:
    """The same for every unit: a rejected row could have belonged to any of them."""
    extracts = ("caseload", "workforce")
    if any(council.was_refused(month, e) for e in (*extracts, "caseload_summary")):
        return {"is_complete": ANY, "rows_rejected": ANY}
    found = [d for e in (*extracts, "caseload_summary") if (d := council.delivery(month, e)) is not None]
    if not found:
        return {"is_complete": ANY, "rows_rejected": ANY}
    rejected = sum(d.rows_rejected for d in found)
    unmapped = sum(d.rows_unmapped for d in found)
    return {"is_complete": rejected + unmapped == 0, "rows_rejected": rejected}


def workers(council: MadeUpCouncil, month: date) -> list[WorkerMeasures]:
    """Workers in post who are social workers, carry cases by role, or hold a case."""
    data = CaseloadMonth(council, month)
    by_worker: dict[str, list[Row]] = {}
    for post in data.posts:
        by_worker.setdefault(post["worker_id"], []).append(post)
    found = []
    for worker_id, posts in sorted(by_worker.items()):
        roles = [council.roles[p["role"]] for p in posts]
        listed = any(r.is_social_worker or r.carries_cases for r in roles)
        if not listed and worker_id not in data.holders:
            continue
        main = min(posts, key=lambda p: (-p["fte"], p["started_on"], p["post_id"] or ""))
        cases = None if data.open is None else [c for c in data.open if c["worker_id"] == worker_id]
        fte = sum((p["fte"] for p in posts), Fraction(0))
        found.append(
            WorkerMeasures(
                worker_id,
                main["team"],
                main["role"],
                main["employment"],
                fte,
                main["asye"],
                main["qualified_on"],
                cases,
            )
        )
    return found


def worker_caseloads(council: MadeUpCouncil, key: str) -> ExpectedMart:
    mart = ExpectedMart("worker_caseloads", ("month", "worker_key"))
    for month in council.loaded_months():
        last = last_day(month)
        for worker in workers(council, month):
            unit = council.units.get(worker.unit)
            policy = policy_for(council, "worker_caseload", last, unit, worker)
            count = None if worker.cases is None else len(worker.cases)
            band = band_of(policy, None if count is None else Fraction(count))
            unfamilied = [c for c in worker.cases or [] if c["family_id"] is None]
            families = {c["family_id"] for c in worker.cases or []} - {None}
            values = {
                "unit": worker.unit,
                "level": unit.level if unit else ANY,
                "as_at": last,
                "grain": "rows",
                "role": worker.role,
                "employment": worker.employment,
                "fte": half_up(worker.fte, 2),
                "open_cases": count,
                "open_children": None if worker.cases is None else len({c["child_id"] for c in worker.cases}),
                "families": None if worker.cases is None else len(families) + len(unfamilied),
                "cases_per_fte": exact(divide(count, worker.fte)),
                "is_asye": OneOf((None, False)) if worker.is_asye is None else worker.is_asye,
                "months_since_qualified": months_between(worker.qualified_on, last)
                if worker.qualified_on
                else None,
                "caseload_cap": exact(policy[0].target) if policy else None,
                "over_cap": band.severity == "breach" if band else OneOf((None, False)),
                "changes_of_worker_12m": _changes(council, month, worker),
            }
            row_key = {"month": month, "worker_key": worker_key(key, council.slug, worker.worker_id)}
            mart.rows.append(ExpectedRow(row_key, values))
    return mart


def is_over_cap(council: MadeUpCouncil, month: date, worker: WorkerMeasures) -> bool:
    """The policy that holds for the worker calls the cases held a breach; without one, or cases, it does not."""
    unit = council.units.get(worker.unit)
    policy = policy_for(council, "worker_caseload", last_day(month), unit, worker)
    band = band_of(policy, None if worker.cases is None else Fraction(len(worker.cases)))
    return band is not None and band.severity == "breach"


def _changes(council: MadeUpCouncil, month: date, worker: WorkerMeasures) -> int | None:
    """Over open cases, distinct workers at the last 12 month ends less one; NULL without 12 months."""
    if worker.cases is None:
        return None
    held_by: dict[str, set[str]] = {c["case_id"]: set() for c in worker.cases}
    for back in range(12):
        then = add_months(month, -back)
        rows = council.rows(then, "caseload")
        if rows is None:
            return None
        for case in rows:
            if case["case_id"] in held_by and case["worker_id"] and is_open(case, last_day(then)):
                held_by[case["case_id"]].add(case["worker_id"])
    return sum(len(held) - 1 for held in held_by.values())


def throughput(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("throughput", ("month", "unit"))
    for month in council.loaded_months():
        cases = council.rows(month, "caseload")
        before = add_months(month, -1)
        previous = council.rows(before, "caseload")
        existed = {u.unit for u in council.units_in_force(before)}
        for unit in units_with_unmapped(council, month):
            below = council.below(unit.unit, month)
            values = flows_of(cases, below, month)
            restated: Any = None
            if cases is not None and previous is not None:
                closed_then = [c for c in previous if c["team"] in council.below(unit.unit, before)]
                ended_with = sum(1 for c in closed_then if is_open(c, last_day(before)))
                restated = values["open_at_start"] - ended_with
                if unit.unit not in existed:
                    restated = ANY if unit.unit == UNMAPPED else None
            row = {
                **common(unit, month, ANY if cases is None else "rows"),
                **values,
                "restated_cases": restated,
            }
            optional = unit.unit == UNMAPPED and not any(c["team"] == UNMAPPED for c in cases or [])
            if unit.unit == UNMAPPED and cases is None:
                row = {}
            mart.rows.append(ExpectedRow({"month": month, "unit": unit.unit}, row, optional))
    return mart


_FLOWS = (
    "open_at_start received closed stepped_down transferred_out transferred_in open_at_end internal_transfers"
)
_RATES = ("closed", "stepped_down", "transferred_out")


def flows_of(cases: list[Row] | None, below: set[str], month: date) -> dict[str, Any]:
    """Counts of a unit from the month's own rows; every value None when there are none delivered."""
    if cases is None:
        return dict.fromkeys([*_FLOWS.split(), *(f"{name}_rate" for name in _RATES)])
    last = last_day(month)
    own = [c for c in cases if c["team"] in below]
    gone = [c for c in own if c["closed_on"] is not None and month <= c["closed_on"] <= last]
    moved = [c for c in cases if c["closure_outcome"] == "transferred" and month <= c["closed_on"] <= last]
    arrived = [c for c in moved if c["transferred_to"] in below and c["transferred_to"] != c["team"]]
    counts: dict[str, Any] = {
        "open_at_start": sum(1 for c in own if c["opened_on"] < month),
        "received": sum(1 for c in own if c["opened_on"] >= month),
        "closed": sum(1 for c in gone if c["closure_outcome"] == "closed"),
        "stepped_down": sum(1 for c in gone if c["closure_outcome"] == "stepped_down"),
        "transferred_out": sum(1 for c in gone if c["closure_outcome"] == "transferred"),
        "transferred_in": len(arrived),
        "open_at_end": sum(1 for c in own if is_open(c, last)),
        "internal_transfers": sum(1 for c in arrived if c["team"] in below),
    }
    for name in _RATES:
        counts[f"{name}_rate"] = percent(counts[name], counts["received"])
    return counts
