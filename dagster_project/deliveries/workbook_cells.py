"""What a workbook's cell says, as text: a number with the digits a workbook shows, a day as YYYY-MM-DD."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

NOT_AS_TYPED = "not_as_typed"
"""The rule that an identifier breaks whose cell holds something else."""
EXACT_WHOLE_NUMBERS = 10**15
# Programs disagree about the days before, for the first of them knew a 29 February 1900: serial 60 is no day.
FIRST_CERTAIN_DAY = date(1900, 3, 1)


class Turned(str):
    """The text of a cell that holds no text and no whole number: a day, a time, a fraction, true or false.

    As a number or a day it is good. Where an identifier was typed (3-4, 12.10) it is not what was typed any more.
    """

    __slots__ = ()


def as_text(cell: Any) -> str:
    """A cell of text as it is, any other in the form the canonical form has; what is no day for sure ends with `?`."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return Turned("true" if cell else "false")
    if isinstance(cell, int):
        cell = float(cell)
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, datetime):
        midnight = cell.time() == datetime.min.time()
        return _day(cell.date(), cell.date().isoformat() if midnight else cell.isoformat(sep=" "))
    if isinstance(cell, date):
        return _day(cell, cell.isoformat())
    return Turned(cell)


def _day(day: date, written: str) -> str:
    return Turned(written if day >= FIRST_CERTAIN_DAY else f"{written}?")


def _number(value: float) -> str:
    """15 significant digits, plain; a whole number past them keeps its E, for digits were lost."""
    if abs(value) >= EXACT_WHOLE_NUMBERS:
        return f"{value:.14E}"
    if value == int(value):
        return str(int(value))
    return Turned(format(Decimal(f"{value:.15g}"), "f"))
