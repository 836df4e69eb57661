"""Spells canonical values as people type them: every spelling is one extracts.md allows. No files here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from .truth import OUTSIDE, UNMAPPED, MadeUpCouncil

MISSING = ["", "", "", "", " ", "-", "n/a", "N/A", "null", "NULL", "none", "#N/A"]
UNKNOWN_TEAMS = ["Team Nobody Knows", "ASSESMENT NRTH", "tbc", "Zebra’s Team"]
UNKNOWN_PLACES = ["Another Council", "Out of area", "Health"]


@dataclass(frozen=True)
class Formula:
    """A workbook cell that holds a formula and its stored value."""

    text: str
    stored: str | int | float


@dataclass(frozen=True)
class Serial:
    """A workbook's date as its bare serial number."""

    day: date


@dataclass(frozen=True)
class Styled:
    """A workbook's date or time cell with a date format."""

    moment: date | datetime
    form: str = "dd/mm/yyyy"


Cell = str | int | float | bool | Formula | Serial | Styled


class Speller:
    """Spells the cells of one file for one medium, `csv` or `xlsx`."""

    def __init__(self, council: MadeUpCouncil, rng: Random, medium: str) -> None:
        self.council = council
        self.rng = rng
        self.medium = medium

    def spell(self, kind: str, value: Any) -> Cell:
        """A cell that reads back as `value` in a column of the kind."""
        if value is None:
            return self.missing()
        cell: Cell = getattr(self, f"_{kind}")(value)
        return cell

    def missing(self) -> Cell:
        if self.medium == "xlsx" and self.rng.random() < 0.1:
            return Formula("=NA()", "#N/A")
        return self.rng.choice(MISSING)

    def _padded(self, text: str) -> str:
        chance = self.rng.random()
        return f" {text}" if chance < 0.04 else f"{text}  " if chance < 0.08 else text

    def _any_case(self, text: str) -> str:
        return self.rng.choice([text, text, text.upper(), text.lower(), text.title()])

    def _id(self, value: str) -> Cell:
        plain = value.isdigit() and not value.startswith("0")
        if self.medium == "xlsx" and plain and self.rng.random() < 0.6:
            return float(value) if self.rng.random() < 0.3 else int(value)
        return self._padded(value)

    def _text(self, value: str) -> Cell:
        return value

    def _year(self, value: str) -> Cell:
        return self._padded(value)

    def _code(self, value: str) -> Cell:
        return self._padded(self._any_case(value))

    def _flag(self, value: bool) -> Cell:
        if self.medium == "xlsx" and self.rng.random() < 0.5:
            return value
        return self._any_case("true" if value else "false")

    def _team(self, value: str) -> Cell:
        if value == UNMAPPED:
            return self.rng.choice(UNKNOWN_TEAMS)
        if value == OUTSIDE:
            return self.rng.choice(UNKNOWN_PLACES)
        unit = self.council.units[value]
        return self._loose(self.rng.choice([unit.unit, unit.name, unit.name, *unit.aliases]))

    def _role(self, value: str) -> Cell:
        role = self.council.roles[value]
        return self._loose(self.rng.choice([role.role, *role.aliases]))

    def _loose(self, text: str) -> str:
        """Other case and extra spaces, as an alias is compared."""
        if self.rng.random() < 0.3:
            text = self.rng.choice([text.upper(), text.lower()])
        if self.rng.random() < 0.15:
            text = text.replace(" ", "  ", 1)
        return self._padded(text)

    def _date(self, value: date) -> Cell:
        chance = self.rng.random()
        if self.medium == "xlsx" and chance < 0.7:
            if chance < 0.5:
                return Styled(value, self.rng.choice(["dd/mm/yyyy", "d mmm yy", "yyyy-mm-dd"]))
            return Serial(value) if chance < 0.6 else Styled(datetime(value.year, value.month, value.day))
        forms = ["%Y-%m-%d", "%Y-%m-%d", "%d/%m/%Y", "%d/%m/%Y", "%d-%b-%Y", "%d-%b-%y", "%Y-%m-%d 00:00:00"]
        form = self.rng.choice([*forms, "%Y-%m-%dT00:00:00", "%d/%m/%Y 00:00"])
        return self._padded(value.strftime(form))

    def _number(self, value: Fraction) -> Cell:
        decimal = as_decimal(value)
        if self.medium == "xlsx" and self.rng.random() < 0.8:
            return float(decimal)
        return self._padded(f"{decimal:f}")

    def _count(self, value: int) -> Cell:
        return value if self.medium == "xlsx" and self.rng.random() < 0.8 else str(value)

    def _fte(self, value: Fraction) -> Cell:
        if self.rng.random() < 0.1:
            return f"{as_decimal(value * 100):f}%"
        if self.medium == "csv" and self.rng.random() < 0.2:
            return f"{as_decimal(value):.3f}"
        return self._number(value)

    def _money(self, value: Fraction) -> Cell:
        decimal = as_decimal(value)
        if self.medium == "xlsx" and self.rng.random() < 0.6:
            return float(decimal)
        digits = self.rng.choice([f"{abs(decimal):.2f}", f"{abs(decimal):,.2f}"])
        if self.rng.random() < 0.4:
            digits = f"£{digits}"
        if value >= 0:
            return self._padded(digits)
        return self.rng.choice([f"({digits})", f"{digits}-", f"-{digits}"])


def as_decimal(value: Fraction) -> Decimal:
    """The exact decimal of a fraction that has one, without trailing zeros."""
    decimal = Decimal(value.numerator) / Decimal(value.denominator)
    assert Fraction(decimal) == value
    return decimal


def spell_header(column: str, rng: Random) -> str:
    """The column's name as a header that compares equal."""
    spaced = column.replace("_", " ")
    return rng.choice(
        [
            column,
            column,
            column.upper(),
            spaced,
            spaced.title(),
            column.replace("_", ""),
            column.title(),
            f" {spaced.capitalize()} ",
            column.replace("_", "\n", 1).title(),
        ]
    )
