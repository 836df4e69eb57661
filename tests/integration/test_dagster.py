"""The same load through Dagster: what a run makes, shows and refuses, beside what the command line makes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from dagster_project.assets.parsed_project import parsed_project
from dagster_project.definitions import build_defs
from dagster_project.deliveries import Manifest
from dagster_project.extracts import load_specifications
from dagster_project.load import load
from dagster_project.samples import write_samples
from dagster_project.settings import Settings
from dagster_project.warehouse import TransformationError
from dagster_project.warehouse.transformation import NodeResult

COUNCIL = "nottinghamshire"
KEY = "a key for tests, long enough to be one"
NAMED_BY_THE_LOAD = {"delivery", "received_at", "superseded_by"}
ENDED = """policy_id,council,level,metric,rounding,band,label,severity,valid_from,valid_to,source
vacancies_once,nottinghamshire,council,vacancy_rate,one_decimal,any,watched,info,2016-04-01,2018-04-01,A paper
"""
OF_ALL_DIGESTS = {"role", "new", "worsened", "resolved", "via", "delivered", "file"}


class Run:
    """What one run of the job `month` said."""

    def __init__(self, result: dg.ExecuteInProcessResult) -> None:
        self.succeeded = result.success
        self.run_id = result.run_id
        self.failed_steps: dict[str, str] = {}
        self.skipped: set[str] = set()
        self.checks: dict[tuple[str, str], dg.AssetCheckEvaluation] = {}
        self.materialised: dict[str, dict[str, dict[str, Any]]] = {}
        for event in result.all_events:
            data: Any = event.event_specific_data
            if event.is_step_failure:
                self.failed_steps[event.step_key or ""] = data.error.message
            elif event.event_type_value == "STEP_SKIPPED":
                self.skipped.add(event.step_key or "")
            elif event.event_type_value == "ASSET_CHECK_EVALUATION":
                self.checks[data.asset_key.to_user_string(), data.check_name] = data
            elif event.is_step_materialization:
                shown = data.materialization
                metadata = {name: _value(value) for name, value in shown.metadata.items()}
                self.materialised.setdefault(shown.asset_key.to_user_string(), {})[shown.partition] = metadata


def _value(shown: Any) -> Any:
    return (
        [record.data for record in shown.records] if isinstance(shown, dg.TableMetadataValue) else shown.value
    )


class Installation:
    """A data directory with Dagster at work on it."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, pseudonym_key_variable=KEY)
        self.job = build_defs(self.settings).resolve_job_def("month")
        self.instance = dg.DagsterInstance.ephemeral()

    def run(self, first: str, last: str | None = None) -> Run:
        """The job for one month, or for a range in one run."""
        asked: dict[str, Any] = {"partition_key": f"{COUNCIL}|{first}"}
        if last:
            bounds = {"start": first, "end": last}
            asked = {
                "tags": {
                    f"dagster/asset_partition_range_{bound}": f"{COUNCIL}|{month}"
                    for bound, month in bounds.items()
                }
            }
        return Run(self.job.execute_in_process(instance=self.instance, raise_on_error=False, **asked))


def landed_months(home: Path, first: str) -> None:
    """The sample council's deliveries from month `first` on, and a policy of its own that ended before."""
    write_samples(home, [COUNCIL])
    (home / "reference").mkdir(exist_ok=True)
    (home / "reference" / "threshold_policy.csv").write_text(ENDED, encoding="utf-8")
    for folder in (home / "landing" / COUNCIL).iterdir():
        if folder.name < first:
            shutil.rmtree(folder)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("dagster")
    landed_months(home, "2018-04")
    installation = Installation(home)
    with installation.instance:
        yield installation


@pytest.fixture(scope="module")
def nothing_landed(installation: Installation) -> Run:
    return installation.run("2017-01")


@pytest.fixture(scope="module")
def month(installation: Installation, nothing_landed: Run) -> Run:
    return installation.run("2018-05")


@pytest.fixture(scope="module")
def range_of_months(installation: Installation, month: Run) -> Run:
    return installation.run("2018-04", "2018-06")


@pytest.fixture(scope="module")
def refused(installation: Installation, range_of_months: Run) -> tuple[Run, bytes, bytes]:
    """A run on a refused delivery, with the published marts' bytes before and after."""
    folder = installation.settings.landing / COUNCIL / "2018-05"
    (folder / "caseload.csv").write_text("case_id,child_id\n1,2\n", encoding="utf-8")
    posts = folder / "posts.csv"
    posts.write_bytes(posts.read_bytes() + b"\n")
    published = installation.settings.published / "current" / "marts.duckdb"
    before = published.read_bytes()
    run = installation.run("2018-05")
    return run, before, published.read_bytes()


def rows(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Every published mart, both tiers, without what names the load it came with."""
    found = {}
    published = settings.published / "current" / "restricted" / "marts.duckdb"
    with duckdb.connect(str(published), read_only=True) as marts:
        for (mart,) in marts.execute("select table_name from duckdb_tables()").fetchall():
            named = [column for column in marts.table(mart).columns if column in NAMED_BY_THE_LOAD]
            left_out = f"exclude ({', '.join(named)})" if mart == "deliveries" and named else ""
            found[mart] = marts.execute(f"select * {left_out} from {mart} order by all").fetchall()
    return found


def test_a_month_that_nobody_delivered_is_shown_and_builds_nothing(
    installation: Installation, nothing_landed: Run
) -> None:
    assert nothing_landed.succeeded
    assert nothing_landed.materialised["archive/caseload"][f"{COUNCIL}|2017-01"] == {
        "outcome": "nothing landed"
    }
    # That an extract is late is seen all the same: the step of freshness is not among them.
    assert nothing_landed.skipped == {
        "published_marts",
        "managers_site",
        "alerts",
        "thresholds",
        "service",
    }
    assert "caseload_bands" not in nothing_landed.materialised


def test_a_month_archives_builds_checks_publishes_and_tells(installation: Installation, month: Run) -> None:
    assert month.succeeded, month.failed_steps
    partition = f"{COUNCIL}|2018-05"
    archived = month.materialised["archive/caseload"][partition]
    assert archived["outcome"] == "archived"
    assert archived["rows_read"] == archived["rows_accepted"] > 0
    assert Path(archived["archive_file"]).is_file()
    assert (
        Manifest(installation.settings.manifest).in_force()[COUNCIL, date(2018, 5, 1), "caseload"].delivery
        == (archived["delivery"])
    )
    bands = month.materialised["caseload_bands"][partition]
    assert bands["dagster/row_count"] == bands["dagster/partition_row_count"] > 0
    published = month.materialised["published_marts"][partition]
    assert published["rows_of_caseload_bands"] == bands["dagster/row_count"]
    assert (installation.settings.published / "current").resolve() == Path(published["folder"])
    assert Path(month.materialised["managers_site"][partition]["first_page"]).is_file()
    assert month.materialised["managers_site"][partition]["pages_written"] > 0
    assert month.materialised["alerts"][partition]["digests_written"] > 0


def test_checks_show_what_was_judged_and_which_units_are_flagged_and_never_a_worker(month: Run) -> None:
    for extract in load_specifications():
        assert month.checks[f"archive/{extract}", "delivery_summary"].passed
    assert month.checks["caseload_bands", "one_row_per_caseload_bands_council__unit__month"].passed
    check = month.checks["threshold_breaches", "policy_nottinghamshire_average_caseload_child_protection"]
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.ERROR
    units = check.metadata["units"]
    assert isinstance(units, dg.TableMetadataValue)
    (gedling,) = [record.data for record in units.records if record.data["unit"] == "gedling_dcpt"]
    assert gedling == {
        "council": COUNCIL,
        "unit": "gedling_dcpt",
        "month": "2018-05-01",
        "severity": "breach",
        "label": "high and must be reduced",
        "flags": 1,
    }
    assert "18 June 2018, para 3" in str(check.metadata["source"].value)
    assert "27 or more: high and must be reduced" in str(check.metadata["rule"].value)
    for evaluation in month.checks.values():
        for value in evaluation.metadata.values():
            if isinstance(value, dg.TableMetadataValue):
                assert not any("worker" in column.name for column in value.schema.columns)


def test_what_is_for_information_flags_its_units_and_fails_no_check(
    month: Run, installation: Installation
) -> None:
    check = month.checks["threshold_breaches", "policy_unallocated_cases"]
    assert check.passed
    assert check.metadata["severity"].value == "info"
    units = check.metadata["units"]
    assert isinstance(units, dg.TableMetadataValue)
    with duckdb.connect(
        str(installation.settings.published / "current" / "marts.duckdb"), read_only=True
    ) as marts:
        flagged = marts.execute(
            "select distinct unit from threshold_breaches "
            "where metric = 'unallocated_cases' and severity = 'info' and month = '2018-05-01'"
        ).fetchall()
    assert {record.data["unit"] for record in units.records} == {unit for (unit,) in flagged} != set()


def test_a_policy_that_ended_or_does_not_hold_is_shown_as_such(month: Run) -> None:
    states = {
        name.removeprefix("policy_"): check.metadata["state"].value
        for (asset, name), check in month.checks.items()
        if asset == "threshold_breaches" and name.startswith("policy_")
    }
    assert states["nottinghamshire_average_caseload_frontline"] == "In force"
    assert states["tameside_asye_caseload"] == "Does not apply: nothing is loaded of its council"
    assert states["agency_lines_over_price_cap"] == (
        "Not yet in force: begins on 1 October 2024, after the months loaded"
    )
    assert states["vacancies_once"] == "Ended on 1 April 2018: no longer applied"
    assert states["managed_team_days_to_end"] == (
        "Does not apply: nothing it is about was measured, or a more specific policy holds everywhere"
    )
    assert not [
        name
        for (_, name), check in month.checks.items()
        if name.removeprefix("policy_") in states and not check.passed and not check.metadata["judged"].value
    ]


def test_the_history_of_a_policy_over_two_runs_is_read_from_the_instance(
    installation: Installation, month: Run, range_of_months: Run
) -> None:
    key = dg.AssetCheckKey(
        dg.AssetKey("threshold_breaches"), "policy_nottinghamshire_average_caseload_child_protection"
    )
    records = installation.instance.event_log_storage.get_asset_check_execution_history(key, limit=20)
    seen = []
    for record in records:
        assert record.event is not None
        assert record.event.dagster_event is not None
        found = record.event.dagster_event.event_specific_data
        # What a run planned and skipped, for nothing was landed, has no evaluation.
        if isinstance(found, dg.AssetCheckEvaluation):
            units = found.metadata["units"]
            assert isinstance(units, dg.TableMetadataValue)
            flagged = {unit.data["unit"] for unit in units.records}
            seen.append((record.run_id, found.passed, found.severity, flagged))
    # The newest first: in May a team is in breach, June has totals of all teams together.
    in_may = {"gedling_dcpt", "broxtowe_rushcliffe_dcpt", "newark_dcpt", "child_protection"}
    assert seen == [
        (range_of_months.run_id, False, dg.AssetCheckSeverity.WARN, {"child_protection"}),
        (month.run_id, False, dg.AssetCheckSeverity.ERROR, in_may),
    ]


def test_alerts_are_shown_by_role_without_addresses(month: Run) -> None:
    told = month.materialised["alerts"][f"{COUNCIL}|2018-05"]
    assert "@" not in str(told)
    assert all(set(digest) == OF_ALL_DIGESTS for digest in told["digests"])


def test_a_range_of_months_is_one_run_that_shows_each_month(
    installation: Installation, range_of_months: Run
) -> None:
    assert range_of_months.succeeded, range_of_months.failed_steps
    shown = range_of_months.materialised["archive/caseload"]
    assert {key: metadata["outcome"] for key, metadata in shown.items()} == {
        f"{COUNCIL}|2018-04": "archived",
        f"{COUNCIL}|2018-05": "nothing new: already in force",
        f"{COUNCIL}|2018-06": "nothing landed",
    }
    assert range_of_months.materialised["archive/caseload_summary"][f"{COUNCIL}|2018-06"]["rows_accepted"] > 0
    assert Manifest(installation.settings.manifest).months_to_build() == set()


@pytest.mark.long
def test_the_marts_are_those_of_the_command_line(
    installation: Installation, range_of_months: Run, tmp_path: Path
) -> None:
    landed_months(tmp_path, "2018-04")
    by_command = Settings(home=tmp_path, pseudonym_key_variable=KEY)
    load(by_command)
    assert rows(installation.settings) == rows(by_command)


def test_a_refused_delivery_fails_its_own_step_in_its_own_words_and_is_not_run_again(
    installation: Installation, refused: tuple[Run, bytes, bytes]
) -> None:
    run, _, _ = refused
    assert not run.succeeded
    assert list(run.failed_steps) == ["archive__caseload"]
    assert "caseload.csv" in run.failed_steps["archive__caseload"]
    # An instance that runs again what failed leaves this one alone.
    record = installation.instance.get_run_by_id(run.run_id)
    assert record and record.tags["dagster/retry_on_asset_or_op_failure"] == "false"
    check = run.checks["archive/caseload", "delivery_summary"]
    assert not check.passed
    assert check.blocking
    assert "caseload.csv" in (check.description or "")


def test_a_refused_delivery_leaves_other_extracts_their_steps_and_the_marts_as_they_were(
    installation: Installation, refused: tuple[Run, bytes, bytes]
) -> None:
    run, before, after = refused
    assert run.materialised["archive/posts"][f"{COUNCIL}|2018-05"]["outcome"] == "archived"
    assert not {"caseload_bands", "published_marts", "alerts"} & set(run.materialised)
    assert before == after
    in_force = Manifest(installation.settings.manifest).in_force()
    assert not in_force[COUNCIL, date(2018, 5, 1), "caseload"].is_refused
    assert Manifest(installation.settings.manifest).months_to_build() == {(COUNCIL, date(2018, 5, 1))}


def test_marts_that_lack_what_arrived_are_not_published_by_themselves(
    installation: Installation, refused: tuple[Run, bytes, bytes]
) -> None:
    definitions = build_defs(installation.settings)
    alone = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=installation.instance,
        partition_key=f"{COUNCIL}|2018-05",
        asset_selection=[dg.AssetKey("published_marts")],
        raise_on_error=False,
    )
    assert "not built from everything that arrived" in Run(alone).failed_steps["published_marts"]


def test_a_failed_dbt_test_fails_the_step_and_shows_as_its_check(
    installation: Installation, refused: tuple[Run, bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    grain = "one_row_per_caseload_bands_council__unit__month"
    tests = parsed_project(installation.settings)["nodes"]
    unique_id = next(key for key, node in tests.items() if node["name"] == grain)

    def build(*_: Any) -> None:
        failed = NodeResult(unique_id, grain, "test", "fail", 0.1, "Got 1 result")
        raise TransformationError([f"test {grain}: Got 1 result"], [failed])

    monkeypatch.setattr("dagster_project.warehouse.build", build)
    run = installation.run("2018-04")
    assert list(run.failed_steps) == ["dbt_models"]
    assert grain in run.failed_steps["dbt_models"]
    assert not run.checks["caseload_bands", grain].passed
    assert not {"caseload_bands", "published_marts", "alerts"} & set(run.materialised)
