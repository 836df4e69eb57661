"""threshold_breaches for the metrics this oracle knows, by marts.md; and the manifest's counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from .arithmetic import ANY, divide, exact, last_day
from .expected_caseload import flows_of, measures, workers
from .expected_cost import agency_year
from .expected_rows import ExpectedMart, ExpectedRow
from .expected_workforce import TOTAL
from .expected_workforce import measure as establishment_measure
from .policies import SEVERITIES, band_of, policy_for, rounded
from .pseudonyms import worker_key
from .truth import UNMAPPED, Band, MadeUpCouncil

UNIT_METRICS = (
    "average_caseload",
    "manager_held_cases",
    "cases_without_social_workers",
    "unallocated_cases",
    "agency_cost_variance_percent",
    "vacancy_rate",
    "agency_rate",
    "closed_rate",
)
METRICS = (*UNIT_METRICS, "worker_caseload")


@dataclass
class Verdict:
    """A metric of a unit or worker that could be measured in a month, and the band it fell into."""

    metric: str
    subject: str
    unit: str
    level: str | None
    worker_key: int | None
    value: Fraction
    policy: list[Band]
    band: Band


def verdicts(council: MadeUpCouncil, month: date, key: str) -> Iterator[Verdict]:
    """Every measured value with a policy; a value that is NULL has no verdict."""
    last = last_day(month)
    by_unit = measures(council, month)
    for unit in council.units_in_force(month):
        found = by_unit[unit.unit]
        without: int | None = None
        if found.open_cases is not None and found.fte is not None:
            without = found.open_cases if found.fte == 0 else 0
        values: dict[str, Fraction | int | None] = {
            "average_caseload": found.average,
            "manager_held_cases": found.manager_held,
            "cases_without_social_workers": without,
            "unallocated_cases": found.unallocated,
        }
        values |= _rates(council, month, unit.unit)
        if unit.level == "council":
            year = agency_year(council, month, unit.unit)
            share = divide(year.variance, year.budget)
            values["agency_cost_variance_percent"] = None if share is None else share * 100
        for metric, value in values.items():
            policy = policy_for(council, metric, last, unit)
            band = band_of(policy, None if value is None else Fraction(value))
            if band and value is not None:
                yield Verdict(metric, unit.unit, unit.unit, unit.level, None, Fraction(value), policy, band)
    for worker in workers(council, month):
        if worker.cases is None:
            continue
        count = Fraction(len(worker.cases))
        policy = policy_for(council, "worker_caseload", last, council.units.get(worker.unit), worker)
        band = band_of(policy, count)
        if band:
            hashed = worker_key(key, council.slug, worker.worker_id)
            yield Verdict("worker_caseload", f"#{hashed}", worker.unit, None, hashed, count, policy, band)


def _rates(council: MadeUpCouncil, month: date, unit: str) -> dict[str, Fraction | None]:
    """Percentages of other marts, exact; None where a part was not delivered or the whole is 0."""
    posts = establishment_measure(council, month, unit, TOTAL)
    flows = flows_of(council.rows(month, "caseload"), council.below(unit, month), month)

    def of(part: Fraction | int | None, *rest: Fraction | int | None) -> Fraction | None:
        if part is None or None in rest:
            return None
        whole = sum((Fraction(r) for r in rest if r is not None), Fraction(0))
        return Fraction(100 * part) / whole if whole else None

    return {
        "vacancy_rate": of(posts.vacant, posts.vacant, posts.in_post),
        "agency_rate": of(posts.agency, posts.agency, posts.in_post),
        "closed_rate": of(flows["closed"], flows["received"]),
    }


def threshold_breaches(council: MadeUpCouncil, key: str) -> ExpectedMart:
    """A row while the severity is above none, and one more in the month it is resolved."""
    mart = ExpectedMart("threshold_breaches", ("month", "metric", "subject"))
    mart.ignored = lambda row: (
        (row["unit"] == UNMAPPED and row["worker_key"] is None) or row["metric"] not in METRICS
    )
    before: dict[tuple[str, str], tuple[int, int]] = {}
    for month in council.loaded_months():
        for verdict in verdicts(council, month, key):
            subject = (verdict.metric, verdict.subject)
            was, months = before.get(subject, (0, 0))
            now = SEVERITIES.index(verdict.band.severity)
            months = months + 1 if now >= SEVERITIES.index("warning") else 0
            before[subject] = (now, months)
            if now or was:
                mart.rows.append(_row(month, verdict, _state(was, now), months))
    return mart


def _state(was: int, now: int) -> str:
    if not now:
        return "resolved"
    if not was:
        return "new"
    return "worsened" if now > was else "eased" if now < was else "continuing"


def _row(month: date, verdict: Verdict, state: str, months: int) -> ExpectedRow:
    band, shipped = verdict.band, verdict.band.shipped
    compared = rounded(verdict.value, verdict.policy[0].rounding)
    values: dict[str, Any] = {
        "unit": verdict.unit,
        "level": verdict.level if verdict.worker_key is None else ANY,
        "worker_key": verdict.worker_key,
        "as_at": last_day(month),
        "value": exact(verdict.value),
        "rounded_value": exact(compared),
        "band": band.band if band.band is not None else ANY,
        "severity": band.severity,
        "lower": exact(band.lower),
        "upper": exact(band.upper),
        "policy_id": ANY if shipped else band.policy_id,
        "source": ANY if shipped else band.source,
        "months_in_breach": months,
        "state": state,
    }
    # Reference.md gives unallocated cases no level: every level or teams only are both right.
    optional = verdict.metric == "unallocated_cases" and verdict.level != "team"
    return ExpectedRow(
        {"month": month, "metric": verdict.metric, "subject": verdict.subject}, values, optional
    )


def deliveries(council: MadeUpCouncil) -> ExpectedMart:
    """One row per delivery; `sequence` counts those of one month and extract in the order they arrived."""
    mart = ExpectedMart("deliveries", ("month", "extract", "sequence"))
    # How many lines a folder with both endings gets is not said: none of them is compared.
    doubled = {(d.month, d.extract) for d in council.deliveries if d.refused == "both endings in the folder"}
    mart.ignored = lambda row: (row["month"], row["extract"]) in doubled
    seen: dict[tuple[date, str], int] = {}
    for delivery in council.deliveries:
        if (delivery.month, delivery.extract) in doubled:
            continue
        number = seen[delivery.month, delivery.extract] = seen.get((delivery.month, delivery.extract), 0) + 1
        counted = delivery.rows_read >= 0
        values = {
            "file_name": delivery.file_name,
            "sha256": delivery.sha256 or ANY,
            "rows_read": delivery.rows_read if counted else ANY,
            "rows_accepted": ANY if delivery.refused else delivery.rows_accepted,
            "rows_rejected": delivery.rows_rejected if counted else ANY,
            "is_refused": delivery.refused is not None,
        }
        key = {"month": delivery.month, "extract": delivery.extract, "sequence": number}
        mart.rows.append(ExpectedRow(key, values))
    return mart
