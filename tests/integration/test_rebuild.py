"""A warehouse that is damaged or doubted: said plainly, and made anew from the archive with the same rows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import land, make_home, rows_of, write_reference

from dagster_project.deliveries import Compacted
from dagster_project.load import load
from dagster_project.rebuilding import rebuild_whole
from dagster_project.settings import Settings
from dagster_project.steps import watching
from dagster_project.warehouse import marts_that_differ
from dagster_project.warehouse.archive_offered import place_offered
from dagster_project.warehouse_file import (
    DamagedWarehouseError,
    check_warehouse_key,
    reading_warehouse,
    taken_away_where_damaged,
)

LONG_AGO = ("2023-05", "2023-06")
"""Before the May that tests land; the first lies further back than the year that ends with it."""
CONTRACT = """\
council,contract_id,unit,supplier,starts_on,ends_on,months,price_gbp,travel_gbp,ends_on_alternative,source
northshire,c1,ash,An agency,2023-05-01,2024-06-30,14,,,,made up
"""


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
    assert not home.database.exists()
    check_warehouse_key(home)


def test_a_warehouse_with_a_damaged_part_is_taken_away_and_one_that_only_cannot_be_read_is_not(
    tmp_path: Path,
) -> None:
    home = make_home(tmp_path)
    home.warehouse.mkdir(parents=True)
    with duckdb.connect(str(home.database)) as made:
        made.execute("create table anything as select hash(range) as number from range(400000)")
    with pytest.raises(duckdb.IOException), taken_away_where_damaged(home):
        raise duckdb.IOException("IO Error: Could not read from file: Input/output error")
    with home.database.open("r+b") as file:
        file.seek(home.database.stat().st_size // 2)
        file.write(b"\xa5" * 300_000)
    check_warehouse_key(home)

    with (
        pytest.raises(DamagedWarehouseError, match="the next load"),
        taken_away_where_damaged(home),
        reading_warehouse(home) as warehouse,
    ):
        warehouse.execute("select sum(number) from anything")

    assert not home.database.exists()


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


@contextmanager
def out_of_reach_while_marts_are_built(home: Settings) -> Iterator[list[str]]:
    """The archive's files of the first month landed, more than a year before the last one, lie elsewhere meanwhile."""
    aside = home.home / "aside"
    moved: list[str] = []

    def watch(step: str) -> None:
        if step == "the inputs are written":
            for folder in sorted(home.archive.glob(f"*/month={LONG_AGO[0]}-01")):
                moved.append(str(folder.relative_to(home.archive)))
                (aside / moved[-1]).parent.mkdir(parents=True)
                folder.rename(aside / moved[-1])
        elif step == "the marts are built":
            for place in moved:
                (aside / place).rename(home.archive / place)

    with watching(watch):
        yield moved


@pytest.mark.long
def test_a_rebuild_gives_the_marts_of_the_load_back(tmp_path: Path) -> None:
    home: Settings = make_home(tmp_path)
    write_reference(home, managed_contracts=CONTRACT)
    for extract in ("caseload", "workforce", "posts"):
        land(home, f"{extract}.csv", rows_of(extract, 12))
    for month in LONG_AGO:
        earlier = {"opened_on": f"{month}-05", "allocated_on": f"{month}-06"}
        land(home, "caseload.csv", [{**row, **earlier} for row in rows_of("caseload", 9)], month)
        land(home, "workforce.csv", rows_of("workforce", 7), month)
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
    limits = "name,value,reason\nmax_archive_files,1,a test\n"
    write_reference(home, managed_contracts=CONTRACT, file_limits=limits)
    with out_of_reach_while_marts_are_built(home) as moved:
        report = load(home)
    assert moved == [f"{extract}/month={LONG_AGO[0]}-01" for extract in ("caseload", "workforce")]
    with reading_warehouse(home) as warehouse:
        of_the_contract = warehouse.execute(
            "select received, open from managed_teams order by month"
        ).fetchall()
    # The earlier months as the first load counted them, May as the correction has it.
    assert of_the_contract == [(9, 9), (18, 9), (None, 3)]
    assert [delivery.extract for delivery in report.arrival.recorded] == ["caseload"]
    assert report.compacted == Compacted(months=1, files=2, rows=12 + 3)
    # As a build of months that was killed leaves it.
    place_offered(home).unlink()
    place_offered(home).mkdir()
    assert rebuild_whole(home).differing == []
