"""A council that sends one SSD export, month after month, and another that sends canonical files of the same truth."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deliveries_fixture import csv_text, land
from landing import COUNCIL, first_day, last_day, make_small_council, month_rows
from safeguarding_truth import assessment_rows, caseload_rows, export, make_cases, write_export

from dagster_project.deliveries import Manifest
from dagster_project.load import load
from dagster_project.settings import Settings

NUMBERS = (9, 10, 11)
NOW = datetime(2024, 6, 3, 6, tzinfo=UTC)
# These tell of files and of the day of a load, not of cases.
OF_DELIVERIES = {"deliveries", "data_quality"}


def prepare(path: Path) -> Settings:
    settings = make_small_council(path)
    for number in NUMBERS:
        rows = month_rows(number)
        for extract in ("workforce", "posts", "agency_spend", "offers"):
            land(settings, f"{extract}.csv", rows[extract], f"{first_day(number):%Y-%m}", COUNCIL)
    return settings


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Settings]:
    """The same three months of the same council, loaded from canonical files and from one export."""
    cases = make_cases()
    canonical = prepare(tmp_path_factory.mktemp("canonical"))
    for number in NUMBERS:
        month, days = f"{first_day(number):%Y-%m}", (first_day(number), last_day(number))
        land(canonical, "caseload.csv", caseload_rows(cases, *days), month, COUNCIL)
        land(canonical, "assessments.csv", assessment_rows(cases, *days), month, COUNCIL)
    ssd = prepare(tmp_path_factory.mktemp("ssd"))
    sources = [
        {"council": COUNCIL, "extract": extract, "source": "ssd", "valid_from": "", "valid_to": "", "note": ""}
        for extract in ("caseload", "assessments")
    ]
    (ssd.council_reference / "council_sources.csv").write_text(csv_text(sources), encoding="utf-8")
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
    assert len(loaded) == len(NUMBERS)
    for delivery in loaded:
        assert delivery.notices["overlapping_involvements"] > 0
        assert delivery.notices["involvements_in_other_roles"] > 0
        assert not delivery.rows_rejected


def test_an_export_that_is_there_already_changes_nothing(homes: dict[str, Settings]) -> None:
    shutil.rmtree(homes["ssd"].home / "archive" / "nothing", ignore_errors=True)
    again = load(homes["ssd"], now=NOW)
    assert not again.arrival.recorded
