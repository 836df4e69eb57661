"""Words for the values of one council's rows: units by name and place, codes, empty and suppressed cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dagster_project.reference import Reference
from dagster_project.reports.code_words import code_words, listed_words
from dagster_project.reports.contracts import Contract
from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import (
    SUPPRESSED,
    TOLD_AMOUNTS,
    amount_words,
    measure_words,
    slug_words,
    without_zeros,
    words_of,
)
from dagster_project.reports.paper.contents import Cell, Kind
from dagster_project.reports.paper.sections import ShownColumn

# Their values are written for people already.
IN_WORDS = (
    "unit_name", "band_label", "step_label", "supplier", "meaning", "detail", "delivery", "file_name", "source",
    "financial_year", "measure", "printed", "rule", "criterion",
)  # fmt: skip
NOT_DELIVERED, NO_VALUE = "not delivered", "no value"


@dataclass(frozen=True)
class Wording:
    """How the values of one council's rows are said."""

    reference: Reference
    council: str

    def unit(self, slug: str) -> str:
        return self.reference.unit_titles.get((self.council, slug), slug_words(slug).capitalize())

    def measure(self, name: str) -> str:
        return measure_words(name, self.reference.rows("metrics"))

    def _where(self, row: Row) -> str:
        """The row's unit, as it follows a measure: the council is where there is nothing else said."""
        return (
            f", {self.unit(row['unit'])}"
            if self.reference.parent_units.get((self.council, row["unit"]))
            else ""
        )

    def path(self, slug: str) -> tuple[str, ...]:
        """The units above a unit, from the council down, and itself."""
        above = self.reference.parent_units.get((self.council, slug))
        return (*self.path(above), slug) if above else (slug,)

    def text(self, contract: Contract, column: str, value: Any) -> str:
        """A value that is there, as it is printed."""
        if isinstance(value, str):
            if column == "unit":
                return self.unit(value)
            if column in TOLD_AMOUNTS:
                return amount_words(value)
            if column in IN_WORDS:
                return code_words().get(column, {}).get(value, value)
            return listed_words(column, value)
        return words_of(value, contract.measure(column))

    def cell(self, contract: Contract, shown: ShownColumn, row: Row | None, *, none_at_all: bool) -> Cell:
        """The cell of a row; `none_at_all` says that no row of the table has a value there."""
        value = row.get(shown.column) if row else None
        if value is not None:
            if shown.names_a_column:
                return Cell(self.measure(value) + (self._where(row) if shown.with_unit and row else ""))
            if shown.is_any_measure and isinstance(value, Decimal):
                value = without_zeros(value)
            kind: Kind = "number" if contract.measure(shown.column).is_number else "text"
            return Cell(self.text(contract, shown.column, value), kind)
        if row and shown.column in row.suppressed:
            return Cell(SUPPRESSED, "suppressed")
        if row and shown.otherwise and row.get(shown.otherwise) is not None:
            return self.cell(contract, shown.instead, row, none_at_all=none_at_all)
        if shown.missing is not None:
            return Cell(shown.missing, "missing")
        return Cell(NOT_DELIVERED if none_at_all else NO_VALUE, "missing")


def heading_of(contract: Contract, shown: ShownColumn) -> str:
    return shown.heading or contract.measure(shown.column).heading


def are_empty(rows: Sequence[Row], column: str) -> bool:
    """Whether no row holds a value of the column, suppressed ones counting as values."""
    return all(row.get(column) is None and column not in row.suppressed for row in rows)
