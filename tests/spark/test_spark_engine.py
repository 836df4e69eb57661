"""The marts that Spark makes are DuckDB's, row for row: a history at once, then a month more and one corrected."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from breached_council import marts_of
from deliveries_fixture import KEY

from bench.extracts import SIZES, land, register
from bench.made_up import slug
from dagster_project import deliveries
from dagster_project.load import LoadReport, load
from dagster_project.settings import Settings
from dagster_project.warehouse import Engine, marts_that_differ

pytest.importorskip("pyspark", reason="Spark is an optional extra: make test-spark")
pytestmark = pytest.mark.spark

STARTED = datetime(2026, 7, 3, 6, tzinfo=UTC)
S = SIZES["S"]
CORRECTED = "2026-01"
STEPS = ("eleven months", "one month more and an earlier one corrected")


@dataclass
class Loaded:
    """The two homes after a step, as they were published then."""

    duckdb: Path
    spark: Path
    report: LoadReport


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Loaded]:
    """Each step loaded by both engines under the same name and at the same moment, so that everything is the same."""
    path = tmp_path_factory.mktemp("engines")
    made = path / "made"
    register(made, S.councils)
    land(made, S.councils, S.months)
    landed = made / "landing" / slug(0)
    homes = {engine: Settings(home=path / engine, pseudonym_key_variable=KEY) for engine in Engine}
    for settings in homes.values():
        shutil.copytree(made / "reference", settings.home / "reference")
    found: dict[str, Loaded] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliveries, "new_load_id", lambda now: f"{now:%Y%m%dT%H%M%S}-{0:04x}")
        for number, (step, months) in enumerate(zip(STEPS, _landings(landed), strict=True)):
            now = STARTED + timedelta(days=number)
            kept: dict[Engine, Path] = {}
            for engine, settings in homes.items():
                for month in months:
                    shutil.copytree(month, settings.landing / slug(0) / month.name, dirs_exist_ok=True)
                report = load(settings, now=now, engine=engine)
                kept[engine] = path / f"{engine}-{now:%d}.duckdb"
                shutil.copyfile(marts_of(settings), kept[engine])
            found[step] = Loaded(kept[Engine.DUCKDB], kept[Engine.SPARK], report)
    return found


def _landings(landed: Path) -> Iterator[list[Path]]:
    months = sorted(landed.iterdir())
    yield months[:-1]
    corrected = landed / CORRECTED
    lines = (corrected / "caseload.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (corrected / "caseload.csv").write_text("".join(lines[:-40]), encoding="utf-8")
    yield [corrected, months[-1]]


@pytest.mark.parametrize("step", STEPS)
def test_every_mart_has_the_same_columns_types_and_rows(loaded: dict[str, Loaded], step: str) -> None:
    assert marts_that_differ(loaded[step].duckdb, loaded[step].spark) == []


def test_what_was_compared_is_every_mart_with_rows_of_its_own(loaded: dict[str, Loaded]) -> None:
    with duckdb.connect(str(loaded[STEPS[-1]].spark), read_only=True) as connection:
        rows = dict(connection.execute("select table_name, estimated_size from duckdb_tables()").fetchall())
    assert len(rows) >= 34
    assert rows["caseload_bands"] > 100
    assert rows["threshold_breaches"] > 10
    assert sum(1 for number in rows.values() if number) >= 20


def test_each_step_changed_the_marts(loaded: dict[str, Loaded]) -> None:
    changed = [marts_that_differ(loaded[one].spark, loaded[other].spark) for one, other in pairwise(STEPS)]
    assert all("caseload_bands" in names for names in changed)


def test_only_the_months_that_a_change_reaches_were_built_again(loaded: dict[str, Loaded]) -> None:
    builds = [loaded[step].report.build for step in STEPS]
    assert [build is not None and build.is_full for build in builds] == [True, False]


def test_one_value_changed_in_one_row_is_a_difference(loaded: dict[str, Loaded], tmp_path: Path) -> None:
    changed = tmp_path / "changed.duckdb"
    shutil.copyfile(loaded[STEPS[-1]].spark, changed)
    with duckdb.connect(str(changed)) as connection:
        connection.execute(
            "update caseload_bands set average_caseload = average_caseload + 0.0001 "
            "where rowid = (select min(rowid) from caseload_bands where average_caseload is not null)"
        )
    assert marts_that_differ(loaded[STEPS[-1]].duckdb, changed) == ["caseload_bands"]


def test_it_was_dbt_spark_that_built_and_the_tables_it_wrote_are_gone(loaded: dict[str, Loaded]) -> None:
    warehouse = loaded[STEPS[-1]].spark.parent / Engine.SPARK / "warehouse"
    parsed = json.loads((warehouse / "dbt-spark" / "manifest.json").read_text(encoding="utf-8"))
    assert parsed["metadata"]["adapter_type"] == "spark"
    assert not (warehouse / "spark").exists()
