"""Deliveries that should be in force by now and are not: rows of expected_deliveries.csv against the manifest's."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

Place = tuple[str, date, str]
"""A council, a month and an extract."""


@dataclass(frozen=True)
class Missing:
    """An extract of a council's month that is not in force though its due day is over."""

    council: str
    month: date
    extract: str
    due_on: date


def missing(rows: Sequence[Mapping[str, str]], in_force: Collection[Place], today: date) -> list[Missing]:
    """Every delivery that is late on that day, by council, month and extract."""
    found = []
    delivered: dict[tuple[str, str], set[date]] = {}
    for council, month, extract in in_force:
        delivered.setdefault((council, extract), set()).add(month)
    named = {(row["council"], row["extract"]) for row in rows if row["council"] and row["extract"]}
    for council, extract in sorted(named | set(delivered)):
        months = delivered.get((council, extract), set())
        for row, month in _watched(rows, council, extract, today):
            due_on = _due_on(month, int(row["due_day"]))
            if month not in months and due_on < today and _is_expected(row, month, months):
                found.append(Missing(council, month, extract, due_on))
    return sorted(found, key=lambda one: (one.council, one.month, one.extract))


def _watched(
    rows: Sequence[Mapping[str, str]], council: str, extract: str, today: date
) -> Iterator[tuple[Mapping[str, str], date]]:
    """The months that are looked at, each with the row that holds for it."""
    most = max((int(row["watched_months"]) for row in rows), default=0)
    for ago in range(most, 0, -1):
        month = _months_before(today, ago)
        fitting = [
            row
            for row in rows
            if row["council"] in ("", council)
            and row["extract"] in ("", extract)
            and (not row["valid_from"] or row["valid_from"] <= month.isoformat())
            and (not row["valid_to"] or month.isoformat() < row["valid_to"])
        ]
        if fitting:
            row = max(
                fitting, key=lambda row: (row["council"] != "", row["extract"] != "", row["valid_from"])
            )
            if row["due_day"] and ago <= int(row["watched_months"]):
                yield row, month


def _is_expected(row: Mapping[str, str], month: date, delivered: set[date]) -> bool:
    if not row["usual_months"]:
        return True
    return any(_months_before(month, ago) in delivered for ago in range(1, int(row["usual_months"]) + 1))


def _due_on(month: date, day: int) -> date:
    """The day of the month after; the last one where that month is shorter."""
    after = _months_before(month, -1)
    return after.replace(day=min(day, calendar.monthrange(after.year, after.month)[1]))


def _months_before(day: date, count: int) -> date:
    index = day.year * 12 + day.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)
