"""Calendar months of a sample history: first and last days, working days, steps from month to month."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

SATURDAY = 5


def add_months(month: date, count: int) -> date:
    """The first day of the month `count` months after (or before) the one that `month` starts."""
    years, index = divmod(month.year * 12 + month.month - 1 + count, 12)
    return date(years, index + 1, 1)


@cache
def month_end(month: date) -> date:
    return add_months(month, 1) - timedelta(days=1)


def months_from(first: date, count: int) -> tuple[date, ...]:
    return tuple(add_months(first, index) for index in range(count))


@cache
def working_days(month: date) -> tuple[date, ...]:
    """Mondays to Fridays of the month; bank holidays count as working days here."""
    days = (month + timedelta(days=index) for index in range((month_end(month) - month).days + 1))
    return tuple(day for day in days if day.weekday() < SATURDAY)


def working_day_on_or_before(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - SATURDAY + 1))


def working_day_on_or_after(day: date) -> date:
    return day if day.weekday() < SATURDAY else monday_on_or_after(day)


def monday_on_or_after(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)
