"""A warehouse that is read often is opened once."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from dagster_project.settings import Settings
from dagster_project.warehouse_file import held_open, reading_warehouse


def figure(settings: Settings) -> int:
    with reading_warehouse(settings) as warehouse:
        return int(warehouse.execute("select figure from marts").fetchall()[0][0])


def made(path: Path, figure: int) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create table marts as select {figure} as figure")
    return path


def test_who_reads_while_it_is_held_shares_what_is_open_and_afterwards_opens_it_anew(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.warehouse.mkdir()
    made(settings.database, 1)
    other = made(tmp_path / "other.duckdb", 2)

    with held_open(settings):
        other.rename(settings.database)
        assert figure(settings) == 1

    assert figure(settings) == 2
    with duckdb.connect(str(settings.database)) as connection:
        connection.execute("insert into marts values (3)")


def test_one_that_cannot_be_opened_is_told_of_by_who_reads_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.warehouse.mkdir()
    with held_open(settings):
        assert not settings.database.exists()
    settings.database.write_bytes(b"no database at all" * 1000)
    with held_open(settings), pytest.raises(duckdb.Error):
        figure(settings)
