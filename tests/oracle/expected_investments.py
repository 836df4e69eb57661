"""support_officers and investment_impact, by marts.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .arithmetic import ANY, divide, half_up, last_day, minus
from .expected_caseload import is_over_cap, measures, workers
from .expected_rows import ExpectedMart, ExpectedRow, common, total, units_with_unmapped
from .expected_workforce import measure as establishment_measure
from .invested_rows import SAVED
from .totals import plus
from .truth import UNMAPPED, Indicator, MadeUpCouncil, holds, in_post

OFFICERS = ("support_officer", "senior_support_officer")
MEASURES = {
    "caseload_bands": "average_caseload dfe_average_caseload open_cases unallocated_cases manager_held_cases "
    "fte_social_workers fte_to_target",
    "throughput": "received closed_rate stepped_down_rate transferred_out_rate",
    "timeliness": "median_days_to_allocation assessments_in_45_days_rate visits_in_time_rate",
    "workforce_stability": "turnover_rate voluntary_turnover_rate absence_rate agency_share",
    "agency_costs": "agency_cost_gbp agency_fte year_to_date_gbp forecast_year_gbp",
    "establishment": "vacancy_rate agency_rate posts_fte in_post_fte vacant_fte uncovered_fte",
    "demand": "contacts referrals conversion_rate re_referral_rate child_protection",
}
COLUMNS = {column: (mart, column) for mart, columns in MEASURES.items() for column in columns.split()} | {
    "workers_per_support_officer": ("support_officers", "workers_per_officer"),
}


def answer_by(council: MadeUpCouncil, question: str, on: date) -> Fraction | None:
    """The last answer taken by the day."""
    taken = [a for a in council.invested.answers if a.question == question and a.taken_on <= on]
    return max(taken, key=lambda a: a.taken_on).value if taken else None


def support_officers(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("support_officers", ("month", "unit"))
    for month in council.loaded_months():
        last = last_day(month)
        by_unit = measures(council, month)
        workforce = council.rows(month, "workforce")
        posts = None if workforce is None else [w for w in workforce if in_post(w, last)]
        targets = [
            b.target
            for b in council.bands
            if b.metric == "workers_per_support_officer" and holds(b.valid_from, b.valid_to, last)
        ]
        target = targets[0] if targets else None
        saved = answer_by(council, SAVED, last)
        with_officers = {
            p["team"] for p in posts or [] if council.roles[p["role"]].role_group == "support_officer"
        }
        for unit in units_with_unmapped(council, month):
            below = council.below(unit.unit, month)
            own = None if posts is None else [p for p in posts if p["team"] in below]

            def of_group(*groups: str, rows: list[Any] | None = own) -> list[Any] | None:
                return (
                    None
                    if rows is None
                    else [p for p in rows if council.roles[p["role"]].role_group in groups]
                )

            told = (establishment_measure(council, month, unit.unit, group) for group in OFFICERS)
            officers, seniors = (plus(found.in_post, found.agency) for found in told)
            cost: Fraction | None = None if own is None else Fraction(0)
            for post in of_group(*OFFICERS) or []:
                price = council.annual_cost(post["role"], last)
                cost = None if price is None or cost is None else cost + post["fte"] * price
            supported = None
            if own is not None:
                helped = [p for p in of_group("social_worker") or [] if p["team"] in with_officers]
                supported = total(helped, "fte")
            workers = by_unit[unit.unit].fte
            both = None if officers is None or seniors is None else officers + seniors
            needed = divide(workers, target)
            values = {
                **common(unit, month, ANY),
                "officer_fte": half_up(officers, 2),
                "senior_officer_fte": half_up(seniors, 2),
                "social_worker_fte": half_up(workers, 2),
                "workers_per_officer": half_up(divide(workers, officers), 1),
                "workers_per_officer_with_seniors": half_up(divide(workers, both), 1),
                "target_ratio": half_up(target, 2),
                "target_officer_fte": half_up(needed, 2),
                "gap_fte": half_up(minus(needed, officers), 2),
                "annual_cost_gbp": half_up(cost, 2),
                "hours_released_per_week": None
                if supported is None or saved is None
                else half_up(supported * saved, 2),
            }
            is_unmapped = unit.unit == UNMAPPED
            key = {"month": month, "unit": unit.unit}
            mart.rows.append(ExpectedRow(key, {} if is_unmapped else values, is_unmapped))
    return mart


def investment_impact(council: MadeUpCouncil, marts: Iterable[ExpectedMart]) -> ExpectedMart:
    """Its measures are columns of other marts, as those are expected."""
    mart = ExpectedMart("investment_impact", ("investment", "indicator", "unit", "month"))
    known = {found.name: found for found in marts}
    for wanted in council.invested.indicators:
        for month, values in followed(council, wanted, known):
            key = {
                "investment": wanted.investment,
                "indicator": wanted.indicator,
                "unit": wanted.unit,
                "month": month,
            }
            mart.rows.append(ExpectedRow(key, values))
    return mart


def followed(
    council: MadeUpCouncil, wanted: Indicator, known: Mapping[str, ExpectedMart]
) -> Iterator[tuple[date, dict[str, Any]]]:
    """Before, since and now of the measure, for each loaded month that ended on its first day or later."""
    values = _values(council, wanted, known) if wanted.indicator else {}
    before = [m for m in values if last_day(m) < wanted.starts_on]
    since = [m for m in values if last_day(m) >= wanted.starts_on]
    for month in council.loaded_months():
        if wanted.starts_on <= last_day(month):
            start = max(before) if before else min(since, default=None)
            start = start if start is not None and start <= month else None
            yield month, _compared(wanted, values, start, month)


def _values(council: MadeUpCouncil, wanted: Indicator, known: Mapping[str, ExpectedMart]) -> dict[date, Any]:
    """Every loaded month in which the measure has a value."""
    if wanted.indicator == "survey_answer":
        answers = {m: answer_by(council, wanted.item, last_day(m)) for m in council.loaded_months()}
        return {month: value for month, value in answers.items() if value is not None}
    if wanted.indicator == "asye_workers_over_cap":
        return _over_cap(council, wanted.unit)
    mart, column = COLUMNS[wanted.indicator]
    found = {}
    for row in known[mart].rows:
        if row.key.get("unit", wanted.unit) == wanted.unit and row.key.get("role_group", "total") == "total":
            value = row.values.get(column)
            value = getattr(value, "value", value)
            if value is not None:
                found[row.key["month"]] = value
    return found


def _over_cap(council: MadeUpCouncil, unit: str) -> dict[date, int]:
    """Workers of the unit in their assessed year above their cap; only where the caps of all its workers are known."""
    found = {}
    for month in council.loaded_months():
        own = [w for w in workers(council, month) if w.unit in council.below(unit, month)]
        if own and all(w.cases is not None for w in own):
            over = [w for w in own if w.is_asye and is_over_cap(council, month, w)]
            found[month] = len(over)
    return found


def _compared(wanted: Indicator, values: dict[date, Any], start: date | None, month: date) -> dict[str, Any]:
    then = None if start is None else values[start]
    now = values.get(month)
    since = {m: v for m, v in values.items() if m <= month and last_day(m) >= wanted.starts_on}
    if any(isinstance(value, type(ANY)) for value in (then, now, *since.values())):
        return {}
    then, now = (None if value is None else Fraction(value) for value in (then, now))
    change = minus(now, then)
    lower = wanted.better == "lower"
    met = None
    if now is not None and wanted.target is not None:
        met = now <= wanted.target if lower else now >= wanted.target
    direction = None
    if change is not None:
        direction = "unchanged" if change == 0 else "better" if (change < 0) == lower else "worse"
    sums = [Fraction(value) for value in since.values()]
    return {
        "starts_on": wanted.starts_on,
        "started_from": start,
        "value_at_start": _four(then),
        "value_now": _four(now),
        "change": _four(change),
        "change_percent": half_up(divide(None if change is None else 100 * change, then), 1),
        "target": _four(wanted.target),
        "direction": direction,
        "is_target_met": met,
        "is_start_before": None if start is None else last_day(start) < wanted.starts_on,
        "months_since": len(sums),
        "mean_since": _four(divide(sum(sums, Fraction(0)), len(sums))),
        "best_since": _four((min if lower else max)(sums, default=None)),
        "worst_since": _four((max if lower else min)(sums, default=None)),
        "last_known_month": max(since, default=None),
        "last_known_value": _four(None if not since else Fraction(since[max(since)])),
    }


def _four(value: Fraction | None) -> Decimal | None:
    return half_up(value, 4)
