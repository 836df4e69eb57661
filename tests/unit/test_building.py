"""Which reference data a build brings into the warehouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from deliveries_fixture import COUNCIL, MAY, arrive, land, make_home, rows_of

from dagster_project.deliveries import Manifest
from dagster_project.reference import load_reference
from dagster_project.settings import Settings
from dagster_project.warehouse import Build, TransformationError, build, building
from dagster_project.warehouse.transformation import NodeResult


def brings_reference(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, dbt: Callable[[], list[NodeResult]]
) -> bool:
    """Whether a build of some months has dbt load the reference data; `dbt` is what it does then."""
    asked: list[bool] = []

    def built(_: Settings, *, with_seeds: bool, **named: object) -> list[NodeResult]:
        asked.append(with_seeds)
        return dbt()

    monkeypatch.setattr(building, "build_with_duckdb", built)
    build(
        settings,
        Manifest(settings.manifest),
        load_reference(settings),
        Build({(COUNCIL, MAY)}, is_full=False),
    )
    return asked[0]


def fails() -> list[NodeResult]:
    raise TransformationError(["model caseload_bands: a made-up fault"])


def test_reference_data_set_back_after_a_build_that_failed_with_other_is_brought_in_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_home(tmp_path)
    land(settings, "caseload.csv", rows_of("caseload", 2))
    arrive(settings)
    assert brings_reference(settings, monkeypatch, list)
    assert not brings_reference(settings, monkeypatch, list)

    aliases = settings.council_reference / "unit_aliases.csv"
    before = aliases.read_bytes()
    aliases.write_bytes(before + b"northshire,Ash Again,ash\n")
    with pytest.raises(TransformationError):
        brings_reference(settings, monkeypatch, fails)
    aliases.write_bytes(before)

    assert brings_reference(settings, monkeypatch, list)
