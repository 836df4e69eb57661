"""The deployment of deploy/container on real PostgreSQL: webserver, daemon and code server, each lost in a backfill.

The files are those of the deployment, the servers real, on the loopback; every one is killed while a run is at work.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from breached_council import marts_differing, told_in
from free_ports import free_port
from postgres_server import Postgres, binaries
from several_councils import MONTHS, TEAMS, land_councils, make_councils, start

from dagster_project.deliveries import Manifest
from dagster_project.load import load
from dagster_project.settings import PROJECT_ROOT, Settings

pytestmark = [
    pytest.mark.servers,
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.skipif(
        binaries() is None and not os.environ.get("CI"),
        reason="PostgreSQL is not installed; .ci/run installs it",
    ),
]

CONTAINER = PROJECT_ROOT / "deploy" / "container"
PLACES = [f"{council}|{month}" for month in MONTHS for council in TEAMS]
LONGEST = 1200
BACKFILL = """
mutation ($asked: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $asked) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
  }
}
"""
RUNS = "{ runsOrError(limit: 100) { ... on Runs { results { runId status tags { key value } } } } }"
STATE = "query ($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"
LOCATIONS = "{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename } } } } }"


class Deployment:
    """The services of compose.yaml as processes, by the same commands."""

    def __init__(self, settings: Settings, postgres: Postgres, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._ports = {"code": free_port(), "webserver": free_port()}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        home = folder / "dagster-home"
        home.mkdir()
        for name in ("dagster.yaml", "workspace.yaml"):
            shutil.copyfile(CONTAINER / name, home / name)
        self._environment = {
            **postgres.environment,
            "DAGSTER_HOME": str(home),
            "CASELOAD_CODE_HOST": "127.0.0.1",
            "CASELOAD_CODE_PORT": str(self._ports["code"]),
            "CASELOAD_COMPUTE_LOGS": str(folder / "compute-logs"),
        }
        written = yaml.safe_load((CONTAINER / "compose.yaml").read_text(encoding="utf-8"))["services"]
        here = {
            "0.0.0.0": "127.0.0.1",  # noqa: S104  replaced by the loopback
            "4000": str(self._ports["code"]),
            "3000": str(self._ports["webserver"]),
            "/opt/dagster/workspace.yaml": str(home / "workspace.yaml"),
        }
        self._commands = {
            name: [here.get(word, word) for word in written[name]["command"]]
            for name in ("code", "daemon", "webserver")
        }

    def start(self, name: str) -> None:
        self._running[name] = start(
            self._settings,
            *self._commands[name],
            printed_to=self._folder / f"{name}.log",
            **self._environment,
        )

    def kill(self, name: str) -> None:
        """With every process it started, as a container goes."""
        process = self._running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for name in list(self._running):
            self.kill(name)

    def ask(self, query: str, **variables: Any) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._ports['webserver']}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            found = json.load(answer)
        assert "errors" not in found, found
        return found["data"]

    def is_up(self) -> bool:
        try:
            entries = self.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
        except (OSError, KeyError, AssertionError):
            return False
        return [entry["locationOrLoadError"]["__typename"] for entry in entries] == ["RepositoryLocation"]

    def runs(self) -> dict[str, list[tuple[str, str]]]:
        """Status of each partition's runs, the newest first."""
        found: dict[str, list[tuple[str, str]]] = {}
        for run in self.ask(RUNS)["runsOrError"]["results"]:
            tags = {tag["key"]: tag["value"] for tag in run["tags"]}
            # A backfill of a job names its month as a range of one.
            found.setdefault(tags["dagster/asset_partition_range_start"], []).append(
                (run["status"], run["runId"])
            )
        return found

    def at_work(self) -> list[str]:
        return [run_id for runs in self.runs().values() for status, run_id in runs if status == "STARTED"]

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in self._folder.glob("*.log")
        )


def until(what: Callable[[], Any], deployment: Deployment, seconds: float = LONGEST) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := what():
                return found
        except (OSError, urllib.error.URLError, AssertionError):
            pass  # one of the servers is down, as it shall be
        time.sleep(1)
    raise AssertionError(f"it never came\n{deployment.logs()}")


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture
def deployment(postgres: Postgres, tmp_path: Path) -> Iterator[Deployment]:
    settings = make_councils(tmp_path / "home")
    land_councils(settings)
    made = Deployment(settings, postgres, tmp_path)
    yield made
    made.stop()


def test_a_backfill_completes_though_postgresql_daemon_code_server_and_webserver_were_lost_in_its_middle(
    deployment: Deployment, postgres: Postgres, tmp_path: Path
) -> None:
    for name in ("code", "daemon", "webserver"):
        deployment.start(name)
    until(deployment.is_up, deployment, 240)
    asked = {
        "selector": {
            "partitionSetName": "month_partition_set",
            "repositorySelector": {"repositoryName": "__repository__", "repositoryLocationName": "caseload"},
        },
        "partitionNames": PLACES,
    }
    launched = deployment.ask(BACKFILL, asked=asked)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched

    def new_run(seen: set[str]) -> str | None:
        return next((one for one in deployment.at_work() if one not in seen), None)

    seen: set[str] = set()
    lost: dict[str, str] = {}
    for what in ("daemon", "postgresql", "code", "webserver"):
        lost[what] = until(lambda: new_run(seen), deployment)
        seen.add(lost[what])
        time.sleep(2)
        if what == "postgresql":
            postgres.restart()
        else:
            deployment.kill(what)
            time.sleep(3)
            deployment.start(what)

    def is_over() -> bool:
        state = deployment.ask(STATE, id=launched["backfillId"])["partitionBackfillOrError"]["status"]
        runs = deployment.runs()
        waiting = {"STARTED", "QUEUED", "STARTING", "NOT_STARTED", "CANCELING"}
        return (
            set(runs) == set(PLACES)
            and all(found[0][0] == "SUCCESS" for found in runs.values())
            and not any(status in waiting for found in runs.values() for status, _ in found)
            and state in {"COMPLETED", "COMPLETED_SUCCESS", "COMPLETED_FAILED"}
        )

    until(is_over, deployment)
    ends = {run_id: status for found in deployment.runs().values() for status, run_id in found}
    # The code server took its run along, and another did the work; the daemon and the webserver took none.
    assert ends[lost["code"]] == "FAILURE", ends
    assert ends[lost["daemon"]] == ends[lost["webserver"]] == "SUCCESS", ends
    undisturbed = make_councils(tmp_path / "undisturbed")
    land_councils(undisturbed)
    load(undisturbed)
    here = Settings(home=tmp_path / "home", pseudonym_key_variable=undisturbed.pseudonym_key_variable)
    assert not Manifest(here.manifest).months_to_build()
    assert marts_differing(here, undisturbed) == []
    assert len(told_in(here)) == len(set(told_in(here))) > 0
