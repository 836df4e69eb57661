"""A manifest or ledger that is damaged, gone or empty stops a load with a sentence; it is never begun anew unseen."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deliveries_fixture import arrive, in_force, land, make_home, rows_of

from dagster_project.alerts.ledger import Ledger, open_ledger
from dagster_project.deliveries import Manifest, arrival
from dagster_project.deliveries.packs import unpack
from dagster_project.errors import said_by_the_system
from dagster_project.load import load
from dagster_project.record_file import DamagedRecordError
from dagster_project.settings import Settings
from dagster_project.told_figures import read_told_figures


@pytest.fixture
def loaded(tmp_path: Path) -> Settings:
    settings = make_home(tmp_path / "home")
    land(settings, "caseload.csv", rows_of("caseload", 3))
    arrive(settings)
    with open_ledger(settings.alert_ledger):
        pass
    return settings


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def fill(path: Path) -> None:
    path.write_bytes(b"\x5a" * path.stat().st_size)


@pytest.mark.parametrize("harm", [halve, empty, fill, Path.unlink])
def test_a_manifest_that_lost_what_it_held_stops_a_load_and_says_the_way_back(
    loaded: Settings, harm: Callable[[Path], None]
) -> None:
    whole = loaded.manifest.read_bytes()
    harm(loaded.manifest)

    with pytest.raises(DamagedRecordError, match=r"manifest\.sqlite is .*caseload restore"):
        load(loaded)
    with pytest.raises(DamagedRecordError):
        arrive(loaded)

    loaded.manifest.write_bytes(whole)
    assert len(in_force(loaded)) == 1


def test_a_manifest_is_begun_where_an_archive_has_only_files_without_rows(loaded: Settings) -> None:
    loaded.manifest.unlink()
    for folder in loaded.archive.glob("*/month=[!0]*"):
        shutil.rmtree(folder)

    assert Manifest(loaded.manifest).in_force() == {}


@pytest.mark.parametrize("harm", [halve, fill])
def test_a_damaged_ledger_is_told_by_whoever_opens_it(loaded: Settings, harm: Callable[[Path], None]) -> None:
    harm(loaded.alert_ledger)

    with (
        pytest.raises(DamagedRecordError, match=r"ledger\.sqlite is damaged .*backup"),
        open_ledger(loaded.alert_ledger) as ledger,
    ):
        ledger.db.execute("select * from told").fetchall()
    with pytest.raises(DamagedRecordError, match="backup"):
        read_told_figures(loaded.alert_ledger)


def test_an_empty_ledger_beside_messages_is_not_begun_anew_for_then_all_would_be_told_again(
    loaded: Settings,
) -> None:
    empty(loaded.alert_ledger)
    with open_ledger(loaded.alert_ledger):
        pass
    empty(loaded.alert_ledger)
    (loaded.outbox / "2024-05_northshire_head.eml").write_bytes(b"Subject: one\n\n")

    with pytest.raises(DamagedRecordError, match="is empty, though messages lie beside it"):
        load(loaded)

    assert not loaded.alert_ledger.stat().st_size
    loaded.alert_ledger.unlink()
    with open_ledger(loaded.alert_ledger) as ledger:
        assert ledger.undelivered() == []


def test_a_disk_that_undid_a_change_of_the_ledger_itself_is_what_is_told(loaded: Settings) -> None:
    def undone(ledger: Ledger) -> None:
        with ledger.transaction():
            ledger.db.execute("rollback")
            raise sqlite3.OperationalError("database or disk is full")

    with open_ledger(loaded.alert_ledger) as ledger:
        with pytest.raises(sqlite3.OperationalError, match="disk is full") as raised:
            undone(ledger)
        with ledger.transaction():
            ledger.db.execute("delete from told")

    assert said_by_the_system(raised.value) == "No space left on device"


def test_a_file_that_its_sender_takes_away_after_the_folder_was_listed_is_left_and_refused_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_home(tmp_path / "home")
    gone = land(settings, "caseload.csv", rows_of("caseload", 3))
    land(settings, "workforce.csv", rows_of("workforce", 2))

    def unpack_and_lose(*given: Any, **named: Any) -> None:
        unpack(*given, **named)
        gone.unlink()

    monkeypatch.setattr(arrival, "unpack", unpack_and_lose)

    arrived = arrive(settings)

    assert [landed.extract for landed in arrived.still_written] == ["caseload"]
    assert arrived.refused == []
    assert {extract for _, _, extract in in_force(settings)} == {"workforce"}
