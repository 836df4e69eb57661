"""A landed file's bytes in, a table of text or a refusal out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from deliveries_fixture import Row, csv_bytes, csv_text, formula, lines_of, rows_of, workbook
from hoard.making import Serial, old_workbook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.deliveries.layout import SHIPPED, Table, read_table
from dagster_project.deliveries.refusal import Refused
from dagster_project.extracts import load_specifications

CASES = rows_of("caseload", 6)
HEADER, *LINES = csv_text(CASES).splitlines()
PLAIN = [[*row.values()] for row in CASES]


@pytest.fixture
def table_of(tmp_path: Path) -> Callable[..., Table]:
    def read(content: bytes, extract: str = "caseload", name: str = "caseload.csv") -> Table:
        path = tmp_path / name
        path.write_bytes(content)
        return read_table(path, load_specifications()[extract])

    return read


@pytest.fixture
def refusal_of(table_of: Callable[..., Table]) -> Callable[..., str]:
    def refuse(content: bytes, extract: str = "caseload", name: str = "caseload.csv") -> str:
        with pytest.raises(Refused) as refused:
            table_of(content, extract, name)
        return str(refused.value)

    return refuse


def joined(lines: Sequence[str], line_end: str = "\r\n", last: bool = True) -> bytes:
    return (line_end.join(lines) + (line_end if last else "")).encode()


TEXT = csv_text(CASES)
TITLED = "Report of May, June and July, at, the, end, of, the, month, for, the, committee, 2024, x\r\n"
SAME_TABLE: dict[str, bytes] = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with a byte order mark": TEXT.encode("utf-8-sig"),
    "two byte order marks before a quoted header": ("\ufeff\ufeff" + TEXT.replace("case_id", '"case_id"')).encode(),
    "UTF-8 with a byte order mark before a quoted header": TEXT.replace("case_id", '"case_id"').encode("utf-8-sig"),
    "UTF-16 with a byte order mark": TEXT.encode("utf-16"),
    "UTF-16 big endian with a byte order mark": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "UTF-16 little endian without a mark": TEXT.encode("utf-16-le"),
    "UTF-16 big endian without a mark": TEXT.encode("utf-16-be"),
    "semicolons": csv_bytes(CASES, separator=";"),
    "tabs": csv_bytes(CASES, separator="\t"),
    "pipes": csv_bytes(CASES, separator="|"),
    "the separator named in a first line": b"sep=;\r\n" + csv_bytes(CASES, separator=";"),
    "semicolons under a title full of commas": TITLED.encode() + csv_bytes(CASES, separator=";"),
    "line feeds": csv_text(CASES, line_end="\n").encode(),
    "carriage returns alone": csv_text(CASES, line_end="\r").encode(),
    "a last line that is not ended": TEXT.removesuffix("\r\n").encode(),
    "empty columns at the end of every line": joined([line + ",,," for line in (HEADER, *LINES)]),
    "empty columns at the end of the header only": joined([HEADER + ",,,", *LINES], last=False),
    "empty columns at the end of the rows only": joined([HEADER, *(line + ",,," for line in LINES)]),
    "empty ends left out of most lines": joined([HEADER, *(line.rstrip(",") for line in LINES)]),
    "title rows and a blank one": joined(["Northshire", "Run by,Performance team", "", HEADER, *LINES]),
    "headers of another case, spaced and underscored": TEXT.replace("case_id", " CASE ID ")
    .replace("opened_on", "Opened_ On")
    .encode(),
    "a header broken over two lines": TEXT.replace("case_type", '"case\ntype"').encode(),
    "blank rows between": joined([HEADER, *LINES[:3], "", ",,,,,,,,,,,,", *LINES[3:]]),
    "a total row": joined([HEADER, *LINES, "Total,6,,,,,,,,,,,"]),
    "a grand total in the second column": joined([HEADER, *LINES, ",Grand total: 6,,,,,,,,,,,"]),
    "notes with commas after a blank row": joined(
        [HEADER, *LINES, "", "Cases of agency workers are included, see the guidance, page 4", "As at 31 May, 2024"]
    ),
    "a note with commas right after the table": joined(
        [HEADER, *LINES, "Cases of agency workers are included, see the guidance, page 4"]
    ),
    "a note that starts as notes do": joined([HEADER, *LINES, "Source: case system, extracted, 2024"]),
    "a copy of a column with the same values": joined(
        [HEADER + ",CASE ID", *(f"{line},{row['case_id']}" for line, row in zip(LINES, CASES, strict=True))]
    ),
    "an unknown column": joined([HEADER + ",Full name", *(line + ",somebody" for line in LINES)]),
    "a workbook": workbook({"Sheet1": lines_of(CASES)}),
    "a workbook under a title with dates before the header": workbook(
        {"Sheet1": [["Northshire", None, date(2024, 5, 31)], [], ["from", date(2024, 5, 1)], *lines_of(CASES)]}
    ),
    "a workbook whose first sheet is hidden": workbook(
        {"old": lines_of(rows_of("caseload", 2)), "now": lines_of(CASES)}, hidden=["old"]
    ),
    "a workbook behind a cover sheet": workbook({"Read me": [["What is in here"]], "data": lines_of(CASES)}),
    "a workbook with a total and a note": workbook(
        {"data": [*lines_of(CASES), [], ["Total", 6], ["Cases of agency workers are included"]]}
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", SAME_TABLE)
def test_one_table_is_read_from_whatever_form_it_was_sent_in(
    table_of: Callable[..., Table], form: str
) -> None:
    table = table_of(SAME_TABLE[form])

    assert [list(row) for row in table.rows] == PLAIN


@pytest.mark.parametrize("name", ["caseload.csv", "caseload.xlsx", "caseload.xls", "caseload.txt"])
def test_a_file_is_read_by_its_content_and_not_its_ending(table_of: Callable[..., Table], name: str) -> None:
    for content in (csv_bytes(CASES), workbook({"Sheet1": lines_of(CASES)})):
        assert [list(row) for row in table_of(content, name=name).rows] == PLAIN


def test_letters_of_windows_1252_are_read(table_of: Callable[..., Table]) -> None:
    rows = [{**row, "team": "Zoë’s team – north"} for row in CASES]

    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        assert {row[4] for row in table_of(csv_bytes(rows, encoding)).rows} == {"Zoë’s team – north"}


def test_what_is_not_data_is_counted(table_of: Callable[..., Table]) -> None:
    lines = [
        "Northshire",
        "",
        HEADER + ",Full name",
        *(line + ",x" for line in LINES),
        "",
        "Total,6",
        "Notes: none",
    ]

    table = table_of(joined(lines))

    assert table.notices == {"title_rows": 2, "blank_rows": 1, "total_rows": 1, "notes": 1}
    assert table.unknown_columns == 1


def test_row_numbers_are_those_of_the_file(table_of: Callable[..., Table]) -> None:
    assert table_of(joined(["a title", "", HEADER, LINES[0], "", LINES[1]])).row_numbers == [4, 6]
    book = workbook({"data": [["a title"], *lines_of(CASES)]})
    assert table_of(book).row_numbers == [3, 4, 5, 6, 7, 8]


def test_a_cell_may_hold_separators_quotes_and_line_ends(table_of: Callable[..., Table]) -> None:
    odd = 'Ash; "field"\r\nDCPT, north | east'

    table = table_of(csv_bytes([{**CASES[0], "team": odd}, CASES[1]]))

    assert table.rows[0][4] == odd and len(table.rows) == 2


def test_columns_stand_in_any_order(table_of: Callable[..., Table]) -> None:
    turned: list[Row] = [dict(reversed(row.items())) for row in CASES]

    assert [list(row) for row in table_of(csv_bytes(turned)).rows] == PLAIN


def test_a_team_whose_name_starts_with_total_is_data(table_of: Callable[..., Table]) -> None:
    rows = [{"team": "Total Care Team", **{k: v for k, v in row.items() if k != "team"}} for row in CASES]

    assert len(table_of(csv_bytes(rows)).rows) == len(CASES)


def test_a_total_of_monthly_totals_is_no_unit(table_of: Callable[..., Table]) -> None:
    content = b"unit,open_cases,fte_social_workers\r\nash,120,6\r\nTotal,120,6\r\n"

    table = table_of(content, "caseload_summary", "caseload_summary.csv")

    assert [row[0] for row in table.rows] == ["ash"] and table.notices == {"total_rows": 1}


def test_a_note_in_the_only_required_column_is_no_row(table_of: Callable[..., Table]) -> None:
    lines = [
        "amount_gbp,unit,financial_year",
        "1200.50,north,",
        "12x,south,",
        "Notes: as at month end,,",
        ",,",
    ]

    table = table_of(joined(lines), "agency_spend_summary", "agency_spend_summary.csv")

    assert [row[1] for row in table.rows] == ["1200.50", "12x"]
    assert table.notices == {"notes": 1, "blank_rows": 1}


def test_an_incomplete_last_row_with_an_identifier_is_data_and_no_note(
    table_of: Callable[..., Table],
) -> None:
    for name in ("Report-5", "RUN-12", "C1"):
        rows = [*CASES[:-1], {**CASES[-1], "case_id": name, "team": ""}]
        assert table_of(csv_bytes(rows)).rows[-1][0] == name


def test_rows_that_end_before_the_header_does_are_counted(table_of: Callable[..., Table]) -> None:
    """Whether an empty end was left out or the row was broken off, nobody can see: it must not go unsaid."""
    broken = ",".join(LINES[1].split(",")[:8])

    table = table_of(joined([HEADER, LINES[0], broken, *LINES[2:]]))

    assert len(table.rows) == len(LINES) and table.notices == {"rows_shorter_than_the_header": 1}


def test_a_file_of_more_lines_than_are_read_is_refused_before_it_is_taken_apart(tmp_path: Path) -> None:
    path = tmp_path / "caseload.csv"
    path.write_bytes(TEXT.encode() + b"\n" * 100)

    with pytest.raises(Refused, match="lines, more than the 50 that are read"):
        read_table(path, load_specifications()["caseload"], limits=replace(SHIPPED, max_sheet_cells=50))


def test_more_filled_fields_than_the_header_has_are_noticed(table_of: Callable[..., Table]) -> None:
    assert table_of(joined([HEADER, LINES[0], LINES[1] + ",surplus", LINES[2] + ",,"])).overlong == {3}


CASES_BY_TEAM = [
    {"team": "Ashfield District CP Team", **{k: v for k, v in row.items() if k != "team"}} for row in CASES
]
BY_TEAM = csv_text(CASES_BY_TEAM)
LAST_TEAM = BY_TEAM.rindex("Ashfield")
BOOK = workbook({"Sheet1": lines_of(CASES)})
REFUSED: dict[str, tuple[bytes, str]] = {
    "no bytes": (b"", "the file is empty"),
    "blank lines only": (b" \r\n\r\n", "the file is empty"),
    "a byte order mark only": (b"\xef\xbb\xbf", "the file is empty"),
    "not text": (b"caseload\x00" * 30, "unreadable"),
    "half a character of UTF-16": (TEXT.encode("utf-16")[:-1], "unreadable"),
    "UTF-8 by its mark but not by its bytes": (TEXT.encode("utf-8-sig") + b"\xff\xfe", "unreadable"),
    "no header": (joined(LINES), "required columns missing: case_id, child_id, case_type, team, opened_on"),
    "a required column missing": (
        csv_bytes([{k: v for k, v in row.items() if k != "team"} for row in CASES]),
        "required column missing: team",
    ),
    "a last line short of fields": (TEXT[:-30].encode(), "cut short"),
    "a last line short of fields, ended": (TEXT[:-30].encode() + b"\r\n", "cut short"),
    "a last line of half a cell": (BY_TEAM[: LAST_TEAM + 20].encode(), "cut short"),
    "a last line of two cells of words": (BY_TEAM[: LAST_TEAM + 28].encode(), "cut short"),
    "an open quote": (joined([HEADER, *LINES[:-1], '"' + LINES[-1]], last=False), "an open quote"),
    "a quote closed inside a cell": (joined([HEADER, 'C1,"CH"1,' + LINES[1][12:]]), "unreadable near line"),
    "one header twice with different values": (
        joined([HEADER + ",Case ID", *(line + ",other" for line in LINES)]),
        "two columns are headed case_id and differ",
    ),
    "half a workbook": (BOOK[: len(BOOK) // 2], "unreadable as a workbook, or cut short"),
    "a package that is no workbook": (b"PK\x03\x04" + b"x" * 100, "unreadable as a workbook"),
    "an old workbook cut short": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "unreadable as a workbook"),
    "two visible sheets with the columns": (
        workbook({"a": lines_of(CASES), "b": lines_of(CASES)}),
        "two visible sheets have the required columns",
    ),
    "the columns on a hidden sheet only": (
        workbook({"Read me": [["nothing here"]], "data": lines_of(CASES)}, hidden=["data"]),
        "required columns missing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_a_file_that_is_not_whole_is_refused_with_its_name_and_the_reason(
    refusal_of: Callable[..., str], fault: str
) -> None:
    content, reason = REFUSED[fault]

    words = refusal_of(content)

    assert words.startswith("caseload.csv") and reason in words


def test_a_refusal_repeats_nothing_from_a_row(refusal_of: Callable[..., str]) -> None:
    for content, _ in REFUSED.values():
        words = refusal_of(content)
        assert not [value for row in CASES for value in row.values() if len(value) > 5 and value in words]


def test_a_package_with_a_damaged_part_is_refused(refusal_of: Callable[..., str]) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as whole, zipfile.ZipFile(stream, "w") as broken:
        for name in whole.namelist():
            content = whole.read(name)
            broken.writestr(name, content[: len(content) // 2] if name.endswith("workbook.xml") else content)

    assert "unreadable as a workbook" in refusal_of(stream.getvalue())


def cells_read(table_of: Callable[..., Table], cells: Sequence[Any], **options: Any) -> list[str]:
    """The cells as they are read in `case_id` of a workbook, one row each."""
    lines = [[*row.values()] for row in rows_of("caseload", len(cells))]
    for line, cell in zip(lines, cells, strict=True):
        line[0] = cell
    table = table_of(workbook({"data": [list(CASES[0]), *lines]}, **options))
    return [row[0] for row in table.rows]


def test_a_number_in_a_workbook_is_written_with_the_digits_a_workbook_shows(
    table_of: Callable[..., Table],
) -> None:
    cells = [123.0, 7, 0.1 + 0.2, 1234.5, -0.05, 1e-7, 999999999999999, 25 / 37]

    read = cells_read(table_of, cells)

    assert read[:-1] == ["123", "7", "0.3", "1234.5", "-0.05", "0.0000001", "999999999999999"]
    assert read[-1] == "0.675675675675676"


def test_a_number_of_sixteen_digits_in_a_workbook_shows_that_digits_were_lost(
    table_of: Callable[..., Table],
) -> None:
    assert "E" in cells_read(table_of, [1234567890123456])[0]
    assert cells_read(table_of, ["1234567890123456", "007"]) == ["1234567890123456", "007"]


def test_truth_values_dates_and_times_in_a_workbook_are_written_plainly(
    table_of: Callable[..., Table],
) -> None:
    cells = [True, False, date(2024, 5, 31), datetime(2024, 5, 31, 14, 30)]

    assert cells_read(table_of, cells, date_format="dd/mm/yyyy hh:mm") == [
        "true", "false", "2024-05-31", "2024-05-31 14:30:00",
    ]  # fmt: skip


def test_a_date_of_a_workbook_that_counts_from_1904_is_that_date(table_of: Callable[..., Table]) -> None:
    assert cells_read(table_of, [date(2024, 5, 31)], from_1904=True) == ["2024-05-31"]
    table = table_of(workbook({"data": lines_of(CASES)}, from_1904=True))
    assert table.serials_from == date(1904, 1, 1)


def test_an_old_workbook_is_read_as_a_new_one_is(table_of: Callable[..., Table]) -> None:
    cells = ["007", "caf\u00e9", 123.0, 0.1 + 0.2, 25 / 37, True, Serial(45293), Serial(45293.5), Serial(60),
             "#DIV/0!", "#N/A"]  # fmt: skip
    lines = [
        (cell, *list(row.values())[1:]) for cell, row in zip(cells, rows_of("caseload", 11), strict=True)
    ]
    columns = list(CASES[0])

    old = table_of(old_workbook([columns, *lines]), name="caseload.xls")

    assert [row[0] for row in old.rows] == [
        "007", "caf\u00e9", "123", "0.3", "0.675675675675676", "true", "2024-01-02", "2024-01-02 12:00:00",
        "1900-02-28?", "#DIV/0!", "#N/A",
    ]  # fmt: skip


def test_error_cells_and_formulas_without_a_value_are_told_apart_from_empty_cells(
    table_of: Callable[..., Table],
) -> None:
    cells = [
        formula("=1/0", "#DIV/0!"), formula("=A1", "#REF!"), formula("=A1", "#N/A"),
        formula("=A1+1", ""), formula("=A1+1", 42), formula('="C"&1', "C1"),
    ]  # fmt: skip

    assert cells_read(table_of, cells) == ["#DIV/0!", "#REF!", "#N/A", "#VALUE!", "42", "C1"]


SPECIFICATIONS = load_specifications()
PIECES = st.sampled_from(
    [HEADER, *LINES, "Total", ",", ";", "\t", '"', "\r", "\n", "\r\n", "\ufeff", "\x00", "£", "x y z"]
)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=400),
        st.binary(max_size=200).map(lambda tail: b"PK\x03\x04" + tail),
        st.lists(PIECES, max_size=40).map(lambda pieces: "".join(pieces).encode("utf-8")),
        st.lists(PIECES, max_size=40).map(lambda pieces: "".join(pieces).encode("utf-16-le")),
    )
)
def test_any_bytes_give_a_table_or_a_refusal(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "caseload.csv"
    path.write_bytes(content)
    try:
        table = read_table(path, SPECIFICATIONS["caseload"])
    except Refused:
        return
    assert all(len(row) == len(table.columns) for row in table.rows)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(BOOK) - 1), st.integers(0, 255), st.integers(0, 60))
def test_a_workbook_with_damaged_bytes_gives_a_table_or_a_refusal(
    tmp_path: Path, place: int, byte: int, dropped: int
) -> None:
    path = tmp_path / "caseload.xlsx"
    path.write_bytes(BOOK[:place] + bytes([byte]) + BOOK[place + 1 + dropped :])
    try:
        read_table(path, SPECIFICATIONS["caseload"])
    except Refused:
        return


@pytest.mark.parametrize("title", [b"", b"Demand on the service\r\n\r\n"])
def test_totals_of_which_no_column_is_required_are_found_by_the_columns_there(
    table_of: Callable[..., Table], title: bytes
) -> None:
    content = (
        title + b"Children in Need,Children looked after\r\n5220,704\r\n\r\nSource: performance team\r\n"
    )

    table = table_of(content, "demand_summary", "demand_summary.csv")

    given = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [(g["children_in_need"], g["children_looked_after"], g["contacts"]) for g in given] == [
        ("5220", "704", "")
    ]


def test_a_file_with_none_of_the_columns_is_refused_though_none_is_required(
    refusal_of: Callable[..., str],
) -> None:
    assert "missing" in refusal_of(b"Colour,Size\r\nred,9\r\n", "demand_summary")
