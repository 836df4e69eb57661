"""One workbook for a council and month, to go back to the sender: where, which rule, what was expected. No value."""

from __future__ import annotations

import hashlib
import io
import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dagster_project.durable import put_in_place
from dagster_project.quarantine.rules import rule
from dagster_project.quarantine.standing import Broken, Standing, is_kept, standing
from dagster_project.reference import Reference
from dagster_project.settings import Settings, make_private
from dagster_project.spreadsheets import Cells, new_workbook

FOLDER = "quarantine"
LONGEST_SHEET_NAME = 31
ROWS = (
    ("row in the file", 8),
    ("column", 18),
    ("what is wrong", 34),
    ("what was expected", 36),
    ("what the cell looks like (A, a: letters, 9: digits)", 22),
    ("what to do", 38),
)
SUMMARY = (
    ("extract", 16),
    ("file", 20),
    ("what became of it", 28),
    ("column", 18),
    ("what is wrong", 34),
    ("rows", 7),
    ("what to do", 38),
)
LINE_HEIGHT = 14.5


def refresh_workbooks(settings: Settings, reference: Reference) -> list[Path]:
    """Afterwards outbox/quarantine holds one workbook for each council and month with something to mend, no other.

    A workbook whose contents would be the same is left as it is.
    """
    folder = settings.outbox / FOLDER
    found = standing(settings, reference)
    if not found and not folder.is_dir():
        return []
    wanted = _by_file(found)
    make_private(folder)
    for path in folder.glob("*-quarantine.xlsx"):
        if path.name not in wanted:
            path.unlink()
            _mark(path).unlink(missing_ok=True)
    return [_write(folder / name, of_file) for name, of_file in sorted(wanted.items())]


def write_workbooks(folder: Path, found: Sequence[Standing]) -> list[Path]:
    """The same workbooks in a folder of the caller's choice, those of `found` only."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / name, of_file) for name, of_file in sorted(_by_file(found).items())]


def _by_file(found: Sequence[Standing]) -> dict[str, list[Standing]]:
    files: dict[str, list[Standing]] = {}
    for one in found:
        name = f"{one.delivery.council}-{one.delivery.month:%Y-%m}-quarantine.xlsx"
        files.setdefault(name, []).append(one)
    return files


def _write(path: Path, found: Sequence[Standing]) -> Path:
    contents = hashlib.sha256(repr([(s.delivery.delivery, s.broken) for s in found]).encode()).hexdigest()
    mark = _mark(path)
    if path.is_file() and mark.is_file() and mark.read_text(encoding="utf-8") == contents:
        return path
    being_written = path.with_name(f".{path.name}.writing")
    being_written.unlink(missing_ok=True)
    descriptor = os.open(being_written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_workbook(found))
    put_in_place(being_written, path)
    mark.write_text(contents, encoding="utf-8")
    return path


def _mark(path: Path) -> Path:
    return path.with_name(f".{path.name}.of")


def _workbook(found: Sequence[Standing]) -> bytes:
    stream = io.BytesIO()
    with new_workbook(stream) as book:
        book.set_properties({"title": "Rows to mend", "comments": "Holds no personal value."})
        cells = Cells(book)
        styles = {
            "title": cells.style(bold=True, font_size=14),
            "head": cells.style(bold=True, bg_color="#D9E2EC", border=1, text_wrap=True, valign="top"),
            "text": cells.style(text_wrap=True, valign="top", bottom=1, bottom_color="#C5CED8"),
            "number": cells.style(
                align="left", valign="top", num_format="#,##0", bottom=1, bottom_color="#C5CED8"
            ),
        }
        _summary(book, cells, styles, found)
        names: list[str] = []
        for one in found:
            if one.cells:
                # A refused file may stand beside the last good one of its extract.
                again = names.count(one.delivery.extract)
                names.append(one.delivery.extract)
                _rows(book, cells, styles, one, f" {again + 1}" if again else "")
    return stream.getvalue()


def _summary(book: Any, cells: Cells, styles: dict[str, Any], found: Sequence[Standing]) -> None:
    sheet = book.add_worksheet("what to mend")
    first = found[0].delivery
    cells.write(sheet, 0, 0, f"{first.council}, {first.month:%B %Y}: rows to mend", styles["title"])
    lines = (
        "Each row below is a kind of mistake; the sheets after this one give the rows of each file by their number.",
        "Please mend the rows at the source and send the whole file again: a mended file replaces this one.",
        "This workbook holds no value of any row. Look the rows up by their number in your own file.",
    )
    for number, line in enumerate(lines, start=1):
        cells.write(sheet, number, 0, line)
    head = len(lines) + 2
    _headings(sheet, cells, styles, SUMMARY, head)
    row = head + 1
    for one in found:
        for place, broken in enumerate(one.broken or [Broken("", "", 0)]):
            words = rule(broken.rule)
            values = (
                one.delivery.extract,
                one.delivery.told_name,
                "" if place and one.delivery.is_refused else _became(one, broken),
                broken.column,
                _plain(words.says) if broken.rule else "",
                broken.rows or None,
                _plain(words.mend) if broken.rule else "send the file again as the reason asks",
            )
            _line(sheet, cells, styles, SUMMARY, row, values)
            row += 1
    sheet.autofilter(head, 0, max(row - 1, head), len(SUMMARY) - 1)
    sheet.freeze_panes(head + 1, 0)
    sheet.repeat_rows(head)
    _printable(sheet)


def _became(one: Standing, broken: Broken) -> str:
    if one.delivery.is_refused:
        return f"refused whole: {_reason(one)}"
    return "kept under no known unit" if is_kept(broken) else "left out; the rest of the file counts"


def _reason(one: Standing) -> str:
    reason = one.delivery.refused_because or ""
    return reason.removeprefix(f"{one.delivery.told_name}: ").removeprefix(f"{one.delivery.told_name}, ")


def _rows(book: Any, cells: Cells, styles: dict[str, Any], one: Standing, ending: str) -> None:
    sheet = book.add_worksheet(one.delivery.extract[: LONGEST_SHEET_NAME - len(ending)] + ending)
    _headings(sheet, cells, styles, ROWS, 0)
    for row, cell in enumerate(one.cells, start=1):
        words = rule(cell.rule)
        values = (
            cell.row_number,
            cell.column,
            _plain(words.says),
            cell.expected,
            cell.shape,
            _plain(words.mend),
        )
        _line(sheet, cells, styles, ROWS, row, values)
    last = len(one.cells)
    if one.cells_not_kept:
        last += 1
        words_left_out = f"and {one.cells_not_kept:,} more of the kinds on the first sheet"
        cells.write(sheet, last, 2, words_left_out, styles["text"])
    sheet.autofilter(0, 0, last, len(ROWS) - 1)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    _printable(sheet)


def _plain(words: str) -> str:
    return words.replace("`", "")


def _line(
    sheet: Any,
    cells: Cells,
    styles: dict[str, Any],
    columns: Sequence[tuple[str, int]],
    row: int,
    values: Sequence[object],
) -> None:
    """A row as high as its longest cell wants: not every program makes room for what it wraps."""
    for column, value in enumerate(values):
        cells.write(sheet, row, column, value, styles["number" if isinstance(value, int) else "text"])
    sheet.set_row(row, LINE_HEIGHT * _lines(columns, values))


def _lines(columns: Sequence[tuple[str, int]], values: Sequence[object]) -> int:
    wrapped = (
        len(textwrap.wrap(str(value), max(width - 2, 1)))
        for (_, width), value in zip(columns, values, strict=True)
    )
    return max(1, *wrapped)


def _headings(
    sheet: Any, cells: Cells, styles: dict[str, Any], columns: Sequence[tuple[str, int]], row: int
) -> None:
    for column, (heading, width) in enumerate(columns):
        sheet.set_column(column, column, width)
        cells.write(sheet, row, column, heading, styles["head"])
    sheet.set_row(row, LINE_HEIGHT * _lines(columns, [heading for heading, _ in columns]))


def _printable(sheet: Any) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(0.4, 0.4, 0.5, 0.5)
    sheet.fit_to_pages(1, 0)
