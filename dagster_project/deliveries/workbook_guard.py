"""What is proved of a workbook before its reader sees it: how much it unpacks to, how far its cells reach."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

from dagster_project.deliveries.file_limits import FileLimits
from dagster_project.deliveries.open_document import OPEN_DOCUMENT, open_document_errors
from dagster_project.deliveries.refusal import Refused

CHUNK = 8 << 20
# A cell's place may be cut in two by the end of a chunk.
LONGEST_PLACE = 256
PLACE = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,7})(\d{1,10})"')
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
            is_sheet = entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml")
            _walk(package, entry, place, limits, is_sheet=is_sheet)
        if OPEN_DOCUMENT in package.namelist():
            open_document_errors(package.read(OPEN_DOCUMENT), place, limits)


def _walk(
    package: zipfile.ZipFile, entry: zipfile.ZipInfo, place: str, limits: FileLimits, *, is_sheet: bool
) -> None:
    columns, last_row, rest = {b"A"}, 1, b""
    with package.open(entry) as part:
        while chunk := part.read(CHUNK):
            if not is_sheet:
                continue
            text = rest + chunk
            places = PLACE.findall(text)
            columns.update({letters for letters, _ in places})
            last_row = max([last_row, *{int(number) for _, number in places}])
            rest = text[-LONGEST_PLACE:]
    if is_sheet:
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
