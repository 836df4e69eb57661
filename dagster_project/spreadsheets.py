"""What people open in a spreadsheet program: no cell we write is ever run. Knows no contents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import IO, Any

import xlsxwriter

RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBER = re.compile(r"^[+-]?\d[\d,]*(\.\d+)?%?$")
LONGEST_CELL = 32_767
# XML 1.0 has no place for these; a spreadsheet program calls a file that holds one damaged.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def is_run(text: str) -> bool:
    """Whether a spreadsheet program may take the text for a formula or a command."""
    return text.startswith(RUNS) and not NUMBER.match(text)


def csv_cell(value: object) -> object:
    """A cell of a CSV: text that would be run gets an apostrophe before it; numbers and dates are as they are.

    A carriage return becomes a line feed: the csv module leaves it unquoted, and what follows would begin a new row.
    """
    if not isinstance(value, str):
        return value
    text = f"'{value}" if is_run(value) else value
    return text.replace("\r\n", "\n").replace("\r", "\n")


def csv_row(values: Iterable[object]) -> list[object]:
    return [csv_cell(value) for value in values]


def new_workbook(stream: IO[bytes]) -> Any:
    """A workbook in which no text becomes a formula, a link or a number."""
    return xlsxwriter.Workbook(
        stream,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )


class Cells:
    """Writes values to the sheets of one workbook: text as text, marked as text where it looks like a formula."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._marked: dict[int, Any] = {}
        self._properties: dict[int, dict[str, Any]] = {}

    def style(self, **properties: Any) -> Any:
        style = self._book.add_format(properties)
        self._properties[id(style)] = properties
        return style

    def write(self, sheet: Any, row: int, column: int, value: object, style: Any = None) -> None:
        if value is None:
            sheet.write_blank(row, column, None, style)
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value, style)
        elif isinstance(value, int | Decimal):
            sheet.write_number(row, column, value, style)
        else:
            text = CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))[:LONGEST_CELL]
            sheet.write_string(row, column, text, self._marked_as_text(style) if is_run(text) else style)

    def row(self, sheet: Any, row: int, values: Iterable[object], style: Any = None) -> None:
        for column, value in enumerate(values):
            self.write(sheet, row, column, value, style)

    def _marked_as_text(self, style: Any) -> Any:
        if id(style) not in self._marked:
            self._marked[id(style)] = self._book.add_format(
                {**self._properties.get(id(style), {}), "quote_prefix": True}
            )
        return self._marked[id(style)]
