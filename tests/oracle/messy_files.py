"""Writes a table of cells as councils send it: encodings, separators, titles, totals, workbooks."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any

import xlsxwriter

from .messy_cells import Cell, Formula, Serial, Styled

_EPOCH = date(1899, 12, 30)


@dataclass
class Table:
    """Headers and rows of cells of one extract, all rows as wide as the headers."""

    headers: list[str]
    rows: list[list[Cell]]


@dataclass
class Layout:
    """How the table lies in its file."""

    medium: str = "csv"
    encoding: str = "utf-8"
    separator: str = ","
    line_end: str = "\r\n"
    ends_with_line_end: bool = True
    titles: list[list[str]] = field(default_factory=list)
    tail: list[list[str]] = field(default_factory=list)
    cover_sheet: bool = False
    hidden_copy: bool = False
    visible_copy: bool = False


def invent_layout(rng: Random, title: str, rows: int, xlsx_share: float = 0.3) -> Layout:
    """A layout a reader must cope with; `rows` is what the total row says."""
    layout = Layout()
    if rng.random() < xlsx_share:
        layout.medium = "xlsx"
        layout.cover_sheet = rng.random() < 0.3
        layout.hidden_copy = rng.random() < 0.25
    else:
        layout.encoding = rng.choice(["utf-8", "utf-8-sig", "cp1252", "cp1252", "utf-16", "utf-16-be-bom"])
        layout.separator = rng.choice([",", ",", ";", "\t", "|"])
        layout.line_end = rng.choice(["\r\n", "\r\n", "\n", "\r"])
        layout.ends_with_line_end = rng.random() < 0.8
    if rng.random() < 0.4:
        layout.titles = [[f"{title} – children’s services"], ["Run by", "Performance team"], []][
            : rng.randint(1, 3)
        ]
    if rng.random() < 0.4:
        layout.tail = [[], ["Total", str(rows)], ["Notes: as at month end"], []][
            rng.randint(0, 1) : rng.randint(2, 4)
        ]
    return layout


def csv_text(table: Table, layout: Layout) -> str:
    """The table as separated text; rows under it are as wide as the table, rows above it are not."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=layout.separator, lineterminator=layout.line_end)
    for row in layout.titles:
        writer.writerow(row)
    # csv does not quote a bare line feed when the line end is a carriage return.
    writer.writerow(
        [h.replace("\n", " ") for h in table.headers] if layout.line_end == "\r" else table.headers
    )
    writer.writerows(table.rows)
    for row in layout.tail:
        writer.writerow(row + [""] * (len(table.headers) - len(row)))
    text = stream.getvalue()
    return text if layout.ends_with_line_end else text[: -len(layout.line_end)]


def encode(text: str, encoding: str) -> bytes:
    """The text's bytes; the two UTF-16 forms carry their byte order mark."""
    if encoding == "utf-16":
        return b"\xff\xfe" + text.encode("utf-16-le")
    return b"\xfe\xff" + text.encode("utf-16-be") if encoding == "utf-16-be-bom" else text.encode(encoding)


def csv_bytes(table: Table, layout: Layout) -> bytes:
    return encode(csv_text(table, layout), layout.encoding)


def xlsx_bytes(sheets: list[tuple[str, Table, Layout]]) -> bytes:
    """A workbook with a sheet per table, after a cover sheet and hidden copies as the layouts say."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(2024, 1, 1)})
        formats: dict[str, Any] = {}
        if any(layout.cover_sheet for _, _, layout in sheets):
            cover = book.add_worksheet("Read me")
            cover.write_column(
                0, 0, ["What is in this workbook", "One row per line", "Questions: extension 2211"]
            )
        for name, table, layout in sheets:
            if layout.hidden_copy:
                old = book.add_worksheet(f"{name[:20]} old")
                old.hide()
                _fill(book, old, formats, Table(table.headers, table.rows[::2]), Layout())
            sheet = book.add_worksheet(name)
            sheet.activate()
            if not layout.cover_sheet:
                sheet.set_first_sheet()
            _fill(book, sheet, formats, table, layout)
            if layout.visible_copy:
                _fill(book, book.add_worksheet(f"{name[:20]} (2)"), formats, table, Layout())
    return stream.getvalue()


def _fill(book: Any, sheet: Any, formats: dict[str, Any], table: Table, layout: Layout) -> None:
    lines: list[list[Any]] = [*layout.titles, table.headers, *table.rows, *layout.tail]
    for row_index, line in enumerate(lines):
        for column, cell in enumerate(line):
            _write(book, sheet, formats, row_index, column, cell)


def _write(book: Any, sheet: Any, formats: dict[str, Any], row: int, column: int, cell: Cell) -> None:
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, int | float):
        sheet.write_number(row, column, cell)
    elif isinstance(cell, Formula):
        sheet.write_formula(row, column, cell.text, None, cell.stored)
    elif isinstance(cell, Serial):
        sheet.write_number(row, column, (cell.day - _EPOCH).days)
    elif isinstance(cell, Styled):
        if cell.form not in formats:
            formats[cell.form] = book.add_format({"num_format": cell.form})
        sheet.write_datetime(row, column, cell.moment, formats[cell.form])
    elif cell != "":
        sheet.write_string(row, column, cell)
