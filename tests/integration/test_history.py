"""Withdrawals, the marts as they were known, and what moved: at the command line, on the small council."""

from __future__ import annotations

import csv
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landing import COUNCIL, first_day, land_month, make_small_council
from test_cli import DONE, FAILED, WRONG_USAGE, Ran, run

from dagster_project import warehouse
from dagster_project.deliveries import Manifest
from dagster_project.load import load
from dagster_project.settings import Settings

pytestmark = pytest.mark.long

FIRST, CORRECTED = datetime(2024, 6, 3, 6, tzinfo=UTC), datetime(2024, 6, 5, 6, tzinfo=UTC)
MAY = f"{first_day(1):%Y-%m}"


@dataclass
class Lived:
    """Three months, of which the second was told wrong at first and corrected two days later."""

    settings: Settings
    as_first_told: dict[str, set[tuple[Any, ...]]]

    def run(self, *arguments: str) -> Ran:
        return run(self.settings.home, *arguments)

    def names(self, extract: str) -> list[str]:
        return [
            d.delivery
            for d in Manifest(self.settings.manifest).all()
            if d.extract == extract and f"{d.month:%Y-%m}" == MAY
        ]

    def marts(self, folder: Path | None = None) -> dict[str, set[tuple[Any, ...]]]:
        return marts_in(folder or (self.settings.published / "current").resolve(), self.settings)


def marts_in(folder: Path, settings: Settings) -> dict[str, set[tuple[Any, ...]]]:
    """Rows of every mart but the manifest, workers included."""
    with duckdb.connect(str(folder / "restricted" / "marts.duckdb"), read_only=True) as marts:
        return {
            mart.name: set(marts.execute(f"select * from {mart.name}").fetchall())
            for mart in warehouse.marts(settings)
            if mart.name != "deliveries"
        }


def but_for_what_was_told(marts: dict[str, set[tuple[Any, ...]]]) -> dict[str, set[tuple[Any, ...]]]:
    """Figures come back with a delivery; that recipients were told otherwise in between stays so."""
    return {name: rows for name, rows in marts.items() if name != "alert_corrections"}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    settings = make_small_council(tmp_path_factory.mktemp("history"))
    for number in range(3):
        land_month(settings, number, as_first_told=number == 1)
    load(settings, now=FIRST)
    told = marts_in((settings.published / "current").resolve(), settings)
    land_month(settings, 1)
    load(settings, now=CORRECTED)
    return Lived(settings, told)


def test_the_marts_of_a_day_are_those_that_were_published_that_day(lived: Lived) -> None:
    result = lived.run("as-known", f"{FIRST:%Y-%m-%d}", "--month", MAY)

    assert result.code == DONE, result.words
    folder = lived.settings.published / "as-known" / f"{FIRST:%Y-%m-%d}"
    assert lived.marts(folder) == lived.as_first_told
    assert lived.marts() != lived.as_first_told
    assert "Westshire" in result.words
    assert "12 4.58" in result.words and "with the reference data of 2024-06-03" in result.words
    assert stat.S_IMODE((folder / "restricted").stat().st_mode) == 0o700


def test_the_manifest_of_a_day_knows_nothing_of_what_came_later(lived: Lived) -> None:
    lived.run("as-known", f"{FIRST:%Y-%m-%d}")

    file = lived.settings.published / "as-known" / f"{FIRST:%Y-%m-%d}" / "marts.duckdb"
    with duckdb.connect(str(file), read_only=True) as marts:
        rows = marts.execute(
            "select count(*), count(superseded_by), bool_and(is_in_force) from deliveries"
        ).fetchall()
    all_then = sum(d.received_at < f"{CORRECTED:%Y-%m-%d}" for d in Manifest(lived.settings.manifest).all())
    assert rows == [(all_then, 0, True)] and all_then > 0


def test_a_day_before_anything_was_known_is_told_so(lived: Lived) -> None:
    result = lived.run("as-known", "2024-06-01")

    assert result.code == FAILED
    assert (
        "nothing was known at 2024-06-01 23:59 UTC: the first delivery was received at 2024-06-03"
        in result.words
    )


@pytest.mark.long
def test_changes_lays_each_value_at_the_door_of_the_delivery_that_moved_it(
    lived: Lived, tmp_path: Path
) -> None:
    file = tmp_path / "changes.csv"

    result = lived.run("changes", "--to-file", str(file))

    assert result.code == DONE, result.words
    with file.open(encoding="utf-8", newline="") as text:
        found = {
            (row["mart"], row["unit"], row["month"], row["column"]): row
            for row in csv.DictReader(text)
            if row["council"] == COUNCIL
        }
    cases, spend = lived.names("caseload")[-1], lived.names("agency_spend")[-1]
    hub = found["caseload_bands", "hub", f"{first_day(1)}", "open_cases"]
    assert (hub["before"], hub["after"], hub["difference"]) == ("0", "1", "1")
    assert hub["moved_by"] == f"{cases} (a correction)"
    # A month after it: the year to date runs on.
    later = found["agency_costs", "hub", f"{first_day(2)}", "year_to_date_gbp"]
    assert (later["difference"], later["moved_by"]) == ("-50.25", f"{spend} (a correction)")
    # What was forecast before it is held against what came, and only that moves in an earlier month.
    earlier = {key[:2] + key[3:] for key in found if key[2] == f"{first_day(0)}"}
    assert ("caseload_forecasts", "hub", "actual_open_cases") in earlier
    assert {(mart, column.split("_")[0]) for mart, _, column in earlier} <= {
        ("caseload_forecasts", "actual"),
        ("caseload_forecasts", "error"),
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "worker_key" not in result.words


def test_changes_between_publications_that_are_not_there_is_told_so(lived: Lived) -> None:
    result = lived.run("changes", "--from", "yesterday")

    assert result.code == FAILED
    assert "no publication is named yesterday" in result.words


@pytest.mark.long
def test_a_withdrawn_correction_gives_back_the_month_before_it_and_its_file_is_left_alone(
    lived: Lived,
) -> None:
    before = lived.marts()
    manifest = Manifest(lived.settings.manifest)
    names = [lived.names(extract)[-1] for extract in ("caseload", "agency_spend", "contacts")]
    corrections = [d for d in manifest.all() if d.delivery in names]
    # Two in the manifest alone, so that one build makes up for all three.
    for delivery in corrections[1:]:
        manifest.withdraw(delivery, "the file of another year", CORRECTED + timedelta(hours=1))
    result = lived.run("withdraw", corrections[0].delivery, "--why", "the file of another year")

    assert result.code == DONE, result.words
    assert f"{corrections[0].delivery} is withdrawn." in result.words
    assert but_for_what_was_told(lived.marts()) == but_for_what_was_told(lived.as_first_told)
    again = load(lived.settings, now=CORRECTED + timedelta(days=1))
    assert again.changed_nothing and len(again.arrival.withdrawn_before) == 3
    listed = lived.run("status", "--deliveries").words
    assert listed.count("withdrawn") == 3

    for delivery in corrections[1:]:
        manifest.undo_withdrawal(delivery, CORRECTED + timedelta(days=2))
    assert lived.run("withdraw", corrections[0].delivery, "--undo").code == DONE
    assert but_for_what_was_told(lived.marts()) == but_for_what_was_told(before)


@pytest.mark.long
def test_the_only_delivery_of_a_month_leaves_nothing_of_its_measures_behind(lived: Lived) -> None:
    (posts,) = lived.names("posts")
    assert "nothing" in lived.run("withdraw", posts, "--why", "posts of another council").words

    current = (lived.settings.published / "current").resolve()
    with duckdb.connect(str(current / "marts.duckdb"), read_only=True) as marts:
        rows = marts.execute(
            "select distinct posts_fte from establishment where month = ?", [first_day(1)]
        ).fetchall()
        why = marts.execute("select withdrawn_because from deliveries where is_withdrawn").fetchall()
    assert rows == [(None,)] and why == [("posts of another council",)]
    lived.run("withdraw", posts, "--undo")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-delivery", "--why", "x"], "no delivery is named no-such-delivery"),
        (["{last}", "--undo"], "is not withdrawn"),
    ],
)
def test_what_cannot_be_withdrawn_is_told_why(lived: Lived, arguments: list[str], words: str) -> None:
    last = lived.names("caseload")[-1]

    result = lived.run("withdraw", *(argument.replace("{last}", last) for argument in arguments))

    assert result.code == FAILED and words in result.words


def test_a_withdrawal_needs_a_reason(lived: Lived) -> None:
    assert lived.run("withdraw", lived.names("caseload")[-1]).code == WRONG_USAGE
