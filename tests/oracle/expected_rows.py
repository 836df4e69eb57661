"""An expected row of a mart, and the columns every unit's row has in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from .arithmetic import ANY, last_day
from .truth import UNMAPPED, MadeUpCouncil, Row, Unit

UNMAPPED_UNIT = Unit(UNMAPPED, "", "", None, "", False, date(2000, 1, 1))


@dataclass
class ExpectedRow:
    """Key columns and values; an `optional` row may be absent, and is compared when it is there."""

    key: dict[str, Any]
    values: dict[str, Any]
    optional: bool = False


@dataclass
class ExpectedMart:
    """All rows of one mart for one council; of a published row that is `ignored` nothing is expected."""

    name: str
    key: tuple[str, ...]
    rows: list[ExpectedRow] = field(default_factory=list)
    ignored: Callable[[dict[str, Any]], bool] = lambda row: False


def units_with_unmapped(council: MadeUpCouncil, month: date) -> list[Unit]:
    """The units in force and `unmapped`, which is below the council."""
    return [*council.units_in_force(month), UNMAPPED_UNIT]


def common(unit: Unit, month: date, grain: Any) -> dict[str, Any]:
    """level, as_at and grain of a unit's row; the level of `unmapped` is not compared."""
    level = ANY if unit.unit == UNMAPPED else unit.level
    return {"level": level, "as_at": last_day(month), "grain": grain}


def within(rows: list[Row] | None, units: set[str]) -> list[Row] | None:
    """The rows of the units; None when the extract was not delivered."""
    return None if rows is None else [row for row in rows if row["team"] in units]


def total(rows: list[Row] | None, column: str) -> Fraction | None:
    """The exact sum; 0 for no rows, None when the extract was not delivered."""
    return None if rows is None else sum((Fraction(row[column]) for row in rows), Fraction(0))
