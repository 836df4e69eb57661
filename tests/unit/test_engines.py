"""What a load asks of the other engine before it reads anything."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from deliveries_fixture import arrive, in_force, land, make_home, rows_of
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.deliveries import Manifest
from dagster_project.load import load
from dagster_project.rebuilding import rebuild_whole
from dagster_project.reference import load_reference
from dagster_project.settings import Settings
from dagster_project.warehouse import Engine, EngineError, build, building, months_due, spark_engine
from dagster_project.withdrawal import withdraw


def refused(settings: Settings) -> str:
    land(settings, "caseload.csv", rows_of("caseload", 2))
    with pytest.raises(EngineError) as raised:
        load(settings, engine=Engine.SPARK)
    assert not settings.manifest.exists(), "something was read"
    return str(raised.value)


def test_where_spark_is_not_installed_a_load_with_it_says_so_and_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_engine, "find_spec", lambda name: None)
    assert "optional extra" in refused(make_home(tmp_path))


def test_where_java_is_missing_a_load_with_spark_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_engine, "find_spec", lambda name: name)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "needs Java" in refused(make_home(tmp_path))


def test_data_encrypted_at_rest_is_not_handed_to_an_engine_that_writes_in_the_clear(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    encrypted = Settings(
        home=home.home,
        pseudonym_key_variable=home.pseudonym_key_variable,
        storage_key_variable="a made-up storage key of some length",
    )
    assert "CASELOAD_STORAGE_KEY" in refused(encrypted)


def test_a_withdrawal_or_a_rebuild_with_an_engine_that_is_not_there_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_home(tmp_path)
    land(settings, "caseload.csv", rows_of("caseload", 2))
    arrive(settings)
    settings.warehouse.mkdir()
    settings.database.write_bytes(b"the marts of the last load")
    (delivery,) = in_force(settings).values()
    monkeypatch.setattr(spark_engine, "find_spec", lambda name: None)

    with pytest.raises(EngineError):
        withdraw(settings, delivery.delivery, "the wrong file", engine=Engine.SPARK)
    with pytest.raises(EngineError):
        rebuild_whole(settings, engine=Engine.SPARK)

    assert list(in_force(settings).values()) == [delivery]
    assert settings.database.read_bytes() == b"the marts of the last load"


def test_an_engine_that_nobody_has_is_wrong_usage() -> None:
    outcome = CliRunner().invoke(app, ["load", "--engine", "abacus"])
    assert outcome.exit_code == 2


def test_what_a_killed_build_by_spark_left_is_gone_whichever_engine_builds_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_home(tmp_path)
    land(settings, "caseload.csv", rows_of("caseload", 2))
    arrive(settings)
    left = settings.warehouse / "spark" / "tables" / "main.db"
    left.mkdir(parents=True)
    monkeypatch.setattr(building, "build_with_duckdb", lambda *given, **named: [])

    manifest, reference = Manifest(settings.manifest), load_reference(settings)
    build(settings, manifest, reference, months_due(settings, manifest, reference))

    assert not (settings.warehouse / "spark").exists()
