"""What dbt compiled, run without dbt: by months, whole, tested; and left to dbt where anything is not as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.settings import Settings
from dagster_project.warehouse.compiled_project import (
    FEW_COUNCIL_MONTHS,
    Node,
    NotAsCompiledError,
    compiled_nodes,
    keep_compiled,
    run_compiled,
)

MART = Node(
    "model.mart", "mart", "model", "incremental", '"caseload"."main"."mart"', True, 0,
    "select council, month, 2 as figure from caseload.main.landed where month = date '2024-05-01' -- the due one",
)  # fmt: skip
VIEW = Node(
    "model.landed", "landed", "model", "view", '"caseload"."main"."landed"', False, None,
    "select 'a' as council, unnest([date '2024-04-01', date '2024-05-01']) as month",
)  # fmt: skip
WHOLE = replace(
    MART, unique_id="model.whole", name="whole", materialized="table", reach=None,
    relation='"caseload"."main"."whole"', sql="select 7 as figure, 'x' as word",
)  # fmt: skip
GRAIN = Node(
    "test.grain",
    "grain",
    "test",
    "test",
    "",
    False,
    None,
    "select 1 from mart group by month having count(*) > 1",
)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A warehouse with two months of a mart, the second due, and a whole mart."""
    settings = Settings(home=tmp_path)
    settings.run_inputs.mkdir(parents=True)
    scope = settings.run_inputs / "build_scope.parquet"
    with duckdb.connect(str(settings.database)) as made:
        made.execute(
            "create table mart as select 'a' as council, make_date(2024, unnest([4, 5, 6]), 1) as month, 1 as figure"
        )
        made.execute("create table whole (word varchar, figure integer)")
        made.execute("insert into whole values ('old', 1)")
        made.execute(
            "copy (select * from (values ('a', date '2024-04-01', 9), ('a', date '2024-05-01', 0), "
            f"('a', date '2024-06-01', 0)) as due (council, month, reach)) to '{scope}'"
        )
    return settings


def rows(settings: Settings, sql: str) -> list[Any]:
    with duckdb.connect(str(settings.database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_the_months_due_are_taken_out_and_what_was_built_is_put_in(home: Settings) -> None:
    told: list[str] = []
    results = run_compiled(home, [VIEW, MART, GRAIN, WHOLE], told.append)
    # June is due and nothing was built for it, so it is gone; April is not due and stays.
    assert rows(home, "select month(month), figure from mart order by 1") == [(4, 1), (5, 2)]
    assert rows(home, "from whole") == [("x", 7)]
    assert [(one.name, one.kind, one.status) for one in results] == [
        ("landed", "model", "success"),
        ("mart", "model", "success"),
        ("grain", "test", "pass"),
        ("whole", "model", "success"),
    ]
    assert told == ["landed", "mart", "whole"]


def test_a_test_that_finds_rows_stops_the_build(home: Settings) -> None:
    with pytest.raises(NotAsCompiledError, match="grain"):
        run_compiled(home, [VIEW, replace(MART, sql=f"{MART.sql}\nunion all {MART.sql}"), GRAIN])


@pytest.mark.parametrize(
    "sql", ["select council, month, 2.5 as figure from landed", "select council, month from landed"]
)
def test_a_model_of_other_columns_leaves_its_rows_as_they_were(home: Settings, sql: str) -> None:
    with pytest.raises(NotAsCompiledError, match="mart"):
        run_compiled(home, [VIEW, replace(MART, sql=sql)])
    assert rows(home, "select count(*), sum(figure) from mart") == [(3, 3)]


def test_what_reference_data_alone_makes_stands_as_it_was_built(home: Settings) -> None:
    found = replace(GRAIN, sql="select 1 as a_row_that_is_found", is_of_reference=True)
    results = run_compiled(home, [replace(WHOLE, is_of_reference=True), found])
    assert rows(home, "from whole") == [("old", 1)]
    assert [(one.name, one.status) for one in results] == [("whole", "success"), ("grain", "pass")]


@pytest.mark.parametrize(("months", "is_held"), [(0, True), (FEW_COUNCIL_MONTHS, False)])
def test_what_landed_is_read_once_for_few_months_and_the_view_stays_one_of_files(
    home: Settings, months: int, is_held: bool
) -> None:
    """The file changes after the view is made, as no load lets it: who reads what is held does not see it."""
    landed, scope = home.home / "landed.parquet", home.run_inputs / "build_scope.parquet"
    with duckdb.connect(":memory:") as made:
        made.execute(f"copy (select 1 as figure) to '{landed}'")
        made.execute(f"create table due as from '{scope}'")
        made.execute(
            f"insert into due select 'b', date '2024-04-01' + to_days(range::int), 2 from range({months})"
        )
        made.execute(f"copy due to '{scope}'")
    view = replace(VIEW, sql=f"select figure, 'x' as word from read_parquet('{landed}')", is_landed=True)
    seen = replace(WHOLE, sql='from "caseload"."main"."landed"')

    def land_again(name: str) -> None:
        if name == "landed":
            with duckdb.connect(":memory:") as made:
                made.execute(f"copy (select 2 as figure) to '{landed}'")

    run_compiled(home, [view, seen], land_again)

    assert rows(home, "select figure from whole") == [(1 if is_held else 2,)]
    assert rows(home, "select figure from landed") == [(2,)]


def test_inputs_are_read_once_by_the_words_dbt_has_for_them(home: Settings) -> None:
    scope = home.run_inputs / "build_scope.parquet"
    seen = replace(WHOLE, sql=f"select count(*)::int as figure, 'x' as word from read_parquet('{scope}')")

    def gone(name: str) -> None:
        scope.unlink(missing_ok=True)

    run_compiled(home, [VIEW, seen], gone)

    assert rows(home, "from whole") == [("x", 3)]


def manifest(settings: Settings, **changed: object) -> None:
    model = {
        "unique_id": "model.a", "name": "a", "resource_type": "model", "relation_name": "a",
        "compiled_code": "select 1", "depends_on": {"nodes": []},
        "config": {"materialized": "table", "contract": {"enforced": False}, "meta": {}},
    }  # fmt: skip
    test = {
        "unique_id": "test.of_a", "name": "of_a", "resource_type": "test", "relation_name": None,
        "compiled_code": "select 1 from a", "depends_on": {"nodes": ["model.a"]},
        "config": {
            "materialized": "test", "severity": "ERROR", "fail_calc": "count(*)", "error_if": "!= 0", "limit": None,
            "store_failures": None, "meta": {},
        } | changed,
    }  # fmt: skip
    seed = {"unique_id": "seed.s", "resource_type": "seed"}
    folder = settings.warehouse / "dbt"
    folder.mkdir(parents=True, exist_ok=True)
    nodes = {node["unique_id"]: node for node in (test, model, seed)}
    (folder / "manifest.json").write_text(json.dumps({"nodes": nodes}), encoding="utf-8")
    (folder / "semantic_manifest.json").write_text("{}", encoding="utf-8")


def test_what_was_compiled_is_kept_in_the_order_it_is_read(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    manifest(settings)
    keep_compiled(settings)
    assert [node.name for node in compiled_nodes(settings) or []] == ["a", "of_a"]


def test_nothing_is_kept_where_a_test_only_warns(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    manifest(settings)
    keep_compiled(settings)
    manifest(settings, severity="WARN")
    keep_compiled(settings)
    assert compiled_nodes(settings) is None


def test_what_was_compiled_for_another_place_or_is_damaged_is_not_run(tmp_path: Path) -> None:
    settings, moved = Settings(home=tmp_path / "one"), Settings(home=tmp_path / "other")
    manifest(settings)
    keep_compiled(settings)
    (tmp_path / "one").rename(tmp_path / "other")
    assert compiled_nodes(moved) is None
    manifest(moved)
    keep_compiled(moved)
    kept = moved.warehouse / "dbt" / "compiled.json"
    whole = kept.read_bytes()
    for damaged in (whole[:-20], whole.replace(b"select 1", b"select 2"), b""):
        kept.write_bytes(damaged)
        assert compiled_nodes(moved) is None


@pytest.mark.parametrize("name", ["manifest.json", "semantic_manifest.json"])
def test_dbt_runs_again_where_the_power_left_less_of_what_it_wrote(tmp_path: Path, name: str) -> None:
    settings = Settings(home=tmp_path)
    manifest(settings)
    keep_compiled(settings)
    assert compiled_nodes(settings)
    (settings.warehouse / "dbt" / name).write_bytes(b"")
    assert compiled_nodes(settings) is None
