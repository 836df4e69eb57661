"""Working days between two dates, by the bank holidays of England. No other rule of a mart lives here."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from functools import cache
from pathlib import Path

SEED = Path(__file__).parents[2] / "seeds" / "bank_holidays.csv"

KNOWN = {
    2021: "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28",
    2022: "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27",
    2023: "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26",
    2024: "01-01 03-29 04-01 05-06 05-27 08-26 12-25 12-26",
    2025: "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26",
    2026: "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
    2027: "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
}
"""England's bank holidays in the years of the made-up councils, known here without the product's file."""


@cache
def bank_holidays() -> frozenset[date]:
    """The days of the shipped file, where there is one; else those known here."""
    if SEED.exists():
        with SEED.open(encoding="utf-8", newline="") as stream:
            return frozenset(date.fromisoformat(row["date"]) for row in csv.DictReader(stream))
    return known_holidays()


def known_holidays() -> frozenset[date]:
    return frozenset(date.fromisoformat(f"{y}-{day}") for y, days in KNOWN.items() for day in days.split())


def working_days_after(started: date, completed: date) -> int:
    """Mondays to Fridays without bank holidays, after the first day and up to and including the last."""
    days = (started + timedelta(days=n) for n in range(1, (completed - started).days + 1))
    return sum(1 for day in days if day.weekday() < 5 and day not in bank_holidays())
