"""caseload_forecasts, forecast_accuracy and agency_forecasts, by docs/decisions.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .arithmetic import ANY, add_months, divide, half_up, last_day, minus
from .expected_caseload import is_of_totals, measures
from .expected_cost import agency_year
from .expected_rows import ExpectedMart, ExpectedRow, common, total, units_with_unmapped, within
from .policies import band_of, policy_for
from .truth import UNMAPPED, MadeUpCouncil, Row, Unit, in_post

MONTHS_AHEAD, FLOW_MONTHS, LEAST_COMPARISONS = 3, 3, 3
PLACES = {"open_cases": 2, "fte_social_workers": 2, "average_caseload": 4, "fte_to_target": 2}
Key = tuple[str, date, int]
Values = dict[str, Decimal | int | None]


@dataclass
class Told:
    """A forecast of one unit, its values as published by measure, and what was published of the month itself."""

    unit: Unit
    month: date
    ahead: int
    now: Values
    expected: Values
    values: dict[str, Any]

    @property
    def target_month(self) -> date:
        return add_months(self.month, self.ahead)


def flow(council: MadeUpCouncil, month: date, unit: Unit) -> tuple[int, int] | None:
    """Cases received and ended in the last months with rows, none a year old; None where the unit has fewer."""
    known = [m for m in council.loaded_months() if add_months(month, -11) <= m <= month]
    known = [m for m in known if council.rows(m, "caseload") is not None][-FLOW_MONTHS:]
    received = ended = counted = 0
    for past in known:
        if unit.unit != UNMAPPED and unit.unit not in {u.unit for u in council.units_in_force(past)}:
            continue
        rows = within(council.rows(past, "caseload"), council.below(unit.unit, past)) or []
        counted += 1
        received += sum(1 for row in rows if row["opened_on"] >= past)
        ended += sum(1 for row in rows if row["closed_on"] is not None and row["closed_on"] <= last_day(past))
    return (received, ended) if counted == FLOW_MONTHS else None


def people(council: MadeUpCouncil, month: date, unit: Unit, by: date) -> tuple[Any, Any]:
    """FTE of social workers to start and to leave by a day; None where the extract did not come."""
    below = council.below(unit.unit, month)
    offers, workforce = council.rows(month, "offers"), council.rows(month, "workforce")
    starters = leavers = None
    totals = council.rows(month, "offers_summary")
    if offers is None and totals is not None and unit.unit == council.council_unit:
        starters = total(
            [
                row
                for row in totals
                if council.roles[row["role"]].role_group == "social_worker"
                and row["expected_start_by"] is not None
                and row["expected_start_by"] <= by
            ],
            "fte",
        )
    if offers is not None:
        places = [row | {"team": row["team"] or council.council_unit} for row in offers]
        starters = total(
            [
                row
                for row in within(places, below) or []
                if council.roles[row["role"]].role_group == "social_worker" and row["expected_start_on"] <= by
            ],
            "fte",
        )
    if workforce is not None:
        leavers = total(
            [
                row
                for row in within(workforce, below) or []
                if council.roles[row["role"]].role_group == "social_worker"
                and in_post(row, last_day(month))
                and (not in_post(row, by) or contract_over(council, row, last_day(month), by))
            ],
            "fte",
        )
    return starters, leavers


def contract_over(council: MadeUpCouncil, worker: Row, now: date, by: date) -> bool:
    """Whether an agency worker's unit has a managed contract now, and none of those it has now runs on a day."""
    running = [
        c
        for c in council.invested.contracts
        if c.unit == worker["team"]
        and c.starts_on <= now <= c.ends_by(now)
        and worker["employment"] == "agency"
    ]
    return bool(running) and all(c.ends_by(now) < by for c in running)


def told(council: MadeUpCouncil) -> list[Told]:
    """Every forecast; `unmapped` is left out, for it comes and goes with the rows that are misspelt."""
    found = []
    for month in council.loaded_months():
        has_cases = council.rows(month, "caseload") is not None
        has_workforce = council.rows(month, "workforce") is not None
        for name, measured in measures(council, month).items():
            if name == UNMAPPED:
                continue
            unit = measured.unit
            policy = policy_for(council, "average_caseload", last_day(month), unit)
            target = policy[0].target if policy else None
            flows = None
            if has_cases and not is_of_totals(council, month, name):
                flows = flow(council, month, unit)
            now = published(measured.open_cases, measured.fte, target)
            for ahead in range(1, MONTHS_AHEAD + 1):
                starters, leavers = people(council, month, unit, last_day(add_months(month, ahead)))
                cases = fte = None
                if flows and measured.open_cases is not None:
                    cases = max(
                        Fraction(0),
                        measured.open_cases + Fraction(ahead * (flows[0] - flows[1]), FLOW_MONTHS),
                    )
                if has_workforce and measured.fte is not None and not is_of_totals(council, month, name):
                    fte = max(Fraction(0), measured.fte + (starters or 0) - (leavers or 0))
                band = band_of(policy, divide(cases, fte))
                values: dict[str, Any] = {
                    **common(unit, month, ANY),
                    "target_month": add_months(month, ahead),
                    "flow_months": FLOW_MONTHS if flows else None,
                    "received_a_month": half_up(Fraction(flows[0], FLOW_MONTHS), 2) if flows else None,
                    "ended_a_month": half_up(Fraction(flows[1], FLOW_MONTHS), 2) if flows else None,
                    "starters_fte": half_up(starters, 2),
                    "leavers_fte": half_up(leavers, 2),
                    "expected_band": band.band if band else None,
                    "expected_severity": band.severity if band else None,
                }
                found.append(Told(unit, month, ahead, now, published(cases, fte, target), values))
    return found


def published(cases: Any, fte: Any, target: Any) -> Values:
    """The four measures as they are published."""
    to_target = None
    if cases is not None and fte is not None and target is not None:
        to_target = max(Fraction(0), Fraction(cases) / target - fte)
    return {
        "open_cases": half_up(cases, 2),
        "fte_social_workers": half_up(fte, 2),
        "average_caseload": half_up(divide(cases, fte), 4),
        "fte_to_target": half_up(to_target, 2),
    }


def errors_of(council: MadeUpCouncil, forecasts: Sequence[Told]) -> dict[Key, Values]:
    """What came, by unit and month; only months of rows are compared."""
    nows = {(t.unit.unit, t.month): t.now for t in forecasts}
    came: dict[Key, Values] = {}
    for t in forecasts:
        has_rows = any(council.rows(t.target_month, e) is not None for e in ("caseload", "workforce"))
        has_rows = has_rows and not is_of_totals(council, t.target_month, t.unit.unit)
        if has_rows and (t.unit.unit, t.target_month) in nows:
            came[t.unit.unit, t.month, t.ahead] = nows[t.unit.unit, t.target_month]
    return came


def caseload_forecasts(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("caseload_forecasts", ("month", "unit", "months_ahead"))
    mart.ignored = lambda row: row["unit"] == UNMAPPED
    forecasts = told(council)
    came = errors_of(council, forecasts)
    for t in forecasts:
        actual = came.get((t.unit.unit, t.month, t.ahead), {})
        values = dict(t.values)
        for measure, places in PLACES.items():
            expected = t.expected[measure]
            past = [
                error
                for e in forecasts
                if e.unit.unit == t.unit.unit and e.ahead == t.ahead and e.target_month <= t.month
                if (error := _error(e, came, measure)) is not None
            ]
            if measure == "open_cases":
                values["months_compared"] = len(past)
            lower: Fraction | None = None
            upper: Fraction | None = None
            if len(past) >= LEAST_COMPARISONS and expected is not None:
                lower = max(Fraction(0), Fraction(expected) - max([*past, Fraction(0)]))
                upper = max(Fraction(0), Fraction(expected) - min([*past, Fraction(0)]))
            values |= {
                measure: t.now[measure],
                f"expected_{measure}": expected,
                f"lower_{measure}": half_up(lower, places),
                f"upper_{measure}": half_up(upper, places),
                f"actual_{measure}": actual.get(measure),
                f"error_{measure}": half_up(_error(t, came, measure), places),
            }
        mart.rows.append(
            ExpectedRow({"month": t.month, "unit": t.unit.unit, "months_ahead": t.ahead}, values)
        )
    return mart


def _error(t: Told, came: dict[Key, Values], measure: str) -> Fraction | None:
    actual = came.get((t.unit.unit, t.month, t.ahead), {}).get(measure)
    expected = t.expected[measure]
    return minus(
        None if expected is None else Fraction(expected), None if actual is None else Fraction(actual)
    )


def forecast_accuracy(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("forecast_accuracy", ("unit", "measure", "months_ahead"))
    mart.ignored = lambda row: row["unit"] == UNMAPPED
    forecasts = told(council)
    came = errors_of(council, forecasts)
    groups: dict[tuple[str, str, int], list[Told]] = defaultdict(list)
    for t in forecasts:
        for measure in PLACES:
            groups[t.unit.unit, measure, t.ahead].append(t)
    for (unit, measure, ahead), group in groups.items():
        errors, unchanged, months = [], [], []
        for t in group:
            error, now = _error(t, came, measure), t.now[measure]
            if error is not None and now is not None:
                errors.append(error)
                unchanged.append(Fraction(now) - Fraction(came[unit, t.month, ahead][measure] or 0))
                months.append(t.target_month)
        absolute, naive = sum(map(abs, errors)), sum(map(abs, unchanged))
        mart.rows.append(
            ExpectedRow(
                {"unit": unit, "measure": measure, "months_ahead": ahead},
                {
                    "months_compared": len(errors),
                    "first_month": min(months, default=None),
                    "last_month": max(months, default=None),
                    "mean_absolute_error": half_up(divide(absolute, len(errors)), 2),
                    "mean_error": half_up(divide(sum(errors), len(errors)), 2),
                    "lowest_error": half_up(min(errors, default=None), 4),
                    "highest_error": half_up(max(errors, default=None), 4),
                    "unchanged_mean_absolute_error": half_up(divide(naive, len(errors)), 2),
                    "is_better_than_unchanged": absolute < naive if errors else None,
                },
            )
        )
    return mart


def agency_forecasts(council: MadeUpCouncil) -> ExpectedMart:
    """Made-up councils live for less than two years, so no interval is to be had but of a year that is whole."""
    mart = ExpectedMart("agency_forecasts", ("month", "unit"))
    mart.ignored = lambda row: row["unit"] == UNMAPPED
    for month in council.loaded_months():
        for unit in units_with_unmapped(council, month):
            if unit.unit == UNMAPPED:
                continue
            year = agency_year(council, month, unit.unit)
            is_whole = year.is_whole
            values = {
                **common(unit, month, ANY),
                "year_to_date_gbp": half_up(year.year_to_date, 2),
                "forecast_year_gbp": half_up(year.forecast, 2),
                "budget_gbp": half_up(year.budget, 2),
                "is_outturn": is_whole,
                "lower_gbp": half_up(year.forecast, 2) if is_whole else None,
                "upper_gbp": half_up(year.forecast, 2) if is_whole else None,
            }
            mart.rows.append(ExpectedRow({"month": month, "unit": unit.unit}, values))
    return mart
