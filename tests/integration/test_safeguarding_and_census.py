"""A council that sends one SSD export, month after month, and another that sends canonical files of the same truth."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import xlsxwriter
from census_return import document, worker
from deliveries_fixture import csv_text, land
from landing import COUNCIL, first_day, last_day, make_small_council, month_rows
from safeguarding_truth import assessment_rows, caseload_rows, export, make_cases, write_export

from dagster_project.deliveries import Manifest
from dagster_project.load import load
from dagster_project.settings import Settings

pytestmark = pytest.mark.long

NUMBERS = (9, 10, 11)
NOW = datetime(2024, 6, 3, 6, tzinfo=UTC)
# These tell of files and of the day of a load, not of cases.
OF_DELIVERIES = {"deliveries", "data_quality"}


def prepare(path: Path, sources: Mapping[str, str]) -> Settings:
    """An installation with three months of everything but cases; `sources` say where an extract comes from."""
    settings = make_small_council(path)
    chosen = [
        {
            "council": COUNCIL,
            "extract": extract,
            "source": source,
            "valid_from": "",
            "valid_to": "",
            "note": "",
        }
        for extract, source in sources.items()
    ]
    if chosen:
        (settings.council_reference / "council_sources.csv").write_text(csv_text(chosen), encoding="utf-8")
    for number in NUMBERS:
        rows = month_rows(number)
        for extract in ("workforce", "posts", "agency_spend", "offers"):
            land(settings, f"{extract}.csv", rows[extract], f"{first_day(number):%Y-%m}", COUNCIL)
    return settings


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Settings]:
    """The same three months of the same council, loaded from canonical files and from one export."""
    cases = make_cases()
    canonical = prepare(tmp_path_factory.mktemp("canonical"), {})
    for number in NUMBERS:
        month, days = f"{first_day(number):%Y-%m}", (first_day(number), last_day(number))
        land(canonical, "caseload.csv", caseload_rows(cases, *days), month, COUNCIL)
        land(canonical, "assessments.csv", assessment_rows(cases, *days), month, COUNCIL)
    ssd = prepare(tmp_path_factory.mktemp("ssd"), {"caseload": "ssd", "assessments": "ssd"})
    tables = export(cases)
    for number in NUMBERS:
        write_export(ssd.landing / COUNCIL / f"{first_day(number):%Y-%m}", tables)
    for settings in (canonical, ssd):
        report = load(settings, now=NOW)
        assert not report.arrival.refused, [d.refused_because for d in report.arrival.refused]
    return {"canonical": canonical, "ssd": ssd}


def marts(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    file = (settings.published / "current").resolve() / "restricted" / "marts.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        names = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        return {
            name: connection.execute(f"select * from {name} order by all").fetchall()
            for name in names
            if name not in OF_DELIVERIES
        }


def test_the_marts_of_an_ssd_export_are_those_of_canonical_files(homes: dict[str, Settings]) -> None:
    wanted, found = marts(homes["canonical"]), marts(homes["ssd"])
    assert set(wanted) == set(found)
    differing = {name for name in wanted if wanted[name] != found[name]}
    assert not differing, {name: set(wanted[name]) ^ set(found[name]) for name in differing}
    bands = [row for row in found["caseload_bands"] if row]
    assert len(bands) >= len(NUMBERS)


def test_the_export_tells_what_it_left_aside(homes: dict[str, Settings]) -> None:
    loaded = [d for d in Manifest(homes["ssd"].manifest).all() if d.extract == "caseload"]
    assert [d.rows_rejected for d in loaded] == [0] * len(NUMBERS)
    remarked = [
        {n["notice"] for n in Manifest(homes["ssd"].manifest).all_notices() if n["delivery"] == d.delivery}
        for d in loaded
    ]
    for notices in remarked:
        assert {"overlapping_involvements", "involvements_in_other_roles"} <= notices
        # One export is every month's, so its bytes are no sign of a mistake.
        assert "same_bytes_as_another_month" not in notices


def test_an_export_that_is_there_already_changes_nothing(homes: dict[str, Settings]) -> None:
    assert not load(homes["ssd"], now=NOW).arrival.recorded


def test_a_faulty_case_is_one_rejected_row_and_a_workbook_of_sheets_is_an_export(tmp_path: Path) -> None:
    settings = prepare(tmp_path, {"caseload": "ssd"})
    cases = make_cases()
    tables = export(cases)
    wanted = caseload_rows(cases, first_day(NUMBERS[-1]), last_day(NUMBERS[-1]))
    moved = next(row["case_id"] for row in wanted if row["closure_outcome"] == "transferred").partition("#")[
        0
    ]
    other = next(row["case_id"] for row in wanted if not row["case_id"].startswith(moved)).partition("#")[0]
    allocated = [r for r in tables["involvements"] if r["invo_professional_role_id"].startswith("ALLOC")]
    next(r for r in allocated if r["invo_referral_id"] == moved)["invo_involvement_end_date"] = "soon"
    next(r for r in tables["cin_episodes"] if r["cine_referral_id"] == other)["cine_person_id"] = ""
    folder = settings.landing / COUNCIL / f"{first_day(NUMBERS[-1]):%Y-%m}"
    with xlsxwriter.Workbook(str(folder / "SSD Export.xlsx")) as book:
        for name, rows in tables.items():
            sheet = book.add_worksheet(f"ssd_{name}")
            for number, cells in enumerate([list(rows[0]), *(list(row.values()) for row in rows)]):
                sheet.write_row(number, 0, cells)
    [delivery] = [d for d in load(settings, now=NOW).arrival.recorded if d.extract == "caseload"]
    assert not delivery.is_refused
    assert {(c.column, c.rule) for c in delivery.rejected} == {
        ("invo_involvement_end_date", "date"),
        ("child_id", "required"),
    }
    assert delivery.rows_rejected == 2
    assert delivery.rows_read == delivery.rows_accepted + delivery.rows_rejected


def test_a_census_return_becomes_the_councils_totals_of_its_month(tmp_path: Path) -> None:
    settings = prepare(tmp_path, {"workforce_summary": "csww"})
    workers = [worker(SWENo=f"SW{n}", FTE="0.9") for n in range(30)]
    leaver = worker(SWENo="SW31", FTE="0.5", RoleEndDate="2023-09-05", ReasonLeave="5")
    text = document(*workers, leaver, worker(FTE="none")).replace("<LEA>991", "<LEA>993")
    text = text.replace("2024-09-30", "2023-09-30")
    for month in ("2023-08", "2023-09"):
        (settings.landing / COUNCIL / month).mkdir()
        (settings.landing / COUNCIL / month / "CSWW_2023.xml").write_text(text, encoding="utf-8")
    recorded = {
        d.month.month: d for d in load(settings, now=NOW).arrival.recorded if d.extract == "workforce_summary"
    }
    assert recorded[8].is_refused
    assert "the folder is of 2023-08" in (recorded[8].refused_because or "")
    returned = recorded[9]
    assert (returned.rows_read, returned.rows_accepted, returned.rows_rejected) == (32, 31, 1)
    assert [(c.row_number, c.column) for c in returned.rejected] == [(32, "FTE")]
    rows = [
        r for r in marts(settings)["workforce_stability"] if r[0] == COUNCIL and str(r[3]) == "2023-09-01"
    ]
    assert any(Decimal("27.00") in row for row in rows)
