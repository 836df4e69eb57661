"""How a column of a mart is named and written for people, by its name and its type. Rounds and computes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import Any

SUPPRESSED = "c"
# What a column's name ends in, the words for its unit and how often that needs saying in a heading.
ENDINGS = (
    (re.compile(r"_change_[12]y$|_percent$|_rate$|_share$|^share_"), "%"),
    (re.compile(r"_gbp$"), "£"),
    (re.compile(r"_fte$|^fte_"), "FTE"),
    (re.compile(r"_per_week$"), "hours"),
    (re.compile(r"_days$|^days_|_days_"), "days"),
    (re.compile(r"_months$|^months_"), "months"),
)
CHANGES = re.compile(r"(^|_)change(_|$)|^variance_gbp$")
ABBREVIATIONS = {"Fte": "FTE", "Dfe": "DfE", "Asye": "ASYE", "gbp": "£", "Sha256": "SHA-256"}
MONTH_COLUMNS = ("month", "first_month", "last_month", "target_month", "started_from", "last_known_month")
TOLD_AMOUNTS = ("from_value", "to_value")
"""Columns in which a mart tells amounts of every kind as text, numbers as written."""
NUMBERS = (int, Decimal)
AMOUNT = re.compile(r"(?<![\w.-])(-?)(\d+(?:\.\d+)?)( GBP)?(?![\w.:-])")
DECIMALS = re.compile(r"decimal\(\s*\d+\s*,\s*(\d+)\s*\)", re.IGNORECASE)


@dataclass(frozen=True)
class Measure:
    """What a column holds: words for its unit (empty for text and plain counts) and its decimals (None: no number)."""

    column: str
    unit: str
    decimals: int | None
    is_change: bool

    @property
    def is_number(self) -> bool:
        return self.decimals is not None

    @cached_property
    def heading(self) -> str:
        """The column in words, its unit after it."""
        name = re.sub(r"_gbp$", "", self.column)
        words = name.replace("_", " ").capitalize()
        words = " ".join(ABBREVIATIONS.get(word, word) for word in words.split(" "))
        words = re.sub(r"\bfte\b", "FTE", words)
        return f"{words} ({self.unit})" if self.unit in ("£", "%") else words

    @property
    def spreadsheet_format(self) -> str:
        """The number format of a cell in a workbook."""
        if self.decimals is None:
            return "General"
        number = "#,##0" + ("." + "0" * self.decimals if self.decimals else "")
        return f"£{number};-£{number}" if self.unit == "£" else number


@cache
def measure_of(column: str, data_type: str) -> Measure:
    """The measure of a column whose type is written as in its contract."""
    unit = next((words for ending, words in ENDINGS if ending.search(column)), "")
    kind = data_type.lower()
    decimals = DECIMALS.match(kind)
    if decimals:
        return Measure(column, unit, int(decimals.group(1)), bool(CHANGES.search(column)))
    if kind in ("integer", "bigint", "hugeint", "smallint"):
        return Measure(column, unit, 0, bool(CHANGES.search(column)))
    return Measure(column, "", None, is_change=False)


def measure_words(name: str, metrics: Sequence[Mapping[str, Any]]) -> str:
    """A measure of any mart in words with its unit: by its row of metrics.csv, else as its column's heading."""
    row = next((row for row in metrics if row["metric"] == name), None)
    if row is None:
        return measure_of(name, "decimal(18, 4)").heading
    words, unit = row["words"], row["unit"]
    # Cases held by managers are told in cases.
    is_said = not unit or unit.split()[-1].lower() in words.lower().split()
    return words if is_said else f"{words} ({unit})"


def words_of(value: Any, measure: Measure) -> str:
    """A value as it is printed: thousands apart, a change with its sign, a day in words. NULL has no words."""
    if value is None:
        raise ValueError(f"{measure.column} has no value")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, NUMBERS):
        sign = "+" if measure.is_change and value > 0 else ""
        return f"{sign}{value:,}"
    if isinstance(value, datetime):
        return f"{value.day} {value:%B %Y}"
    if isinstance(value, date):
        return month_words(value) if measure.column in MONTH_COLUMNS else day_words(value)
    return str(value)


def amount_words(told: str) -> str:
    """Amounts of a text as the rest of the product writes them: thousands apart, pounds with their sign."""

    def written(found: re.Match[str]) -> str:
        minus, number, pounds = found.groups()
        value = Decimal(number)
        places = ".2f" if pounds and value != value.to_integral_value() else ""
        return f"{minus}{'£' if pounds else ''}{value:,{places}}"

    return AMOUNT.sub(written, told)


def without_zeros(value: Decimal) -> Decimal:
    """The same number without zeros at its end."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


@cache
def day_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


@cache
def month_words(month: date) -> str:
    return f"{month:%B %Y}"


def slug_words(slug: str) -> str:
    """A slug of reference data as words of a sentence's middle."""
    return slug.replace("_", " ")
