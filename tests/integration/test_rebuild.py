"""A warehouse that is damaged or doubted: said plainly, and made anew from the archive with the same rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import land, make_home, rows_of, write_reference

from dagster_project.deliveries import Compacted
from dagster_project.load import load
from dagster_project.rebuilding import rebuild_whole
from dagster_project.settings import Settings
from dagster_project.warehouse import marts_that_differ
from dagster_project.warehouse_file import DamagedWarehouseError, check_warehouse_key


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * 400_000)


def test_a_damaged_warehouse_is_called_so_with_what_to_do(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    home.warehouse.mkdir(parents=True)
    with duckdb.connect(str(home.database)) as made:
        made.execute("create table anything as select range as number from range(400000)")
    check_warehouse_key(home)
    damage(home.database)
    with pytest.raises(DamagedWarehouseError, match="caseload rebuild"):
        check_warehouse_key(home)


def test_marts_that_differ_are_named(tmp_path: Path) -> None:
    files = [tmp_path / "before.duckdb", tmp_path / "after.duckdb"]
    for number, path in enumerate(files):
        with duckdb.connect(str(path)) as made:
            made.execute("create table same as select 1 as figure union all select 1 union all select null")
            made.execute(f"create table other_value as select {number} as figure")
            made.execute(f"create table other_columns as select 1 as figure_{number}")
            made.execute(f"create table one_row_twice as select 1 as figure from range({number + 1})")
            made.execute(f"create table only_in_{number} as select 1 as figure")
    assert marts_that_differ(*files) == [
        "one_row_twice",
        "only_in_0",
        "only_in_1",
        "other_columns",
        "other_value",
    ]
    same = tmp_path / "copy.duckdb"
    shutil.copy(files[0], same)
    assert marts_that_differ(files[0], same) == []


@pytest.mark.long
def test_a_rebuild_gives_the_marts_of_the_load_back(tmp_path: Path) -> None:
    home: Settings = make_home(tmp_path)
    for extract in ("caseload", "workforce", "posts"):
        land(home, f"{extract}.csv", rows_of(extract, 12))
    load(home)
    published = (home.published / "current").resolve()
    damage(home.database)
    with pytest.raises(DamagedWarehouseError):
        load(home)
    assert (home.published / "current").resolve() == published
    # What lies in landing meanwhile is for the next load.
    land(home, "caseload.csv", rows_of("caseload", 3))

    rebuilt = rebuild_whole(home)

    assert rebuilt.differing == []
    assert (home.published / "current").resolve() != published
    # This installation wants one file a month; the correction would be the second.
    write_reference(home, file_limits="name,value,reason\nmax_archive_files,1,a test\n")
    report = load(home)
    assert [delivery.extract for delivery in report.arrival.recorded] == ["caseload"]
    assert report.compacted == Compacted(months=1, files=2, rows=12 + 3)
    assert rebuild_whole(home).differing == []
