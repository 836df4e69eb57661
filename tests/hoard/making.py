"""Makes files in memory: text in any encoding, workbooks with anything in them, packages tampered with."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import xlsxwriter

Cells = Sequence[Sequence[object]]

CASES = ("case_id", "child_id", "case_type", "team", "worker_id", "opened_on", "closed_on", "closure_outcome")
LEDGER = ("line_id", "team", "week_ending", "amount_gbp", "cost_type")
POSTS_HELD = ("worker_id", "post_id", "team", "role", "employment", "fte", "started_on", "sickness_days")
NORTH = ("0012", "C1", "child_in_need", "North", "W1", "2024-01-02", "", "")
SOUTH = ("0013", "C2", "child_in_need", "South", "", "02/01/2024", "", "")


def text(
    rows: Sequence[Sequence[str]], separator: str = ",", ends: str = "\n", encoding: str = "utf-8"
) -> bytes:
    return "".join(separator.join(row) + ends for row in rows).encode(encoding)


def workbook(*build: Callable[[Any], None]) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        for step in build:
            step(book)
    return stream.getvalue()


def sheet(
    rows: Cells, name: str | None = None, then: Callable[[Any], None] = lambda sheet: None
) -> Callable[[Any], None]:
    """A sheet of values; text that starts with = is a formula without a stored value."""

    def build(book: Any) -> None:
        made = book.add_worksheet(name)
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                if isinstance(value, str) and value.startswith("="):
                    made.write_formula(row, column, value, None, "")
                else:
                    made.write(row, column, value)
        then(made)

    return build


def tampered(package: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The package with one part changed."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as before,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            data = before.read(name)
            after.writestr(name, change(data) if name == part else data)
    return stream.getvalue()


def entity_bomb(document: bytes) -> bytes:
    """A document type that unfolds to billions of letters in the name of the first sheet."""
    levels = b"".join(
        f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 100}">'.encode() for level in range(5)
    )
    head = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "' + b"a" * 1000 + b'">' + levels + b"]>"
    body = document[document.index(b"<workbook") :]
    return head + body.replace(b'name="Sheet1"', b'name="&f;"')
