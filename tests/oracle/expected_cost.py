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
from .truth import UNMAPPED, MadeUpCouncil, Row, in_post


@dataclass
class AgencyYear:
    """Exact money of a unit in the financial year up to a month; None where no ledger came for the month."""

    year_to_date: Fraction | None
    forecast: Fraction | None
    budget: Fraction | None

    @property
    def variance(self) -> Fraction | None:
        return minus(self.forecast, self.budget)


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
    """Months that count are those of the year, up to this one, with a ledger in force."""
    year = financial_year(month)
    budget = budget_of(council, unit, year)
    if council.rows(month, "agency_spend") is None:
        return AgencyYear(None, None, budget)
    spent, loaded = Fraction(0), 0
    for past in council.loaded_months():
        if past > month or financial_year(past) != year:
            continue
        lines = within(council.rows(past, "agency_spend"), council.below(unit, past))
        if lines is not None:
            loaded += 1
            spent += total(lines, "amount_gbp") or Fraction(0)
    return AgencyYear(spent, spent / loaded * 12, budget)


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
            cost, fte = total(lines, "amount_gbp"), total(agency, "fte")
            pay = (
                None if lines is None else total([x for x in lines if x["cost_type"] == "pay"], "amount_gbp")
            )
            equivalent = permanent_equivalent(council, month, agency)
            year = agency_year(council, month, unit.unit)
            values = {
                **common(unit, month, ANY if ledger is None else "rows"),
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
                "is_forecast": ANY if ledger is None else False,
            }
            optional = False
            if unit.unit == UNMAPPED:
                spent_before = bool(year.year_to_date)
                optional = not lines and not agency and not spent_before
                values = {} if ledger is None and not agency else values
            mart.rows.append(ExpectedRow({"month": month, "unit": unit.unit}, values, optional))
    return mart
