"""The cases and workers behind each difference, in a workbook its owner alone may read. Nothing of it is printed."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dagster_project.durable import put_in_place
from dagster_project.settings import Settings, make_private
from dagster_project.shadow.comparison import Compared, Comparison
from dagster_project.shadow.wording import joined, rules_words
from dagster_project.spreadsheets import Cells, new_workbook

ROWS_OF_A_SHEET = 1_000_000
CELL_HEADINGS = (
    "row",
    "unit as written",
    "unit",
    "measure as written",
    "measure",
    "theirs",
    "ours",
    "difference",
    "verdict",
    "rule",
    "other rules with the same figure",
    "cases",
    "workers",
)
ROW_HEADINGS = (
    "row",
    "unit",
    "measure",
    "rule",
    "what",
    "identifier",
    "worker_key",
    "month",
    "counts in ours",
    "counts in theirs",
)


def private_folder(settings: Settings) -> Path:
    return settings.warehouse / "shadow"


def write_private_file(settings: Settings, comparison: Comparison) -> Path:
    """Write the comparison with every case and worker it moves; the last one of that month is replaced.

    Identifiers are written as text: a spreadsheet keeps 15 digits of a number and a key has more.
    """
    month = comparison.month
    folder = make_private(private_folder(settings))
    folder.chmod(0o700)
    path = folder / f"{month.council}-{month.first:%Y-%m}.xlsx"
    being_written = path.with_name(f".{path.name}.writing")
    being_written.unlink(missing_ok=True)
    descriptor = os.open(being_written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_workbook(comparison))
    put_in_place(being_written, path)
    return path


def _workbook(comparison: Comparison) -> bytes:
    stream = io.BytesIO()
    with new_workbook(stream) as book:
        write = Cells(book)
        _write(book, write, "cells", CELL_HEADINGS, [_cell_line(cell) for cell in comparison.cells])
        lines = [line for cell in comparison.cells for line in _row_lines(cell)]
        for number in range(0, max(1, len(lines)), ROWS_OF_A_SHEET):
            name = "rows" if not number else f"rows {number // ROWS_OF_A_SHEET + 1}"
            _write(book, write, name, ROW_HEADINGS, lines[number : number + ROWS_OF_A_SHEET])
    return stream.getvalue()


def _write(
    book: Any, write: Cells, name: str, headings: Sequence[str], lines: Sequence[Sequence[Any]]
) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    write.row(sheet, 0, headings, write.style(bold=True))
    for row, line in enumerate(lines, start=1):
        write.row(sheet, row, line)


def _cell_line(cell: Compared) -> Sequence[Any]:
    return (
        cell.cell.row_number,
        cell.cell.unit_text,
        cell.cell.unit or "",
        cell.cell.measure,
        cell.measure.name if cell.measure else "",
        cell.theirs if cell.theirs is not None else cell.cell.number,
        cell.ours,
        cell.difference,
        cell.verdict,
        rules_words(cell),
        "; ".join(joined(rules) for rules in cell.answer.also),
        cell.cases_moved,
        cell.workers_moved,
    )


def _row_lines(cell: Compared) -> Iterator[Sequence[Any]]:
    for row in cell.moved:
        yield (
            cell.cell.row_number,
            cell.cell.unit,
            cell.measure.name if cell.measure else "",
            rules_words(cell),
            row.kind,
            row.item,
            "" if row.worker_key is None else str(row.worker_key),
            row.month,
            row.ours,
            row.theirs,
        )
