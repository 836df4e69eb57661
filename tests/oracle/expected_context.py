"""investment_lines, investment_funding and investment_context, by their contracts and docs/decisions.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .arithmetic import ANY, divide, financial_year, half_up, last_day
from .expected_cost import agency_year
from .expected_investments import followed
from .expected_options import yearly_cost
from .expected_rows import ExpectedMart, ExpectedRow
from .truth import Criterion, Indicator, MadeUpCouncil

POSTS = ("posts_fte", "newly_created_fte", "in_post_fte", "agency_fte")
DEMAND = ("contacts", "referrals", "children_in_need", "child_protection", "children_looked_after")


def investment_lines(council: MadeUpCouncil, known: Mapping[str, ExpectedMart]) -> ExpectedMart:
    mart = ExpectedMart("investment_lines", ("investment", "line", "criterion", "unit", "month"))
    for asked in council.invested.criteria:
        line = asked.line
        wanted = Indicator(
            line.investment,
            line.starts_on,
            asked.indicator,
            asked.unit,
            asked.item,
            asked.better,
            asked.target,
        )
        for month, moved in followed(council, wanted, known):
            key = {
                "investment": line.investment,
                "line": line.line,
                "criterion": asked.criterion or None,
                "unit": asked.unit or None,
                "month": month,
            }
            values = {
                **moved,
                "indicator": asked.indicator or None,
                "item": asked.item or None,
                "as_at": last_day(month),
                "starts_on": line.starts_on,
                "ends_on": line.ends_on,
                "amount_gbp": half_up(line.amount, 2),
                "posts_fte": half_up(line.posts, 2),
                "better": asked.better or None,
                "measured": _measured(asked, moved),
                "source": "Made-up Cabinet",
            }
            mart.rows.append(ExpectedRow(key, values))
    return mart


def _measured(asked: Criterion, moved: dict[str, Any]) -> Any:
    if not asked.criterion:
        return "no_criterion"
    if not asked.indicator:
        return "no_measure"
    if not moved:
        return ANY
    if moved["months_since"] == 0:
        return "nothing_since"
    if moved["value_now"] is None:
        return "not_known_now"
    return "measured" if moved["is_start_before"] else "nothing_before"


def investment_funding(council: MadeUpCouncil, known: Mapping[str, ExpectedMart]) -> ExpectedMart:
    """Saving and difference are of the amounts shown, to the penny."""
    mart = ExpectedMart("investment_funding", ("investment", "month"))
    terms = {term.investment: term for term in council.invested.terms}
    for investment, starts in council.invested.starts().items():
        term = terms.get(investment)
        for month in council.loaded_months():
            if starts > last_day(month):
                continue
            before, before_whole = _agency_year(council, _last_of_year(council, _year_before(starts)))
            now, now_whole = _agency_year(council, month)
            cost = _cost(council, investment, month, known)
            saving = None if before is None or now is None else before - now
            mart.rows.append(
                ExpectedRow(
                    {"investment": investment, "month": month},
                    {
                        "as_at": last_day(month),
                        "year_before": _year_before(starts),
                        "year_now": financial_year(month),
                        "agency_cost_before_gbp": before,
                        "is_before_whole": before_whole,
                        "agency_cost_now_gbp": now,
                        "is_now_whole": now_whole,
                        "saving_gbp": saving,
                        "cost_of": term.cost_of if term else "amount",
                        "cost_item": (term.item or None) if term else None,
                        "cost_gbp": cost,
                        "difference_gbp": None if saving is None or cost is None else saving - cost,
                        "would_fund": None if saving is None or cost is None else saving >= cost,
                        "saving_million_gbp": half_up(divide(_exact(saving), 1_000_000), 1),
                        "cost_million_gbp": half_up(divide(_exact(cost), 1_000_000), 3),
                        "claim": term.claim if term else None,
                        "source": "Made-up Cabinet" if term else None,
                    },
                )
            )
    return mart


def _exact(amount: Decimal | None) -> Fraction | None:
    return None if amount is None else Fraction(amount)


def _year_before(starts: date) -> str:
    return financial_year(date(starts.year - 1, starts.month, 1))


def _last_of_year(council: MadeUpCouncil, year: str) -> date | None:
    """The year's last loaded month with a forecast of it."""
    known = [
        m
        for m in council.loaded_months()
        if financial_year(m) == year and agency_year(council, m, council.council_unit).forecast is not None
    ]
    return max(known, default=None)


def _agency_year(council: MadeUpCouncil, month: date | None) -> tuple[Decimal | None, bool | None]:
    """The council's spend of the month's year to its end, and whether that is carried on from a part."""
    if month is None:
        return None, None
    year = agency_year(council, month, council.council_unit)
    whole = half_up(year.year_to_date, 2) == half_up(year.forecast, 2)
    return half_up(year.forecast, 2), None if year.forecast is None else whole


def _cost(
    council: MadeUpCouncil, investment: str, month: date, known: Mapping[str, ExpectedMart]
) -> Decimal | None:
    invested = council.invested
    term = next((t for t in invested.terms if t.investment == investment), None)
    kind = term.cost_of if term else "amount"
    if kind == "officers_in_post":
        rows = known["support_officers"].rows
        own = [r for r in rows if r.key == {"month": month, "unit": council.council_unit}]
        cost: Decimal | None = own[0].values["annual_cost_gbp"] if own else None
        return cost
    if term and kind == "option":
        costs = [yearly_cost(council, line) for line in invested.options if line.option == term.item]
        every = [cost for cost in costs if cost is not None]
        return half_up(sum(every, Fraction(0)), 2) if len(every) == len(costs) else None
    if term and kind == "contract":
        found = next(c for c in invested.contracts if c.contract == term.item)
        return half_up(found.price + (found.travel or 0), 2)
    lines = [line for line in invested.lines if line.investment == investment]
    whole = [line.amount for line in lines if line.line == "whole" and line.amount is not None]
    amounts = whole or [line.amount for line in lines if line.amount is not None]
    return half_up(sum(amounts, Fraction(0)), 2) if amounts else None


Event = tuple[str, str, str, date, str | None, str | None]
"""Kind, what, event, day, what was before and what was then."""


def investment_context(council: MadeUpCouncil, known: Mapping[str, ExpectedMart]) -> ExpectedMart:
    mart = ExpectedMart("investment_context", ("investment", "month", "kind", "what", "event", "happened_on"))
    for investment, starts in council.invested.starts().items():
        for month in council.loaded_months():
            if starts > last_day(month):
                continue
            for kind, what, event, day, was, then in _events(council, investment, starts, month, known):
                key = {
                    "investment": investment,
                    "month": month,
                    "kind": kind,
                    "what": what,
                    "event": event,
                    "happened_on": day,
                }
                values = {"as_at": last_day(month), "from_value": was, "to_value": then}
                mart.rows.append(ExpectedRow(key, values))
    return mart


def _events(
    council: MadeUpCouncil, investment: str, starts: date, month: date, known: Mapping[str, ExpectedMart]
) -> Iterator[Event]:
    last = last_day(month)
    for kind, what, begins, ends, amount in _dated(council, investment, last):
        if starts <= begins <= last:
            yield kind, what, "began", begins, None, amount
        if ends is not None and starts <= ends <= last:
            yield kind, what, "ended", ends, amount, None
    yield from _measures(starts, month, council, known)
    yield from _grains(starts, month, council, known)
    for past in council.loaded_months():
        if past <= month and last_day(past) >= starts:
            for extract in sorted({d.extract for d in council.deliveries if d.month == past}):
                good = [
                    d for d in council.deliveries if (d.month, d.extract) == (past, extract) and not d.refused
                ]
                if len(good) > 1:
                    yield "restated", extract, "changed", past, None, f"{len(good) - 1} earlier"


def _dated(
    council: MadeUpCouncil, investment: str, by: date
) -> Iterator[tuple[str, str, date, date | None, str | None]]:
    invested = council.invested
    for line in invested.lines:
        parts = [f"{_plain(line.amount)} GBP"] if line.amount is not None else []
        parts += [f"{_plain(line.posts)} FTE"] if line.posts is not None else []
        amount = ", ".join(parts) or None
        if line.investment == investment:
            yield "line_of_it", line.line, line.starts_on, line.ends_on, amount
        else:
            yield "investment", f"{line.investment}: {line.line}", line.starts_on, line.ends_on, amount
    for option in sorted({line.option for line in invested.options}):
        lines = [line for line in invested.options if line.option == option]
        ends = [line.ends_on for line in lines if line.ends_on is not None]
        posts = sum((line.posts or Fraction(0) for line in lines), Fraction(0))
        last = max(ends) if len(ends) == len(lines) else None
        yield "option", option, min(line.starts_on for line in lines), last, f"{_plain(posts)} FTE"
    for contract in invested.contracts:
        price = contract.price + (contract.travel or 0)
        yield "contract", contract.contract, contract.starts_on, contract.ends_by(by), f"{_plain(price)} GBP"
    for policy, metric, begins, until, target in sorted(
        {(b.policy_id, b.metric, b.valid_from, b.valid_to, b.target) for b in council.bands}, key=str
    ):
        yield "policy", f"{metric} ({policy})", begins, until, _plain(target)


def _plain(value: Fraction | None) -> str | None:
    """The number with as many decimals as it has."""
    if value is None:
        return None
    text = f"{half_up(value, 4):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _measures(
    starts: date, month: date, council: MadeUpCouncil, known: Mapping[str, ExpectedMart]
) -> Iterator[Event]:
    """What a council-wide measure was before the first day, else first since, and the last known of it."""
    posts = [
        r for r in known["establishment"].rows
        if r.key["unit"] == council.council_unit and r.key["role_group"] == "total"
    ]  # fmt: skip
    for columns, rows in ((POSTS, posts), (DEMAND, known["demand"].rows)):
        for column in columns:
            values = _values(rows, column)
            before = [m for m in values if last_day(m) < starts]
            since = [m for m in values if last_day(m) >= starts]
            first = max(before) if before else min(since, default=None)
            now = max((m for m in since if m <= month), default=None)
            if first is not None and now is not None and now > first and values[now] != values[first]:
                yield "measure", column, "changed", now, _plain(values[first]), _plain(values[now])


def _values(rows: Iterable[ExpectedRow], column: str) -> dict[date, Fraction]:
    found = {}
    for row in rows:
        value = row.values.get(column)
        if value is not None:
            found[row.key["month"]] = Fraction(value)
    return found


def _grains(
    starts: date, month: date, council: MadeUpCouncil, known: Mapping[str, ExpectedMart]
) -> Iterator[Event]:
    """Months in which the council's cases came in another form than the month known before."""
    was = None
    for row in known["caseload_bands"].rows:
        if row.key["unit"] != council.council_unit or row.values["open_cases"] is None:
            continue
        grain, then = row.values["grain"], row.key["month"]
        if was is not None and grain != was and then <= month and last_day(then) >= starts:
            yield "grain", "caseload", "changed", then, was, grain
        was = grain
