"""What Spark reads of the archive is what is offered to dbt, as DuckDB does."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import COUNCIL, arrive, land, make_home, rows_of

from dagster_project.deliveries import Manifest, month_folder
from dagster_project.settings import Settings
from dagster_project.warehouse.archive_offered import only_months_offered
from dagster_project.warehouse.scope import CouncilMonth
from dagster_project.warehouse.spark_engine import open_session
from dagster_project.warehouse.spark_tables import offer_tables

pytest.importorskip("pyspark", reason="Spark is an optional extra: make test-spark")
pytestmark = pytest.mark.spark

APRIL, MAY = date(2024, 4, 1), date(2024, 5, 1)


def months_in_spark(settings: Settings, months: set[CouncilMonth] | None) -> list[tuple[date, int]]:
    """The months that Spark finds, each with its rows of cases, where these are offered."""
    folder = settings.warehouse / "spark"
    with (
        only_months_offered(settings, Manifest(settings.manifest).all(), months),
        open_session(folder, 1) as session,
    ):
        offer_tables(session, settings, folder, [])
        found = session.sql("select month, count(*) from archive.caseload group by month order by month")
        return [(month, rows) for month, rows in found.collect()]


def test_a_file_that_nobody_recorded_and_months_not_offered_are_not_read(tmp_path: Path) -> None:
    settings = make_home(tmp_path / "home")
    for month, cases in ((APRIL, 3), (MAY, 5)):
        land(settings, "caseload.csv", rows_of("caseload", cases), f"{month:%Y-%m}")
    arrive(settings)
    settings.warehouse.mkdir(exist_ok=True)
    duckdb.connect(str(settings.database)).close()
    (may,) = month_folder(settings.archive, "caseload", MAY).glob("*.parquet")
    may.with_name("copy.parquet").write_bytes(may.read_bytes())

    assert months_in_spark(settings, None) == [(APRIL, 3), (MAY, 5)]
    assert months_in_spark(settings, {(COUNCIL, MAY)}) == [(MAY, 5)]
