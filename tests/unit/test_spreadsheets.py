"""No text of a council is run by the spreadsheet program that opens what we write."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import dagster_project
from dagster_project.policies.terminal import COLUMNS, write_trial
from dagster_project.policies.trial import Trial
from dagster_project.reports.options_terminal import write_rows
from dagster_project.spreadsheets import Cells, new_workbook

PACKAGE = Path(dagster_project.__file__).parent
RUN = ("=cmd|' /C calc'!A0", "@SUM(1)", "+1+1", "-2+3", "\t=1+1", "\n=1+1")

WRITES = re.compile(
    r"\bcsv\.(writer|DictWriter)\b|\bimport xlsxwriter\b|\bto_csv\b|\bwrite_csv\b|(?i:format csv)"
)
KEEPS_TEXT_AS_IT_IS = {
    "spreadsheets.py",
    # Reference rows are read again by the next load: an apostrophe would change the row.
    "official_statistics/importing.py",
    "reference/merge.py",
    "reference/option_rows.py",
    "workbench/notebooks/what_if_on_policy.py",
    # Names an option of DuckDB's own shell, which prints what it was asked for.
    "commands/workbench.py",
    # A sample stands for what a council's own system sends.
    "samples/landing.py",
    "samples/writing.py",
}


def test_every_module_that_writes_a_spreadsheet_goes_through_its_one_home() -> None:
    writers = {
        str(path.relative_to(PACKAGE)): text
        for path in PACKAGE.rglob("*.py")
        if WRITES.search(text := path.read_text(encoding="utf-8"))
    }
    assert set(writers) >= KEEPS_TEXT_AS_IT_IS
    astray = {
        name for name, text in writers.items() if name not in KEEPS_TEXT_AS_IT_IS and "csv_row(" not in text
    }
    assert astray == set()


@pytest.mark.parametrize("text", RUN)
def test_a_policy_trial_in_csv_holds_no_formula(tmp_path: Path, text: str) -> None:
    change = dict.fromkeys(COLUMNS, "plain") | {
        "unit": text,
        "month": date(2026, 4, 1),
        "value": Decimal("-1.5"),
    }
    write_trial(Trial((change,), ()), tmp_path / "trial.csv")
    with (tmp_path / "trial.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["unit"], row["value"], row["month"]) == (f"'{text}", "-1.5", "2026-04-01")


@pytest.mark.parametrize("text", RUN)
def test_an_option_in_csv_holds_no_formula(capsys: pytest.CaptureFixture[str], text: str) -> None:
    write_rows([{"option": "a", "unit": text, "total_gbp": Decimal("-2.50"), "missing_inputs": None}], "a")
    row = next(csv.DictReader(io.StringIO(capsys.readouterr().out, newline="")))
    assert row == {"option": "a", "unit": f"'{text}", "total_gbp": "-2.50", "missing_inputs": ""}


@pytest.mark.parametrize("text", ["Team\r=1+1", "Team\r\n=1+1", "\r=1+1"])
def test_a_carriage_return_in_a_text_begins_no_row_of_its_own(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    write_rows([{"option": "a", "unit": text, "years": 3}], "a")
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out, newline="")))
    assert [len(row) for row in rows] == [3, 3]
    assert not any(cell.startswith("=") for row in rows for cell in row)


def test_a_workbook_holds_no_formula_and_no_link() -> None:
    stream = io.BytesIO()
    with new_workbook(stream) as book:
        sheet = book.add_worksheet("rows")
        Cells(book).row(sheet, 0, [*RUN, "\r=1+1", "https://example.org"])
    with zipfile.ZipFile(stream) as parts:
        cells = parts.read("xl/worksheets/sheet1.xml").decode("utf-8")
        styles = parts.read("xl/styles.xml").decode("utf-8")
    assert "<f>" not in cells
    assert "hyperlink" not in cells
    assert cells.count('t="s"') == len(RUN) + 2
    assert 'quotePrefix="1"' in styles
