"""Sample rows to the bytes of a landed file, in the forms that offices send. No row is made here."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import xlsxwriter

from dagster_project.extracts import Column, Specification
from dagster_project.samples.fitting import Row, Value

# A workbook's own time stamps would make every run's bytes differ.
WRITTEN_AT = datetime(2018, 7, 2, 9, 0, 0)


@dataclass(frozen=True)
class FileForm:
    """How one delivery looks: everything that a sender may choose and a reader must cope with."""

    suffix: Literal["csv", "xlsx"] = "csv"
    encoding: str = "utf-8"
    date_pattern: str = "%Y-%m-%d"
    line_end: str = "\n"
    title: str = ""
    spaced_headers: bool = False
    pounds: bool = False

    @property
    def typographic(self) -> bool:
        """Windows-1252 exports come from word-processed team lists, curly apostrophes and all."""
        return self.encoding == "cp1252"


Sheet = tuple[Specification, Sequence[Row], FileForm]


def file_bytes(spec: Specification, rows: Sequence[Row], form: FileForm) -> bytes:
    """The delivery as the bytes of one CSV or XLSX file, the same for the same rows on every machine."""
    if form.suffix == "xlsx":
        return pack_bytes([(spec, rows, form)])
    headers = [_header(column.name, form) for column in spec.columns]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=form.line_end)
    if form.title:
        # Padded to the table's width, as spreadsheet programs export a title.
        padding = [""] * (len(headers) - 1)
        writer.writerows([[form.title, *padding], ["", *padding]])
    writer.writerow(headers)
    writer.writerows(zip(*(_texts(column, rows, form) for column in spec.columns), strict=True))
    return text.getvalue().encode(form.encoding)


def write_if_changed(path: Path, content: bytes) -> None:
    """`path` holds `content`; a file that already does keeps its modification time."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _header(name: str, form: FileForm) -> str:
    return name.replace("_", " ").capitalize() if form.spaced_headers else name


def _texts(column: Column, rows: Sequence[Row], form: FileForm) -> list[str]:
    values = [row.get(column.name) for row in rows]
    as_text = _as_text(column, form)
    known = {value: as_text(value) for value in set(values)}
    return [known[value] for value in values]


def _as_text(column: Column, form: FileForm) -> Callable[[Value], str]:
    def text(value: Value) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, date):
            return value.strftime(form.date_pattern)
        if isinstance(value, str):
            return value
        if column.type == "money" and form.pounds:
            return f"£{value:,.2f}" if value >= 0 else f"({-value:.2f})"
        return f"{value:f}"

    return text


def pack_bytes(sheets: Sequence[Sheet]) -> bytes:
    """A month pack: one workbook with a sheet for each extract, named as the extract."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": WRITTEN_AT})
    bold = book.add_format({"bold": True})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for specification, rows, form in sheets:
        headers = [_header(column.name, form) for column in specification.columns]
        sheet = book.add_worksheet(specification.extract)
        top = 0
        if form.title:
            sheet.write_string(0, 0, form.title, bold)
            top = 2
        for place, column in enumerate(specification.columns):
            sheet.write_string(top, place, headers[place], bold)
            for line, row in enumerate(rows, start=top + 1):
                value = row.get(column.name)
                if isinstance(value, str):
                    sheet.write_string(line, place, value)
                elif isinstance(value, bool):
                    sheet.write_boolean(line, place, value)
                elif isinstance(value, date):
                    sheet.write_datetime(line, place, value, day)
                elif value is not None:
                    sheet.write_number(line, place, float(value))
    book.close()
    return _stored(buffer.getvalue())


def _stored(archive: bytes) -> bytes:
    """The same ZIP without compression: deflated bytes differ between builds of zlib."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as packed, zipfile.ZipFile(target, "w") as plain:
        for name in packed.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            plain.writestr(entry, packed.read(name))
    return target.getvalue()
