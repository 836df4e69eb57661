"""Small archive files of one month put together: no row is lost or doubled, wherever it is interrupted."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import FIRST_LOAD, MONTH, arrive, land, make_home, rows_of
from filelock import FileLock

from dagster_project import deliveries
from dagster_project.deliveries import compaction
from dagster_project.deliveries.archive import remove_rows
from dagster_project.reference import load_reference
from dagster_project.settings import Settings

NOW = FIRST_LOAD + timedelta(days=30)
LOADS = 4


class Killed(Exception):
    pass


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month delivered and three times corrected: a file each."""
    settings = make_home(tmp_path_factory.mktemp("delivered"))
    for number in range(1, LOADS + 1):
        land(settings, "caseload.csv", rows_of("caseload", 10 * number))
        arrive(settings)
    return settings.home


@pytest.fixture
def home(delivered: Path, tmp_path: Path) -> Settings:
    shutil.copytree(delivered, tmp_path, dirs_exist_ok=True)
    return make_home(tmp_path)


def rows(settings: Settings) -> list[tuple[object, ...]]:
    """Every row that a build would find, sorted."""
    files = settings.archive / "caseload" / "*" / "*.parquet"
    found = duckdb.sql(f"select * from read_parquet('{files}', union_by_name = true) order by all").fetchall()
    return [tuple(row) for row in found]


def files(settings: Settings) -> list[Path]:
    return sorted((settings.archive / "caseload" / f"month={MONTH}-01").glob("*.parquet"))


def together(settings: Settings, **options: object) -> deliveries.Compacted:
    return deliveries.compact(settings, "load-9", NOW, **options)  # type: ignore[arg-type]


def at_each_step() -> Iterator[tuple[str, Callable[[str], None]]]:
    for step in compaction.STEPS:

        def reached(now_at: str, step: str = step) -> None:
            if now_at == step:
                raise Killed

        yield step, reached


def test_the_files_of_a_month_become_one_with_the_same_rows(home: Settings) -> None:
    before = rows(home)
    assert len(files(home)) == LOADS

    done = together(home)

    assert done == deliveries.Compacted(months=1, files=LOADS, rows=len(before))
    assert rows(home) == before
    (only,) = files(home)
    kept = deliveries.Manifest(home.manifest).all()
    assert {d.archive_file for d in kept if d.extract == "caseload"} == {str(only.relative_to(home.archive))}
    assert not only.stat().st_mode & 0o222
    with closing(sqlite3.connect(home.manifest)) as connection:
        found = connection.execute("select rows, sha256 from compactions").fetchall()
    assert found == [(len(before), hashlib.sha256(only.read_bytes()).hexdigest())]
    assert together(home) == deliveries.Compacted()


@pytest.mark.parametrize(("step", "reached"), list(at_each_step()), ids=compaction.STEPS)
def test_interrupted_at_any_step_every_row_is_there_once_for_the_next(
    home: Settings, step: str, reached: Callable[[str], None]
) -> None:
    before = rows(home)
    with pytest.raises(Killed):
        together(home, reached=reached)

    with deliveries.archive_readable(home):
        assert rows(home) == before
    deliveries.finish_compaction(home)
    together(home)

    assert rows(home) == before
    assert len(files(home)) == 1
    assert [path.name for path in files(home)[0].parent.iterdir()] == [files(home)[0].name]


def test_later_deliveries_go_beside_it_and_are_put_together_again(home: Settings) -> None:
    together(home)
    land(home, "caseload.csv", rows_of("caseload", 7))
    arrive(home)
    before = rows(home)

    deliveries.compact(home, "load-11", NOW)

    assert rows(home) == before
    assert len(files(home)) == 1


def test_rows_that_are_purged_leave_the_file_they_were_put_into(home: Settings) -> None:
    together(home)
    first = deliveries.Manifest(home.manifest).all()[0]
    before = rows(home)

    remove_rows(home.archive, str(first.archive_file), [first.delivery])

    assert rows(home) == [row for row in before if first.delivery not in row]
    assert len(rows(home)) == len(before) - first.rows_accepted


def test_nothing_moves_under_who_reads_the_archive(home: Settings) -> None:
    home.warehouse.mkdir(exist_ok=True)
    with (
        FileLock(home.archive_readers_lock),
        pytest.raises(deliveries.CompactionError, match="reads the arch"),
    ):
        together(home)
    assert len(files(home)) == LOADS


def test_a_file_that_cannot_be_read_stops_it_and_nothing_changes(home: Settings) -> None:
    damaged = files(home)[1]
    damaged.chmod(0o600)
    damaged.write_bytes(damaged.read_bytes()[:-20])

    with pytest.raises(deliveries.DamagedFileError, match=damaged.name):
        together(home)
    # It is known now, and no load stops for it: nothing of it counts.
    assert deliveries.compact_where_many(home, load_reference(home), "load-9", NOW) == deliveries.Compacted()

    assert len(files(home)) == LOADS
    assert {d.archive_file for d in deliveries.Manifest(home.manifest).all() if d.extract == "caseload"} == {
        str(path.relative_to(home.archive)) for path in files(home)
    }


def test_few_files_are_left_as_they_are(home: Settings) -> None:
    assert together(home, most=LOADS) == deliveries.Compacted()
    assert together(home, most=LOADS - 1).months == 1
