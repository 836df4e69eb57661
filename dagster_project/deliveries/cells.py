"""A landed file as rows of text, whatever wrote it. No knowledge of extracts: what a row means is decided later."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dagster_project.deliveries.refusal import Refused

SEPARATORS = (",", ";", "\t", "|")
LONGEST_CELL = 1_000_000
LONGEST_NAME = 255
SERIALS_FROM = date(1899, 12, 30)
"""The day whose serial is 0 in a workbook's dates, unless the workbook counts from 1904."""
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


def is_workbook(data: bytes) -> bool:
    return data.startswith(WORKBOOK_SIGNATURES)


def decode(data: bytes, place: str) -> str:
    """Text of a CSV: UTF-8 with or without BOM, UTF-16 with BOM or without, else Windows-1252.

    Raises Refused when it is none of these.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif data[:200:2].count(0) > 20:
        encodings = ["utf-16-be"]
    elif data[1:200:2].count(0) > 20:
        encodings = ["utf-16-le"]
    elif data.startswith(codecs.BOM_UTF8):
        encodings = ["utf-8"]
    else:
        encodings = ["utf-8", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text.lstrip("\ufeff")
    raise Refused(f"{place}: unreadable: not text in UTF-8, UTF-16 or Windows-1252, and not a workbook")


def text_sheets(data: bytes, place: str, most_columns: int) -> dict[str, Sheet]:
    """The rows of a text file under each separator it could have been written with.

    Raises Refused for a quote that is never closed or closed in the middle of a cell, and for a row of more than
    `most_columns` fields.
    """
    text = decode(data, place)
    if not text.strip():
        raise Refused(f"{place}: the file is empty")
    present = [separator for separator in SEPARATORS if separator in text] or [","]
    ended = text.endswith(("\n", "\r"))
    sheets, first_error = {}, None
    csv.field_size_limit(LONGEST_CELL)
    for separator in present:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        try:
            sheets[separator] = Sheet("", _rows(reader, most_columns), line_ended=ended)
        except csv.Error as error:
            reason = "an open quote" if "unexpected end" in str(error) else str(error)
            first_error = first_error or f"{place}: unreadable near line {reader.line_num}: {reason}"
    if not sheets:
        raise Refused(first_error or f"{place}: unreadable")
    return sheets


def _rows(reader: Iterator[list[str]], most_columns: int) -> list[list[str]]:
    rows = []
    for row in reader:
        if len(row) > most_columns:
            raise csv.Error(f"a row of {len(row):,} fields, more than the {most_columns:,} that are read")
        rows.append(row)
    return rows


def shown(name: str) -> str:
    """A file's or sheet's name as it may be printed: signs that move a cursor or turn a line around become `?`."""
    return "".join("?" if unicodedata.category(sign)[0] == "C" else sign for sign in name)[:LONGEST_NAME]


def read_bytes(path: Path, most: int) -> bytes:
    """The whole file.

    Raises Refused when it has more than `most` bytes or the operating system will not give it.
    """
    try:
        size = path.stat().st_size
        if size > most:
            raise Refused(
                f"{shown(path.name)}: {size:,} bytes, more than the {most:,} that are read of a file"
            )
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{shown(path.name)}: unreadable: {error.strerror}") from error
