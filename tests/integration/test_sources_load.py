"""The marts of what an HR system and a ledger export are those of the canonical files, value by value."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from deliveries_fixture import csv_text, land, workbook
from landing import COUNCIL, first_day, make_small_council, month_rows
from test_any_order import marts_of

from dagster_project.load import load
from dagster_project.samples.systems import ledger_lines, staff_list
from dagster_project.settings import Settings

NOW = datetime(2024, 7, 1, 6, tzinfo=UTC)
MONTHS = (0, 1)
MAPPED = ("workforce", "posts", "agency_spend")
# A mapping's notices are told as what the delivery brought; the canonical file brings none.
TOLD_APART = {"data_quality"}


def land_in_layouts_of_systems(home: Settings, number: int) -> None:
    rows, month = month_rows(number), f"{first_day(number):%Y-%m}"
    staff = staff_list(rows["workforce"], rows["posts"], "37")
    land(home, "HR_Staff_List.xlsx", workbook({"Staff list": staff}), month, COUNCIL)
    ledger = ledger_lines(rows["agency_spend"])
    lines = csv_text([dict(zip(ledger[0], line, strict=True)) for line in ledger[1:]]).encode()
    land(home, f"Nominal Ledger {month}.csv", lines, month, COUNCIL)
    for extract in rows.keys() - set(MAPPED):
        land(home, f"{extract}.csv", rows[extract], month, COUNCIL)


@pytest.mark.long
def test_the_marts_are_the_same_whichever_system_the_rows_came_from(tmp_path: Path) -> None:
    canonical, mapped = make_small_council(tmp_path / "a"), make_small_council(tmp_path / "b")
    (mapped.council_reference / "council_sources.csv").write_text(
        "council,extract,source,valid_from,valid_to,note\n"
        f"{COUNCIL},,payroll_export,,,\n{COUNCIL},agency_spend,finance_ledger,,,\n",
        encoding="utf-8",
    )
    for number in MONTHS:
        for extract, rows in month_rows(number).items():
            land(canonical, f"{extract}.csv", rows, f"{first_day(number):%Y-%m}", COUNCIL)
        land_in_layouts_of_systems(mapped, number)

    reports = [load(home, now=NOW) for home in (canonical, mapped)]

    assert not any(report.arrival.refused for report in reports)
    expected, found = marts_of(canonical), marts_of(mapped)
    differing = [name for name in expected if name not in TOLD_APART and expected[name] != found[name]]
    assert not differing
    assert sum(expected["worker_caseload" if "worker_caseload" in expected else "caseload_bands"].values())
    assert sum(expected["data_quality"].values()) <= sum(found["data_quality"].values())
