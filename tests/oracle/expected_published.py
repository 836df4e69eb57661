"""survey_results, dfe_comparison and report_figures, by marts.md and domain.md."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .arithmetic import ANY, add_months, divide, half_up, last_day, percent
from .expected_caseload import measures
from .expected_cost import agency_year
from .expected_options import month_count
from .expected_rows import ExpectedMart, ExpectedRow, total
from .expected_workforce import measure as establishment_measure
from .printed_rows import COUNTED, RATES
from .truth import Benchmark, Figure, MadeUpCouncil, in_post

OWN = {
    "caseload": ("caseload_bands", "dfe_average_caseload"),
    "turnover_rate": ("workforce_stability", "turnover_rate"),
    "absence_rate": ("workforce_stability", "absence_rate"),
}


def survey_results(council: MadeUpCouncil) -> ExpectedMart:
    mart = ExpectedMart("survey_results", ("survey", "question", "taken_on"))
    for answer in council.invested.answers:
        key = {"survey": answer.survey, "question": answer.question, "taken_on": answer.taken_on}
        values = {"value": half_up(answer.value, 4), "unit": "hours", "source": "Made-up survey"}
        mart.rows.append(ExpectedRow(key, values))
    return mart


def dfe_comparison(council: MadeUpCouncil, marts: Iterable[ExpectedMart]) -> ExpectedMart:
    """A row of each year that was published of the council, or whose September is loaded."""
    mart = ExpectedMart("dfe_comparison", ("year",))
    known = {found.name: found for found in marts}
    published = {benchmark.year: benchmark for benchmark in council.benchmarks}
    septembers = {month.year: month for month in council.loaded_months() if month.month == 9}
    for year in sorted({*published, *septembers}):
        values: dict[str, Any] = {
            "unit": council.council_unit,
            "level": "council",
            "month": date(year, 9, 1),
            "as_at": date(year, 9, 30),
            **{f"own_{name}": value for name, value in _own(council, septembers.get(year), known).items()},
        }
        found = published.get(year)
        for name in RATES:
            values[f"published_{name}"] = None if found is None else half_up(found.rates[name], 1)
            values[f"recomputed_{name}"] = None if found is None else _recomputed(found, name)
        values["published_missing"] = (found.missing or None) if found else None
        mart.rows.append(ExpectedRow({"year": year}, values))
    return mart


def _own(council: MadeUpCouncil, month: date | None, known: dict[str, ExpectedMart]) -> dict[str, Any]:
    if month is None:
        return dict.fromkeys(RATES)
    found: dict[str, Any] = {}
    for name, (mart, column) in OWN.items():
        row = next(
            r for r in known[mart].rows if r.key["month"] == month and r.key["unit"] == council.council_unit
        )
        found[name] = row.values.get(column, ANY)
    workforce, posts = council.rows(month, "workforce"), council.rows(month, "posts")
    here = [
        w
        for w in workforce or []
        if in_post(w, last_day(month)) and council.roles[w["role"]].is_social_worker
    ]
    agency = total([w for w in here if w["employment"] == "agency"], "fte") if workforce is not None else None
    own = total([w for w in here if w["employment"] != "agency"], "fte") if workforce is not None else None
    vacant = None
    if posts is not None:
        vacant = total([p for p in posts if council.roles[p["role"]].is_social_worker], "vacant_fte")
    found["agency_rate"] = _of(agency, own)
    found["vacancy_rate"] = _of(vacant, own)
    return found


def _of(part: Fraction | None, rest: Fraction | None) -> Decimal | None:
    return None if part is None or rest is None else percent(part, part + rest)


def _recomputed(found: Benchmark, name: str) -> Decimal | None:
    """By DfE's formulas, from DfE's counts."""
    counts = found.counts
    if name == "caseload":
        return half_up(divide(counts["cases"], counts["case_holders_fte"]), 1)
    base = counts["inpost_fte"]
    if name == "turnover_rate":
        return percent(counts["leavers_fte"], base)
    if name == "absence_rate":
        days = 254 if calendar.isleap(found.year) else 253
        return percent(counts["working_days_lost_fte"], None if base is None else base * days)
    return _of(counts["agency_fte" if name == "agency_rate" else "vacancy_fte"], base)


def report_figures(council: MadeUpCouncil) -> ExpectedMart:
    """The figure by its rule, exact and in the digits that its paper prints."""
    mart = ExpectedMart("report_figures", ("figure_id",))
    for figure in council.figures:
        value = _value(council, figure)
        printed = None if value is None else _printed(Fraction(value), figure)
        matches = None if printed is None or figure.evidence == "given" else printed == figure.printed
        values = {
            "printed": str(figure.printed),
            "computed": None if printed is None else str(printed),
            "exact": None if value is None else half_up(Fraction(value), 4),
            "matches": matches,
            "evidence": figure.evidence,
        }
        mart.rows.append(ExpectedRow({"figure_id": figure.figure_id}, values))
    return mart


def _printed(value: Fraction, figure: Figure) -> Decimal | None:
    if figure.rounding == "down":
        return Decimal(value.numerator // value.denominator)
    if figure.decimals:
        return half_up(value, figure.decimals)
    thousands = half_up(value / figure.divisor, 0)
    return None if thousands is None else thousands * figure.divisor


def _value(council: MadeUpCouncil, figure: Figure) -> Fraction | Decimal | int | None:
    month, unit = figure.month, figure.unit
    if figure.measure == "survey_answer":
        return next(
            a.value
            for a in council.invested.answers
            if (a.question, a.taken_on) == (figure.item, figure.from_on)
        )
    if figure.measure in COUNTED:
        return _counted(council, figure)
    if (
        month is None
        or month not in council.loaded_months()
        or unit not in {u.unit for u in council.units_in_force(month)}
    ):
        return None
    if figure.measure == "average_caseload":
        return measures(council, month)[unit].average
    if figure.measure == "agency_year_to_date_gbp":
        return agency_year(council, month, unit).year_to_date
    found = establishment_measure(council, month, unit, figure.item)
    column = figure.measure.removesuffix("_fte").replace("newly_created", "created")
    # The marts' components have two decimals.
    return half_up(getattr(found, column), 2)


def _counted(council: MadeUpCouncil, figure: Figure) -> int | None:
    """Rows by their own dates, each in its own month's delivery; unknown where one of them did not come."""
    first, last = figure.from_on, figure.to_on
    assert first is not None and last is not None
    count = 0
    months = [add_months(first.replace(day=1), number) for number in range(month_count(first, last))]
    for month in months:
        cases = council.rows(month, "caseload")
        if cases is None:
            return None
        here = [c for c in cases if c["team"] in council.below(figure.unit, month)]
        for case in here:
            opened, closed = case["opened_on"], case["closed_on"]
            if figure.measure == "cases_received":
                count += month <= opened and first <= opened <= last
            elif closed is not None and first <= closed <= last and closed <= last_day(month):
                is_moved = case["closure_outcome"] == "transferred"
                count += is_moved == (figure.measure == "cases_transferred_out")
    return count
