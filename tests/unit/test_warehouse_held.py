"""Which months a load builds where the warehouse file is not the one that the last load left."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import MAY, arrive, land, make_home, rows_of

from dagster_project.deliveries import Manifest
from dagster_project.reference import load_reference
from dagster_project.settings import Settings
from dagster_project.warehouse import Build, months_due
from dagster_project.warehouse.transformation import project_fingerprint

APRIL = MAY.replace(month=4)
EARLIER = {"opened_on": "2024-03-05", "allocated_on": "2024-03-06"}


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """April is built and May has come."""
    settings = make_home(tmp_path)
    land(settings, "caseload.csv", [row | EARLIER for row in rows_of("caseload", 2)], "2024-04")
    arrive(settings)
    manifest, reference = Manifest(settings.manifest), load_reference(settings)
    settings.warehouse.mkdir()
    in_warehouse(settings, *(one.delivery for one in manifest.in_force().values()))
    manifest.built(manifest.months_to_build(), {"northshire": reference.marts_fingerprint("northshire")})
    manifest.set_mark("dbt_project", project_fingerprint(settings.dbt_project, with_tests=False))
    manifest.set_mark("reference_of_no_month", reference.fingerprint_of_no_month())
    land(settings, "caseload.csv", rows_of("caseload", 2))
    arrive(settings)
    return settings


def in_warehouse(settings: Settings, *deliveries: str) -> None:
    with duckdb.connect(str(settings.database)) as made:
        made.execute(
            "create or replace table deliveries (delivery text, council text, month date, is_in_force bool)"
        )
        for delivery in deliveries:
            made.execute("insert into deliveries values (?, 'northshire', ?, true)", [delivery, APRIL])


def due(settings: Settings) -> Build:
    return months_due(settings, Manifest(settings.manifest), load_reference(settings))


def test_where_it_holds_what_was_built_the_months_that_changed_are_due(home: Settings) -> None:
    assert (due(home).months, due(home).is_full) == ({("northshire", MAY)}, False)


def test_where_it_is_empty_everything_is_due(home: Settings) -> None:
    home.database.unlink()
    duckdb.connect(str(home.database)).close()

    assert (due(home).months, due(home).is_full) == ({("northshire", APRIL), ("northshire", MAY)}, True)


@pytest.mark.parametrize("held", [(), ("northshire-2024-04-caseload-of-before-a-correction",)])
def test_where_it_is_an_older_one_everything_is_due(home: Settings, held: tuple[str, ...]) -> None:
    in_warehouse(home, *held)

    assert (due(home).months, due(home).is_full) == ({("northshire", APRIL), ("northshire", MAY)}, True)


def test_where_it_cannot_be_read_the_build_is_left_to_tell_of_it(home: Settings) -> None:
    home.database.write_bytes(b"no database")

    assert not due(home).is_full
