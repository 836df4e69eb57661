"""Rows in quarantine at the command line: listed, written out for the sender, cleared by a mended file."""

from __future__ import annotations

import io
import re
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from deliveries_fixture import (
    COUNCIL,
    MONTH,
    REFERENCE,
    Row,
    arrive,
    land,
    lines_of,
    make_home,
    rows_of,
    workbook,
    write_reference,
)
from python_calamine import CalamineWorkbook
from test_cli import DONE, WRONG_USAGE, run

from dagster_project.deliveries.checking import REASONS_KEPT
from dagster_project.load import load
from dagster_project.quarantine import documentation, rules, standing
from dagster_project.reference import load_reference
from dagster_project.settings import PROJECT_ROOT, Settings

A_NAME = "Zebedee Quixote"
FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return make_home(tmp_path)


def bad_cases(count: int = 100) -> list[Row]:
    rows = rows_of("caseload", count)
    rows[0]["case_type"] = A_NAME
    rows[1] |= {"opened_on": "2024-13-02", "case_type": FORMULA}
    rows[2]["team"] = A_NAME
    return rows


def workbooks(settings: Settings) -> list[Path]:
    return sorted((settings.outbox / "quarantine").glob("*.xlsx"))


def sheets(path: Path) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


@pytest.mark.long
def test_what_is_in_quarantine_is_listed_by_rule_and_count_and_a_mended_file_clears_it(
    home: Settings,
) -> None:
    land(home, "caseload.csv", bad_cases())
    assert not load(home).has_refusals

    listed = run(home.home, "quarantine", "--rows")
    assert listed.code == DONE
    assert re.search(rf"{COUNCIL}\s+{MONTH}\s+caseload\s+case_type\s+code\s+2\b", listed.words)
    assert "3 of 100 rows; refused above 5" in listed.words
    assert "9999-99-99" in listed.words and "Aaaaaaa Aaaaaaa" in listed.words
    (path,) = workbooks(home)

    land(home, "caseload.csv", rows_of("caseload", 100))
    assert not load(home).has_refusals

    assert "Nothing is in quarantine" in run(home.home, "quarantine").words
    assert workbooks(home) == [] and not path.exists()


@pytest.mark.long
def test_the_workbook_names_row_column_rule_and_what_was_expected_and_no_value(home: Settings) -> None:
    land(home, "caseload.csv", bad_cases())
    load(home)

    (path,) = workbooks(home)
    assert path.name == f"{COUNCIL}-{MONTH}-quarantine.xlsx"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    found = sheets(path)
    assert list(found) == ["what to mend", "caseload"]
    rows = {(row[0], row[1]): row for row in found["caseload"][1:]}
    first = 2.0
    assert rows[first, "case_type"][2] == rules()["code"].says
    assert "child_protection" in str(rows[first, "case_type"][3])
    assert (3.0, "opened_on") in rows and (4.0, "team") in rows
    with zipfile.ZipFile(path) as package:
        text = "".join(package.read(name).decode("utf-8", "replace") for name in package.namelist())
    assert A_NAME not in text and "cmd|" not in text
    assert "<f>" not in text


def stands(home: Settings) -> list[tuple[str, bool]]:
    return [(one.delivery.extract, one.delivery.is_refused) for one in standing(home, load_reference(home))]


def test_a_mended_file_of_another_name_clears_what_stood(home: Settings) -> None:
    """As another kind of file, a sheet of a pack, or a pack under another name; two files beside each other do not."""
    month = home.landing / COUNCIL / MONTH
    land(home, "caseload.csv", bad_cases())
    land(home, "posts.csv", [{**row, "fte": A_NAME} for row in rows_of("posts", 4)])
    land(home, "May pack.xlsx", b"PK no workbook")
    arrive(home)
    assert stands(home) == [("caseload", False), ("month_pack", True), ("posts", True)]

    land(home, "caseload.xlsx", workbook({"May": lines_of(rows_of("caseload", 100))}))
    arrive(home)
    assert ("caseload", True) in stands(home)
    (month / "caseload.csv").unlink()
    arrive(home)
    assert stands(home) == [("month_pack", True), ("posts", True)]

    (month / "posts.csv").unlink()
    (month / "May pack.xlsx").unlink()
    land(home, "May pack, mended.xlsx", workbook({"posts": lines_of(rows_of("posts", 4))}))
    arrive(home)
    assert stands(home) == []


@pytest.mark.long
def test_an_added_alias_clears_rows_of_no_known_unit(home: Settings) -> None:
    rows = rows_of("caseload", 10)
    rows[0]["team"] = "Birch Front Room"
    land(home, "caseload.csv", rows)
    load(home)
    assert "no_known_unit (kept)" in run(home.home, "quarantine").words
    write_reference(home, unit_aliases=REFERENCE["unit_aliases"] + f"{COUNCIL},birch front room,birch\n")

    load(home)

    assert "Nothing is in quarantine" in run(home.home, "quarantine").words
    assert workbooks(home) == []


@pytest.mark.long
def test_a_refused_delivery_stands_with_its_reason_until_a_good_one_came(home: Settings) -> None:
    rows = rows_of("caseload", 10)
    for row in rows[:5]:
        row["case_type"] = A_NAME
    land(home, "caseload.csv", rows)
    assert load(home).has_refusals

    listed = run(home.home, "quarantine")
    assert "5 of 10 rows are rejected or of no known unit" in listed.words
    (path,) = workbooks(home)
    assert "refused whole" in str(sheets(path)["what to mend"])

    land(home, "caseload.csv", rows_of("caseload", 10))
    load(home)
    assert "Nothing is in quarantine" in run(home.home, "quarantine").words


@pytest.mark.long
def test_a_refused_file_stands_beside_the_last_good_one_of_its_extract(home: Settings) -> None:
    land(home, "caseload.csv", bad_cases())
    load(home)
    rows = rows_of("caseload", 10)
    for row in rows[:5]:
        row["case_type"] = A_NAME
    land(home, "caseload.csv", rows)
    assert load(home).has_refusals

    (path,) = workbooks(home)
    assert list(sheets(path)) == ["what to mend", "caseload", "caseload 2"]


@pytest.mark.long
def test_many_broken_rows_are_counted_exactly_and_kept_up_to_a_limit(home: Settings) -> None:
    many = REASONS_KEPT + 7
    rows = rows_of("caseload", 2 * many)
    for number, row in enumerate(rows):
        row["case_id"] = f"N{number}"
        if number % 2:
            row["opened_on"] = "yesterday"
    land(home, "caseload.csv", rows)
    load(home)

    listed = run(home.home, "quarantine")
    assert f"{many:,}" in listed.words
    (path,) = workbooks(home)
    assert len(sheets(path)["caseload"]) == REASONS_KEPT + 2
    assert "and 7 more" in str(sheets(path)["caseload"][-1])


@pytest.mark.long
def test_one_rule_extract_and_month_can_be_asked_for_and_written_elsewhere(
    home: Settings, tmp_path: Path
) -> None:
    land(home, "caseload.csv", bad_cases())
    load(home)

    result = run(home.home, "quarantine", "--rule", "date", "--to-folder", str(tmp_path / "sent"))
    assert result.code == DONE
    assert re.search(r"opened_on\s+date\s+1", result.words) and "case_type" not in result.words
    (path,) = (tmp_path / "sent").glob("*.xlsx")
    assert len(sheets(path)["caseload"]) == 2
    assert "Nothing is in quarantine" in run(home.home, "quarantine", "--extract", "posts").words
    assert "Nothing is in quarantine" in run(home.home, "quarantine", "--month", "2001-01").words
    assert run(home.home, "quarantine", "--rule", "nonsense").code == WRONG_USAGE


def test_the_page_of_rules_says_what_the_rules_say() -> None:
    page = (PROJECT_ROOT / "docs" / "quarantine.md").read_text(encoding="utf-8")
    assert page == documentation()
