"""agency_costs, by marts.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from .arithmetic import ANY, divide, financial_year, half_up, last_day, minus
from .expected_rows import (
    ExpectedMart,
    ExpectedRow,
    common,
    total,
    units_with_unmapped,
    within,
)
from .totals import by_unit, counted, units_of
from .truth import UNMAPPED, MadeUpCouncil, Row, in_post


@dataclass
class AgencySpend:
    """Exact money of a unit in a month, with what totals tell; None where neither came."""

    cost: Fraction | None
    pay: Fraction | None
    year: Fraction | None
    """Totals of the financial year that stand for the unit; None where there are none."""
    has_lines: bool
    has_totals: bool
    has_forecast: bool


@dataclass
class AgencyYear:
    """Exact money of a unit in the financial year up to a month; None where no ledger and no total came."""

    year_to_date: Fraction | None
    forecast: Fraction | None
    budget: Fraction | None
    is_whole: bool = False

    @property
    def variance(self) -> Fraction | None:
        return minus(self.forecast, self.budget)


def _totals(council: MadeUpCouncil, month: date, unit: str, *, of_year: bool) -> dict[str, list[Row]]:
    """Totals of the month, or of the year, that stand for the unit."""
    rows = council.rows(month, "agency_spend_summary") or []
    of_part = by_unit(council, [r for r in rows if (r["financial_year"] is not None) == of_year])
    return counted(council, month, unit, of_part, units_of(council.rows(month, "agency_spend")))


def _sum(totals: dict[str, list[Row]], without: set[str]) -> Fraction:
    return sum((r["amount_gbp"] for u, rows in totals.items() if u not in without for r in rows), Fraction(0))


def agency_spend(council: MadeUpCouncil, month: date, unit: str) -> AgencySpend:
    ledger = council.rows(month, "agency_spend")
    lines = within(ledger, council.below(unit, month))
    of_month = _totals(council, month, unit, of_year=False)
    of_year = _totals(council, month, unit, of_year=True)
    cost = total(lines, "amount_gbp")
    if of_month:
        cost = (cost or Fraction(0)) + _sum(of_month, set())
    pay = None
    if lines is not None and not of_month:
        pay = total([x for x in lines if x["cost_type"] == "pay"], "amount_gbp")
    every = [row for rows in (*of_month.values(), *of_year.values()) for row in rows]
    return AgencySpend(
        cost,
        pay,
        _sum(of_year, set()) if of_year else None,
        bool(lines),
        bool(every),
        any(row["is_forecast"] for row in every),
    )


def budget_of(council: MadeUpCouncil, unit: str, year: str) -> Fraction | None:
    """The unit's own agency budget, else the sum of those below, found the same way; None without any."""
    own = [
        b.amount for b in council.budgets if (b.unit, b.financial_year, b.cost_kind) == (unit, year, "agency")
    ]
    if own:
        return own[0]
    children = [u.unit for u in council.units.values() if u.parent == unit]
    amounts = [a for child in children if (a := budget_of(council, child, year)) is not None]
    return sum(amounts, Fraction(0)) if amounts else None


def agency_year(council: MadeUpCouncil, month: date, unit: str) -> AgencyYear:
    """The total of a year stands for its months; other months are carried on to the year's end."""
    year = financial_year(month)
    budget = budget_of(council, unit, year)
    now = agency_spend(council, month, unit)
    if council.rows(month, "agency_spend") is None and not now.has_totals:
        return AgencyYear(None, None, budget)
    yearly = _totals(council, month, unit, of_year=True)
    spent, loaded, has_parts, has_forecast = Fraction(0), 0, False, now.has_forecast
    for past in council.loaded_months():
        if past > month or financial_year(past) != year:
            continue
        # A team that closed in the year is in the year's total of its service.
        covered = set[str]().union(*(council.below(top, past) for top in yearly))
        lines = within(council.rows(past, "agency_spend"), council.below(unit, past) - covered)
        of_month = _totals(council, past, unit, of_year=False)
        told = council.rows(past, "agency_spend_summary") or []
        if lines is not None or any(row["financial_year"] is None for row in told):
            loaded += 1
        spent += total(lines or [], "amount_gbp") or Fraction(0)
        spent += _sum(of_month, covered)
        open_months = [row for u, rows in of_month.items() if u not in covered for row in rows]
        has_parts = has_parts or bool(lines) or bool(open_months)
        has_forecast = has_forecast or any(row["is_forecast"] for row in open_months)
    is_whole = month.month == 3 and (loaded == 12 or (now.year is not None and not has_parts))
    of_year = now.year or Fraction(0)
    forecast = of_year + spent / max(loaded, 1) * 12
    return AgencyYear(of_year + spent, forecast, budget, is_whole and not has_forecast)


def permanent_equivalent(council: MadeUpCouncil, month: date, agency: list[Row] | None) -> Fraction | None:
    """A month's cost of as many permanent workers; None where the role of one has no cost."""
    if agency is None:
        return None
    costs = [(row["fte"], council.annual_cost(row["role"], last_day(month))) for row in agency]
    if any(cost is None for _, cost in costs):
        return None
    return sum((fte * cost / 12 for fte, cost in costs if cost is not None), Fraction(0))


def agency_costs(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("agency_costs", ("month", "unit"))
    for month in council.loaded_months():
        last = last_day(month)
        ledger, workforce = council.rows(month, "agency_spend"), council.rows(month, "workforce")
        for unit in units_with_unmapped(council, month):
            below = council.below(unit.unit, month)
            lines, workers = within(ledger, below), within(workforce, below)
            agency = None
            if workers is not None:
                agency = [w for w in workers if w["employment"] == "agency" and in_post(w, last)]
            spend = agency_spend(council, month, unit.unit)
            cost, pay, fte = spend.cost, spend.pay, total(agency, "fte")
            grain: object = "summary" if spend.has_totals else ANY if ledger is None else "rows"
            equivalent = permanent_equivalent(council, month, agency)
            year = agency_year(council, month, unit.unit)
            values = {
                **common(unit, month, "rows" if spend.has_lines else grain),
                "financial_year": financial_year(month),
                "agency_cost_gbp": half_up(cost, 2),
                "pay_gbp": half_up(pay, 2),
                "other_gbp": half_up(minus(cost, pay), 2),
                "agency_fte": half_up(fte, 2),
                "cost_per_agency_fte_gbp": half_up(divide(cost, fte), 2),
                "permanent_equivalent_gbp": half_up(equivalent, 2),
                "premium_gbp": half_up(minus(cost, equivalent), 2),
                "year_to_date_gbp": half_up(year.year_to_date, 2),
                "forecast_year_gbp": half_up(year.forecast, 2),
                "budget_gbp": half_up(year.budget, 2),
                "variance_gbp": half_up(year.variance, 2),
                "is_forecast": ANY if ledger is None and not spend.has_totals else spend.has_forecast,
            }
            optional = False
            if unit.unit == UNMAPPED:
                spent_before = bool(year.year_to_date)
                optional = not lines and not agency and not spent_before and not spend.has_totals
                values = {} if ledger is None and not agency and not spend.has_totals else values
            mart.rows.append(ExpectedRow({"month": month, "unit": unit.unit}, values, optional))
    return mart
