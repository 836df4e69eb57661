"""Months that arrive in one load are read together, and each is what it would have been in a load of its own."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deliveries_fixture import COUNCIL, Row, arrive, in_force, land, make_home, rows_of

from dagster_project.deliveries import arrival, plain_deliveries
from dagster_project.deliveries.crosswalk import read_council
from dagster_project.deliveries.generation import archive_root
from dagster_project.deliveries.manifest import Manifest
from dagster_project.deliveries.plain_rules import type_plain
from dagster_project.settings import Settings

MONTHS = ["2024-03", "2024-04", "2024-05", "2024-06"]
MARCH, APRIL, JUNE = date(2024, 3, 1), date(2024, 4, 1), date(2024, 6, 1)
SOUTH = "southshire"


def cases(count: int, **of_the_first: str) -> list[Row]:
    rows = rows_of("caseload", count)
    rows[0] |= of_the_first
    return rows


def of_duty(count: int, **of_the_first: str) -> list[Row]:
    return [{**row, "team": "Duty Team"} for row in cases(count, **of_the_first)]


def posts(team: str) -> list[Row]:
    """Of three posts two in a team."""
    rows = rows_of("posts", 3)
    for row in rows[:2]:
        row["team"] = team
    return rows


def land_a_history(home: Settings) -> None:
    """Four months of two councils: plain files, and one of each kind that is not, none of them in the last month."""
    land(home, "caseload.csv", cases(40, worker_id="WLATER1"), "2024-03")
    # A date of another form and a worker whom plain files of later months name too.
    land(home, "workforce.csv", workers(12, "WEARLY1", started_on="06/01/2020"), "2024-03")
    # Of the month: a case opened after it, a team that closes with it.
    land(home, "caseload.csv", cases(40, opened_on="2024-05-01", allocated_on=""), "2024-04")
    land(home, "posts.csv", posts("Closed Team"), "2024-04")
    land(home, "workforce.csv", workers(12, "WEARLY1"), "2024-04")
    # Refused: hardly a row of it counts.
    land(home, "caseload.csv", [{**row, "case_type": "toddler"} for row in cases(40)], "2024-05")
    land(home, "posts.csv", posts("Closed Team"), "2024-05")
    land(home, "workforce.csv", workers(12, "WEARLY1"), "2024-05")
    land(
        home,
        "caseload.csv",
        cases(41, opened_on="2024-05-01", allocated_on="", worker_id="WEARLY1"),
        "2024-06",
    )
    land(home, "posts.csv", posts("Future Team"), "2024-06")
    for month in MONTHS:
        # The same bytes in each month's folder, and the same identifiers as another council's.
        land(home, "caseload.csv", of_duty(30), month, SOUTH)
        land(home, "workforce.csv", workers(5, f"W{month[-2:]}00", team="Duty Team"), month, SOUTH)


def workers(count: int, named: str, **of_the_first: str) -> list[Row]:
    rows = rows_of("workforce", count)
    for row in rows:
        row["team"] = of_the_first.get("team", row["team"])
    rows[0] |= {"worker_id": named, **of_the_first}
    return rows


def kept(home: Settings) -> dict[str, Any]:
    """All that a load leaves of deliveries, without the name and the time of the load."""
    manifest = Manifest(home.manifest)
    place_of = {d.delivery: (d.council, d.month, d.extract) for d in manifest.all()}
    of_a_load = ("delivery", "received_at", "load_id", "archive_file", "superseded_by", "refused_because")
    rows: dict[str, list[tuple[Any, ...]]] = {}
    with duckdb.connect(":memory:") as connection:
        for path in sorted(home.archive.glob("*/month=2*/*.parquet")):
            found = connection.execute(f"from read_parquet('{path}', hive_partitioning = false)").fetchall()
            place = f"{path.parts[-3]}/{path.parts[-2]}"
            rows.setdefault(place, []).extend((place_of[row[0]], *row[1:]) for row in found)
    return {
        "rows": rows,
        "deliveries": {
            place_of[d.delivery]: {k: v for k, v in d.columns().items() if k not in of_a_load}
            for d in manifest.all()
        },
        "reasons": sorted(
            str({k: v for k, v in one.items() if k != "delivery"}) for one in manifest.reasons()
        ),
        "cells": sorted(
            str({k: v for k, v in one.items() if k != "delivery"}) for one in manifest.quarantine()
        ),
        "notices": sorted(
            str({k: v for k, v in one.items() if k != "delivery"}) for one in manifest.notices()
        ),
        "totals": sorted(
            (place_of[str(one["delivery"])], one["column_name"], one["total_read"], one["total_accepted"])
            for one in manifest.totals()
        ),
        "crosswalk": {
            council: sorted(
                tuple(row.values())
                for row in read_council(archive_root(home), council, home.storage_key()).to_pylist()
            )
            for council in (COUNCIL, SOUTH)
        },
    }


@pytest.fixture(scope="module")
def month_by_month(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = make_home(tmp_path_factory.mktemp("apart"))
    land_a_history(home)
    for month in MONTHS:
        first = date.fromisoformat(f"{month}-01")
        arrive(home, months=(first, first))
    return kept(home)


def test_a_history_has_what_makes_months_differ(month_by_month: dict[str, Any]) -> None:
    found = month_by_month["deliveries"]
    assert [place[1:] for place, one in found.items() if one["is_refused"]] == [
        (date(2024, 5, 1), "caseload")
    ]
    assert found[COUNCIL, APRIL, "caseload"]["rows_rejected"] == 1
    assert found[COUNCIL, JUNE, "caseload"]["rows_rejected"] == 0
    assert found[COUNCIL, APRIL, "posts"]["rows_unmapped"] == 0
    assert found[COUNCIL, date(2024, 5, 1), "posts"]["rows_unmapped"] == 2
    assert sum("same_bytes_as_another_month" in one for one in month_by_month["notices"]) == 5
    first_seen = {(row[0], row[1]): row[3] for row in month_by_month["crosswalk"][COUNCIL]}
    assert first_seen["worker", "WEARLY1"] == "2024-03"


@pytest.mark.parametrize(
    ("bytes_of_months", "bytes_together", "times_typed"),
    [(None, None, 3), (None, 1, 18), (1, None, 11)],
    ids=["all at once", "file by file", "month by month"],
)
def test_months_of_one_load_are_what_they_are_in_loads_of_their_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    month_by_month: dict[str, Any],
    bytes_of_months: int | None,
    bytes_together: int | None,
    times_typed: int,
) -> None:
    monkeypatch.setattr(
        arrival, "BYTES_OF_MONTHS_TOGETHER", bytes_of_months or arrival.BYTES_OF_MONTHS_TOGETHER
    )
    monkeypatch.setattr(arrival, "BYTES_TOGETHER", bytes_together or arrival.BYTES_TOGETHER)
    typed: list[int] = []

    def counted(connection: Any, files: Any, *others: Any) -> Any:
        typed.append(len(files))
        return type_plain(connection, files, *others)

    monkeypatch.setattr(plain_deliveries, "type_plain", counted)
    home = make_home(tmp_path)
    land_a_history(home)

    recorded = arrive(home).recorded

    assert kept(home) == month_by_month
    assert len(typed) == times_typed
    assert [d.month for d in recorded] == sorted(d.month for d in recorded)


def test_a_corrected_month_in_the_middle_of_a_history_alone_is_replaced(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    for month in MONTHS[:3]:
        land(home, "caseload.csv", [{**row, "family_id": f"F-{month}-1"} for row in cases(5)], month)
    first = {d.month: d for d in arrive(home).recorded}
    land(home, "caseload.csv", [{**row, "family_id": "F-CORRECTED-1"} for row in cases(6)], "2024-04")
    land(home, "caseload.csv", cases(7), "2024-06")

    again = arrive(home)

    assert [(d.month, d.rows_accepted) for d in again.recorded] == [(APRIL, 6), (JUNE, 7)]
    assert again.already_loaded == 2
    known = {d.delivery: d for d in Manifest(home.manifest).all()}
    assert known[first[APRIL].delivery].superseded_by == again.recorded[0].delivery
    assert known[first[MARCH].delivery].superseded_by is None
    assert {d.month: d.rows_accepted for d in in_force(home).values()} == {
        MARCH: 5,
        APRIL: 6,
        date(2024, 5, 1): 5,
        JUNE: 7,
    }


def test_rows_lie_by_delivery_and_line_and_say_the_line_they_stood_in(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    for council, rows in ((SOUTH, of_duty(4)), (COUNCIL, cases(3))):
        land(home, "caseload.csv", rows, "2024-04", council)
    # Read with care, and in the same archive file as the plain one.
    land(home, "caseload.csv", of_duty(4, opened_on="04/03/2024"), "2024-05", SOUTH)
    land(home, "caseload.csv", cases(3), "2024-05")
    arrive(home)

    for month in ("2024-04", "2024-05"):
        (path,) = (home.archive / "caseload" / f"month={month}-01").glob("*.parquet")
        with duckdb.connect(":memory:") as connection:
            found = connection.execute(
                f"select council, row_number, case_id from read_parquet('{path}')"
            ).fetchall()
        assert found == [
            *((COUNCIL, number + 1, f"C{number:05}") for number in (1, 2, 3)),
            *((SOUTH, number + 1, f"C{number:05}") for number in (1, 2, 3, 4)),
        ]
