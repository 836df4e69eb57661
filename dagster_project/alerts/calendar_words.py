"""Days and months as a letter writes them."""

from __future__ import annotations

from datetime import date

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def month_words(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.year}"


def day_words(day: date) -> str:
    return f"{day.day} {month_words(day)}"
