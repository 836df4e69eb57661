"""An attack on the public tier: what can somebody who knows every published cell find out about a suppressed one?

Written from the definitions of the marts and not from the product: the equations between cells are stated here anew,
solved exactly (Gaussian elimination over fractions), and bounded by linear programming. The attacker is given more than
is published: that cases have no rows above teams where there are many or none, that children count twice where they do,
and that nothing was restated where nothing was. Asserts nothing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from scipy.optimize import linprog
from scipy.sparse import lil_matrix

Cell = tuple[str, date, str]
"""Unit (or contract), month and quantity, of one council."""

HOMES = {
    "caseload_bands": {q: q for q in (
        "open_cases", "open_children", "unallocated_cases", "manager_held_cases", "dfe_cases")},
    "throughput": {
        **{q: q for q in ("open_at_start", "received", "closed", "stepped_down", "transferred_out", "transferred_in",
            "internal_transfers")}, "open_at_end": "open_cases"},
    "timeliness": {q: q for q in (
        "cases_allocated", "assessments_completed", "assessments_in_45_days", "visits_due", "visits_in_time",
        "strategy_meetings_due", "strategy_meetings_in_time", "open_children", "child_workers_12m")},
    "workforce_stability": {q: q for q in (
        "headcount", "leavers_fte_12m", "voluntary_leavers_fte_12m", "sickness_days_12m", "qualified_under_18_months",
        "qualified_under_2_years", "asye_workers")},
    "demand": {q: q for q in (
        "contacts", "referrals", "re_referrals", "children_in_need", "child_protection", "children_looked_after",
        "plans_ended")},
}  # fmt: skip
# Mart: rate, numerator, denominator (a quantity or a column), what it is multiplied with, decimals.
RATES = [
    ("caseload_bands", "average_caseload", "open_cases", "fte_social_workers", 1, 4),
    ("caseload_bands", "average_caseload_rounded", "open_cases", "fte_social_workers", 1, 0),
    ("caseload_bands", "dfe_average_caseload", "dfe_cases", "dfe_fte", 1, 1),
    ("throughput", "closed_rate", "closed", "received", 100, 1),
    ("throughput", "stepped_down_rate", "stepped_down", "received", 100, 1),
    ("throughput", "transferred_out_rate", "transferred_out", "received", 100, 1),
    ("timeliness", "assessments_in_45_days_rate", "assessments_in_45_days", "assessments_completed", 100, 1),
    ("timeliness", "visits_in_time_rate", "visits_in_time", "visits_due", 100, 1),
    ("timeliness", "strategy_meetings_in_time_rate", "strategy_meetings_in_time", "strategy_meetings_due", 100, 1),
    ("timeliness", "workers_per_child_12m", "child_workers_12m", "open_children", 1, 2),
    ("workforce_stability", "turnover_rate", "leavers_fte_12m", "in_post_fte", 100, 1),
    ("workforce_stability", "voluntary_turnover_rate", "voluntary_leavers_fte_12m", "in_post_fte", 100, 1),
    ("workforce_stability", "sickness_days_per_fte", "sickness_days_12m", "in_post_fte", 1, 1),
    ("workforce_stability", "share_qualified_under_18_months", "qualified_under_18_months", "headcount", 100, 1),
    ("workforce_stability", "share_qualified_under_2_years", "qualified_under_2_years", "headcount", 100, 1),
    ("workforce_stability", "asye_share", "asye_workers", "headcount", 100, 1),
    ("demand", "conversion_rate", "referrals", "contacts", 100, 1),
    ("demand", "re_referral_rate", "re_referrals", "referrals", 100, 1),
    ("demand", "looked_after_per_10000", "children_looked_after", "children_0_17", 10000, 1),
]  # fmt: skip
ADDS_UP = {
    "open_cases", "open_at_start", "received", "closed", "stepped_down", "transferred_out", "transferred_in",
    "unallocated_cases", "manager_held_cases", "dfe_cases", "cases_allocated", "assessments_completed",
    "assessments_in_45_days", "visits_due", "visits_in_time", "strategy_meetings_due", "strategy_meetings_in_time",
}  # fmt: skip
NEARLY_ADDS_UP = {
    "open_children", "leavers_fte_12m", "voluntary_leavers_fte_12m", "sickness_days_12m", "qualified_under_18_months",
    "qualified_under_2_years", "asye_workers",
}  # fmt: skip
# The first ones together are never more than the last.
NO_MORE_THAN = [
    ("unallocated_cases", "dfe_cases", "open_cases"), ("unallocated_cases", "manager_held_cases", "open_cases"),
    ("open_children", "open_cases"), ("cases_allocated", "received"),
    ("assessments_in_45_days", "assessments_completed"), ("visits_in_time", "visits_due"),
    ("strategy_meetings_in_time", "strategy_meetings_due"), ("voluntary_leavers_fte_12m", "leavers_fte_12m"),
    ("qualified_under_18_months", "qualified_under_2_years"), ("qualified_under_2_years", "headcount"),
    ("asye_workers", "headcount"), ("internal_transfers", "transferred_out"),
    ("internal_transfers", "transferred_in"), ("referrals", "contacts"), ("re_referrals", "referrals"),
]  # fmt: skip
COMPLEMENTS = [
    ("assessments_in_45_days", "assessments_completed"), ("visits_in_time", "visits_due"),
    ("strategy_meetings_in_time", "strategy_meetings_due"), ("qualified_under_2_years", "headcount"),
    ("asye_workers", "headcount"),
]  # fmt: skip

FEWEST_VALUES = 5
WITHIN_HEADCOUNT = ("qualified_under_18_months", "qualified_under_2_years", "asye_workers")
OWN_ROWS = ", own rows"
FLOWS = {"received", "closed", "stepped_down", "transferred_out"}


@dataclass
class Attack:
    """What was tried on one council: equations and bounds over suppressed cells, and what came of it."""

    truth: dict[Cell, Fraction] = field(default_factory=dict)
    known: dict[Cell, Fraction] = field(default_factory=dict)
    equations: list[tuple[dict[Cell, Fraction], Fraction]] = field(default_factory=list)
    at_most: list[tuple[dict[Cell, Fraction], Fraction]] = field(default_factory=list)

    def add(self, terms: Mapping[Cell, int | Fraction], total: Fraction | int = 0) -> None:
        """Terms with their factors that add up to a total; known cells go to its side."""
        left, right = self._split(terms, Fraction(total))
        if left:
            self.equations.append((left, right))

    def bound(self, terms: Mapping[Cell, int | Fraction], most: Fraction | int = 0) -> None:
        left, right = self._split(terms, Fraction(most))
        if left:
            self.at_most.append((left, right))

    def _split(
        self, terms: Mapping[Cell, int | Fraction], right: Fraction
    ) -> tuple[dict[Cell, Fraction], Fraction]:
        left: dict[Cell, Fraction] = {}
        for cell, factor in terms.items():
            if cell in self.known:
                right -= factor * self.known[cell]
            else:
                left[cell] = left.get(cell, Fraction(0)) + factor
        return left, right

    @property
    def suppressed(self) -> list[Cell]:
        return sorted(cell for cell in self.truth if cell not in self.known)


def attack(
    internal: Path, public: Path, units: Sequence[tuple[str, str, str | None]], council: str
) -> Attack:
    """Everything that is known of a council's suppressed cells; `units` are council, unit and unit above."""
    attacker = Attack()
    with (
        duckdb.connect(str(internal), read_only=True) as truth,
        duckdb.connect(str(public), read_only=True) as seen,
    ):
        rows = {mart: _rows(truth, seen, mart, council) for mart in HOMES}
    for mart, columns in HOMES.items():
        for key, (true, shown) in rows[mart].items():
            for column, quantity in columns.items():
                if true.get(column) is None:
                    continue
                cell = (*key, quantity)
                attacker.truth[cell] = Fraction(true[column])
                if shown.get(column) is not None:
                    attacker.known[cell] = Fraction(shown[column])
    above = {unit: parent for owner, unit, parent in units if owner == council}
    keys = sorted({cell[:2] for cell in attacker.truth})
    _adding_up(attacker, above, keys)
    _within_rows(attacker, rows)
    _over_months(attacker, rows)
    return attacker


def _rows(
    truth: duckdb.DuckDBPyConnection, seen: duckdb.DuckDBPyConnection, mart: str, council: str
) -> dict[tuple[str, date], tuple[dict[str, Any], dict[str, Any]]]:
    found: list[dict[tuple[str, date], dict[str, Any]]] = []
    for connection in (truth, seen):
        if not connection.execute("select 1 from duckdb_tables() where table_name = ?", [mart]).fetchall():
            return {}
        result = connection.execute(f"select * from {mart} where council = ?", [council])
        names = [name for name, *_ in result.description or []]
        found.append({})
        for values in result.fetchall():
            row = dict(zip(names, values, strict=True))
            found[-1][row["unit"], row["month"]] = row
    return {key: (row, found[1][key]) for key, row in found[0].items()}


def _adding_up(attacker: Attack, above: Mapping[str, str | None], keys: Sequence[tuple[str, date]]) -> None:
    root = next(unit for unit, parent in above.items() if parent is None)
    below: dict[str, list[str]] = defaultdict(list)
    for unit in {unit for unit, _ in keys} - {root}:
        below[above.get(unit) or root].append(unit)
    for unit, month in keys:
        rests: dict[str, Fraction] = {}
        terms: dict[str, dict[Cell, int | Fraction]] = {}
        for quantity in sorted(ADDS_UP | NEARLY_ADDS_UP):
            of_children = [(child, month, quantity) for child in below[unit]]
            children = [cell for cell in of_children if cell in attacker.truth]
            cell = (unit, month, quantity)
            if children and cell in attacker.truth:
                terms[quantity] = {cell: 1, **dict.fromkeys(children, -1)}
                rests[quantity] = attacker.truth[cell] - sum(attacker.truth[child] for child in children)
        few = {q for q, rest in rests.items() if q in {*ADDS_UP, "open_children"} and 0 < rest < 5}
        # Where few of a unit's own cases came or went, none of the ways in which they did is known.
        few |= FLOWS & set(rests) if few & FLOWS else set()
        for quantity, rest in rests.items():
            if quantity in few:
                own = (unit + OWN_ROWS, month, quantity)
                attacker.truth[own] = rest
                attacker.add({**terms[quantity], own: -1})
            else:
                attacker.add(terms[quantity], rest)
        both = [(unit, month, q) for q in ("internal_transfers", "transferred_in")]
        if unit == root and all(cell in attacker.truth for cell in both):
            attacker.add({both[0]: 1, both[1]: -1}, attacker.truth[both[0]] - attacker.truth[both[1]])


def _within_rows(attacker: Attack, rows: Mapping[str, Any]) -> None:
    for unit, month in sorted({cell[:2] for cell in attacker.truth}):
        here = {
            quantity: (unit, month, quantity) for columns in HOMES.values() for quantity in columns.values()
        }
        flow = {"open_at_start": 1, "received": 1, "closed": -1, "stepped_down": -1, "transferred_out": -1}
        terms: dict[Cell, int | Fraction] = {here[quantity]: factor for quantity, factor in flow.items()}
        terms[here["open_cases"]] = -1
        if all(cell in attacker.truth for cell in terms):
            attacker.add(terms)
        for *parts, whole in NO_MORE_THAN:
            terms = {**{here[part]: 1 for part in parts}, here[whole]: -1}
            if all(cell in attacker.truth for cell in terms):
                attacker.bound(terms)
    for mart, column, numerator, denominator, times, decimals in RATES:
        names = {quantity: name for name, quantity in HOMES[mart].items()}
        for (unit, month), (_, shown) in rows[mart].items():
            rate, over = shown.get(column), shown.get(names.get(denominator, denominator))
            cell = (unit, month, numerator)
            if rate is None or cell not in attacker.truth or cell in attacker.known:
                continue
            part: dict[Cell, int | Fraction] = {cell: times}
            half = Fraction(1, 2 * 10**decimals)
            value = Fraction(rate)
            if over is None:
                below, most = {(unit, month, denominator): -(value + half)}, Fraction(0)
                attacker.bound({**part, **below}, most)
                attacker.bound({cell: -times, (unit, month, denominator): value - half})
            else:
                attacker.bound(part, (value + half) * Fraction(over))
                attacker.bound({cell: -times}, -(value - half) * Fraction(over))


def _over_months(attacker: Attack, rows: Mapping[str, Any]) -> None:
    for (unit, month), (_, shown) in rows["throughput"].items():
        before = (unit, _earlier(month, 1), "open_cases")
        start = (unit, month, "open_at_start")
        if before not in attacker.truth or start not in attacker.truth:
            continue
        restated = attacker.truth[start] - attacker.truth[before]
        if shown.get("restated_cases") is not None or (restated == 0 and before not in attacker.known):
            attacker.add({start: 1, before: -1}, restated)
    for (unit, month), (_, shown) in rows["demand"].items():
        for quantity in HOMES["demand"]:
            for months, name in ((12, "1y"), (24, "2y")):
                change = shown.get(f"{quantity}_change_{name}")
                now, then = (unit, month, quantity), (unit, _earlier(month, months), quantity)
                if change is None or then not in attacker.truth:
                    continue
                for side in (1, -1):
                    factor = 1 + (Fraction(change) + side * Fraction(1, 20)) / 100
                    attacker.bound({now: side, then: -side * factor})


def _earlier(month: date, months: int) -> date:
    place = month.year * 12 + month.month - 1 - months
    return date(place // 12, place % 12 + 1, 1)


def determined(attacker: Attack) -> dict[Cell, Fraction]:
    """Suppressed cells whose value follows from the equations alone, exactly."""
    pivots: dict[Cell, tuple[dict[Cell, Fraction], Fraction]] = {}
    holding: dict[Cell, set[Cell]] = defaultdict(set)
    for left, right in attacker.equations:
        row, total = dict(left), right
        while used := next((cell for cell in row if cell in pivots), None):
            row, total = _less(row, total, pivots[used], row[used])
        if not row:
            assert total == 0, "the equations do not hold"
            continue
        pivot = min(row)
        factor = row[pivot]
        row, total = {cell: value / factor for cell, value in row.items()}, total / factor
        for other in sorted(holding[pivot]):
            old, old_total = pivots[other]
            if pivot in old:
                pivots[other] = _less(old, old_total, (row, total), old[pivot])
                for cell in pivots[other][0]:
                    holding[cell].add(other)
        pivots[pivot] = (row, total)
        for cell in row:
            holding[cell].add(pivot)
    return {pivot: total for pivot, (row, total) in pivots.items() if len(row) == 1}


def _less(
    row: Mapping[Cell, Fraction],
    total: Fraction,
    other: tuple[Mapping[Cell, Fraction], Fraction],
    times: Fraction,
) -> tuple[dict[Cell, Fraction], Fraction]:
    left = dict(row)
    for cell, factor in other[0].items():
        value = left.get(cell, Fraction(0)) - times * factor
        if value:
            left[cell] = value
        else:
            left.pop(cell, None)
    return left, total - times * other[1]


def small_cells(attacker: Attack, least: int = 5) -> Iterator[Cell]:
    """Suppressed cells that are small themselves, or whose complement is; of those that have a place in a mart."""
    wholes = dict(COMPLEMENTS)
    for cell in attacker.suppressed:
        if cell[0].endswith(OWN_ROWS):
            continue
        whole = (*cell[:2], wholes.get(cell[2], ""))
        complement = attacker.truth[whole] - attacker.truth[cell] if whole in attacker.truth else 0
        if 0 < attacker.truth[cell] < least or 0 < complement < least:
            yield cell


def ranges(attacker: Attack, cells: Sequence[Cell]) -> dict[Cell, tuple[int, int]]:
    """The smallest and largest whole number that each cell could be, from equations and bounds together."""
    found = {}
    for group in _linked(attacker):
        asked = [cell for cell in cells if cell in group.place]
        for cell in asked:
            found[cell] = group.range_of(cell)
    return found


def too_narrow(found: Attack, cells: Iterable[Cell]) -> dict[Cell, tuple[int, int]]:
    """Cells that are left with fewer values than stated, or than a visible headcount leaves at all."""

    def fewest(cell: Cell) -> int:
        headcount = found.truth.get((*cell[:2], "headcount"))
        return min(FEWEST_VALUES, int(headcount or 0) + 1) if cell[2] in WITHIN_HEADCOUNT else FEWEST_VALUES

    bounds = ranges(found, list(cells))
    return {cell: (low, high) for cell, (low, high) in bounds.items() if high - low + 1 < fewest(cell)}


@dataclass
class _Group:
    place: dict[Cell, int]
    equal: tuple[Any, Any] | None
    most: tuple[Any, Any] | None

    def range_of(self, cell: Cell) -> tuple[int, int]:
        ends = []
        for sign in (1, -1):
            goal = np.zeros(len(self.place))
            goal[self.place[cell]] = sign
            solved = linprog(
                goal,
                A_eq=self.equal and self.equal[0], b_eq=self.equal and self.equal[1],
                A_ub=self.most and self.most[0], b_ub=self.most and self.most[1],
                bounds=(0, None),
            )  # fmt: skip
            ends.append(math.inf if solved.status == 3 else sign * solved.fun)
            assert solved.status in (0, 3), solved.message
        lowest, highest = ends
        return math.ceil(lowest - 1e-6), 10**6 if highest == math.inf else math.floor(highest + 1e-6)


def _linked(attacker: Attack) -> Iterator[_Group]:
    """Suppressed cells that equations and bounds link, as matrices."""
    parent: dict[Cell, Cell] = {cell: cell for cell in attacker.suppressed}

    def find(cell: Cell) -> Cell:
        while parent[cell] != cell:
            parent[cell] = parent[parent[cell]]
            cell = parent[cell]
        return cell

    for terms, _ in [*attacker.equations, *attacker.at_most]:
        first, *others = terms
        for other in others:
            parent[find(other)] = find(first)
    members: dict[Cell, list[Cell]] = defaultdict(list)
    for cell in attacker.suppressed:
        members[find(cell)].append(cell)
    lines: dict[str, dict[Cell, list[tuple[dict[Cell, Fraction], Fraction]]]] = {}
    for name, kind in (("equal", attacker.equations), ("most", attacker.at_most)):
        lines[name] = defaultdict(list)
        for terms, total in kind:
            lines[name][find(next(iter(terms)))].append((terms, total))
    for head, cells in members.items():
        place = {cell: number for number, cell in enumerate(cells)}
        yield _Group(place, _matrix(lines["equal"][head], place), _matrix(lines["most"][head], place))


def _matrix(
    lines: Sequence[tuple[dict[Cell, Fraction], Fraction]], place: Mapping[Cell, int]
) -> tuple[Any, Any] | None:
    if not lines:
        return None
    matrix = lil_matrix((len(lines), len(place)))
    for number, (terms, _) in enumerate(lines):
        for cell, factor in terms.items():
            matrix[number, place[cell]] = float(factor)
    return matrix.tocsr(), np.array([float(total) for _, total in lines])
