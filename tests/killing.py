"""A command in a process of its own, killed (kill -9) as it comes to a given call. Says nothing of what is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from deliveries_fixture import KEY

TESTS = Path(__file__).resolve().parent
PROGRAM = "import sys; from killing import run_and_die; run_and_die(*sys.argv[1:])"


@dataclass(frozen=True)
class Ended:
    """How the process ended, and all that it printed."""

    code: int
    printed: str

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


def killed_at(
    home: Path, command: Sequence[str], place: str, call: int = 1, memory: str = "", **environment: str
) -> Ended:
    """Run `caseload` with the command's arguments until it comes to `module:function` for the call-th time.

    Its folder for scratch is `home.with_name("scratch")`; `memory` is all that DuckDB may hold while it reads.
    """
    scratch = home.with_name("scratch")
    scratch.mkdir(exist_ok=True)
    known = {name: value for name, value in os.environ.items() if not name.startswith("CASELOAD_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, place, str(call), memory, *command],
        env={
            **known,
            "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)]),
            "TMPDIR": str(scratch),
            "CASELOAD_HOME": str(home),
            "CASELOAD_PSEUDONYM_KEY": KEY,
            **environment,
        },
        capture_output=True,
        timeout=900,
        check=False,
    )
    return Ended(done.returncode, (done.stdout + done.stderr).decode(errors="replace"))


def run_and_die(place: str, call: str, memory: str, *command: str) -> None:
    from dagster_project import scratch
    from dagster_project.cli import main

    if memory:
        _hold_no_more_than(scratch, memory)
    _die_at(place, int(call))
    sys.argv = ["caseload", *command]
    main()


def _die_at(place: str, call: int) -> None:
    module, _, name = place.partition(":")
    owner: Any = import_module(f"dagster_project.{module}")
    *within, name = name.split(".")
    for part in within:
        owner = getattr(owner, part)
    original, calls = getattr(owner, name), [0]

    def dying(*arguments: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **named)

    setattr(owner, name, dying)


def _hold_no_more_than(scratch: Any, memory: str) -> None:
    spilling = scratch.spill_encrypted

    def limited(connection: Any, folder: Path) -> None:
        spilling(connection, folder)
        connection.execute(f"set memory_limit = '{memory}'; set threads = 1")

    scratch.spill_encrypted = limited
