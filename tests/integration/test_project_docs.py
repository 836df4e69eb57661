"""dbt's documentation of the project as a load leaves it in the site, and the dictionary beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deliveries_fixture import land, make_home, rows_of

from dagster_project.load import load, redraw
from dagster_project.page_addresses import DICTIONARY, INDEX, PROJECT
from dagster_project.reference import load_reference
from dagster_project.reports.contracts import contracts
from dagster_project.settings import PROJECT_ROOT, Settings

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = make_home(tmp_path_factory.mktemp("installation"))
    land(settings, "caseload.csv", rows_of("caseload", 40), "2024-05")
    load(settings)
    return settings


@pytest.fixture(scope="module")
def site(settings: Settings) -> Path:
    return (settings.published / "current").resolve() / "site"


@pytest.fixture(scope="module")
def page(site: Path) -> str:
    return (site / PROJECT).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shown(page: str) -> Any:
    """The manifest in the page."""
    start = page.index("{manifest:") + len("{manifest:")
    return json.JSONDecoder().raw_decode(page[start:].replace("<\\/", "</"))[0]


def test_every_column_of_every_model_and_seed_is_described(settings: Settings, shown: Any) -> None:
    with duckdb.connect(str(settings.database), read_only=True) as warehouse:
        there = warehouse.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
        ).fetchall()
    described = {
        (node["schema"], node["alias"], name)
        for node in shown["nodes"].values()
        for name, column in node.get("columns", {}).items()
        if column["description"] and node["resource_type"] in ("model", "seed")
    }

    assert len(there) > 1000
    assert [column for column in there if column not in described] == []


def test_the_page_holds_nothing_of_this_machine_and_no_compiled_sql(settings: Settings, page: str) -> None:
    assert str(settings.home) not in page
    assert str(PROJECT_ROOT) not in page
    assert '"compiled_code"' not in page
    assert "read_parquet('" not in page


def test_the_page_may_fetch_nothing(page: str) -> None:
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)"', page)

    assert policy
    assert policy[1].startswith("default-src 'none'")
    assert "http" not in policy[1]
    assert not re.search(r"""<(?:script|link|img)[^>]+(?:src|href)=["'](?:https?:)?//""", page)
    assert '"send_anonymous_usage_stats":false' in page


def test_the_page_is_of_the_internal_copy_alone_and_a_redrawing_keeps_it(
    settings: Settings, site: Path, page: str
) -> None:
    redraw(settings, load_reference(settings))

    assert (site / PROJECT).read_text(encoding="utf-8") == page
    assert f'href="{PROJECT}"' in (site / DICTIONARY).read_text(encoding="utf-8")
    for tier in ("restricted", "public"):
        copy = site.parent / tier / "site"
        assert not (copy / PROJECT).exists()
        assert PROJECT not in (copy / DICTIONARY).read_text(encoding="utf-8")


def test_the_dictionary_has_every_column_of_every_published_table(site: Path) -> None:
    text = (site / DICTIONARY).read_text(encoding="utf-8")

    assert f'href="{DICTIONARY}"' in (site / INDEX).read_text(encoding="utf-8")
    for mart, contract in contracts().items():
        part = text.split(f'id="table-{mart.replace("_", "-")}"')[1].split("<section")[0]
        rows = re.findall(r'<th scope="row"[^>]*>([^<]+)</th>', part)
        assert rows == list(contract.columns), mart


def test_the_public_dictionary_shows_columns_of_the_public_copy_alone(site: Path) -> None:
    public = site.parent / "public"
    with duckdb.connect(str(public / "marts.duckdb"), read_only=True) as marts:
        there = marts.execute("select table_name, column_name from information_schema.columns").fetchall()
    text = (public / "site" / DICTIONARY).read_text(encoding="utf-8")
    told = {
        (mart, name)
        for mart in contracts()
        for part in text.split(f'id="table-{mart.replace("_", "-")}"')[1:2]
        for name in re.findall(r'<th scope="row"[^>]*>([^<]+)</th>', part.split("<section")[0])
    }

    assert told == {(mart, name) for mart, name in there if name != "suppressed"}
    assert "worker_caseloads" not in text
