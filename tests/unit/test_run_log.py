"""The log of loads: lines that a program reads, with run, council and month, and nobody in them."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from dagster_project.alerts.delivery import STEPS as OF_A_MESSAGE
from dagster_project.run_log import logged
from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.steps import STEPS, reached


def lines(settings: Settings) -> list[dict[str, object]]:
    return [
        json.loads(line)
        for path in sorted(settings.logs.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def test_a_run_is_told_from_its_beginning_to_its_end_with_its_steps_and_their_seconds(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with logged(settings, "run-1") as log:
        reached("the lock is held")
        log.tell("delivery", council="northshire", month="2024-05", extract="caseload", rows_accepted=3)
    reached("after it nobody listens")

    told = lines(settings)
    assert [line["event"] for line in told] == ["begun", "step", "delivery", "done"]
    assert {line["run"] for line in told} == {"run-1"}
    assert told[1]["step"] == "the lock is held"
    assert all(isinstance(told[number]["seconds"], float) for number in (1, 3))
    assert told[2]["council"] == "northshire" and told[2]["month"] == "2024-05"


def test_of_a_failure_only_its_kind_is_told(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(ValueError, match="Jane"), logged(settings, "run-2"):
        raise ValueError("Jane Smith, SW0000000001")

    assert lines(settings)[-1]["event"] == "failed" and lines(settings)[-1]["kind"] == "ValueError"
    assert "Jane" not in next(settings.logs.glob("*.jsonl")).read_text(encoding="utf-8")


def test_the_log_is_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with logged(settings, "run-3"):
        pass
    assert stat.S_IMODE(settings.logs.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in settings.logs.iterdir()} == {0o600}


def test_every_step_is_reached_somewhere_in_the_code_and_no_other() -> None:
    called = {
        step
        for path in (PROJECT_ROOT / "dagster_project").rglob("*.py")
        for step in re.findall(r'\breached\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    }

    assert set(STEPS) - called == set()
    assert called - set(STEPS) - set(OF_A_MESSAGE) == set()


def test_a_log_that_cannot_be_written_stops_no_load(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.logs.write_text("a file where the folder should be")
    with logged(settings, "run-4"):
        reached("the lock is held")
