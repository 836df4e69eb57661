"""Makes files in memory: text in any encoding, workbooks with anything in them, packages tampered with."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xlsxwriter
import xlwt

Cells = Sequence[Sequence[object]]
ERROR_CODES = {
    "#NULL!": 0x00,
    "#DIV/0!": 0x07,
    "#VALUE!": 0x0F,
    "#REF!": 0x17,
    "#NAME?": 0x1D,
    "#NUM!": 0x24,
    "#N/A": 0x2A,
}

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
    """A sheet of values; text that starts with = is a formula without a stored value, a Serial a day."""

    def build(book: Any) -> None:
        made = book.add_worksheet(name)
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                if isinstance(value, Serial):
                    made.write_number(row, column, value, book.add_format({"num_format": "dd/mm/yyyy"}))
                elif isinstance(value, str) and value.startswith("="):
                    made.write_formula(row, column, value, None, "")
                else:
                    made.write(row, column, value)
        then(made)

    return build


def old_workbook(rows: Cells, *, from_1904: bool = False) -> bytes:
    """A workbook as Excel 97 to 2003 wrote it, of one sheet beside a hidden one; `#...` texts are error cells."""
    book = xlwt.Workbook()
    book.dates_1904 = from_1904
    made, hidden = book.add_sheet("Cases"), book.add_sheet("old")
    hidden.visibility = 1
    day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            hidden.write(row, column, "hidden")
            if str(value).startswith("#"):
                made.row(row).set_cell_error(column, ERROR_CODES[str(value)])
            elif isinstance(value, Serial):
                made.write(row, column, float(value), day)
            elif value != "":
                made.write(row, column, value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


class Serial(float):
    """A number that a workbook shows as a day."""


def bare_workbook(sheet: str) -> bytes:
    """A package of nothing but one sheet, as programs write it that do without styles and shared strings."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"

    def related(kind: str, target: str) -> bytes:
        relation = f'<Relationship Id="rId1" Type="{office}/{kind}" Target="{target}"/>'
        return f'<Relationships xmlns="{relations}">{relation}</Relationships>'.encode()

    data = f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>'
    names = '<sheets><sheet name="Cases" sheetId="1" r:id="rId1"/></sheets>'
    return package(
        {
            "[Content_Types].xml": b"<Types/>",
            "_rels/.rels": related("officeDocument", "xl/workbook.xml"),
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">{names}</workbook>'.encode(),
            "xl/_rels/workbook.xml.rels": related("worksheet", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml": data.encode(),
        }
    )


def bare_rows(rows: Cells) -> str:
    """Rows of a sheet whose cells do not say where they stand, and write `#...` texts as error cells."""
    return "".join(
        "<row>"
        + "".join(
            f"<c t='e'><v>{cell}</v></c>"
            if str(cell).startswith("#")
            else f'<c t="inlineStr"><is><t>{cell}</t></is></c>'
            for cell in row
        )
        + "</row>"
        for row in rows
    )


def package(parts: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return stream.getvalue()


def open_document(rows: Cells, then: str = "") -> bytes:
    """An OpenDocument spreadsheet of one sheet, text that starts with # an error cell; `then` are further rows."""
    lines = "".join(
        "<table:table-row>" + "".join(map(_open_document_cell, row)) + "</table:table-row>" for row in rows
    )
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<office:document-content{spaces} xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:'
        'calcext:1.0"><office:body><office:spreadsheet><table:table table:name="Cases">'
        f"{lines}{then}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return package(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content.encode(),
            "META-INF/manifest.xml": manifest.encode(),
        }
    )


def _open_document_cell(value: object) -> str:
    kind = 'office:value-type="string"'
    if str(value).startswith("#"):
        kind += ' office:string-value="" calcext:value-type="error"'
    return f"<table:table-cell {kind}><text:p>{value}</text:p></table:table-cell>"


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
