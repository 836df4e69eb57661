"""The visible sheets of a workbook as rows of text, each cell as its sender sees it. No knowledge of extracts."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from defusedxml import ElementTree

from dagster_project.deliveries.cells import SERIALS_FROM, Sheet
from dagster_project.deliveries.file_limits import FileLimits
from dagster_project.deliveries.old_workbook import OLD_WORKBOOK, old_sheet_names, old_sheets
from dagster_project.deliveries.open_document import OPEN_DOCUMENT, open_document_errors
from dagster_project.deliveries.refusal import Refused
from dagster_project.deliveries.workbook_cells import as_text
from dagster_project.deliveries.workbook_guard import column_number, refuse_bombs

UNREADABLE = "unreadable as a workbook, or cut short"
# The name of a stream, in UTF-16, of a workbook that is encrypted as a whole.
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
FORMULA_WITHOUT_VALUE = "#VALUE!"
# A comment, a row, or a cell with what is inside it.
PIECE = re.compile(
    rb"<!--.*?-->|<(?:\w+:)?row\b([^>]*)>|<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL
)
REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Z]*)(\d+)["']""")
KIND = re.compile(rb"""\bt\s*=\s*["'](\w+)["']""")
FORMULA = re.compile(rb"<(?:\w+:)?f\b")
ERROR = re.compile(rb"""\bt\s*=\s*["']e["']""")
VALUE = re.compile(rb"<(?:\w+:)?v>([^<]*)</(?:\w+:)?v>")


def sheet_names(data: bytes, place: str, limits: FileLimits) -> list[str]:
    """Names of the visible sheets, in order.

    Raises Refused when the bytes are no workbook or go beyond a limit.
    """
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    with _refusing_what_is_broken(data, place):
        if data.startswith(OLD_WORKBOOK):
            return old_sheet_names(data, place)
        refuse_bombs(data, place, limits)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return [about.name for about in book.sheets_metadata if about.visible == SheetVisibleEnum.Visible]


def workbook_sheets(data: bytes, place: str, only: str | None, limits: FileLimits) -> list[Sheet]:
    """Every visible sheet, in order, or the one named `only`.

    A number is written with the 15 digits a workbook shows; a date as YYYY-MM-DD, with its time where it has one;
    error cells keep their `#...` text, and a formula without a stored value reads as an error.
    Raises Refused when the bytes are no workbook or go beyond a limit.
    """
    from python_calamine import CalamineWorkbook, SheetVisibleEnum

    with _refusing_what_is_broken(data, place):
        if data.startswith(OLD_WORKBOOK):
            return old_sheets(data, place, only, limits)
        refuse_bombs(data, place, limits)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [
            (about.name, book.get_sheet_by_name(about.name).to_python(skip_empty_area=False))
            for about in book.sheets_metadata
            if about.visible == SheetVisibleEnum.Visible and only in (None, about.name)
        ]
        errors = _error_cells(data, place, limits)
        serials_from = _serials_from(data)
    return [
        Sheet(
            name,
            [
                _with_errors([as_text(cell) for cell in row], errors.get(name, {}).get(number, {}))
                for number, row in enumerate(rows, start=1)
            ],
            is_text=False,
            serials_from=serials_from,
        )
        for name, rows in sheets
    ]


@contextmanager
def _refusing_what_is_broken(data: bytes, place: str) -> Iterator[None]:
    """Whatever a broken package makes its readers raise, a panic of the compiled one included, is one refusal."""
    try:
        _refuse_what_is_not_read(data, place)
        yield
    except (KeyboardInterrupt, SystemExit, MemoryError, Refused):
        raise
    except BaseException as error:
        raise Refused(f"{place}: {UNREADABLE}") from error


def _refuse_what_is_not_read(data: bytes, place: str) -> None:
    if ENCRYPTED in data:
        raise Refused(f"{place}: protected by a password; save it without one")
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            # Its error cells could not be told from empty ones.
            if "xl/workbook.bin" in package.namelist():
                raise Refused(f"{place}: a binary workbook (.xlsb), which is not read; save it as .xlsx")


def _serials_from(data: bytes) -> date:
    """The day whose serial is 0 in this workbook."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if "xl/workbook.xml" in archive.namelist():
            for element in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
                if element.tag.endswith("workbookPr") and element.get("date1904") in ("1", "true"):
                    return date(1904, 1, 1)
    return SERIALS_FROM


def _with_errors(row: list[str], errors: dict[int, str]) -> list[str]:
    for index, text in errors.items():
        row.extend([""] * (index + 1 - len(row)))
        row[index] = text
    return row


def _error_cells(data: bytes, place: str, limits: FileLimits) -> dict[str, dict[int, dict[int, str]]]:
    """Sheet name -> row number -> column index -> error text, for cells the reader would give as empty."""
    found: dict[str, dict[int, dict[int, str]]] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if OPEN_DOCUMENT in archive.namelist():
            return open_document_errors(archive.read(OPEN_DOCUMENT), place, limits)
        for name, part in _sheet_parts(archive).items():
            content = archive.read(part)
            if ERROR.search(content) or FORMULA.search(content):
                found[name] = _errors_of(content)
    return found


def _errors_of(sheet: bytes) -> dict[int, dict[int, str]]:
    """Row and column are counted where a program did not write them."""
    rows: dict[int, dict[int, str]] = {}
    row, column = 0, 0
    for match in PIECE.finditer(sheet):
        about_row, about_cell, inside = match.groups()
        if about_row is not None:
            reference = REFERENCE.search(about_row)
            row, column = (int(reference[2]) if reference else row + 1), 0
        elif about_cell is not None:
            reference = REFERENCE.search(about_cell)
            if reference:
                row, column = int(reference[2]), column_number(reference[1])
            else:
                column += 1
            if text := _error_text(about_cell, inside or b""):
                rows.setdefault(row, {})[column - 1] = text
    return rows


def _error_text(attributes: bytes, inside: bytes) -> str | None:
    value = VALUE.search(inside)
    stored = value[1].decode("ascii", "replace") if value else ""
    kind = KIND.search(attributes)
    if kind and kind[1] == b"e":
        return stored or FORMULA_WITHOUT_VALUE
    is_text = (kind and kind[1] == b"str") or b"<is>" in inside
    if not stored and not is_text and FORMULA.search(inside):
        return FORMULA_WITHOUT_VALUE
    return None


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The part of the package that holds each sheet."""
    names = set(archive.namelist())
    if "xl/workbook.xml" not in names or "xl/_rels/workbook.xml.rels" not in names:
        return {}
    targets = {}
    for relation in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels")):
        target = relation.get("Target", "")
        targets[relation.get("Id")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    parts = {}
    for element in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if element.tag.endswith("}sheet"):
            relation_id = next((value for key, value in element.attrib.items() if key.endswith("}id")), None)
            part = targets.get(relation_id)
            if part in names:
                parts[element.get("name", "")] = part
    return parts
