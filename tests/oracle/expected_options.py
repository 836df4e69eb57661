"""capacity_options and managed_teams, by marts.md and reference.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from .arithmetic import add_months, divide, half_up, last_day, minus
from .expected_rows import ExpectedMart, ExpectedRow, within
from .truth import Contract, MadeUpCouncil, OptionLine, is_open

YEARS_WITHOUT_END = 5
DECISION_DUE_BELOW = 28


def capacity_options(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("capacity_options", ("option", "financial_year"))
    for name in sorted({line.option for line in council.invested.options}):
        lines = [line for line in council.invested.options if line.option == name]
        mart.rows += _years(council, name, lines)
    return mart


def _years(council: MadeUpCouncil, name: str, lines: Sequence[OptionLine]) -> list[ExpectedRow]:
    starts = min(line.starts_on for line in lines)
    ended = [line.ends_on for line in lines if line.ends_on is not None]
    ends = max(ended) if len(ended) == len(lines) else None
    first = april(starts)
    last = first + YEARS_WITHOUT_END - 1 if ends is None else april(ends)
    costs = [yearly_cost(council, line) for line in lines]
    known = [cost for cost in costs if cost is not None]
    annual = sum(known, Fraction(0)) if len(known) == len(lines) else None
    posts = sum((line.posts or Fraction(0) for line in lines), Fraction(0))
    heads = max((line.heads for line in lines if line.heads is not None), default=None)
    if heads is None:
        heads = -(-posts.numerator // posts.denominator)
    adds = sum((line.adds or Fraction(0) for line in lines), Fraction(0))
    rows = []
    for year in range(first, last + 1):
        months = [months_within(line.starts_on, line.ends_on, year) for line in lines]
        recurring = None
        if annual is not None:
            recurring = sum(
                (cost * count / 12 for cost, count in zip(known, months, strict=True)), Fraction(0)
            )
        one_off = heads * _per_head(council, lines) if year == first else Fraction(0)
        rows.append(
            ExpectedRow(
                {"option": name, "financial_year": f"{year}-{(year + 1) % 100:02d}"},
                {
                    "starts_on": starts,
                    "ends_on": ends,
                    "months": max(months),
                    "posts_fte": half_up(posts, 2),
                    "adds_social_worker_fte": half_up(adds, 2),
                    "set_up_heads": heads,
                    "annual_cost_gbp": half_up(annual, 2),
                    "recurring_gbp": half_up(recurring, 2),
                    "one_off_gbp": half_up(one_off, 2),
                    "total_gbp": None if recurring is None else half_up(recurring + one_off, 2),
                    "cost_per_fte_gbp": half_up(divide(annual, adds), 2),
                },
            )
        )
    return rows


def april(day: date) -> int:
    """The year in which the day's financial year begins."""
    return day.year if day.month >= 4 else day.year - 1


def months_within(starts_on: date, ends_on: date | None, year: int) -> int:
    """Calendar months of the financial year that the span touches."""
    months = [add_months(date(year, 4, 1), count) for count in range(12)]
    return sum(1 for m in months if starts_on <= last_day(m) and (ends_on is None or ends_on >= m))


def month_count(first: date, last: date) -> int:
    """Calendar months from one day to another, both of their months among them."""
    return (last.year - first.year) * 12 + last.month - first.month + 1


def yearly_cost(council: MadeUpCouncil, line: OptionLine) -> Fraction | None:
    """Posts at the line's own price, else the role's on its first day, and what is not staffing."""
    if not line.posts:
        return line.non_staffing
    cost = line.unit_cost if line.unit_cost is not None else council.annual_cost(line.role, line.starts_on)
    return None if cost is None else line.posts * cost + (line.non_staffing or 0)


def _per_head(council: MadeUpCouncil, lines: Sequence[OptionLine]) -> Fraction:
    """The mean price of a kit by posts, in whole pennies; without posts that have one, the dearest price there is."""
    priced = []
    for line in lines:
        default = council.default_cost(line.role, line.starts_on)
        price = line.per_head if line.per_head is not None else default.set_up if default else None
        if price is not None:
            priced.append((line.posts or Fraction(0), price))
    mean = divide(
        sum((posts * price for posts, price in priced), Fraction(0)), sum(posts for posts, _ in priced)
    )
    if mean is not None:
        return Fraction(half_up(mean, 2) or 0)
    return max((price for _, price in priced), default=Fraction(0))


def managed_teams(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("managed_teams", ("contract_id", "month"))
    for contract in council.invested.contracts:
        for month in council.loaded_months():
            if contract.starts_on <= last_day(month) and contract.ends_by(last_day(month)) >= month:
                mart.rows.append(_contract_row(council, contract, month))
    return mart


def contract_moved(council: MadeUpCouncil, contract: Contract, by: date) -> tuple[int | None, date | None]:
    """Cases that ended with it or went on, up to the last month of its own by then of which all are known."""
    for month in reversed(council.loaded_months()):
        if (
            month <= by
            and contract.starts_on <= last_day(month)
            and contract.ends_by(last_day(month)) >= month
        ):
            done = _contract_row(council, contract, month).values
            if done["closed"] is not None:
                return done["closed"] + done["transferred"], month
    return None, None


def _contract_row(council: MadeUpCouncil, contract: Contract, month: date) -> ExpectedRow:
    """What the months since the contract's first day add up to; unknown where one of them did not come."""
    first = contract.starts_on.replace(day=1)
    months = [add_months(first, number) for number in range(month_count(first, month))]
    received: int | None = 0
    closed: int | None = 0
    transferred: int | None = 0
    cost: Fraction | None = Fraction(0)
    for past in months:
        cases = within(council.rows(past, "caseload"), council.below(contract.unit, past))
        if cases is None or received is None or closed is None or transferred is None:
            received = closed = transferred = None
        else:
            received += sum(1 for c in cases if c["opened_on"] >= max(past, contract.starts_on))
            ended = [c for c in cases if c["closed_on"] is not None]
            ended = [c for c in ended if contract.starts_on <= c["closed_on"] <= last_day(past)]
            closed += sum(1 for c in ended if c["closure_outcome"] in ("closed", "stepped_down"))
            transferred += sum(1 for c in ended if c["closure_outcome"] == "transferred")
        ledger = council.rows(past, "agency_spend")
        if ledger is None or cost is None:
            cost = None
        else:
            cost += sum(
                (r["amount_gbp"] for r in ledger if r["contract_id"] == contract.contract), Fraction(0)
            )
    # Lines of the contract that came before its first month are its cost too.
    if cost is not None:
        for past in council.loaded_months():
            if past < first:
                ledger = council.rows(past, "agency_spend") or []
                cost += sum(
                    (r["amount_gbp"] for r in ledger if r["contract_id"] == contract.contract), Fraction(0)
                )
    now = within(council.rows(month, "caseload"), council.below(contract.unit, month))
    budgets = [
        b.amount for b in council.budgets if b.cost_kind == "managed_team" and b.contract == contract.contract
    ]
    budget = sum(budgets, Fraction(0)) if budgets else None
    decided, ends_on = contract.decided_by(last_day(month)), contract.ends_by(last_day(month))
    left = (ends_on - last_day(month)).days
    other = contract.alternative if ends_on == contract.ends_on else None
    return ExpectedRow(
        {"contract_id": contract.contract, "month": month},
        {
            "unit": contract.unit,
            "as_at": last_day(month),
            "received": received,
            "closed": closed,
            "transferred": transferred,
            "open": None if now is None else sum(1 for c in now if is_open(c, last_day(month))),
            "cost_to_date_gbp": half_up(cost, 2),
            "budget_gbp": half_up(budget, 2),
            "variance_gbp": half_up(minus(cost, budget), 2),
            "cost_per_case_received_gbp": half_up(divide(cost, received), 2),
            "cost_per_case_closed_gbp": half_up(divide(cost, closed), 2),
            "ends_on": ends_on,
            "days_to_end": left,
            "days_to_end_alternative": (other - last_day(month)).days if other else None,
            "decision_due": left < DECISION_DUE_BELOW and (decided is None or decided.decision == "extended"),
        },
    )
