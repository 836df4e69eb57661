"""What is taken as plain, many files at a time, is what careful reading makes of each; all else is left to that."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deliveries_fixture import rows_of
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from dagster_project.deliveries.cell_rules import prepare
from dagster_project.deliveries.checking import Checked, check
from dagster_project.deliveries.discovery import Landed, sha256_of
from dagster_project.deliveries.file_limits import FileLimits
from dagster_project.deliveries.layout import MISSING, NOTE, TOTAL, read_table
from dagster_project.deliveries.plain_files import may_be_plain, read_plain
from dagster_project.deliveries.plain_rules import FIRST_CELL, Names, TypedFiles, type_plain
from dagster_project.deliveries.refusal import Refused
from dagster_project.extracts import Column, Specification, load_specifications
from dagster_project.extracts.source_system import load_sources

MAY = (date(2024, 5, 1), date(2024, 5, 31))
UNITS = [("ashfield dcpt", "ash"), ("none", "nobody"), ("straße", "street")]
ROLES = [("social_worker", "social_worker"), ("social worker", "social_worker")]
ROW_EXTRACTS = [one for one in load_specifications().values() if one.grain == "rows"]
# Plain, nearly plain, and what only looks so.
ODD = [*sorted(MISSING), "#REF!", "", " ", "x", "caf\u00e9 1", "\ufeffx1", "x\u200b1", "a;b", "a|b", "a\tb"]
NUMBERS = [
    "1",
    "-0.5",
    "+1",
    ".5",
    "5.",
    "1,5",
    "1e2",
    "0.333333333333333",
    "1234567890",
    "1.005",
    "80%",
    "(2.00)",
    "\u00a312.50",
]
IDENTIFIERS = [
    "A1",
    "0012",
    "12E5",
    "1e5x",
    "12-3",
    "x/9",
    "total1",
    "Total 1",
    "sum 3",
    "run 7",
    "page/1",
    "C00001",
    "123.0",
]
OF_TYPE = {
    "identifier": IDENTIFIERS,
    "text": [*IDENTIFIERS, "O'Neil & Co.", "(north)", "none", "N/A", "a  b"],
    "code": [
        "child_in_need",
        "Child_In_Need",
        "closed",
        "transferred",
        "agency",
        "pay",
        "referral",
        "closed ",
    ],
    "unit": [
        "Ashfield DCPT",
        "ashfield dcpt",
        "Ashfield  DCPT",
        "ASHFIELD DCPT\u00a0",
        "None",
        "STRASSE",
        "Stra\u00dfe",
    ],
    "role": ["social_worker", "Social Worker", "SOCIAL_WORKER", "social-worker", "social  worker"],
    "date": [
        *(
            "2024-05-01",
            "2024-05-31",
            "2024-06-01",
            "2024-02-30",
            "1899-12-31",
            "2024-5-1",
            "31/05/2024",
            "45413",
        ),
        *(
            "2024-05-01 ",
            "2024-05-01T00:00:00",
            "02024-05-1",
            "2024-05-7",
            "2024/05/01",
            "01-May-24",
            "epoch",
            "infinity",
        ),
    ],
    "boolean": ["true", "TRUE", "false", "t", "1", "yes"],
    "decimal": NUMBERS,
    "money": NUMBERS,
}


def cells(column: Column) -> st.SearchStrategy[str]:
    return st.one_of(
        st.sampled_from(OF_TYPE[column.type]),
        st.sampled_from(OF_TYPE[column.type]),
        st.sampled_from(ODD),
        st.text("AE019_-/ .", max_size=6),
        st.dates(date(2023, 1, 1), date(2025, 1, 1)).map(str),
        st.decimals(-10, 40, places=2).map(str),
    )


EXAMPLES = os.environ.get("CASELOAD_FUZZ_EXAMPLES")
SETTINGS = settings(
    max_examples=int(EXAMPLES or "100"),
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)

Row = dict[str, str]


def written(rows: list[Row], header: list[str], line_end: str = "\n") -> bytes:
    lines = [",".join(header), *(",".join(row[name] for name in header) for row in rows)]
    return "".join(line + line_end for line in lines).encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def connection() -> Any:
    with duckdb.connect(":memory:") as made:
        prepare(made)
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plain")


def landed_as(folder: Path, extract: str, data: bytes) -> Landed:
    path = folder / f"{extract}.csv"
    path.write_bytes(data)
    return Landed("northshire", MAY[0], extract, path)


def rows_in(connection: duckdb.DuckDBPyConnection, relation: str, specification: Specification) -> list[Any]:
    names = [column.name for column in specification.columns]
    names += [f"{c.name}_{c.type}" for c in specification.columns if c.type in ("unit", "role")]
    columns = ", ".join(f'"{name}"' for name in names)
    return connection.execute(f"select row_number, {columns} from {relation} order by row_number").fetchall()


def names_of(council: str, month: date) -> tuple[Names, Names]:
    assert council == "northshire"
    return UNITS, ROLES


def plain_rows(typed: TypedFiles, specification: Specification) -> list[Any]:
    """As `rows_in`: every unit and role that is written has the slug it is known by."""
    columns = [typed.columns[column.name].to_pylist() for column in specification.columns]
    slugs = {"unit": dict(UNITS), "role": dict(ROLES)}
    columns += [
        [slugs[c.type][name] if name is not None else None for name in typed.columns[c.name].to_pylist()]
        for c in specification.columns
        if c.type in slugs
    ]
    return [(number, *row) for number, row in enumerate(zip(*columns, strict=True), start=2)]


def taken_as_plain(
    connection: duckdb.DuckDBPyConnection, landed: Landed, specification: Specification
) -> tuple[int, dict[str, Any], list[Any]] | None:
    file = read_plain(landed, sha256_of(landed), specification, FileLimits())
    if file is None:
        return None
    typed = type_plain(connection, [file], specification, names_of)
    if 0 not in typed.sound:
        return None
    return typed.rows[0], typed.sound[0], plain_rows(typed, specification)


def read_with_care(
    connection: duckdb.DuckDBPyConnection, landed: Landed, specification: Specification
) -> tuple[Checked, list[Any]]:
    table = read_table(landed.path, specification)
    checked = check(connection, table, specification, MAY, UNITS, ROLES, "file")
    return checked, rows_in(connection, checked.relation, specification)


def assert_both_ways_agree(
    connection: duckdb.DuckDBPyConnection, landed: Landed, specification: Specification
) -> bool:
    """Whether the file was taken as plain; if it was, careful reading says the same of it, and nothing else."""
    plain = taken_as_plain(connection, landed, specification)
    if plain is None:
        return False
    count, totals, rows = plain
    try:
        checked, accepted = read_with_care(connection, landed, specification)
    except Refused as refused:
        raise AssertionError(f"taken as plain, but refused: {refused}") from None
    assert accepted == rows
    assert (checked.rows_read, checked.rows_accepted) == (count, count)
    assert (checked.rows_rejected, checked.rows_repeated, checked.rows_unmapped) == (0, 0, 0)
    assert (checked.reasons, checked.notices) == ({}, {})
    assert checked.totals == {name: (total, total) for name, total in totals.items()}
    return True


@pytest.mark.parametrize("specification", ROW_EXTRACTS, ids=lambda one: one.extract)
def test_a_sound_file_of_every_extract_is_plain(
    connection: duckdb.DuckDBPyConnection, folder: Path, specification: Specification
) -> None:
    rows = rows_of(specification.extract, 5)
    landed = landed_as(folder, specification.extract, written(rows, list(rows[0])))
    assert may_be_plain(landed, specification, load_sources()["canonical"])
    assert assert_both_ways_agree(connection, landed, specification)


@pytest.mark.parametrize(
    ("extract", "name"),
    [
        ("agency_spend", "amount_gbp"),
        ("workforce", "fte"),
        ("caseload", "opened_on"),
        ("assessments", "case_id"),
    ],
)
def test_every_odd_cell_of_a_column_is_read_as_with_care(
    connection: duckdb.DuckDBPyConnection, folder: Path, extract: str, name: str
) -> None:
    specification = load_specifications()[extract]
    for cell in [*OF_TYPE[specification.column(name).type], *ODD]:
        rows = rows_of(extract, 2)
        rows[1][name] = cell
        assert_both_ways_agree(
            connection, landed_as(folder, extract, written(rows, list(rows[0]))), specification
        )


@SETTINGS
@given(data=st.data())
def test_what_is_plain_is_read_as_with_care(
    connection: duckdb.DuckDBPyConnection, folder: Path, data: st.DataObject
) -> None:
    specification = data.draw(st.sampled_from(ROW_EXTRACTS))
    rows = rows_of(specification.extract, data.draw(st.integers(1, 4)))
    header = data.draw(st.permutations(list(rows[0]))) if data.draw(st.booleans()) else list(rows[0])
    for _ in range(data.draw(st.integers(0, 2))):
        column = data.draw(st.sampled_from(specification.columns))
        data.draw(st.sampled_from(rows))[column.name] = data.draw(cells(column))
    left_out = {c.name for c in specification.columns if not c.required and data.draw(st.booleans())}
    header = [name for name in header if name not in left_out]
    line_end = data.draw(st.sampled_from(["\n", "\r\n"]))
    landed = landed_as(folder, specification.extract, written(rows, header, line_end))
    event("plain" if assert_both_ways_agree(connection, landed, specification) else "left to careful reading")


CASES = rows_of("caseload", 3)
GOOD = written(CASES, list(CASES[0]))


@SETTINGS
@given(
    st.lists(
        st.tuples(
            st.floats(0, 1),
            st.integers(0, 3),
            st.sampled_from([b"", b"\n", b"\r", b",", b'"', b"\x00", b"\xff", b" ", b";"]),
        ),
        min_size=1,
        max_size=2,
    )
)
@example([(1, 1, b"")])
@example([(0, 0, b"\xef\xbb\xbf")])
@example([(0, 0, b"\n")])
@example([(1, 0, b"\n")])
@example([(1, 0, b"Total,,,,,,,,,,,,\n")])
def test_a_plain_file_with_bytes_changed(
    connection: duckdb.DuckDBPyConnection, folder: Path, changes: list[tuple[float, int, bytes]]
) -> None:
    damaged = bytearray(GOOD)
    for place, gone, put in changes:
        at = int(place * len(damaged))
        damaged[at : at + gone] = put
    landed = landed_as(folder, "caseload", bytes(damaged))
    event(
        "plain" if assert_both_ways_agree(connection, landed, load_specifications()["caseload"]) else "left"
    )


@SETTINGS
@given(st.from_regex(FIRST_CELL, fullmatch=True))
def test_no_first_cell_of_a_plain_record_reads_as_a_total_or_a_note(first: str) -> None:
    if any(sign.isdigit() for sign in first):
        assert not TOTAL.match(first)
        assert not NOTE.match(first)


def test_of_files_read_together_only_those_that_are_sound_are_taken(
    connection: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    specification = load_specifications()["caseload"]
    header = list(CASES[0])
    contents = {
        "sound": CASES,
        "a date of another form": [*CASES[:2], {**CASES[2], "opened_on": "04/03/2024"}],
        "one key twice": [*CASES, CASES[0]],
        "a team nobody knows": [{**CASES[0], "team": "Gorse"}, *CASES[1:]],
        "opened after the month": [{**CASES[0], "opened_on": "2024-06-01"}, *CASES[1:]],
    }
    files = []
    for number, rows in enumerate(contents.values()):
        (folder / str(number)).mkdir(exist_ok=True)
        landed = landed_as(folder / str(number), "caseload", written(rows, header))
        file = read_plain(landed, sha256_of(landed), specification, FileLimits())
        assert file
        files.append(file)
    typed = type_plain(connection, files, specification, names_of)
    assert {list(contents)[number] for number in typed.sound} == {"sound"}


def test_a_file_that_somebody_still_writes_is_noticed(folder: Path) -> None:
    landed = landed_as(folder, "caseload", GOOD)
    file = read_plain(landed, sha256_of(landed), load_specifications()["caseload"], FileLimits())
    assert file
    assert file.is_as_it_was
    with landed.path.open("ab") as more:
        more.write(GOOD[-40:])
    assert not file.is_as_it_was


def test_a_file_changed_since_it_was_found_is_not_taken(folder: Path) -> None:
    landed = landed_as(folder, "caseload", GOOD)
    before = sha256_of(landed)
    landed.path.write_bytes(GOOD.replace(b"C00001", b"C00009"))
    assert read_plain(landed, before, load_specifications()["caseload"], FileLimits()) is None
