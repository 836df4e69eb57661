"""data_quality, by docs/data-quality.md: the checks that a made-up council's truth can tell of."""

from __future__ import annotations

from collections import Counter
from datetime import date
from fractions import Fraction
from typing import Any

from .arithmetic import ANY, add_months, last_day
from .expected_rows import ExpectedMart, ExpectedRow
from .truth import OUTSIDE, UNMAPPED, MadeUpCouncil, Row, in_post, is_open

CHECKS = (
    "delivery_refused", "rows_rejected", "unmapped_rows", "repeated_rows", "transferred_to_outside",
    "worker_not_in_post", "worker_unknown", "cases_of_leavers", "fte_over_one", "cases_alike", "restated_cases",
    "amount_in_doubt", "qualification_date_missing", "months_missing_before",
)  # fmt: skip
Found = dict[tuple[str, str], Any]


def data_quality(council: MadeUpCouncil, throughput: ExpectedMart) -> ExpectedMart:
    mart = ExpectedMart("data_quality", ("month", "check", "asset"))
    mart.ignored = lambda row: row["check"] not in CHECKS
    for month in council.loaded_months():
        found = {
            **_arrived(council, month),
            **_of_cases(council, month),
            **_of_others(council, month),
            **_restated(council, month, throughput),
        }
        for (check, asset), failing in found.items():
            values = {
                "as_at": last_day(month),
                "failing_rows": failing,
                "passed": failing if failing is ANY else failing == 0,
            }
            mart.rows.append(ExpectedRow({"month": month, "check": check, "asset": asset}, values))
    return mart


def _arrived(council: MadeUpCouncil, month: date) -> Found:
    found: Found = {}
    for extract in sorted({d.extract for d in council.deliveries if d.month == month}):
        sent = [d for d in council.deliveries if (d.month, d.extract) == (month, extract)]
        good = [place for place, delivery in enumerate(sent) if not delivery.refused]
        later = sent[good[-1] + 1 :] if good else sent
        found["delivery_refused", extract] = len(later)
        if good:
            in_force = sent[good[-1]]
            found["rows_rejected", extract] = in_force.rows_rejected
            found["unmapped_rows", extract] = in_force.rows_unmapped
            found["repeated_rows", extract] = in_force.rows_repeated
    with_rows = [
        m
        for m in council.loaded_months()
        if any(
            d.month == m and not d.refused and not d.extract.endswith("_summary") for d in council.deliveries
        )
    ]
    if month in with_rows:
        ago = [_number(month) - _number(m) for m in with_rows if 0 < _number(month) - _number(m) <= 12]
        found["months_missing_before", "months"] = min(ago) - 1 if ago else 0
    return found


def _number(month: date) -> int:
    return 12 * month.year + month.month


def _of_cases(council: MadeUpCouncil, month: date) -> Found:
    cases, workforce = council.rows(month, "caseload"), council.rows(month, "workforce")
    if cases is None:
        return {}
    last = last_day(month)
    still = [c for c in cases if is_open(c, last)]
    found = {("transferred_to_outside", "caseload"): sum(c["transferred_to"] == OUTSIDE for c in cases)}
    alike = Counter((c["team"], c["child_id"], c["case_type"]) for c in still)
    found["cases_alike", "caseload"] = sum(count - 1 for count in alike.values())
    if workforce is not None:
        named = {w["worker_id"] for w in workforce}
        here = {w["worker_id"] for w in workforce if in_post(w, last)}
        held = [c["worker_id"] for c in still if c["worker_id"] is not None]
        found["worker_not_in_post", "caseload"] = sum(w not in here for w in held)
        found["worker_unknown", "caseload"] = sum(w not in named for w in held)
        found["cases_of_leavers", "caseload"] = sum(w in named and w not in here for w in held)
    return found


def _of_others(council: MadeUpCouncil, month: date) -> Found:
    found: Found = {}
    workforce, spend = council.rows(month, "workforce"), council.rows(month, "agency_spend")
    if workforce is not None:
        posts = [w for w in workforce if in_post(w, last_day(month))]
        fte: dict[str, Fraction] = {}
        for post in posts:
            fte[post["worker_id"]] = fte.get(post["worker_id"], Fraction(0)) + post["fte"]
        found["fte_over_one", "workforce"] = sum(total > 1 for total in fte.values())
        qualified = {p["worker_id"] for p in posts if council.roles[p["role"]].is_social_worker}
        dated = {p["worker_id"] for p in posts if p["qualified_on"]}
        found["qualification_date_missing", "workforce"] = len(qualified - dated)
    if spend is not None:
        found["amount_in_doubt", "agency_spend"] = sum(_is_in_doubt(line) for line in spend)
    return found


def _is_in_doubt(line: Row) -> bool:
    hours, rate = line["hours"], line["hourly_rate_gbp"]
    if line["cost_type"] != "pay" or hours is None or rate is None:
        return False
    return bool(abs(hours * rate - line["amount_gbp"]) > Fraction(1, 100))


def _restated(council: MadeUpCouncil, month: date, throughput: ExpectedMart) -> Found:
    """The differences of the lowest units, added up without their signs."""
    above = {unit.parent for unit in council.units_in_force(month)}
    known = [
        value
        for row in throughput.rows
        if row.key["month"] == month and row.key["unit"] not in {*above, UNMAPPED}
        if (value := row.values.get("restated_cases")) is not None
    ]
    if not known:
        return {}
    # The pages do not say in which months `unmapped` has a row to be compared with.
    now, before = (council.rows(m, "caseload") or [] for m in (month, add_months(month, -1)))
    left = sum(c["team"] == UNMAPPED and is_open(c, last_day(add_months(month, -1))) for c in before)
    found = sum(c["team"] == UNMAPPED and c["opened_on"] < month for c in now)
    return {("restated_cases", "throughput"): ANY if left != found else sum(abs(v) for v in known)}
