"""Loads, runs and readers at one time on one installation: nobody corrupts, nobody reads half of anything.

Every load, run and reader is a process of its own, started as people start it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from breached_council import marts_differing, told_in
from several_councils import MONTHS, TEAMS, environment_of, land_councils, make_councils, start

from dagster_project.deliveries import Manifest
from dagster_project.load import load
from dagster_project.settings import PROJECT_ROOT, Settings

pytestmark = pytest.mark.long

HOLDER = re.compile(r"caseload load, process (\d+) of \S+ on \S+, since \d{1,2} \w+ \d{4} \d\d:\d\d:\d\d UTC")
OF_A_RUN = re.compile(r"the Dagster run ([0-9a-f]{8}), process (\d+) of ")
LONGEST = 1500
PROCESSES = {
    "max_concurrent": 3,
    "start_method": {"forkserver": {"preload_modules": ["dagster_project.definitions"]}},
}
CASES = (60, 61, 62, 63, 64)
"""Of each council and month, one publication after the other."""


@pytest.fixture(scope="module")
def one_after_the_other(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What the loads come to when nobody disturbs them: council after council, month after month."""
    settings = make_councils(tmp_path_factory.mktemp("undisturbed") / "home")
    land_councils(settings)
    for council in TEAMS:
        load(settings, council=council)
    return settings


@pytest.fixture
def landed(tmp_path: Path) -> Settings:
    settings = make_councils(tmp_path / "home")
    land_councils(settings)
    return settings


def wait_for_holder(settings: Settings, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not settings.lock_holder.exists():
        assert time.monotonic() < until, "nobody took the lock"
        time.sleep(0.01)


def is_whole(settings: Settings) -> bool:
    """Nothing is left to build, and both databases are sound."""
    with duckdb.connect(str(settings.database), read_only=True) as warehouse:
        warehouse.execute("select count(*) from caseload_bands").fetchall()
    return not Manifest(settings.manifest).months_to_build() and not settings.lock_holder.exists()


def test_of_two_loads_started_together_one_says_who_holds_the_lock(
    landed: Settings, one_after_the_other: Settings, tmp_path: Path
) -> None:
    printed = [tmp_path / name for name in ("first", "second")]
    loads = [
        start(landed, "caseload", "load", "--council", council, printed_to=out)
        for council, out in zip(TEAMS, printed, strict=True)
    ]
    codes = [one.wait(LONGEST) for one in loads]

    assert sorted(codes) == [0, 1], [out.read_text() for out in printed]
    refused = printed[codes.index(1)].read_text()
    assert "another load is at work" in refused
    found = HOLDER.search(refused)
    assert found and int(found[1]) == loads[codes.index(0)].pid
    load(landed)
    assert is_whole(landed)
    assert marts_differing(landed, one_after_the_other) == []


def test_a_load_that_waits_says_for_whom_and_loads_when_its_turn_comes(
    landed: Settings, one_after_the_other: Settings, tmp_path: Path
) -> None:
    first = start(landed, "caseload", "load", "--council", "northshire", printed_to=tmp_path / "first")
    wait_for_holder(landed)
    second = start(
        landed, "caseload", "load", "--council", "southshire", "--wait", "5", printed_to=tmp_path / "second"
    )
    third = start(landed, "caseload", "load", "--wait", "5", printed_to=tmp_path / "third")

    assert [one.wait(LONGEST) for one in (first, second, third)] == [0, 0, 0]
    for waited in ("second", "third"):
        told = (tmp_path / waited).read_text()
        assert "Waiting for another load: caseload load, process " in told and HOLDER.search(told)
    assert is_whole(landed)
    assert marts_differing(landed, one_after_the_other) == []
    assert len(told_in(landed)) == len(set(told_in(landed))) > 0


def test_a_load_killed_while_another_waits_leaves_it_the_lock_and_the_work(
    landed: Settings, one_after_the_other: Settings, tmp_path: Path
) -> None:
    first = start(landed, "caseload", "load", printed_to=tmp_path / "first")
    wait_for_holder(landed)
    second = start(landed, "caseload", "load", "--wait", "5", printed_to=tmp_path / "second")
    until = time.monotonic() + 60
    while b"Waiting for another load" not in (tmp_path / "second").read_bytes():
        assert time.monotonic() < until
        time.sleep(0.05)
    first.kill()
    first.wait()

    assert second.wait(LONGEST) == 0, (tmp_path / "second").read_text()
    assert is_whole(landed)
    assert marts_differing(landed, one_after_the_other) == []


def run_of(
    settings: Settings, council: str, month: str, printed_to: Path, *, in_processes: bool
) -> subprocess.Popen[bytes]:
    home = printed_to.parent / "dagster-home"
    if not home.exists():
        home.mkdir()
        (home / "dagster.yaml").write_text((PROJECT_ROOT / "dagster_project" / "dagster.yaml").read_text())
        # Dagster makes its SQLite files at the first use, and trips where several do so at once.
        with dg.DagsterInstance.from_config(str(home)) as instance:
            instance.get_runs_count()
    kind = {"multiprocess": PROCESSES} if in_processes else {"in_process": {}}
    return start(
        settings,
        "dagster",
        *("asset", "materialize", "--select", "*", "--partition", f"{council}|{month}"),
        *("-m", "dagster_project.definitions", "--config-json", json.dumps({"execution": {"config": kind}})),
        printed_to=printed_to,
        DAGSTER_HOME=str(home),
    )


def test_a_dagster_run_and_a_load_beside_it_take_turns(
    landed: Settings, one_after_the_other: Settings, tmp_path: Path
) -> None:
    run = run_of(landed, "northshire", MONTHS[0], tmp_path / "run", in_processes=False)
    wait_for_holder(landed, 120)
    refused = start(landed, "caseload", "load", printed_to=tmp_path / "refused")
    waiting = start(landed, "caseload", "load", "--wait", "5", printed_to=tmp_path / "waiting")

    assert refused.wait(LONGEST) == 1
    told = OF_A_RUN.search((tmp_path / "refused").read_text())
    assert told and int(told[2]) == run.pid
    assert [run.wait(LONGEST), waiting.wait(LONGEST)] == [0, 0], (tmp_path / "run").read_text()[-3000:]
    assert "Waiting for another load: the Dagster run " in (tmp_path / "waiting").read_text()
    assert is_whole(landed)
    assert marts_differing(landed, one_after_the_other) == []


def test_fifty_readers_see_whole_versions_and_no_error_while_months_are_loaded_and_published(
    landed: Settings, tmp_path: Path
) -> None:
    load(landed)
    stop = tmp_path / "stop"
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "readers", str(landed.published), str(stop), "5"],
            env={**environment_of(landed), "PYTHONPATH": str(PROJECT_ROOT / "tests")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(10)
    ]
    try:
        for cases in CASES[1:]:
            land_councils(landed, cases=cases)
            assert start(landed, "caseload", "load", printed_to=tmp_path / "loads").wait(LONGEST) == 0
        time.sleep(3)
    finally:
        stop.touch()
    told = [json.loads(program.communicate(timeout=LONGEST)[0]) for program in programs]

    assert [wrong for one in told for wrong in one["wrong"]] == []
    assert all(count > 0 for one in told for count in one["reads"].values())
    versions = {cases * len(TEAMS) * len(MONTHS) for cases in CASES}
    seen = {value for one in told for value in one["seen"]}
    assert seen == versions
    # More publications than versions are kept: the first was taken away under its readers.
    assert len(list((landed.published / "versions").iterdir())) < len(CASES)
