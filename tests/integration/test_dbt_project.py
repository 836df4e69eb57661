"""The dbt project on a small council: its own unit tests, and the same rows whatever the order of arrival."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from landing import MONTHS, first_day, land_month, make_small_council

from dagster_project import warehouse
from dagster_project.load import LoadReport, announce, load
from dagster_project.reference import load_reference
from dagster_project.settings import Settings
from dagster_project.warehouse.building import build_with_duckdb
from dagster_project.warehouse.compiled_project import compiled_nodes
from dagster_project.warehouse.transformation import invoke

FIRST_LOAD = datetime(2024, 6, 3, 6, tzinfo=UTC)
LATE, CORRECTED = 12, 0
# What a delivery is called and when it came differs from load to load; what it says may not.
COLUMNS_OF_ONE_LOAD = {"deliveries": ["delivery", "received_at"]}

Rows = Counter[tuple[Any, ...]]


@dataclass
class Installation:
    """A home, what each of its loads reported, and the marts its readers found after each."""

    settings: Settings
    reports: dict[str, LoadReport] = field(default_factory=dict)
    marts: dict[str, dict[str, Rows]] = field(default_factory=dict)

    def load(self, name: str) -> None:
        report = load(self.settings, now=FIRST_LOAD + timedelta(hours=len(self.reports)))
        assert not report.has_refusals, report.arrival.refused
        self.reports[name] = report
        self.marts[name] = {mart.name: self._rows(mart.name) for mart in warehouse.marts(self.settings)}

    def _rows(self, mart: str) -> Rows:
        left_out = COLUMNS_OF_ONE_LOAD.get(mart)
        columns = f"* exclude ({', '.join(left_out)})" if left_out else "*"
        in_force = " where is_in_force" if mart == "deliveries" else ""
        with self.reader() as marts:
            return Counter(marts.execute(f"select {columns} from {mart}{in_force}").fetchall())

    def reader(self) -> duckdb.DuckDBPyConnection:
        current = (self.settings.published / "current").resolve()
        return duckdb.connect(str(current / "restricted" / "marts.duckdb"), read_only=True)

    def value(self, sql: str) -> dict[tuple[Any, ...], Any]:
        """The last column by those before it."""
        with self.reader() as marts:
            return {tuple(row[:-1]): row[-1] for row in marts.execute(sql).fetchall()}


@dataclass
class Stepwise(Installation):
    """The council's months as they arrive, one late and one told wrongly at first; `looking_back` is as found then."""

    looking_back: dict[str, dict[str, dict[tuple[Any, ...], Any]]] = field(default_factory=dict)

    def arrive(self, name: str, months: Sequence[int], *, as_first_told: Sequence[int] = ()) -> None:
        for month in months:
            land_month(self.settings, month, as_first_told=month in as_first_told)
        self.load(name)
        self.looking_back[name] = {measure: self.value(sql) for measure, sql in LOOKING_BACK.items()}


LOOKING_BACK = {
    "restated_cases": "select unit, month, restated_cases from throughput",
    "year_to_date": "select unit, month, year_to_date_gbp from agency_costs",
    "changes_of_worker_12m": "select worker_key, month, changes_of_worker_12m from worker_caseloads",
    "contacts_change_1y": "select unit, month, contacts_change_1y from demand",
    "workers_per_child_12m": "select unit, month, workers_per_child_12m from timeliness",
    "months_in_breach": (
        "select unit, metric, month, months_in_breach from threshold_breaches where worker_key is null"
    ),
}


# What was told and then moved by a later delivery: of one load that brings everything there is nothing to tell.
TELLS_OF_ARRIVAL = {"alert_corrections"}


@pytest.fixture(scope="module")
def stepwise(tmp_path_factory: pytest.TempPathFactory) -> Stepwise:
    told = Stepwise(make_small_council(tmp_path_factory.mktemp("stepwise")))
    told.arrive("half a year", range(6), as_first_told=[CORRECTED])
    told.arrive("five months", range(6, 11))
    told.arrive("the twelfth month", [11])
    told.arrive("a month after a gap", [13])
    told.arrive("the late month", [LATE])
    told.arrive("the corrected month", [CORRECTED])
    return told


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    told = Installation(make_small_council(tmp_path_factory.mktemp("at_once")))
    for month in range(MONTHS):
        land_month(told.settings, month)
    told.load("everything")
    return told


def months_changed(stepwise: Stepwise, measure: str, load_before: str, load_after: str) -> set[date]:
    """Months for which the later load tells another value of the measure than the earlier one."""
    before, after = (stepwise.looking_back[name][measure] for name in (load_before, load_after))
    return {key[-1] for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def test_every_unit_test_of_the_dbt_project_runs_and_passes(at_once: Installation) -> None:
    declared = {
        test["name"]
        for path in at_once.settings.dbt_project.glob("models/**/*.yml")
        for test in yaml.safe_load(path.read_text(encoding="utf-8")).get("unit_tests", [])
    }

    results = invoke(at_once.settings, ["test", "--select", "test_type:unit"])

    assert {result.name for result in results} == declared != set()
    assert {result.status for result in results} == {"pass"}


def test_a_build_runs_every_reconciliation_and_they_hold(stepwise: Stepwise) -> None:
    reconciliations = {path.stem for path in stepwise.settings.dbt_project.glob("tests/*.sql")}

    for report in stepwise.reports.values():
        assert report.build is not None
        tests = {node.name: node.status for node in report.build.nodes if node.kind == "test"}
        assert reconciliations <= tests.keys() and reconciliations
        assert set(tests.values()) == {"pass"}


def test_only_the_first_load_builds_everything(stepwise: Stepwise) -> None:
    built = {
        name: (report.build.is_full, {month for _, month in report.build.months})
        for name, report in stepwise.reports.items()
        if report.build
    }

    assert built["half a year"] == (True, {first_day(month) for month in range(6)})
    assert built["five months"] == (False, {first_day(month) for month in range(6, 11)})
    assert built["the twelfth month"] == (False, {first_day(11)})
    assert built["the late month"] == (False, {first_day(LATE)})
    assert built["the corrected month"] == (False, {first_day(CORRECTED)})


def test_months_after_the_first_load_run_what_dbt_compiled_and_dbt_builds_what_does_not_go_through(
    stepwise: Stepwise,
) -> None:
    exposures = {
        name: [node.name for node in report.build.nodes if node.kind == "exposure"]
        for name, report in stepwise.reports.items()
        if report.build
    }
    assert [name for name, shown in exposures.items() if shown] == ["half a year"]
    kept = stepwise.settings.warehouse / "dbt" / "compiled.json"
    sound = kept.read_text(encoding="utf-8")
    head, nodes = (json.loads(line) for line in sound.split("\n"))
    test = next(node for node in nodes if node["kind"] == "test")
    test["sql"] = "select 1 as a_row_that_is_found"
    changed = json.dumps(nodes)
    head["sum"] = hashlib.sha256(changed.encode()).hexdigest()
    kept.write_text(f"{json.dumps(head)}\n{changed}", encoding="utf-8")
    compiled = compiled_nodes(stepwise.settings)
    assert compiled
    assert "a_row_that_is_found" in next(node.sql for node in compiled if node.name == test["name"])

    results = build_with_duckdb(stepwise.settings, is_full=False, with_seeds=False)

    assert {node.status for node in results if node.name == test["name"]} == {"pass"}
    assert kept.read_text(encoding="utf-8").split("\n")[1] == sound.split("\n")[1]


def test_builds_of_few_months_read_every_input_once_and_leave_what_reference_data_makes(
    stepwise: Stepwise,
) -> None:
    nodes = compiled_nodes(stepwise.settings)
    assert nodes
    staging = {path.stem for path in stepwise.settings.dbt_project.glob("models/staging/*.sql")}
    assert staging <= {node.name for node in nodes if node.is_landed} and staging
    of_reference = {node.name: node.sql for node in nodes if node.is_of_reference}
    assert "dfe_rates" in of_reference and "read_parquet" not in "".join(of_reference.values())
    for path in stepwise.settings.run_inputs.glob("*.parquet"):
        said = [node.sql.count(str(path)) for node in nodes]
        assert said == [node.sql.count(f"read_parquet('{path}')") for node in nodes] and any(said)


def test_month_after_month_gives_the_rows_of_one_full_build(
    stepwise: Stepwise, at_once: Installation
) -> None:
    in_steps, in_one = stepwise.marts["the corrected month"], at_once.marts["everything"]

    assert in_steps.keys() == in_one.keys()
    for mart in in_one.keys() - TELLS_OF_ARRIVAL:
        assert in_one[mart], f"{mart} has no row to compare"
        assert in_steps[mart] - in_one[mart] == in_one[mart] - in_steps[mart] == Counter(), mart


@pytest.mark.parametrize(
    ("measure", "months"),
    [
        # The month itself was wrong, the one after it compares with it, the financial year adds it up, the twelfth
        # month end after it still sees who had its cases, a year later its month is held against it, and a breach
        # that began there has lasted ever since.
        ("restated_cases", {1}),
        ("year_to_date", set(range(12)) - {5}),
        ("changes_of_worker_12m", {11}),
        ("workers_per_child_12m", {11}),
        ("contacts_change_1y", {12}),
        ("months_in_breach", set(range(14))),
    ],
)
def test_a_corrected_month_rebuilds_what_looks_back_on_it(
    stepwise: Stepwise, measure: str, months: set[int]
) -> None:
    changed = months_changed(stepwise, measure, "the late month", "the corrected month")

    assert changed == {first_day(month) for month in months}


@pytest.mark.parametrize(
    ("measure", "months"),
    [
        ("restated_cases", {12, 13}),
        ("year_to_date", {12, 13}),
        ("changes_of_worker_12m", {12, 13}),
        ("workers_per_child_12m", {12, 13}),
        ("contacts_change_1y", {12}),
    ],
)
def test_a_late_month_fills_the_gap_for_the_months_after_it(
    stepwise: Stepwise, measure: str, months: set[int]
) -> None:
    changed = months_changed(stepwise, measure, "a month after a gap", "the late month")

    assert changed == {first_day(month) for month in months}


def test_a_breach_that_began_in_the_corrected_month_lasts_thirteen_months_on(stepwise: Stepwise) -> None:
    of_the_hub = ("hub", "cases_without_social_workers", first_day(MONTHS - 1))

    before, after = (
        stepwise.looking_back[name]["months_in_breach"][of_the_hub]
        for name in ("the late month", "the corrected month")
    )

    assert (before, after) == (MONTHS - 1, MONTHS)


def test_a_year_of_changes_is_unknown_until_twelve_months_are_loaded(stepwise: Stepwise) -> None:
    known = stepwise.looking_back["the twelfth month"]["changes_of_worker_12m"]

    assert {month for (_, month), changes in known.items() if changes is not None} == {first_day(11)}
    assert any(changes for changes in known.values())


def test_what_landed_is_mailed_with_its_figure_and_the_way_back_to_its_target(
    at_once: Installation, tmp_path: Path
) -> None:
    recipients = tmp_path / "recipients.csv"
    recipients.write_text(
        "council,unit,severity,channel,role\nwestshire,duty,info,mailto:duty@westshire.example,manager\n",
        encoding="utf-8",
    )
    settings = replace(at_once.settings, site_url="https://intranet.example")
    reference = load_reference(settings, {"alert_recipients": recipients})
    # The mart's own words for the way back, computed apart from that of the alerts.
    crossed = at_once.value(
        "select unit, cast(average_caseload_rounded as varchar),"
        " ceil(open_cases - target_caseload * fte_social_workers),"
        " fte_to_target from caseload_bands"
        " where severity = 'warning' and month = date '2024-05-01' and unit = 'duty'"
    )

    told = announce(settings, reference, "load-1", FIRST_LOAD)

    assert told is not None and list(crossed) == [("duty", "4", Decimal(1))]
    ((message,),) = [
        [message_from_bytes(digest.path.read_bytes(), policy=policy.default) for digest in told.digests]
    ]
    assert str(message["Subject"]).startswith("Caseload 2024-05 Westshire P")
    plain, page = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None and page is not None
    text, html = " ".join(str(plain.get_content()).split()), str(page.get_content())
    for (unit, figure, cases), fte in crossed.items():
        assert f"Average caseload: {figure} cases per FTE social worker" in text
        assert f"fewer cases: {cases:.0f}, or more FTE of social workers: {fte}" in text
        assert f"https://intranet.example/westshire/units/{unit}.html" in html
    drawn = [part for part in message.walk() if part.get_content_type() == "image/png"]
    # One for light screens and one for dark ones.
    assert drawn and all(f'="cid:{part["Content-ID"].strip("<>")}"' in html for part in drawn)
    assert "Apr 2024" in html and "0.871 above the target of 3" in text
