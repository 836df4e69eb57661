"""Exact arithmetic and the calendar; what an expected value may be. No field knowledge lives here."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

Number = Fraction | int


@dataclass(frozen=True)
class Exact:
    """A number whose published scale the contract leaves open: equal after half up at the published scale.

    A published scale below `min_places` must hold the number unrounded.
    """

    value: Fraction
    min_places: int = 2


@dataclass(frozen=True)
class OneOf:
    """Several published values are right, because the contract does not choose between them."""

    values: tuple[Any, ...]


class _Anything:
    def __repr__(self) -> str:
        return "ANY"


ANY = _Anything()
"""The value is not compared: the contract does not say what it is."""


def half_up(value: Number | None, places: int) -> Decimal | None:
    """`value` with `places` decimals, ties away from zero, credits too; None stays None."""
    if value is None:
        return None
    scaled = abs(Fraction(value)) * 10**places
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    rounded = Decimal(units).scaleb(-places)
    return -rounded if value < 0 and units else rounded


def exact(value: Number | None, min_places: int = 2) -> Exact | None:
    """`value` as an `Exact`; None stays None."""
    return None if value is None else Exact(Fraction(value), min_places)


def divide(numerator: Number | None, denominator: Number | None) -> Fraction | None:
    """The quotient; None where either is unknown or the denominator is zero."""
    if numerator is None or denominator is None or denominator == 0:
        return None
    return Fraction(numerator) / Fraction(denominator)


def percent(numerator: Number | None, denominator: Number | None) -> Decimal | None:
    """A share as a percentage with one decimal, rounded once."""
    share = divide(numerator, denominator)
    return None if share is None else half_up(share * 100, 1)


def minus(left: Number | None, right: Number | None) -> Fraction | None:
    """The difference; None where either is unknown."""
    return None if left is None or right is None else Fraction(left) - Fraction(right)


def last_day(month: date) -> date:
    """The last day of the month that `month` lies in."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def add_months(month: date, count: int) -> date:
    """The first day of the month `count` months from `month`."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def financial_year(month: date) -> str:
    """April to March, written 2017-18."""
    start = month.year if month.month >= 4 else month.year - 1
    return f"{start}-{(start + 1) % 100:02d}"


def months_between(earlier: date, month_end: date) -> int:
    """Whole months from `earlier` to a month's last day, which stands for every later day."""
    return (month_end.year - earlier.year) * 12 + month_end.month - earlier.month


def days_after(day: date, count: int) -> date:
    """`day` moved by `count` days."""
    return day + timedelta(days=count)
