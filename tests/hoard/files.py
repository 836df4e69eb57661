"""The hoard: each file by its name, and whether it is read, in part or whole, or refused and why."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hoard.making import (
    CASES,
    LEDGER,
    NORTH,
    POSTS_HELD,
    SOUTH,
    Serial,
    bare_rows,
    bare_workbook,
    entity_bomb,
    old_workbook,
    open_document,
    package,
    sheet,
    tampered,
    text,
    workbook,
)

Reasons = Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class File:
    """One file; `accepted` rows and the `reasons` of the others, or the words of its refusal."""

    what: str
    make: Callable[[], bytes]
    accepted: int = 0
    reasons: Reasons = field(default_factory=dict)
    refused: str = ""
    extract: str = "caseload"
    name: str = "caseload.csv"


def _amounts(*amounts: str) -> bytes:
    lines = [(f"L{number}", "North", "2024-05-10", amount, "pay") for number, amount in enumerate(amounts)]
    return text([LEDGER, *lines], ";")


def _ftes(*ftes: str) -> bytes:
    lines = [
        (f"W{number}", "P1", "North", "social_worker", "permanent", fte, "2020-01-01", "")
        for number, fte in enumerate(ftes)
    ]
    return text([POSTS_HELD, *lines], ";")


def _dates(book: Any) -> None:
    made = book.add_worksheet()
    made.write_row(0, 0, CASES)
    as_date = book.add_format({"num_format": "dd/mm/yyyy"})
    days = (
        dt.datetime(2024, 1, 2),
        45293,
        "02/01/2024",
        "2-Jan-24",
        "2024-01-02 00:00:00",
        "45293",
        45293.5,
        "2/1/24",
    )
    for row, day in enumerate(days, start=1):
        made.write_row(row, 0, (f"K{row}", *NORTH[1:5]))
        if isinstance(day, dt.datetime):
            made.write_datetime(row, 5, day, as_date)
        else:
            made.write(row, 5, day)


def _errors(book: Any) -> None:
    made = book.add_worksheet()
    for row, values in enumerate((CASES, NORTH, SOUTH, SOUTH, SOUTH)):
        made.write_row(row, 0, values)
    made.write_formula(2, 0, "=1/0", None, "#DIV/0!")
    made.write(3, 0, "0015")
    made.write_formula(3, 4, "=VLOOKUP(1,A1,2)", None, "#REF!")
    made.write_formula(4, 0, '="A"&"1"', None, "A1")


def _merged(made: Any) -> None:
    made.merge_range(1, 3, 2, 3, "North")


def _whole(*rows: tuple[Any, ...]) -> tuple[tuple[Any, ...], ...]:
    return (CASES, *rows)


def _opened(*days: object) -> tuple[tuple[object, ...], ...]:
    return (CASES, *((f"K{row}", *NORTH[1:5], day, "", "") for row, day in enumerate(days)))


XLSX = "caseload.xlsx"
# Serial 60 is the 29 February 1900 that never was; of the days before it programs disagree, a time is no day.
NO_DAYS = tuple(map(Serial, (60, 59, 1, 0, 0.5, -5, 45293.25, 2958466, 1e300)))
TURNED = (
    (Serial(45354), *NORTH[1:]),
    ("0014", *NORTH[1:4], 12.1, *NORTH[5:]),
    (15.0, *NORTH[1:4], 7, *NORTH[5:]),
)
PLAIN = workbook(sheet(_whole(NORTH)))
TITLE = ("Caseload of Northshire, May 2024",)
UPPER = ("case", "child", "case", "team", "worker", "opened", "closed", "closure")
GROUPS = ("Case", "", "", "", "Worker", "Dates", "", "Closure")
UNDER_GROUPS = ("ID", "Child ID", "Case type", "Team", "ID", "Opened on", "Closed on", "Outcome")
POSTS = ("post_id", "team", "role", "fte", "vacant_fte")
ODD_DAYS = (
    "01/13/2024",
    "31/04/2024",
    "2/1/24",
    "2024/01/02",
    "02.01.2024",
    "20240102",
    "2024-01-02 13:45",
    "60",
)
LOWER = ("id", "id", "type", "", "id", "on", "on", "outcome")
AGENCY = partial(File, extract="agency_spend", name="agency_spend.csv")

FILES = (
    File("plain CSV", lambda: text(_whole(NORTH, SOUTH)), 2),
    File("title rows above the header", lambda: text([TITLE, ("",), *_whole(NORTH)]), 1),
    File("words over groups of columns", lambda: text([("Case", "", "", "", "Worker"), *_whole(NORTH)]), 1),
    File("header broken over two rows", lambda: text([UPPER, LOWER, NORTH, SOUTH]), 2),
    File(
        "header broken over two rows, workbook",
        lambda: workbook(sheet([TITLE, UPPER, LOWER, NORTH])),
        1,
        name=XLSX,
    ),
    File(
        "header with line breaks in its cells",
        lambda: text([tuple(f'"{name.replace("_", chr(10))}"' for name in CASES), NORTH]),
        1,
    ),
    File(
        "headers in capitals and with spaces",
        lambda: text([tuple(n.upper().replace("_", " ") for n in CASES), NORTH]),
        1,
    ),
    File(
        "trailing total and notes",
        lambda: text([*_whole(NORTH, SOUTH), ("Total", "2"), ("",), ("Source: case system",)]),
        2,
    ),
    File("trailing empty columns", lambda: text([(*CASES, "", ""), (*NORTH, "", "")]), 1),
    File("one column twice, the same", lambda: text([(*CASES, "team"), (*NORTH, "North")]), 1),
    File(
        "one column twice, different",
        lambda: text([(*CASES, "team"), (*NORTH, "South")]),
        refused="two columns are headed team",
    ),
    File("semicolons", lambda: text(_whole(NORTH, SOUTH), ";"), 2),
    File("tabs", lambda: text(_whole(NORTH, SOUTH), "\t"), 2),
    File("bars", lambda: text(_whole(NORTH, SOUTH), "|"), 2),
    File("a line that names the separator", lambda: b"sep=;\n" + text(_whole(NORTH), ";"), 1),
    File("line ends of old Macs", lambda: text(_whole(NORTH, SOUTH), ends="\r"), 2),
    File("UTF-8 with a mark", lambda: text(_whole(NORTH), encoding="utf-8-sig"), 1),
    File("UTF-16 with a mark", lambda: text(_whole(NORTH), encoding="utf-16"), 1),
    File("UTF-16 without a mark", lambda: text(_whole(NORTH), encoding="utf-16-be"), 1),
    File("Windows-1252", lambda: text(_whole(("0012", "Ren\u00e9e", *NORTH[2:])), encoding="cp1252"), 1),
    File("a line break inside quotes", lambda: text(_whole(("0012", '"C\n1"', *NORTH[2:]))), 1),
    File(
        "non-breaking spaces",
        lambda: text(_whole(("0012\u00a0", "C1", NORTH[2], "\u00a0North", *NORTH[4:]))),
        1,
    ),
    File("signs for missing", lambda: text(_whole((*NORTH[:4], "n/a", NORTH[5], "-", "NULL"))), 1),
    AGENCY(
        "amounts as people write them",
        lambda: _amounts("\u00a31,234.50", "(200.00)", "200.00-", "\u00a3(200.00)", "-\u00a35", "0"),
        6,
    ),
    AGENCY(
        "amounts that could be two things",
        lambda: _amounts("1.234,50", "1234.567", "12%", "1e3", "0,8", "5.00"),
        1,
        {("amount_gbp", "money"): 5},
        refused="5 of 6 rows",
    ),
    File(
        "FTE as a share and as hours",
        lambda: _ftes("0.8", "80%", "1.0000", "37", "0,8"),
        3,
        {("fte", "range"): 1, ("fte", "number"): 1},
        extract="workforce",
        name="workforce.csv",
    ),
    File(
        "identifiers whose digits were lost",
        lambda: text(_whole(("1.23E+05", *NORTH[1:]), SOUTH)),
        1,
        {("case_id", "digits_lost"): 1},
    ),
    File(
        "days as dates, serial numbers and text in one column",
        lambda: workbook(_dates),
        6,
        {("opened_on", "date"): 2},
        name=XLSX,
    ),
    File("error cells and formulas", lambda: workbook(_errors), 3, {("case_id", "error_cell"): 1}, name=XLSX),
    File(
        "formula without a stored value",
        lambda: workbook(sheet(_whole(("=A1&1", *NORTH[1:]), NORTH))),
        1,
        {("case_id", "error_cell"): 1},
        name=XLSX,
    ),
    File(
        "merged cells in a column: only the first holds the value",
        lambda: workbook(sheet(_whole(NORTH, (*SOUTH[:3], "", *SOUTH[4:])), then=_merged)),
        1,
        {("team", "required"): 1},
        name=XLSX,
    ),
    File(
        "a hidden sheet beside the table",
        lambda: workbook(sheet(_whole(NORTH)), sheet(_whole(SOUTH), "old", lambda made: made.hide())),
        1,
        name=XLSX,
    ),
    File(
        "a very hidden sheet beside the table",
        lambda: workbook(sheet(_whole(NORTH)), sheet(_whole(SOUTH), "old", lambda made: made.very_hidden())),
        1,
        name=XLSX,
    ),
    File(
        "notes on a sheet before the table",
        lambda: workbook(sheet([TITLE], "read me"), sheet(_whole(NORTH))),
        1,
        name=XLSX,
    ),
    File(
        "two tables in one workbook",
        lambda: workbook(sheet(_whole(NORTH)), sheet(_whole(SOUTH))),
        refused="two visible sheets",
        name=XLSX,
    ),
    File("a workbook named .csv", lambda: PLAIN, 1),
    File("a CSV named .xlsx", lambda: text(_whole(NORTH)), 1, name=XLSX),
    File(
        "a web page named .xls",
        lambda: b"<html><table><tr><td>case_id</td></tr></table></html>",
        refused="a web page, not a table",
        name="caseload.xls",
    ),
    File("a PDF named .xlsx", lambda: b"%PDF-1.7\n1 0 obj\n", refused="a PDF, not a table", name=XLSX),
    File("nothing", lambda: b"", refused="the file is empty"),
    File("a header alone", lambda: text([CASES]), refused="a header without rows"),
    File("cut in the middle of a row", lambda: text(_whole(NORTH, SOUTH))[:-20], refused="cut short"),
    File("cut inside quotes", lambda: text(_whole(NORTH)) + b'0014,"C3', refused="an open quote"),
    File(
        "a workbook cut short",
        lambda: PLAIN[: len(PLAIN) // 2],
        refused="unreadable as a workbook",
        name=XLSX,
    ),
    File(
        "a compressed file named .csv",
        lambda: gzip.compress(text(_whole(NORTH))),
        refused="a compressed file, not a table",
    ),
    File(
        "an end of NULs, as a writer leaves that crashed",
        lambda: text(_whole(NORTH, SOUTH)) + bytes(4096),
        refused="unreadable near line 4: a sign that is no text",
    ),
    File(
        "a sign of neither UTF-8 nor Windows-1252",
        lambda: text(_whole(NORTH)) + text([SOUTH]).replace(b"South", b"S\x81uth"),
        refused="unreadable near line 3: a sign that is no text",
    ),
    File("noise", lambda: bytes(range(256)) * 20, refused="unreadable"),
    File("a name of 10,000 letters", lambda: text(_whole(("0012", "C" * 10_000, *NORTH[2:]))), 1),
    File(
        "a cell of two million letters",
        lambda: text(_whole(("C" * 2_000_000, *NORTH[1:]))),
        refused="field larger than",
    ),
    File(
        "a command of SQL as a team",
        lambda: text(_whole(NORTH, (*SOUTH[:3], "North'; drop table cases; --", *SOUTH[4:]))),
        2,
        {("team", "no_known_unit"): 1},
    ),
    File(
        "a command of SQL as a header", lambda: text([(*CASES, 'x"; drop table cases; --'), (*NORTH, "1")]), 1
    ),
    File(
        "a cell that a spreadsheet would run",
        lambda: text(_whole(("0012", "=cmd|' /C calc'!A0", *NORTH[2:]))),
        1,
    ),
    File(
        "a million columns",
        lambda: text([(*CASES, *(f"c{number}" for number in range(1_000_000))), NORTH]),
        refused="more than the 16,384",
    ),
    File(
        "a line of ten million commas",
        lambda: text([CASES, NORTH, ("",) * 10_000_000]),
        refused="more than the 16,384",
    ),
    File(
        "a stray cell in the last row and column",
        lambda: workbook(sheet(_whole(NORTH), then=lambda made: made.write(1_048_575, 16_383, "x"))),
        refused="a cell far from the table",
        name=XLSX,
    ),
    File(
        "a workbook that unpacks to 300 MB",
        lambda: tampered(PLAIN, "xl/worksheets/sheet1.xml", lambda part: part + b" " * (300 << 20)),
        refused="unpacks to",
        name=XLSX,
    ),
    File(
        "entities that unfold to billions of letters",
        lambda: tampered(PLAIN, "xl/workbook.xml", entity_bomb),
        refused="unreadable as a workbook",
        name=XLSX,
    ),
    File(
        "a link to another workbook",
        lambda: workbook(sheet(_whole(("='C:\\[other.xlsx]Sheet1'!A1", *NORTH[1:]), NORTH))),
        1,
        {("case_id", "error_cell"): 1},
        name=XLSX,
    ),
    File(
        "a sum below the table",
        lambda: text([*_whole(NORTH, SOUTH), ("Sum:", "2", *[""] * 6)]),
        2,
    ),
    File(
        "words over groups of columns that complete some of them",
        lambda: workbook(sheet([GROUPS, UNDER_GROUPS, NORTH])),
        1,
        name=XLSX,
    ),
    File(
        "zero-width signs and marks of direction",
        lambda: text(
            [tuple(name.replace("_", "\u200d") for name in CASES), ("\u202a0012\u202c", *NORTH[1:])]
        ),
        1,
    ),
    File(
        "notes beside the table of a workbook",
        lambda: workbook(sheet([CASES, (*NORTH, "", "note"), SOUTH, (*[""] * 9, "legend")])),
        2,
        name=XLSX,
    ),
    File(
        "UTF-8 and Windows-1252 in one file",
        lambda: (
            text(_whole(("0012", "Ren\u00e9e", *NORTH[2:])))
            + text([("0013", "Zo\u00eb", *SOUTH[2:])], encoding="cp1252")
        ),
        2,
    ),
    File("an end-of-file sign of old systems", lambda: text(_whole(NORTH)) + b"\x1a", 1),
    File(
        "text kept from being a number by a formula",
        lambda: text(_whole(('="0012"', *NORTH[1:]), ("0012", *NORTH[1:]))),
        1,
    ),
    File(
        "a blank before a quote",
        lambda: text(_whole((*NORTH[:4], ' "W1, W2"', *NORTH[5:]))),
        1,
    ),
    File(
        "an OpenDocument spreadsheet with error cells",
        lambda: open_document(_whole((*NORTH[:4], "#DIV/0!", *NORTH[5:]), ("#REF!", *SOUTH[1:]))),
        1,
        {("case_id", "error_cell"): 1},
        name="caseload.ods",
    ),
    File(
        "an OpenDocument spreadsheet of one cell told a billion times",
        lambda: open_document(
            _whole(NORTH),
            '<table:table-row table:number-rows-repeated="1000000"><table:table-cell '
            'table:number-columns-repeated="1000" office:value-type="string"><text:p>x</text:p></table:table-cell>'
            "</table:table-row>",
        ),
        refused="a cell far from the table",
        name="caseload.ods",
    ),
    File(
        "a workbook with a password",
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b" " * 600 + "EncryptedPackage".encode("utf-16-le"),
        refused="protected by a password",
        name=XLSX,
    ),
    File(
        "a binary workbook",
        lambda: package({"xl/workbook.bin": b"", "[Content_Types].xml": b"<Types/>"}),
        refused="a binary workbook",
        name="caseload.xlsb",
    ),
    File(
        "a file in a zip",
        lambda: package({"caseload.csv": text(_whole(NORTH))}),
        refused="unreadable as a workbook",
    ),
    File("lists of a program", lambda: b'[{"case_id": "0012", "team": "North"}]', refused="unreadable"),
    File(
        "days in orders and forms that could be others",
        lambda: text(_whole(*((f"K{n}", *NORTH[1:5], day, "", "") for n, day in enumerate(ODD_DAYS)))),
        refused="every one of its",
        reasons={("opened_on", "date"): len(ODD_DAYS)},
    ),
    File(
        "totals of posts, the word in the third column",
        lambda: text([POSTS, ("P1", "North", "social_worker", "1", "0"), ("", "", "Total", "1", "0")]),
        1,
        extract="posts",
        name="posts.csv",
    ),
    File(
        "contacts that say that there were none",
        lambda: text([("contact_id", "received_on", "outcome"), ("No contacts in the month", "", "")]),
        0,
        extract="contacts",
        name="contacts.csv",
    ),
    File(
        "an old workbook (.xls) with error cells, a hidden sheet beside it",
        lambda: old_workbook(
            _whole(
                NORTH,
                ("#REF!", *SOUTH[1:]),
                ("0014", *SOUTH[1:4], "#DIV/0!", *SOUTH[5:]),
                ("0015", *SOUTH[1:4], "#N/A", *SOUTH[5:]),
            )
        ),
        3,
        {("case_id", "error_cell"): 1},
        name="caseload.xls",
    ),
    File(
        "an old workbook (.xls) that counts from 1904",
        lambda: old_workbook(_opened(Serial(41820), 41820, "01/07/2018"), from_1904=True),
        3,
        name="caseload.xls",
    ),
    File(
        "days of an old workbook that never were, or are not certain",
        lambda: old_workbook(_opened(*NO_DAYS, Serial(45293))),
        1,
        {("opened_on", "date"): len(NO_DAYS)},
        refused=f"{len(NO_DAYS)} of {len(NO_DAYS) + 1} rows",
        name="caseload.xls",
    ),
    File(
        "days of a workbook that never were, or are not certain",
        lambda: workbook(sheet(_opened(*NO_DAYS, Serial(45293)))),
        1,
        {("opened_on", "date"): len(NO_DAYS)},
        refused=f"{len(NO_DAYS)} of {len(NO_DAYS) + 1} rows",
        name=XLSX,
    ),
    File(
        "identifiers that a workbook turned into days and fractions",
        lambda: workbook(sheet(_whole(*TURNED, NORTH))),
        2,
        {("case_id", "not_as_typed"): 1, ("worker_id", "not_as_typed"): 1},
        name=XLSX,
    ),
    File(
        "identifiers that an old workbook turned into days and fractions",
        lambda: old_workbook(_whole(*TURNED, NORTH)),
        2,
        {("case_id", "not_as_typed"): 1, ("worker_id", "not_as_typed"): 1},
        name="caseload.xls",
    ),
    File(
        "a workbook whose cells do not say where they stand, an error among them",
        lambda: bare_workbook(
            bare_rows(_whole(NORTH, ("#REF!", *SOUTH[1:]), ("0014", *SOUTH[1:4], "#N/A", *SOUTH[5:])))
        ),
        2,
        {("case_id", "error_cell"): 1},
        name=XLSX,
    ),
    File(
        "a cell far away, its place in single quotes",
        lambda: bare_workbook(bare_rows(_whole(NORTH)) + "<row><c x='>' r = 'XFD1048576'><v>1</v></c></row>"),
        refused="a cell far from the table",
        name=XLSX,
    ),
    File(
        "cells far away in a row that alone says where it stands",
        lambda: bare_workbook(bare_rows(_whole(NORTH)) + "<row x='>' r='99999999'><c><v>1</v></c></row>"),
        refused="a cell far from the table",
        name=XLSX,
    ),
    File(
        "a tag that a reader in pieces would lose",
        lambda: bare_workbook(
            f"{bare_rows(_whole(NORTH))}<row><c {' ' * (9 << 20)}r='XFD1048576'><v>1</v></c></row>"
        ),
        refused="a tag of more than",
        name=XLSX,
    ),
    File(
        "an error cell in a comment",
        lambda: bare_workbook("<!-- <c r='A2' t='e'><v>#REF!</v></c> -->" + bare_rows(_whole(NORTH))),
        1,
        name=XLSX,
    ),
    File(
        "headers as databases write them",
        lambda: text([tuple(f"[dbo].[cases].[{name.upper()}]" for name in CASES), NORTH]),
        1,
    ),
    AGENCY(
        "amounts with a non-breaking space after their sign, digits apart in brackets",
        lambda: _amounts(
            "£\u00a01,234.50", "(£\u00a0200.00)", "\u00a0-£\u202f5", "200.00\u00a0-", "7", "(12 34)"
        ),
        5,
        {("amount_gbp", "money"): 1},
    ),
    AGENCY(
        "amounts that no ledger holds, and no mart could",
        lambda: _amounts("99999999999.99", "-99999999999.99", "999999999", "-999999999"),
        2,
        {("amount_gbp", "range"): 2},
    ),
    File(
        "totals that no council has, and no mart could hold",
        lambda: text(
            [
                ("unit", "open_cases", "fte_social_workers"),
                ("North", "999999999999999", "1"),
                ("South", "1", "9e9"),
            ]
        ),
        0,
        {("open_cases", "range"): 1, ("fte_social_workers", "number"): 1},
        refused="every one of its",
        extract="caseload_summary",
        name="caseload_summary.csv",
    ),
)
