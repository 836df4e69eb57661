"""What is proved of a workbook before its reader sees it: how much it unpacks to, how far its cells reach."""

from __future__ import annotations

import codecs
import re
import zipfile
from io import BytesIO

from dagster_project.deliveries.file_limits import FileLimits
from dagster_project.deliveries.open_document import OPEN_DOCUMENT, open_document_errors
from dagster_project.deliveries.refusal import Refused

CHUNK = 8 << 20
# A place may be written in either quotes, with blanks, anywhere among a tag's attributes.
CELL_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,7})(\d{1,10})["']""")
ROW_PLACE = re.compile(rb"""<(?:\w+:)?row\b(?:[^>"']|"[^"]*"|'[^']*')*?\br\s*=\s*["'](\d{1,10})["']""")
LONGEST_TAG = 1 << 20
BEFORE_XML = codecs.BOM_UTF8 + b" \t\r\n"
UNPACKED_WITHOUT_QUESTION = 64 << 20


def refuse_bombs(data: bytes, place: str, limits: FileLimits) -> None:
    """Raises Refused for a package that unpacks to more than a workbook does, or has cells far from its table.

    Every part is unpacked once and thrown away: what a package says of its own size proves nothing.
    """
    with zipfile.ZipFile(BytesIO(data)) as package:
        entries = package.infolist()
        said = sum(entry.file_size for entry in entries)
        most = min(
            limits.max_unpacked_bytes,
            max(UNPACKED_WITHOUT_QUESTION, limits.max_unpacked_ratio * len(data)),
        )
        if said > most:
            raise Refused(f"{place}: unpacks to {said:,} bytes, more than a workbook of its size does")
        for entry in entries:
            _walk(package, entry, place, limits)
        if OPEN_DOCUMENT in package.namelist():
            open_document_errors(package.read(OPEN_DOCUMENT), place, limits)


def _walk(package: zipfile.ZipFile, entry: zipfile.ZipInfo, place: str, limits: FileLimits) -> None:
    """Any part is looked through: which of them is a sheet, a package says itself."""
    columns, last_row, rest, is_xml = {b"A"}, 1, b"", False
    with package.open(entry) as part:
        while chunk := part.read(CHUNK):
            text = rest + chunk
            is_xml = is_xml or text.lstrip(BEFORE_XML).startswith(b"<")
            places = CELL_PLACE.findall(text)
            columns.update({letters for letters, _ in places})
            last_row = max(
                [last_row, *{int(number) for _, number in places}, *map(int, ROW_PLACE.findall(text))]
            )
            # The end of a chunk may cut a tag in two: it is looked at again, whole.
            rest = text[max(text.rfind(b"<"), 0) :] if is_xml else b""
            if len(rest) > LONGEST_TAG and b">" not in rest:
                raise Refused(f"{place}: a tag of more than {LONGEST_TAG:,} letters, which no program writes")
            rest = rest[:LONGEST_TAG]
    width = max(map(column_number, columns))
    if width > limits.max_columns:
        raise Refused(f"{place}: a cell in column {width:,}; {limits.max_columns:,} are read")
    if width * last_row > limits.max_sheet_cells:
        raise Refused(
            f"{place}: a cell far from the table: the sheet reaches over {last_row:,} rows and {width:,} columns. "
            "Delete what lies outside the table and save."
        )


def column_number(letters: bytes) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
