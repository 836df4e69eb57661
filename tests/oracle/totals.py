"""Which totals count for a unit: its own, else those below it; none where the unit has rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, TypeVar

from .arithmetic import Number, last_day
from .truth import UNMAPPED, MadeUpCouncil, Row, in_post

Total = TypeVar("Total")


def by_unit(council: MadeUpCouncil, rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows of totals by unit; a total without a unit is the council's."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["unit"] or council.council_unit, []).append(row)
    return found


def counted(
    council: MadeUpCouncil,
    month: date,
    unit: str,
    totals: Mapping[str, Total],
    with_rows: Collection[str],
) -> dict[str, Total]:
    """The totals that stand for the unit, by the unit they are of."""
    if unit in totals and not council.below(unit, month) & set(with_rows):
        return {unit: totals[unit]}
    below = [u.unit for u in council.units_in_force(month) if u.parent == unit]
    found: dict[str, Total] = {}
    for child in [*below, *([UNMAPPED] if unit == council.council_unit else [])]:
        found |= counted(council, month, child, totals, with_rows)
    return found


def units_of(rows: Iterable[Row] | None) -> set[str]:
    return {row["team"] for row in rows or []}


def units_in_post(council: MadeUpCouncil, month: date) -> set[str]:
    """Units in which somebody is in post at the month's end, by rows."""
    return units_of(r for r in council.rows(month, "workforce") or [] if in_post(r, last_day(month)))


def whole(values: Iterable[Number | None]) -> Fraction | None:
    """The sum; None where one of the values is not known."""
    known = list(values)
    return None if None in known else sum((Fraction(v) for v in known if v is not None), Fraction(0))


def plus(left: Any, right: Any) -> Fraction | None:
    return None if left is None or right is None else Fraction(left) + Fraction(right)
