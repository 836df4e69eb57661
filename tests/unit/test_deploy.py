"""The units of deploy/ are ones that systemd takes, and call commands that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.settings import PROJECT_ROOT

UNITS = sorted((PROJECT_ROOT / "deploy" / "systemd").iterdir())
INSTALLED_AT = "/opt/caseload/.venv/bin/caseload"
ANALYZE = shutil.which("systemd-analyze")


@pytest.mark.long  # after the packages of the system are there
@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed; .ci/run installs it")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    here = Path(sys.executable).with_name("caseload")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(INSTALLED_AT, str(here))
        (tmp_path / unit.name).write_text(text, encoding="utf-8")

    assert ANALYZE
    done = subprocess.run(
        [
            ANALYZE,
            "verify",
            "--man=no",
            "--recursive-errors=no",
            *(str(tmp_path / unit.name) for unit in UNITS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    ours = [line for line in done.stderr.splitlines() if "caseload" in line]
    assert (done.returncode, ours) == (0, [])


@pytest.mark.parametrize(
    "unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name
)
def test_a_service_calls_a_command_of_ours_under_a_user_of_its_own_and_names_no_secret(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")

    assert re.findall(rf"{INSTALLED_AT} (\w+)", text)
    assert set(re.findall(rf"{INSTALLED_AT} (\w+)", text)) <= {"load", "backup"}
    assert "User=caseload" in text and "NoNewPrivileges=yes" in text
    assert not re.search(r"KEY=|PASSWORD=", text)


def test_every_timer_starts_a_service_that_is_there() -> None:
    for unit in UNITS:
        if unit.suffix == ".timer":
            assert unit.with_suffix(".service") in UNITS
