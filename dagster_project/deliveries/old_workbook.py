"""The visible sheets of a workbook of Excel 2003 or older (.xls), whose errors another reader gives as empty cells."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from dagster_project.deliveries.cells import SERIALS_FROM, Sheet
from dagster_project.deliveries.file_limits import FileLimits
from dagster_project.deliveries.refusal import Refused
from dagster_project.deliveries.workbook_cells import as_text

if TYPE_CHECKING:
    from xlrd.book import Book
    from xlrd.sheet import Sheet as OldSheet

OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
UNKNOWN_ERROR = "#VALUE!"
VISIBLE = 0
Datemode = Literal[0, 1]


def old_sheet_names(data: bytes, place: str) -> list[str]:
    """Names of the visible sheets, in order.

    Raises Refused for a workbook with a password, and whatever the reader raises for one that is broken.
    """
    with _opened(data, place) as book:
        return [sheet.name for sheet in _visible(book)]


def old_sheets(data: bytes, place: str, only: str | None, limits: FileLimits) -> list[Sheet]:
    """Every visible sheet, in order, or the one named `only`; cells as those of newer workbooks.

    Raises Refused for a workbook with a password or a cell beyond a limit, and whatever the reader raises for one that
    is broken.
    """
    with _opened(data, place) as book:
        return [
            Sheet(
                sheet.name,
                _rows(sheet, book.datemode, place, limits),
                is_text=False,
                serials_from=date(1904, 1, 1) if book.datemode else SERIALS_FROM,
            )
            for sheet in _visible(book)
            if only in (None, sheet.name)
        ]


@contextmanager
def _opened(data: bytes, place: str) -> Iterator[Book]:
    """The workbook; what its reader has to say of it stays unsaid, for it may quote cells."""
    import xlrd
    from xlrd.biffh import XLRDError

    try:
        # Rows keep their own lengths: a stray cell far away would fill the memory with empty ones.
        book = xlrd.open_workbook(file_contents=data, logfile=io.StringIO(), ragged_rows=True)
    except XLRDError as error:
        if "encrypted" in str(error):
            raise Refused(f"{place}: protected by a password; save it without one") from error
        raise
    yield book


def _visible(book: Book) -> list[OldSheet]:
    return [sheet for sheet in book.sheets() if sheet.visibility == VISIBLE]


def _rows(sheet: OldSheet, datemode: Datemode, place: str, limits: FileLimits) -> list[list[str]]:
    if sheet.ncols > limits.max_columns or sheet.ncols * sheet.nrows > limits.max_sheet_cells:
        raise Refused(
            f"{place}: a cell far from the table: the sheet reaches over {sheet.nrows:,} rows and "
            f"{sheet.ncols:,} columns. Delete what lies outside the table and save."
        )
    rows = []
    for row in range(sheet.nrows):
        cells = _texts(sheet.row_types(row), sheet.row_values(row), datemode)
        rows.append(cells + [""] * (sheet.ncols - len(cells)))
    return rows


def _texts(kinds: Sequence[int], values: Sequence[Any], datemode: Datemode) -> list[str]:
    import xlrd

    said = []
    for kind, value in zip(kinds, values, strict=True):
        if kind == xlrd.XL_CELL_ERROR:
            said.append(xlrd.error_text_from_code.get(value, UNKNOWN_ERROR))
        elif kind == xlrd.XL_CELL_DATE:
            said.append(_day(value, datemode))
        else:
            said.append(as_text(bool(value) if kind == xlrd.XL_CELL_BOOLEAN else value))
    return said


def _day(serial: float, datemode: Datemode) -> str:
    """A number past the last day a workbook knows, or below its first, stays a number."""
    from xlrd.xldate import xldate_as_datetime

    try:
        return as_text(xldate_as_datetime(serial, datemode) if serial >= 0 else serial)
    except (OverflowError, ValueError):
        return as_text(serial)
