"""Whatever lies in landing, reading ends in rows, rejected rows or one refusal that says nothing of a value."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import duckdb
import pytest
from census_return import document, worker
from hoard.making import CASES, NORTH, SOUTH, old_workbook, sheet, text, workbook
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dagster_project.deliveries.cell_rules import prepare
from dagster_project.deliveries.checking import Checked, check
from dagster_project.deliveries.control_files import Words, read_totals
from dagster_project.deliveries.discovery import Landed
from dagster_project.deliveries.file_limits import FileLimits
from dagster_project.deliveries.layout import BLANK_CHARACTERS, MISSING, read_table
from dagster_project.deliveries.mapped import READERS
from dagster_project.deliveries.refusal import Refused
from dagster_project.extracts import load_specifications
from dagster_project.extracts.source_system import SourceSystem, load_sources

EXAMPLES = int(os.environ.get("CASELOAD_FUZZ_EXAMPLES", "60"))
CASELOAD = load_specifications()["caseload"]
MAY = (date(2024, 5, 1), date(2024, 5, 31))
A_NAME = "Zebedee"
GOOD = text([CASES, NORTH, SOUTH, (A_NAME, *NORTH[1:])])
BOOK = workbook(sheet([CASES, NORTH, SOUTH, (A_NAME, *NORTH[1:])]))
OLD_BOOK = old_workbook([CASES, NORTH, SOUTH, (A_NAME, *NORTH[1:])])
# Every form a cell is seen in, and what a keyboard or a program may do to it.
CELLS = st.one_of(
    st.sampled_from(
        [
            *NORTH,
            *SOUTH,
            *MISSING,
            "=1+1",
            "#REF!",
            "\u00a31,2",
            "1e5",
            "0,8",
            '"',
            "'",
            "\u202e",
            "\x00",
            "Total",
        ]
    ),
    st.text(max_size=12),
    st.dates().map(str),
    st.decimals(allow_nan=False).map(str),
)
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not os.environ.get("CASELOAD_FUZZ_EXAMPLES"),
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def read(folder: Path, data: bytes) -> Checked | None:
    """What checking made of the bytes; None where they were refused, in words without a value."""
    path = folder / "caseload.csv"
    path.write_bytes(data)
    with duckdb.connect(":memory:") as connection:
        prepare(connection)
        try:
            table = read_table(path, CASELOAD)
            return check(connection, table, CASELOAD, MAY, [("north", "north")], [], path.name)
        except Refused as refused:
            reason = str(refused)
    assert A_NAME not in reason
    return None


@SETTINGS
@given(st.binary(max_size=400))
@example(b"\xff\xfe")
@example(b"PK\x03\x04")
@example(b"\xd0\xcf\x11\xe0")
def test_any_bytes(folder: Path, data: bytes) -> None:
    read(folder, data)


@SETTINGS
@given(
    st.sampled_from([GOOD, BOOK, OLD_BOOK]),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6)), max_size=4),
)
def test_a_good_file_with_bytes_changed(
    folder: Path, data: bytes, changes: list[tuple[float, bytes]]
) -> None:
    damaged = bytearray(data)
    for place, put in changes:
        at = int(place * len(damaged))
        damaged[at : at + len(put)] = put
    read(folder, bytes(damaged))


@SETTINGS
@given(st.lists(st.lists(CELLS, min_size=len(CASES), max_size=len(CASES)), max_size=6))
def test_no_row_and_no_cell_of_a_table_is_lost(folder: Path, rows: list[list[str]]) -> None:
    """Each row is accepted, rejected, a repeat, or remarked as no data; a cell that was given is read or speaks."""
    written = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in rows]
    data = text([CASES, *written]).replace(b"\x00", b"0")
    found = read(folder, data)
    if found is None:
        return
    not_data = sum(found.notices.get(kind, 0) for kind in ("blank_rows", "total_rows", "notes"))
    given_rows = sum(any(cell.strip(BLANK_CHARACTERS) for cell in row) for row in rows)
    assert found.rows_read == found.rows_accepted + found.rows_rejected + found.rows_repeated
    assert given_rows <= found.rows_read + not_data <= len(rows)
    assert {(cell.column, cell.rule) for cell in [*found.rejected, *found.unmapped]} == set(found.reasons)


FACTS = {"council": "northshire", "dfe_code": "991", "standard_hours_per_week": "37"}
TABLES = [
    (source, extract)
    for source in load_sources().values()
    if source.kind == "table"
    for extract, how in sorted(source.extracts.items())
    if how.columns
]


def read_by(source: SourceSystem, extract: str, path: Path, data: bytes) -> None:
    """Read by a source's mapping: a table that hangs together, or a refusal without a value."""
    path.write_bytes(data)
    landed = Landed("northshire", date(2024, 9, 1), extract, path, source=source.source)
    specification = load_specifications()[extract]
    reason, table = "", None
    try:
        table = READERS[source.kind](landed, specification, source, FACTS, FileLimits())
    except Refused as refused:
        reason = str(refused)
    assert A_NAME not in reason
    if table is None:
        return
    assert len(table.rows) == len(table.row_numbers)
    assert all(len(row) == len(table.columns) for row in table.rows)


@SETTINGS
@given(st.sampled_from(TABLES), st.data())
def test_tables_of_other_systems(folder: Path, which: tuple[SourceSystem, str], data: st.DataObject) -> None:
    source, extract = which
    how = source.extracts[extract]
    given_columns = [column for column in how.columns.values() if column]
    headers = list(
        dict.fromkeys(
            [names[0] for column in given_columns for names in column.sources]
            + [rule.headers[0] for rule in how.leave_out]
        )
    )
    rows = data.draw(st.lists(st.lists(CELLS, min_size=len(headers), max_size=len(headers)), max_size=5))
    written = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in [headers, *rows]]
    read_by(source, extract, folder / "other.csv", text(written).replace(b"\x00", b"0"))


@SETTINGS
@given(st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6)), max_size=4), st.lists(CELLS, max_size=3))
def test_a_census_return_with_bytes_changed(
    folder: Path, changes: list[tuple[float, bytes]], cells: list[str]
) -> None:
    source = next(source for source in load_sources().values() if source.kind == "xml")
    people = [worker(FTE=cell, LeavingReason=A_NAME) for cell in cells if "\x00" not in cell]
    damaged = bytearray(document(worker(), *people).encode())
    for place, put in changes:
        at = int(place * len(damaged))
        damaged[at : at + len(put)] = put
    read_by(source, "workforce_summary", folder / "census.xml", bytes(damaged))


CONTROL = b"extract,rows,sum_fte\nworkforce,120,98.75\nposts,7,6.5\nZebedee,1,1\n"


@SETTINGS
@given(
    st.one_of(
        st.binary(max_size=300), st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6)), max_size=4)
    )
)
def test_any_control_file(what: bytes | list[tuple[float, bytes]]) -> None:
    damaged = bytearray(CONTROL)
    for place, put in what if isinstance(what, list) else []:
        at = int(place * len(damaged))
        damaged[at : at + len(put)] = put
    words = Words(
        {"rows": "rows", "sumfte": "fte"},
        {"workforce": "workforce", "posts": "posts"},
        {"workforce": frozenset({"fte"})},
    )
    stated = read_totals(what if isinstance(what, bytes) else bytes(damaged), "c", [], words)

    assert stated.totals or stated.problems
    assert A_NAME not in " ".join(stated.problems)
