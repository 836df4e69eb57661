"""What dbt sees of the archive: the months it is offered while months are added, else everything."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import make_home

from dagster_project.deliveries import DamagedFileError, Delivery, Manifest
from dagster_project.deliveries.archived_files import ArchivedFiles, sum_of
from dagster_project.settings import Settings
from dagster_project.warehouse.archive_offered import (
    offer_archive,
    offer_whole_archive,
    only_months_offered,
    place_offered,
)

APRIL, MAY = date(2024, 4, 1), date(2024, 5, 1)


def archived(
    home: Settings, council: str, month: date, load_id: str, withdrawn_at: str | None = None
) -> Delivery:
    """A delivery of cases, its file in the archive."""
    name = f"caseload/month={month}/{load_id}.parquet"
    path = home.archive / name
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"copy (select '{council} {load_id}' as delivery) to '{path}' (format parquet)")
    ArchivedFiles(home.manifest).settle(name, sum_of(path))
    return Delivery(
        f"{council}-{load_id}", council, month, "caseload", "rows", "f", "s", "r", load_id, "h", "h",
        archive_file=name, withdrawn_at=withdrawn_at,
    )  # fmt: skip


def seen(home: Settings) -> list[str]:
    files = place_offered(home) / "caseload" / "*" / "*.parquet"
    found = duckdb.sql(
        f"select delivery from read_parquet('{files}', hive_partitioning = true) order by 1"
    ).fetchall()
    return [name for (name,) in found]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    made = make_home(tmp_path)
    Manifest(made.manifest)
    archived(made, "nobody", date(1, 1, 1), "columns")
    return made


def test_only_files_in_force_of_the_months_and_councils_asked_for_are_seen(home: Settings) -> None:
    deliveries = [
        archived(home, "north", APRIL, "a"),
        archived(home, "north", MAY, "b"),
        archived(home, "south", MAY, "c"),
        archived(home, "north", MAY, "d", withdrawn_at="2024-06-03"),
    ]

    with only_months_offered(home, deliveries, {("north", MAY)}):
        # Not even while dbt is called, which offers everything where nobody offers less.
        offer_archive(home)
        assert seen(home) == ["nobody columns", "north b"]
    assert seen(home) == ["nobody columns", "north a", "north b", "north d", "south c"]


def test_everything_is_seen_again_after_a_build_that_failed_or_was_killed(home: Settings) -> None:
    deliveries = [archived(home, "north", APRIL, "a"), archived(home, "north", MAY, "b")]
    with pytest.raises(RuntimeError), only_months_offered(home, deliveries, {("north", MAY)}):
        raise RuntimeError
    assert seen(home) == ["nobody columns", "north a", "north b"]

    killed = only_months_offered(home, deliveries, {("north", MAY)})
    killed.__enter__()
    with only_months_offered(home, deliveries, {("north", APRIL)}):
        assert seen(home) == ["nobody columns", "north a"]
    assert seen(home) == ["nobody columns", "north a", "north b"]


def test_a_file_that_is_gone_stops_who_would_read_it_and_nobody_else(home: Settings) -> None:
    deliveries = [archived(home, "north", APRIL, "a"), archived(home, "north", MAY, "b")]
    (home.archive / "caseload" / f"month={MAY}" / "b.parquet").unlink()

    with only_months_offered(home, deliveries, {("north", APRIL)}):
        assert seen(home) == ["nobody columns", "north a"]
    with (
        pytest.raises(DamagedFileError, match=r"b\.parquet is gone"),
        only_months_offered(home, deliveries, None),
    ):
        pass

    assert sorted(path.name for path in (home.archive / "caseload").glob("*/*")) == [
        "a.parquet",
        "columns.parquet",
    ]


def test_a_copy_that_somebody_made_of_a_file_is_not_seen_when_everything_is(home: Settings) -> None:
    deliveries = [archived(home, "north", APRIL, "a"), archived(home, "north", MAY, "b")]
    whole = home.archive / "caseload" / f"month={MAY}" / "b.parquet"
    whole.with_name("b - Copy.parquet").write_bytes(whole.read_bytes())

    with only_months_offered(home, deliveries, None):
        assert seen(home) == ["nobody columns", "north a", "north b"]


def test_months_left_by_a_killed_build_are_not_all_that_a_full_one_sees(home: Settings) -> None:
    deliveries = [archived(home, "north", APRIL, "a"), archived(home, "north", MAY, "b")]
    killed = only_months_offered(home, deliveries, {("north", MAY)})
    killed.__enter__()

    offer_whole_archive(home)

    assert seen(home) == ["nobody columns", "north a", "north b"]
