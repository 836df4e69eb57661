"""Councils made straight into an archive are what a load of their CSV would have left there, row for row."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from bench.archive import archive
from bench.contenders import settings_of
from bench.extracts import land, register
from bench.made_up import EXTRACTS
from dagster_project import deliveries
from dagster_project.deliveries.crosswalk import read_council
from dagster_project.extracts import load_specifications
from dagster_project.reference import load_reference
from dagster_project.settings import Settings

COUNCILS, MONTHS = 2, 3
NOW = datetime(2026, 7, 10, tzinfo=UTC)
LOAD = "20260710T000000-made"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Settings]:
    """The homes of a load of CSV, every file of it read, checked and archived, and of an archive made straight."""
    loaded, made = (settings_of(tmp_path_factory.mktemp(name)) for name in ("loaded", "made"))
    register(loaded.home, COUNCILS)
    land(loaded.home, COUNCILS, MONTHS)
    shutil.copytree(loaded.home / "reference", made.home / "reference")
    deliveries.receive(
        loaded,
        load_reference(loaded),
        load_specifications(),
        lambda summaries: {},
        load_id=LOAD,
        now=NOW,
    )
    archive(made, COUNCILS, MONTHS, load_id=LOAD, now=NOW)
    return loaded, made


@pytest.mark.parametrize("extract", EXTRACTS)
def test_every_extract_has_the_rows_and_types_of_a_load(
    both: tuple[Settings, Settings], extract: str
) -> None:
    loaded, made = (f"read_parquet('{one.archive}/{extract}/*/*.parquet')" for one in both)

    assert (
        duckdb.execute(f"describe from {made}").fetchall()
        == duckdb.execute(f"describe from {loaded}").fetchall()
    )
    assert duckdb.execute(f"select count(*), count(distinct council) from {made}").fetchall() > [(0, 0)]
    assert not duckdb.execute(
        f"(from {made} except all from {loaded}) union all (from {loaded} except all from {made}) limit 1"
    ).fetchall()


def test_the_manifest_says_of_each_delivery_what_the_load_said(both: tuple[Settings, Settings]) -> None:
    loaded, made = (deliveries.Manifest(one.manifest) for one in both)

    def told(manifest: deliveries.Manifest) -> list[dict[str, object]]:
        # No CSV was made whose bytes could be summed up.
        return sorted(
            ({**vars(one), "sha256": ""} for one in manifest.all()), key=lambda one: str(one["delivery"])
        )

    assert len(told(made)) == len(list(both[0].landing.rglob("*.csv"))) > MONTHS * COUNCILS * 6
    assert told(made) == told(loaded)
    assert list(made.totals()) == list(loaded.totals()) != []
    assert made.months_to_build() == loaded.months_to_build()
    assert made.key_fingerprints() == loaded.key_fingerprints()


def test_the_crosswalk_knows_the_same_people(both: tuple[Settings, Settings]) -> None:
    def known(settings: Settings, council: str) -> list[tuple[object, ...]]:
        table = read_council(settings.archive, council, settings.storage_key())
        return sorted(tuple(row.values()) for row in table.to_pylist())

    loaded, made = both
    for council in ("made_000", "made_001"):
        assert len(known(made, council)) > 1000
        assert known(made, council) == known(loaded, council)


def test_a_history_without_its_last_month_waits_for_it(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    register(tmp_path, 1)

    archive(settings, 1, 2, is_last_left=True)

    assert {one.month.isoformat() for one in deliveries.Manifest(settings.manifest).all()} == {"2026-05-01"}
