"""The sentences of the summary: declared ones, filled with a row's own figures. What is not there is not said."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from string import Formatter
from typing import Any

from dagster_project.reports.contracts import Contract
from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import measure_of, without_zeros
from dagster_project.reports.paper.sections import Sentence
from dagster_project.reports.paper.wording import Wording


class NothingToSayError(Exception):
    """A placeholder has no value in this row, or a suppressed one."""


class RowFormatter(Formatter):
    """Fills `{column}` with the column's words.

    `{column:than}` says a change as more or less than before, `{column:size}` leaves its sign out,
    `{column:short}` zeros at its end.
    """

    def __init__(self, wording: Wording, contract: Contract, row: Row) -> None:
        self._wording, self._contract, self._row = wording, contract, row

    def get_value(self, key: int | str, args: Any, kwargs: Any) -> Any:
        value = self._row.get(str(key))
        if value is None:
            raise NothingToSayError(key)
        return str(key), value

    def format_field(self, value: Any, format_spec: str) -> str:
        column, found = value
        if format_spec == "than":
            return _than(found)
        if format_spec == "size":
            return self._wording.text(self._contract, column, abs(found)).removeprefix("+")
        if format_spec == "short":
            found = without_zeros(found)
        return self._wording.text(self._contract, column, found)


def sentences(
    wording: Wording, contract: Contract, rows: Sequence[Row], declared: Sequence[Sentence]
) -> list[str]:
    """Every declared sentence for each row that it fits."""
    found = []
    for sentence in declared:
        fitting = [
            row for row in rows if all(row.get(name) in wanted for name, wanted in sentence.where.items())
        ]
        for row in fitting[-1:] if sentence.last_only else fitting:
            try:
                found.append(RowFormatter(wording, contract, row).vformat(sentence.text, (), {}))
            except NothingToSayError:
                continue
    return found


def _than(change: Decimal) -> str:
    if change == 0:
        return "unchanged from"
    figure = measure_of("share_", "decimal(9, 1)")
    words = f"{abs(change):,}{figure.unit}"
    return f"{words} {'more' if change > 0 else 'less'} than"
