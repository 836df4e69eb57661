"""What every reader of a source system is given. Reads nothing itself."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date

Facts = Mapping[str, str]
"""What councils.csv says of the council, as text; an empty text is unknown."""


def month_days(month: date) -> tuple[date, date]:
    """First and last day of a month."""
    return month.replace(day=1), month.replace(day=monthrange(month.year, month.month)[1])
