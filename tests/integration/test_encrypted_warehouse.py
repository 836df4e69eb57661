"""An installation that gets a storage key: the same marts from an encrypted file, and the key nowhere to be found."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deliveries_fixture import COUNCIL, land, make_home, rows_of

from dagster_project import warehouse
from dagster_project.key_rotation import rotate
from dagster_project.load import load
from dagster_project.settings import Settings, SettingsError
from dagster_project.warehouse_file import _key, reading_warehouse

GIVEN = "a secret with a ' quote"
OTHER = "another storage key"


def at(hour: int) -> datetime:
    return datetime(2024, 6, 3, hour, tzinfo=UTC)


def marts(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    file = (settings.published / "current").resolve() / "restricted" / "marts.duckdb"
    with duckdb.connect(str(file), read_only=True) as published:
        return {
            mart.name: published.execute(f"select * from {mart.name} order by all").fetchall()
            for mart in warehouse.marts(settings)
        }


def files_with(folder: Path, *secrets: str) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in files if any(secret.encode() in path.read_bytes() for secret in secrets)]


@pytest.mark.long
def test_the_warehouse_is_encrypted_from_the_day_a_key_is_given(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    plain = make_home(tmp_path)
    land(plain, "workforce.csv", rows_of("workforce", 6))
    land(plain, "caseload.csv", rows_of("caseload", 5))
    load(plain, now=at(6))
    before = marts(plain)
    settings = replace(plain, storage_key_variable=GIVEN)

    load(settings, now=at(7))
    assert marts(settings) == before
    assert settings.database.is_file()
    assert files_with(settings.database.parent, "CH00001") == []
    assert b"Ashfield" not in settings.database.read_bytes()
    with pytest.raises(duckdb.Error, match="without a key"):
        duckdb.connect(str(settings.database), read_only=True)

    land(plain, "caseload.csv", rows_of("caseload", 8))
    report = load(settings, now=at(8))
    assert report.published and report.build and not report.build.is_full
    with reading_warehouse(settings) as opened:
        cases = opened.execute(
            "select open_cases from caseload_bands where council = ? and unit = 'ash'", [COUNCIL]
        ).fetchall()
    assert cases == [(8,)]

    with pytest.raises(SettingsError, match="CASELOAD_STORAGE_KEY is not set"):
        load(plain, now=at(9))
    with pytest.raises(SettingsError, match="CASELOAD_STORAGE_KEY is not the key"):
        load(replace(plain, storage_key_variable=OTHER), now=at(9))

    rotate(replace(settings, new_pseudonym_key_variable="new secret", new_storage_key_variable=OTHER))
    rotated = replace(plain, pseudonym_key_variable="new secret", storage_key_variable=OTHER)
    assert load(rotated, now=at(10)).changed_nothing
    with reading_warehouse(rotated) as opened:
        assert opened.execute("select count(*) from caseload_bands").fetchall()[0][0] > 0
    with pytest.raises(SettingsError, match="CASELOAD_STORAGE_KEY is not the key"):
        load(replace(rotated, storage_key_variable=GIVEN), now=at(11))

    assert files_with(tmp_path, GIVEN, OTHER, _key(settings), _key(rotated)) == []
    assert not any(secret in caplog.text for secret in (GIVEN, OTHER, _key(settings), _key(rotated)))
