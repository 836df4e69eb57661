"""A file of the archive that is not what was written is told of before a mart is made from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import FIRST_LOAD, arrive, in_force, land, make_home, rows_of

from dagster_project import deliveries
from dagster_project.backups import take
from dagster_project.deliveries import DamagedFileError, Manifest
from dagster_project.deliveries.archived_files import ArchivedFiles, record_missing_sums, still_damaged
from dagster_project.settings import Settings

APRIL, MAY = "2024-04", "2024-05"


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = make_home(tmp_path_factory.mktemp("delivered"))
    for month, cases in ((APRIL, 10), (MAY, 10)):
        land(settings, "caseload.csv", rows_of("caseload", cases), month)
        arrive(settings)
    return settings.home


@pytest.fixture
def home(delivered: Path, tmp_path: Path) -> Settings:
    shutil.copytree(delivered, tmp_path, dirs_exist_ok=True)
    return make_home(tmp_path)


def file_of(settings: Settings, month: str = APRIL) -> Path:
    (only,) = (settings.archive / "caseload" / f"month={month}-01").glob("*.parquet")
    only.chmod(0o640)
    return only


def rows_in_force(settings: Settings) -> dict[tuple[str, date, str], int]:
    return {place: delivery.rows_accepted for place, delivery in in_force(settings).items()}


def check(settings: Settings) -> None:
    deliveries.check_files(settings, Manifest(settings.manifest).archive_files())


def forget_sums(settings: Settings) -> None:
    """As a release that kept none left it."""
    for file in Manifest(settings.manifest).archive_files():
        ArchivedFiles(settings.manifest).settle(file, None)


def flipped(settings: Settings) -> None:
    path = file_of(settings)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(bytes(data))


def cut_short(settings: Settings) -> None:
    path = file_of(settings)
    path.write_bytes(path.read_bytes()[:-9])


def gone(settings: Settings) -> None:
    file_of(settings).unlink()


def swapped(settings: Settings) -> None:
    one, other = file_of(settings), file_of(settings, MAY)
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def with_a_row_less(settings: Settings) -> None:
    path = file_of(settings)
    rows = duckdb.sql(
        f"select * from read_parquet('{path}', hive_partitioning = false) limit 9"
    ).to_arrow_table()
    assert rows.num_rows == 9
    duckdb.sql(f"copy rows to '{path}' (format parquet)")


def emptied(settings: Settings) -> None:
    file_of(settings).write_bytes(b"")


HARMS = [flipped, cut_short, gone, swapped, with_a_row_less, emptied]


@pytest.mark.parametrize("harm", HARMS)
def test_a_harmed_file_is_named_and_its_deliveries_are_read_again_from_what_landed(
    home: Settings, harm: Callable[[Settings], None]
) -> None:
    check(home)
    before = rows_in_force(home)
    harm(home)

    with pytest.raises(
        DamagedFileError, match=r"month=2024-04-01/.*northshire 2024-04 caseload.*caseload load"
    ):
        check(home)
    read_again = arrive(home).recorded

    assert {f"{d.month:%Y-%m}" for d in read_again} == ({APRIL, MAY} if harm is swapped else {APRIL})
    assert rows_in_force(home) == before and not any(d.is_refused for d in read_again)
    deliveries.check_files(home, [str(d.archive_file) for d in Manifest(home.manifest).in_force().values()])
    assert arrive(home).recorded == []


def test_a_file_that_comes_back_from_a_backup_is_believed_again(home: Settings) -> None:
    kept = file_of(home).read_bytes()
    cut_short(home)
    with pytest.raises(DamagedFileError):
        check(home)

    file_of(home).write_bytes(kept)

    assert still_damaged(home) == set()
    assert arrive(home).recorded == []
    check(home)


def test_without_what_landed_the_file_stays_damaged_until_it_lands_again(home: Settings) -> None:
    landed = home.landing / "northshire" / APRIL / "caseload.csv"
    kept = landed.read_bytes()
    landed.unlink()
    flipped(home)
    for _ in range(2):
        with pytest.raises(DamagedFileError):
            check(home)
        assert arrive(home).recorded == []

    landed.write_bytes(kept)

    assert [d.archive_file is None for d in arrive(home).recorded] == [False]


def test_files_of_a_release_without_checksums_are_recorded_if_they_hold_their_rows(home: Settings) -> None:
    forget_sums(home)
    record_missing_sums(home)
    check(home)
    assert len(ArchivedFiles(home.manifest).sums()) == 2

    forget_sums(home)
    with_a_row_less(home)
    record_missing_sums(home)

    assert len(ArchivedFiles(home.manifest).sums()) == 1
    with pytest.raises(DamagedFileError, match="month=2024-04-01"):
        check(home)


def test_a_damaged_file_is_not_put_together_with_others_nor_backed_up(home: Settings, tmp_path: Path) -> None:
    land(home, "caseload.csv", rows_of("caseload", 11), APRIL)
    arrive(home)
    newest = max((home.archive / "caseload" / f"month={APRIL}-01").glob("*.parquet"))
    newest.chmod(0o640)
    data = bytearray(newest.read_bytes())
    data[len(data) // 3] ^= 1
    newest.write_bytes(bytes(data))

    with pytest.raises(DamagedFileError):
        deliveries.compact(home, "load-9", FIRST_LOAD)
    with pytest.raises(DamagedFileError):
        take(home, tmp_path.with_name(f"{tmp_path.name}-backup"))

    assert len(list(newest.parent.glob("*.parquet"))) == 2


def test_a_file_that_tells_the_columns_is_made_again_where_it_is_damaged(home: Settings) -> None:
    for number, path in enumerate(sorted(home.archive.glob("*/month=0001-01-01/*.parquet"))[:3]):
        path.chmod(0o640)
        whole = path.read_bytes()
        path.write_bytes((b"", whole[: len(whole) // 2], file_of(home).read_bytes())[number])

    arrive(home)

    for path in home.archive.glob("*/month=0001-01-01/*.parquet"):
        assert duckdb.sql(f"select count(*) from '{path}'").fetchall() == [(0,)]


def test_a_month_that_is_read_again_is_not_taken_for_a_later_one_of_the_same_bytes(home: Settings) -> None:
    assert notices(home) == [MAY]
    for month in (APRIL, MAY):
        file_of(home, month).unlink()
    with pytest.raises(DamagedFileError):
        check(home)

    assert len(arrive(home).recorded) == 2

    assert notices(home) == [MAY]


def notices(settings: Settings) -> list[str]:
    """Months whose file is said to be another month's."""
    return [
        f"{row['month']}"[:7]
        for row in Manifest(settings.manifest).notices()
        if row["notice"] == "same_bytes_as_another_month"
    ]
