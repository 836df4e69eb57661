"""DuckDB holds in memory what the installation allows it while it builds and publishes; the rest goes to disk."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import yaml

from dagster_project.settings import MEMORY_LIMIT, Settings, SettingsError, load_settings
from dagster_project.warehouse_file import attach_warehouse


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_more_rows_than_memory_holds_are_counted_on_disk_beside_the_warehouse(
    tmp_path: Path, *, encrypted: bool
) -> None:
    settings = Settings(
        home=tmp_path,
        storage_key_variable="a key of the tests" if encrypted else "",
        memory_limit="60MB",
    )
    settings.warehouse.mkdir()
    spilled = settings.warehouse / ".spilled"

    with duckdb.connect(":memory:") as connection:
        attach_warehouse(connection, settings, "warehouse", read_only=False)
        words = "select md5(i::varchar) as word, count(*) as rows from range({}) as t(i) group by 1"
        connection.execute(f"create table warehouse.few as {words.format(10)}")
        assert not spilled.exists()
        connection.execute(f"create table warehouse.many as {words.format(1_000_000)}")
        assert spilled.is_dir()
        counted = connection.execute("select count(*), sum(rows) from warehouse.many").fetchone()

    assert counted == (1_000_000, 1_000_000)
    assert not spilled.exists() or not list(spilled.iterdir())


@pytest.mark.parametrize("given", ["much", "2", "0GB", "1GB; drop table deliveries"])
def test_a_limit_that_is_none_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("CASELOAD_MEMORY_LIMIT", given)

    with pytest.raises(SettingsError, match=r"CASELOAD_MEMORY_LIMIT is .* such as 2GB"):
        load_settings()


def test_the_limit_given_is_the_one_that_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CASELOAD_MEMORY_LIMIT", raising=False)
    assert load_settings().memory_limit == MEMORY_LIMIT

    monkeypatch.setenv("CASELOAD_MEMORY_LIMIT", "3GB")
    assert load_settings().memory_limit == "3GB"


def test_dbt_has_the_same_limit_plain_or_encrypted() -> None:
    profile = yaml.safe_load((Settings(home=Path()).dbt_project / "profiles.yml").read_text(encoding="utf-8"))

    for target in ("duckdb", "encrypted"):
        assert profile["caseload"]["outputs"][target]["settings"]["memory_limit"] == (
            "{{ env_var('CASELOAD_MEMORY_LIMIT', '" + MEMORY_LIMIT + "') }}"
        )
