"""Made-up councils of one installation, and programs started on it as people start them. Asserts nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from breached_council import POLICY, RECIPIENTS
from deliveries_fixture import KEY, land, make_home, rows_of, write_reference

from dagster_project.settings import PROJECT_ROOT, Settings

BIN = Path(sys.executable).parent
TEAMS = {"northshire": "Ashfield DCPT", "southshire": "Duty Team"}
MONTHS = ("2024-04", "2024-05")


def make_councils(home: Path) -> Settings:
    settings = make_home(home)
    write_reference(settings, alert_recipients=RECIPIENTS, threshold_policy=POLICY)
    return settings


def land_councils(settings: Settings, months: Sequence[str] = MONTHS, cases: int = 60) -> None:
    """Every council's months: two workers, and that many cases between them.

    No two months of the bytes: of two alike the one that came second is told, and which that is hangs on the order.
    """
    for council, team in TEAMS.items():
        for place, month in enumerate(months):
            for extract, count in (("caseload", cases), ("workforce", 2)):
                rows = [row | {"team": team} for row in rows_of(extract, count)]
                land(settings, f"{extract}.csv", rows[place:] + rows[:place], month, council)


def environment_of(settings: Settings, **more: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("CASELOAD_", "DAGSTER_"))
    }
    return {
        **kept,
        "CASELOAD_HOME": str(settings.home),
        "CASELOAD_PSEUDONYM_KEY": KEY,
        "PYTHONUNBUFFERED": "1",
        "TERM": "dumb",
        "COLUMNS": "400",
        **more,
    }


def start(
    settings: Settings, program: str, *arguments: str, printed_to: Path, **more: str
) -> subprocess.Popen[bytes]:
    """A program of this environment, at work in a group of its own; what it prints goes to the file."""
    with printed_to.open("ab") as out:
        return subprocess.Popen(
            [str(BIN / program), *arguments],
            cwd=PROJECT_ROOT,
            env=environment_of(settings, **more),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
