"""A landed file as rows of text, whatever wrote it. No knowledge of extracts: what a row means is decided later."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dagster_project.deliveries.file_names import shown
from dagster_project.deliveries.landed_bytes import bytes_of, size_of
from dagster_project.deliveries.refusal import Refused

SEPARATORS = (",", ";", "\t", "|")
LONGEST_CELL = 1_000_000
SERIALS_FROM = date(1899, 12, 30)
"""The day whose serial is 0 in a workbook's dates, unless the workbook counts from 1904."""
END_OF_FILE = "\x1a"
TWO_BYTES_OF_UTF8 = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
# ="0012" keeps the zeros from a spreadsheet that opens the file: the text is meant, and nothing is computed.
TEXT_AS_FORMULA = re.compile(r'^\s*="([^"]*)"\s*$')
WORDS_REMEMBERED = 50_000
MANY_NULS = 20
"""Of the first bytes of each pair, or the second: plain letters in UTF-16 without a mark."""
OTHER_KINDS = {
    b"%pdf": "a PDF",
    b"{\\rtf": "a text document",
    b"<?xml": "XML",
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"<table": "a web page",
    b"\x1f\x8b": "a compressed file",
}
WORKBOOK_SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True)
class Sheet:
    """Rows of trimmed-at-neither-end text cells; row 1 is the file's first. `name` is empty for a text file.

    `line_ended` tells whether a text file's last line was ended; a workbook's rows always are.
    """

    name: str
    rows: list[list[str]]
    line_ended: bool = True
    is_text: bool = True
    serials_from: date = SERIALS_FROM


def refuse_other_kinds(data: bytes, place: str) -> None:
    """Raises Refused for what is no text of a table though it can be read as text, whatever it is named."""
    start = data[:1000].lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower()
    for sign, what in OTHER_KINDS.items():
        if start.startswith(sign):
            raise Refused(
                f"{place}: {what}, not a table; open it where it came from and save it as .xlsx or .csv"
            )


def is_workbook(data: bytes) -> bool:
    return data.startswith(WORKBOOK_SIGNATURES)


def decode(data: bytes, place: str) -> str:
    """Text of a CSV: UTF-8 with or without BOM, UTF-16 with BOM or without, else Windows-1252.

    Of text in UTF-8 and Windows-1252 together each line is read in its own. An end-of-file sign of old systems is left
    off. Raises Refused when it is none of these.
    """
    nuls_first, nuls_second = data[:200:2].count(0), data[1:200:2].count(0)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif nuls_first > MANY_NULS >= nuls_second:
        encodings = ["utf-16-be"]
    elif nuls_second > MANY_NULS >= nuls_first:
        encodings = ["utf-16-le"]
    elif data.startswith(codecs.BOM_UTF8):
        encodings = ["utf-8"]
    else:
        encodings = ["utf-8", "cp1252"]
    if "utf-8" in encodings and (nul := data.find(b"\x00")) >= 0:
        # Told before anything is decoded: a file may be little else than gigabytes of NULs.
        raise _no_text(data.count(b"\n", 0, nul) + 1, place)
    for encoding in encodings:
        try:
            text = _by_line(data) if encoding == "cp1252" else data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text.lstrip("\ufeff").rstrip(END_OF_FILE)
    raise _no_text(_first_line_that_is_no_text(data), place)


def _no_text(line: int, place: str) -> Refused:
    if line > 1:
        return Refused(f"{place}: unreadable near line {line}: a sign that is no text; copy the file again")
    return Refused(f"{place}: unreadable: not text in UTF-8, UTF-16 or Windows-1252, and not a workbook")


def _first_line_that_is_no_text(data: bytes) -> int:
    """Counted from 1; 0 where each line is text by itself."""
    for number, line in enumerate(io.BytesIO(data), start=1):
        try:
            text = _by_line(line)
        except UnicodeDecodeError:
            return number
        if "\x00" in text:
            return number
    return 0


def _by_line(data: bytes) -> str:
    """Windows-1252, but for lines that are UTF-8: somebody joined two files."""
    if not TWO_BYTES_OF_UTF8.search(data):
        return data.decode("cp1252")
    lines = []
    for line in data.splitlines(keepends=True):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252"))
    return "".join(lines)


class TextFile:
    """The rows of a text file, under any of the separators that it could have been written with."""

    def __init__(self, data: bytes, place: str, most_columns: int) -> None:
        """Raises Refused for an empty file and for what is no text."""
        text = decode(data, place)
        if not text.strip():
            raise Refused(f"{place}: the file is empty")
        self._place = place
        self._most_columns = most_columns
        self._separators = [separator for separator in SEPARATORS if separator in text] or [","]
        self._ended = text.endswith(("\n", "\r"))
        self._quotes_text = '="' in text
        # A file is held once and read in a stream: a text of Python's takes up to four times its bytes.
        self._data = text.encode("utf-8", "surrogatepass")

    def heads(self, rows: int) -> dict[str, Sheet]:
        """The first rows, under each separator that can be one.

        Raises Refused as `sheet` does, where none can be.
        """
        heads, first_error = {}, None
        for separator in self._separators:
            try:
                heads[separator] = self.sheet(separator, rows)
            except Refused as refused:
                first_error = first_error or refused
        if first_error and not heads:
            raise first_error
        return heads

    def sheet(self, separator: str, most_rows: int | None = None) -> Sheet:
        """All rows, or the first.

        Raises Refused for a quote that is never closed or closed in the middle of a cell, and for a row of more fields
        than are read.
        """
        csv.field_size_limit(LONGEST_CELL)
        lines = io.TextIOWrapper(io.BytesIO(self._data), "utf-8", "surrogatepass", newline="")
        # Cells are trimmed anyway; before a quote the blank would make a part of the cell of it.
        measured = _MeasuredLines(lines, separator, self._most_columns)
        reader = csv.reader(measured, delimiter=separator, strict=True, skipinitialspace=True)
        try:
            rows = list(itertools.islice(self._rows(reader, measured), most_rows))
        except csv.Error as error:
            reason = "an open quote" if "unexpected end" in str(error) else str(error)
            raise Refused(f"{self._place}: unreadable near line {measured.line_number}: {reason}") from error
        return Sheet("", rows, line_ended=self._ended)

    def _rows(self, reader: Iterator[list[str]], measured: _MeasuredLines) -> Iterator[list[str]]:
        """Cells that say the same are one and the same, for a column has many rows and few words."""
        said: dict[str, str] = {}
        for row in reader:
            measured.begin_row()
            if len(row) > self._most_columns:
                raise measured.too_wide()
            if len(said) > WORDS_REMEMBERED:
                said = {}
            cells = [said.setdefault(cell, cell) for cell in row]
            yield [TEXT_AS_FORMULA.sub(r"\1", cell) for cell in cells] if self._quotes_text else cells


class _MeasuredLines:
    """The lines of a file, refused before a row of more fields is taken apart than any cell could hold as text.

    Each field costs memory, even an empty one: a line of nothing but separators would take ten times its size.
    """

    def __init__(self, lines: Iterable[str], separator: str, most_columns: int) -> None:
        self._lines = iter(lines)
        self._separator = separator
        self._most_columns = most_columns
        self._of_this_row = 0
        self.line_number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.line_number += 1
        self._of_this_row += line.count(self._separator)
        if self._of_this_row > self._most_columns + LONGEST_CELL:
            raise self.too_wide()
        return line

    def begin_row(self) -> None:
        self._of_this_row = 0

    def too_wide(self) -> csv.Error:
        return csv.Error(f"a row of more than the {self._most_columns:,} fields that are read")


def read_bytes(path: Path, most: int) -> bytes:
    """The whole file.

    Raises Refused when it has more than `most` bytes or the operating system will not give it.
    """
    try:
        size = size_of(path)
        if size > most:
            raise Refused(
                f"{shown(path.name)}: {size:,} bytes, more than the {most:,} that are read of a file"
            )
        return bytes_of(path)
    except OSError as error:
        raise Refused(f"{shown(path.name)}: unreadable: {error.strerror}") from error
