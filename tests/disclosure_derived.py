"""What the marts that are made of counts tell an attacker of suppressed ones: equations and bounds, mart by mart.

Contracts since their first day, breaches and the month before, success criteria since the start, options, forecasts and
the printed figures: each says something of a count that another file may hide. Asserts nothing.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
from disclosure_audit import Attack, Cell

Row = Mapping[str, Any]

# Metric or indicator: what is counted, over which quantity or column of which mart, times what.
MEASURES: dict[str, tuple[str, tuple[str, str] | None, int]] = {
    **{
        q: (q, None, 1)
        for q in (
            "open_cases", "open_children", "unallocated_cases", "manager_held_cases", "received", "contacts",
            "referrals", "children_in_need", "child_protection", "children_looked_after",
        )
    },
    "average_caseload": ("open_cases", ("caseload_bands", "fte_social_workers"), 1),
    "turnover_rate": ("leavers_fte_12m", ("workforce_stability", "in_post_fte"), 100),
    "voluntary_turnover_rate": ("voluntary_leavers_fte_12m", ("workforce_stability", "in_post_fte"), 100),
    "sickness_days_per_fte": ("sickness_days_12m", ("workforce_stability", "in_post_fte"), 1),
    "asye_share": ("asye_workers", ("workforce_stability", "headcount"), 100),
    "share_qualified_under_18_months": ("qualified_under_18_months", ("workforce_stability", "headcount"), 100),
    "visits_in_time_rate": ("visits_in_time", ("timeliness", "visits_due"), 100),
    "assessments_in_45_days_rate": ("assessments_in_45_days", ("timeliness", "assessments_completed"), 100),
    "strategy_meetings_in_time_rate": (
        "strategy_meetings_in_time", ("timeliness", "strategy_meetings_due"), 100,
    ),
    "closed_rate": ("closed", ("throughput", "received"), 100),
    "stepped_down_rate": ("stepped_down", ("throughput", "received"), 100),
    "transferred_out_rate": ("transferred_out", ("throughput", "received"), 100),
    "cases_received": ("received", None, 1),
    "caseload": ("dfe_cases", ("caseload_bands", "dfe_fte"), 1),
}  # fmt: skip
OF_COUNCIL = {"contacts", "referrals", "children_in_need", "child_protection", "children_looked_after"}
CONTRACT_FLOWS = {
    "received": ("received",),
    "closed": ("closed", "stepped_down"),
    "transferred": ("transferred_out",),
}
BEFORE_CONTRACT = ", before the contract"


class Seen:
    """The public tier of one council, and what of a measure it says at which place."""

    def __init__(self, attacker: Attack, public: Path, truth: Path, council: str, root: str) -> None:
        self.attacker, self.council, self.root = attacker, council, root
        self.rows: dict[str, list[Row]] = {}
        self.true_rows: dict[str, list[Row]] = {}
        for path, into in ((public, self.rows), (truth, self.true_rows)):
            with duckdb.connect(str(path), read_only=True) as marts:
                for (mart,) in marts.execute("select table_name from duckdb_tables()").fetchall():
                    result = marts.execute(f"select * from {mart}")
                    names = [name for name, *_ in result.description or []]
                    into[mart] = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
                    if "council" in names:
                        into[mart] = [row for row in into[mart] if row["council"] == council]
        self.columns: dict[tuple[str, str, date], Row] = {
            (mart, row["unit"], row["month"]): row
            for mart in ("caseload_bands", "workforce_stability", "timeliness", "throughput")
            for row in self.rows.get(mart, [])
        }

    def tell(self, measure: str, unit: str, month: date, value: Any, decimals: int) -> None:
        """A figure of a measure that was rounded to so many decimals: what is counted lies in an interval."""
        if value is None or measure not in MEASURES:
            return
        quantity, over, times = MEASURES[measure]
        cell = (self.root if quantity in OF_COUNCIL else unit, month, quantity)
        if cell not in self.attacker.truth:
            return
        half = Fraction(1, 2 * 10**decimals)
        low, high = Fraction(value) - half, Fraction(value) + half
        if over is None:
            self.between({cell: 1}, low, high)
            return
        mart, column = over
        divisor = self.columns.get((mart, unit, month), {}).get(column)
        if divisor is not None:
            self.between({cell: times}, low * Fraction(divisor), high * Fraction(divisor))
        elif (unit, month, column) in self.attacker.truth:
            whole = (unit, month, column)
            self.attacker.bound({cell: times, whole: -high})
            self.attacker.bound({cell: -times, whole: low})

    def between(
        self, terms: Mapping[Cell, int | Fraction], low: Fraction | None, high: Fraction | None
    ) -> None:
        if high is not None:
            self.attacker.bound(terms, high)
        if low is not None:
            self.attacker.bound({cell: -factor for cell, factor in terms.items()}, -low)


def attack_derived(
    attacker: Attack, internal: Path, public: Path, units: Sequence[tuple[str, str, str | None]], council: str,
    asked: Iterable[Row] = (),
) -> None:  # fmt: skip
    """Adds to an attack all that the other public marts say; `asked` is what each printed figure is of."""
    root = next(unit for owner, unit, parent in units if owner == council and parent is None)
    seen = Seen(attacker, public, internal, council, root)
    _contracts(seen)
    _breaches(seen)
    _impact(seen)
    _options(seen)
    _forecasts(seen)
    _printed(seen, asked)
    for row in seen.rows.get("dfe_comparison", []):
        seen.tell("caseload", row["unit"], row["month"], row["own_caseload"], 1)
        for measure in ("turnover_rate", "absence_rate"):
            seen.tell(measure, row["unit"], row["month"], row.get(f"own_{measure}"), 1)
    for row in seen.rows.get("investment_context", []):
        if row["kind"] == "measure":
            seen.tell(row["what"], root, row["happened_on"], _number(row["to_value"]), 2)
            began = str(row["source"]).removeprefix("from ")
            seen.tell(row["what"], root, date.fromisoformat(began), _number(row["from_value"]), 2)


def _contracts(seen: Seen) -> None:
    """Month less month is a month's flow; the unit's first month less the contract's is what came before it."""
    attacker = seen.attacker
    truth = {(row["contract_id"], row["month"]): row for row in seen.true_rows.get("managed_teams", [])}
    shown = {(row["contract_id"], row["month"]): row for row in seen.rows.get("managed_teams", [])}
    of_unit: dict[Cell, list[Cell]] = defaultdict(list)
    for (contract, month), row in sorted(truth.items()):
        for column in (*CONTRACT_FLOWS, "open"):
            cell = (contract, month, f"contract_{column}")
            attacker.truth[cell] = Fraction(row[column])
            of_unit[row["unit"], month, column].append(cell)
            if (value := shown[contract, month][column]) is not None:
                attacker.known[cell] = Fraction(value)
    for (contract, month), row in sorted(truth.items()):
        attacker.add({(contract, month, "contract_open"): 1, (row["unit"], month, "open_cases"): -1})
        for column, flows in CONTRACT_FLOWS.items():
            cell = (contract, month, f"contract_{column}")
            _per_case(seen, shown[contract, month], cell, column)
            terms: dict[Cell, int | Fraction] = {
                cell: 1,
                **{(row["unit"], month, flow): -1 for flow in flows},
            }
            last = (contract, _before(month), f"contract_{column}")
            if last in attacker.truth:
                attacker.add({**terms, last: -1})
            else:
                rest = sum(attacker.truth[unit, when, flow] for unit, when, flow in list(terms)[1:])
                rest -= attacker.truth[cell]
                if row["starts_on"].day == 1:
                    attacker.add(terms, -rest)
                    continue
                # What came before its first day is nobody's figure, but small numbers of it are to be protected.
                before = (contract + BEFORE_CONTRACT, month, f"contract_{column}")
                attacker.truth[before] = rest
                if not 0 < rest < 5 and set(terms) <= set(attacker.known):
                    attacker.known[before] = rest
                attacker.add({**terms, before: 1})
    for cells in of_unit.values():
        # Contracts of one unit that began on different days: what lies between them.
        for first, second in itertools.pairwise(cells):
            rest = attacker.truth[first] - attacker.truth[second]
            few = (f"{first[0]} less {second[0]}", first[1], first[2])
            if 0 < abs(rest) < 5:
                attacker.truth[few] = abs(rest)
                attacker.add({first: 1, second: -1, few: -1 if rest > 0 else 1})


def _per_case(seen: Seen, row: Row, cell: Cell, column: str) -> None:
    """What each case cost, and what all did: how many there were."""
    each = row.get(f"cost_per_case_{column}_gbp")
    if each:
        half, cost = Fraction(1, 200), Fraction(row["cost_to_date_gbp"])
        seen.between({cell: 1}, cost / (Fraction(each) + half), cost / (Fraction(each) - half))


def _breaches(seen: Seen) -> None:
    for row in seen.rows.get("threshold_breaches", []):
        metric, unit, month = row["metric"], row["unit"], row["month"]
        seen.tell(metric, unit, month, row["value"], 4)
        if row["previous_value"] is not None:
            seen.tell(metric, unit, _before(month), row["previous_value"], 4)
        elif row["change"] is not None:
            seen.tell(metric, unit, _before(month), Fraction(row["value"]) - Fraction(row["change"]), 4)
        # In breach since then: each month at the threshold or over it.
        when, worst = row["since_month"], row["lower"]
        while when is not None and worst is not None and when < month:
            if metric in MEASURES and (unit, when, MEASURES[metric][0]) in seen.attacker.truth:
                quantity, over, times = MEASURES[metric]
                of = Fraction(1) if over is None else seen.columns.get((over[0], unit, when), {}).get(over[1])
                if of is not None:
                    seen.between(
                        {(unit, when, quantity): times},
                        (Fraction(worst) - Fraction(1, 2)) * Fraction(of),
                        None,
                    )
            when = _after(when)


def _impact(seen: Seen) -> None:
    for row in [*seen.rows.get("investment_impact", []), *seen.rows.get("investment_lines", [])]:
        measure, unit = row["indicator"], row["unit"]
        seen.tell(measure, unit, row["month"], row["value_now"], 4)
        seen.tell(measure, unit, row["started_from"], row["value_at_start"], 4)
        if row["last_known_month"] is not None:
            seen.tell(measure, unit, row["last_known_month"], row["last_known_value"], 4)
        if measure not in MEASURES or MEASURES[measure][1] is not None:
            continue
        place = seen.root if measure in OF_COUNCIL else unit
        now, then = (place, row["month"], measure), (place, row["started_from"], measure)
        if row["change"] is not None and {now, then} <= set(seen.attacker.truth):
            seen.attacker.add({now: 1, then: -1}, Fraction(row["change"]))
        months, month = [], row["month"]
        while month >= row["starts_on"].replace(day=1):
            months.append((place, month, measure))
            month = _before(month)
        if len(months) != row["months_since"] or not set(months) <= set(seen.attacker.truth):
            continue
        if row["mean_since"] is not None:
            half, mean = Fraction(1, 20_000), Fraction(row["mean_since"])
            total: dict[Cell, int | Fraction] = dict.fromkeys(months, 1)
            seen.between(total, (mean - half) * len(months), (mean + half) * len(months))
        if row["best_since"] is not None:
            low, high = sorted((Fraction(row["best_since"]), Fraction(row["worst_since"])))
            for cell in months:
                seen.between({cell: 1}, low, high)


def _options(seen: Seen) -> None:
    for row in seen.rows.get("caseload_bands", []):
        _gap(seen, row["unit"], row["month"], row.get("fte_to_target"))
    for row in seen.rows.get("options_to_target", []):
        _gap(seen, row["unit"], row["month"], row.get("gap_fte"))
        each = row.get("cost_per_case_moved_gbp")
        cells = [
            cell
            for cell in seen.attacker.truth
            if cell[0] == "contract_0" and cell[1] == row["month"] and cell[2] in MOVED
        ]
        if row["option_kind"] == "managed_team" and each and len(cells) == len(MOVED):
            known, half = _months_between(seen, row["month"]), Fraction(1, 200)
            total: dict[Cell, int | Fraction] = dict.fromkeys(cells, 1)
            paid = Fraction(50_000 * known, 5)
            seen.between(total, paid / (Fraction(each) + half), paid / (Fraction(each) - half))


MOVED = ("contract_closed", "contract_transferred")


def _months_between(seen: Seen, month: date) -> int:
    first: date = min(
        row["month"] for row in seen.true_rows["managed_teams"] if row["contract_id"] == "contract_0"
    )
    return (month.year - first.year) * 12 + month.month - first.month + 1


def _gap(seen: Seen, unit: str, month: date, gap: Any) -> None:
    """FTE to the target of one case and the FTE there are: so many cases."""
    fte = seen.columns.get(("caseload_bands", unit, month), {}).get("fte_social_workers")
    cell = (unit, month, "open_cases")
    if gap is not None and fte is not None and cell in seen.attacker.truth:
        half = Fraction(1, 200)
        low = Fraction(gap) - half + Fraction(fte) if gap > 0 else None
        seen.between({cell: 1}, low, Fraction(gap) + half + Fraction(fte))


def _forecasts(seen: Seen) -> None:
    attacker, half = seen.attacker, Fraction(1, 200)
    for row in seen.rows.get("caseload_forecasts", []):
        unit, month, ahead = row["unit"], row["month"], row["months_ahead"]
        seen.tell("open_cases", unit, month, row["open_cases"], 4)
        seen.tell("open_cases", unit, row["target_month"], row["actual_open_cases"], 4)
        count = row["flow_months"]
        window = [month]
        while count and len(window) < count:
            window.append(_before(window[-1]))
        received: dict[Cell, int | Fraction] = {(unit, when, "received"): 1 for when in window}
        ended: dict[Cell, int | Fraction] = {
            (unit, when, q): 1 for when in window for q in ("closed", "stepped_down", "transferred_out")
        }
        if not count or not {*received, *ended} <= set(attacker.truth):
            continue
        for column, terms in (("received_a_month", received), ("ended_a_month", ended)):
            if (mean := row[column]) is not None:
                seen.between(terms, (Fraction(mean) - half) * count, (Fraction(mean) + half) * count)
        expected: dict[Cell, int | Fraction] = {(unit, month, "open_cases"): Fraction(1)}
        expected |= {cell: Fraction(ahead, count) for cell in received}
        expected |= {cell: Fraction(-ahead, count) for cell in ended}
        if row["expected_open_cases"]:
            value = Fraction(row["expected_open_cases"])
            seen.between(expected, value - half, value + half)
        actual = (unit, row["target_month"], "open_cases")
        if row["error_open_cases"] is not None and actual in attacker.truth:
            value = Fraction(row["error_open_cases"])
            seen.between({**expected, actual: Fraction(-1)}, None, value + half)


def _printed(seen: Seen, asked: Iterable[Row]) -> None:
    of = {row["figure_id"]: row for row in asked}
    for row in seen.rows.get("report_figures", []):
        if figure := of.get(row["figure_id"]):
            seen.tell(figure["measure"], figure["unit"], figure["month"], row["exact"], 4)
            if row["computed"] != row["printed"]:
                seen.tell(figure["measure"], figure["unit"], figure["month"], row["computed"], 0)


def _number(value: str | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def _before(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def _after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
