"""Whether a number as somebody wrote it is one of ours, rounded half up to the decimals it was written with."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction


def half_up(value: Fraction, decimals: int) -> Decimal:
    """`value` with that many decimals, away from zero at the tie, as every published figure is rounded."""
    scaled = abs(value) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-decimals)


def is_written_as(value: Fraction, written: Decimal, decimals: int) -> bool:
    return half_up(value, decimals) == written
