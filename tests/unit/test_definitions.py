"""The code location: it loads anywhere, shows every extract and mart, and asks for the right months."""

from __future__ import annotations

import csv
import json
import os
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from dagster_project.assets import parsed_project as parsing
from dagster_project.assets import sensors
from dagster_project.assets.extract_outcomes import take_in
from dagster_project.assets.load_session import LoadSession
from dagster_project.assets.partitions import partition_key, ranges
from dagster_project.assets.quality_checks import check_names
from dagster_project.definitions import build_defs
from dagster_project.deliveries import Arrival, Manifest
from dagster_project.extracts import load_specifications
from dagster_project.reference import load_reference
from dagster_project.settings import Settings

MARTS = {
    "alert_corrections",
    "alert_states",
    "agency_costs",
    "agency_rule_findings",
    "agency_forecasts",
    "agency_spend_by_year",
    "capacity_options",
    "caseload_bands",
    "data_quality",
    "caseload_bridge",
    "caseload_forecasts",
    "caseload_quarters",
    "deliveries",
    "demand",
    "dfe_comparison",
    "dfe_rates",
    "establishment",
    "forecast_accuracy",
    "investment_context",
    "investment_funding",
    "investment_impact",
    "investment_lines",
    "managed_teams",
    "options_to_target",
    "recruitment_pipeline",
    "report_figures",
    "report_readings",
    "support_officers",
    "survey_results",
    "threshold_breaches",
    "throughput",
    "timeliness",
    "worker_caseloads",
    "workforce_stability",
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="module")
def defs(empty: Settings) -> dg.Definitions:
    return build_defs(empty)


@pytest.fixture
def installation(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def an_hour_later(monkeypatch: pytest.MonkeyPatch) -> None:
    let_pass(3600, monkeypatch)


def let_pass(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + seconds)


def land(settings: Settings, place: str, content: str = "case_id\n") -> Path:
    path = settings.landing / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def name_it(settings: Settings, table: str, row: dict[str, str]) -> None:
    """Put one row into a reference file of the installation."""
    with (settings.seeds / f"{table}.csv").open(encoding="utf-8") as shipped:
        columns = next(csv.reader(shipped))
    settings.council_reference.mkdir(exist_ok=True)
    with (settings.council_reference / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerow(row)


def look(settings: Settings, cursor: str | None = None) -> tuple[list[str], str, str]:
    """What the sensor requests, its cursor after, and what it says when it requests nothing."""
    sensor = build_defs(settings).resolve_sensor_def("landing_area")
    result = sensor(dg.build_sensor_context(cursor=cursor))
    assert isinstance(result, dg.SensorResult)
    words = result.skip_reason.skip_message if result.skip_reason else ""
    return (
        [str(request.partition_key) for request in result.run_requests or []],
        result.cursor or "",
        words or "",
    )


def test_definitions_load_on_an_empty_home_and_leave_it_empty(empty: Settings, defs: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(defs)
    assert list(empty.home.iterdir()) == []


def test_loading_the_definitions_again_does_not_parse_again(
    empty: Settings, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(settings: Settings, path: Path) -> str:
        raise AssertionError(f"parsed again for {path}")

    monkeypatch.setattr(parsing, "_parse", parse)
    assert build_defs(empty) is not defs


@pytest.mark.long
def test_parsing_leaves_the_environment_as_it_was(empty: Settings, tmp_path: Path) -> None:
    before = dict(os.environ)
    parsing._parse(empty, tmp_path / "target" / "manifest.json")
    assert dict(os.environ) == before
    assert [path.name for path in (tmp_path / "target").iterdir()] == ["manifest.json"]


@pytest.mark.long
def test_a_process_that_parses_at_the_same_moment_takes_nothing_away(
    empty: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each removes the manifests of earlier projects; what one has just put there another may replace or remove."""
    path = tmp_path / "target" / "manifest-now.json"
    put = os.replace

    def put_and_lose(source: Path, target: Path) -> None:
        assert target.read_text(encoding="utf-8") == "of another process"
        put(source, target)
        target.unlink()

    path.parent.mkdir()
    path.write_text("of another process", encoding="utf-8")
    path.with_name("manifest-before.json").touch()
    monkeypatch.setattr(os, "replace", put_and_lose)
    assert "nodes" in json.loads(parsing._parse(empty, path))
    assert list(path.parent.iterdir()) == []


def test_a_model_that_looks_back_beyond_a_year_reads_totals_and_no_rows(empty: Settings) -> None:
    """While months are added dbt is offered the archive's files of a year: warehouse/archive_offered.py."""
    project = parsing.parsed_project(empty)
    models = {key: node for key, node in project["nodes"].items() if node["resource_type"] == "model"}

    def rows_read(key: str) -> set[str]:
        found = set()
        for parent in project["parent_map"][key]:
            if parent in models and models[parent]["name"].startswith("stg_"):
                found.add(models[parent]["name"])
            elif parent in models and models[parent]["config"]["materialized"] == "view":
                found |= rows_read(parent)
        return found

    reaches = {key: node["config"]["meta"].get("reach", 0) for key, node in models.items()}
    assert rows_read("model.caseload.int_case_totals") == {"stg_caseload", "stg_workforce"}
    assert len([key for key, reach in reaches.items() if reach == 2]) > 10
    assert {
        models[key]["name"]: rows_read(key) for key, reach in reaches.items() if reach >= 2 and rows_read(key)
    } == {}


def test_every_extract_is_an_asset_that_its_staging_model_reads(defs: dg.Definitions) -> None:
    specs = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    for name, specification in load_specifications().items():
        archived = specs[dg.AssetKey(["archive", name])]
        assert archived.group_name == f"archive_{specification.family}"
        assert archived.kinds == {"python", "parquet"}
        assert list(archived.owners) == ["team:data-engineers"]
        assert (archived.description or "").startswith(specification.title)
        assert archived.key in {dep.asset_key for dep in specs[dg.AssetKey(f"stg_{name}")].deps}


def test_marts_are_grouped_by_folder_owned_and_described(defs: dg.Definitions) -> None:
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    marts = {name for name, spec in specs.items() if (spec.group_name or "").startswith("marts_")}
    assert marts == MARTS
    assert specs["caseload_bands"].group_name == "marts_caseload"
    assert list(specs["caseload_bands"].owners) == ["team:analysts"]
    assert (specs["caseload_bands"].description or "").startswith(
        "Average caseload and band. One row per unit"
    )
    columns = specs["caseload_bands"].metadata["dagster/column_schema"]
    assert {column.name for column in columns.columns} >= {"average_caseload", "band", "severity"}
    assert {dep.asset_key.to_user_string() for dep in specs["published_marts"].deps} == MARTS
    assert {dep.asset_key.to_user_string() for dep in specs["alerts"].deps} == {"published_marts"}


def test_assets_lead_to_their_documentation_and_pages(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path, site_url="https://intranet.example/caseload/", docs_url="https://docs.example"
    )
    specs = {spec.key.to_user_string(): spec for spec in build_defs(settings).resolve_all_asset_specs()}
    addresses = {
        name: {
            key: value.value for key, value in spec.metadata.items() if isinstance(value, dg.UrlMetadataValue)
        }
        for name, spec in specs.items()
    }

    assert addresses["archive/caseload"] == {"docs": "https://docs.example/extracts.html#caseload"}
    assert addresses["caseload_bands"] == {
        "docs": "https://docs.example/analyst.html#caseload_bands",
        "page": "https://intranet.example/caseload/dictionary.html#table-caseload-bands",
        "how_it_is_made": "https://intranet.example/caseload/dbt-docs.html#!/model/model.caseload.caseload_bands",
    }
    assert addresses["managers_site"]["page"] == "https://intranet.example/caseload/index.html"
    made_here = [spec for name, spec in specs.items() if not name.startswith(("reference/", "run/"))]
    assert [
        spec.key
        for spec in made_here
        if not (spec.owners and spec.description and addresses[spec.key.to_user_string()])
    ] == []


def test_where_no_address_is_set_the_files_are_named(defs: dg.Definitions) -> None:
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    named = specs["archive/caseload"].metadata["docs"]

    assert isinstance(named, dg.PathMetadataValue)
    assert Path(named.value.partition("#")[0]).is_file()


def test_every_partitioned_asset_takes_a_range_in_one_run(defs: dg.Definitions) -> None:
    definitions = [asset for asset in defs.assets or [] if isinstance(asset, dg.AssetsDefinition)]
    assert definitions
    for definition in definitions:
        assert definition.backfill_policy == dg.BackfillPolicy.single_run(), definition.keys


def test_the_border_blocks_and_each_policy_is_one_check(empty: Settings, defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    checks = {
        (key.asset_key.to_user_string(), key.name): graph.get_check_spec(key)
        for key in graph.asset_check_keys
    }
    for name in load_specifications():
        assert checks[f"archive/{name}", "delivery_summary"].blocking
    policies = {row["policy_id"]: row for row in load_reference(empty).rows("threshold_policy")}
    of_policies = {
        spec.metadata["policy"]: spec
        for (asset, name), spec in checks.items()
        if asset == "threshold_breaches" and name.startswith("policy_")
    }
    assert of_policies.keys() == policies.keys()
    for policy, row in policies.items():
        assert not of_policies[policy].blocking
        assert row["source"] in (of_policies[policy].description or "")
    asye = of_policies["tameside_asye_caseload"]
    assert asye.name == "policy_tameside_asye_caseload"
    assert asye.description == (
        "Tameside. Caseload of a worker, each worker of asye: under 16: within the protected caseload; "
        "16 or more: over the protected caseload; target 15. In force from 1 April 2021. Severity up to breach. "
        f"Source: {policies['tameside_asye_caseload']['source']}"
    )
    assert {asset for asset, name in checks if name.startswith("one_row_per_")} == MARTS


def test_a_check_is_named_by_its_policy_alone_and_no_two_by_one_name() -> None:
    odd = [
        "amber visits",
        "amber_visits",
        "amber-visits",
        "amber.visits",
        "9 in 10",
        "ärger",
        "über",
        "!?",
        "a" * 200,
    ]
    names = check_names(odd)
    assert names["amber_visits"] == "policy_amber_visits"
    assert len(set(names.values())) == len(odd)
    assert names == {policy: check_names([policy])[policy] for policy in odd}
    for name in names.values():
        assert dg.AssetCheckSpec(name, asset="threshold_breaches").name == name


def test_a_policy_of_the_installation_is_a_check_with_its_source(installation: Settings) -> None:
    name_it(
        installation,
        "threshold_policy",
        {
            "policy_id": "vacancies, as agreed 2016",
            "council": "nottinghamshire",
            "level": "council",
            "metric": "vacancy_rate",
            "rounding": "one_decimal",
            "band": "any",
            "label": "watched",
            "severity": "info",
            "valid_from": "2016-04-01",
            "valid_to": "2017-04-01",
            "source": "Committee, 3 March 2016, para 2",
        },
    )
    graph = build_defs(installation).resolve_asset_graph()
    specs = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    (spec,) = [one for one in specs if one.metadata.get("policy") == "vacancies, as agreed 2016"]
    assert spec.name.startswith("policy_vacancies_as_agreed_2016_")
    assert spec.metadata["source"] == "Committee, 3 March 2016, para 2"
    assert spec.metadata["in_force"] == "from 1 April 2016 until the day before 1 April 2017"


def test_a_council_of_the_installation_is_a_partition(installation: Settings) -> None:
    name_it(
        installation,
        "councils",
        {"council": "ambershire", "name": "Ambershire", "standard_hours_per_week": "37"},
    )
    name_it(
        installation,
        "org_units",
        {
            "council": "ambershire",
            "unit": "ambershire",
            "name": "Ambershire",
            "level": "council",
            "valid_from": "2010-04-01",
        },
    )
    partitions = build_defs(installation).resolve_job_def("month").partitions_def
    assert partitions
    assert partitions.has_partition_key(partition_key("ambershire", date(2024, 5, 1)))
    assert not partitions.has_partition_key(partition_key("elsewhere", date(2024, 5, 1)))


def test_a_broken_stretch_of_months_is_loaded_as_unbroken_ranges() -> None:
    months = [date(2017, 12, 1), date(2018, 1, 1), date(2018, 3, 1)]
    assert ranges([("a", month) for month in months] + [("b", months[0])]) == [
        ("a", (months[0], months[1])),
        ("a", (months[2], months[2])),
        ("b", (months[0], months[0])),
    ]


@pytest.mark.parametrize(("tick", "month"), [("2018-06-05", "2018-05"), ("2019-01-05", "2018-12")])
def test_the_schedule_asks_for_the_month_before_of_every_council(
    empty: Settings, defs: dg.Definitions, tick: str, month: str
) -> None:
    schedule = defs.resolve_schedule_def("month_before")
    at = datetime.fromisoformat(f"{tick}T06:00").replace(tzinfo=ZoneInfo("Europe/London"))
    requests: Any = schedule(dg.build_schedule_context(scheduled_execution_time=at))
    asked = [request.partition_key for request in requests]
    assert asked == [f"{council}|{month}" for council in sorted(load_reference(empty).councils)]
    assert schedule.execution_timezone == "Europe/London"


@pytest.mark.usefixtures("an_hour_later")
def test_the_sensor_requests_what_is_new_once_and_what_changed_again(installation: Settings) -> None:
    assert look(installation) == ([], "{}", "Nothing new has landed.")
    may = land(installation, "nottinghamshire/2018-05/caseload.csv")
    land(installation, "nottinghamshire/2018-05/workforce.csv")
    land(installation, "tameside/2018-04/september pack.xlsx")
    land(installation, "tameside/2018-04/readme.txt")
    requested, cursor, _ = look(installation)
    assert requested == ["tameside|2018-04", "nottinghamshire|2018-05"]
    assert look(installation, cursor)[0] == []
    may.write_text("case_id\n1\n", encoding="utf-8")
    requested, cursor, _ = look(installation, cursor)
    assert requested == ["nottinghamshire|2018-05"]
    land(installation, "nottinghamshire/2018-05/notes.txt")
    assert look(installation, cursor)[0] == []


def test_the_sensor_leaves_a_file_that_may_still_be_written_to_its_next_look(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(installation, "nottinghamshire/2018-05/caseload.csv")
    requested, cursor, _ = look(installation)
    assert requested == []
    let_pass(sensors.SECONDS_STILL_BEING_WRITTEN + 1, monkeypatch)
    assert look(installation, cursor)[0] == ["nottinghamshire|2018-05"]


@pytest.mark.usefixtures("an_hour_later")
def test_the_sensor_spreads_a_long_history_over_several_looks(installation: Settings) -> None:
    months = [f"{year}-{month:02}" for year in (2015, 2016, 2017) for month in range(1, 13)]
    for month in months:
        land(installation, f"tameside/{month}/caseload.csv")
    first, cursor, _ = look(installation)
    second, cursor, _ = look(installation, cursor)
    assert len(first) == sensors.MOST_RUNS_A_LOOK
    assert first + second == [f"tameside|{month}" for month in months]
    assert look(installation, cursor)[0] == []


@pytest.mark.usefixtures("an_hour_later")
def test_the_sensor_says_which_months_are_no_partition(installation: Settings) -> None:
    land(installation, "elsewhere/2018-05/caseload.csv")
    land(installation, "tameside/2009-05/caseload.csv")
    requested, _, words = look(installation)
    assert requested == []
    assert "elsewhere 2018-05" in words
    assert "tameside 2009-05" in words


def test_councils_of_one_range_are_archived_under_names_of_their_own(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    received: list[tuple[str, str]] = []

    def receive(*_: Any, load_id: str, council: str, **__: Any) -> Arrival:
        received.append((council, load_id))
        return Arrival(load_id)

    monkeypatch.setattr("dagster_project.deliveries.receive", receive)
    session = LoadSession(
        installation,
        load_reference(installation),
        Manifest(installation.manifest),
        "one-load",
        datetime.now(UTC),
    )
    may = date(2018, 5, 1)
    outcomes = take_in(session, "caseload", [("nottinghamshire", may), ("tameside", may)])
    assert len({load_id for _, load_id in received}) == 2
    assert [outcome.words for outcome in outcomes] == ["nothing landed", "nothing landed"]
