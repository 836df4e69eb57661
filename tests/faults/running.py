"""A load in a process of its own, killed (kill -9) as it reaches a named step, or watched. Looks at nothing left."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import mkdtemp

from deliveries_fixture import KEY
from killing import Ended

from faults.system_calls import Decide, be_watched, watch

FORKED = get_context("forkserver")
FORKED.set_forkserver_preload(["faults.imported"])


def run_apart(
    home: Path,
    *command: str,
    die_at: str = "",
    now: datetime | None = None,
    watched: Path | None = None,
    decide: Decide | None = None,
) -> Ended:
    """Run `caseload` with the command's arguments; `now` is a load's clock, `watched` where its renames are told.

    `decide` is asked what becomes of each system call that is about to change a file.
    """
    said = Path(mkdtemp()) / "said"
    told, asking = FORKED.Pipe()
    process = FORKED.Process(
        target=_live,
        args=(
            home,
            command or ("load",),
            said,
            die_at,
            now,
            watched,
            asking if decide else None,
            os.getpid(),
        ),
    )
    process.start()
    if decide:
        watch(told, decide)
    process.join(900)
    assert process.exitcode is not None, "it hangs"
    return Ended(process.exitcode, said.read_text(encoding="utf-8"))


def _live(
    home: Path,
    command: Sequence[str],
    said: Path,
    die_at: str,
    now: datetime | None,
    watched: Path | None,
    asking: Connection | None,
    watcher: int,
) -> None:
    from dagster_project.cli import main
    from dagster_project.load import load
    from dagster_project.settings import load_settings
    from dagster_project.steps import watching
    from faults.renames import told_of_renames

    for name in [name for name in os.environ if name.startswith("CASELOAD_")]:
        del os.environ[name]
    os.environ.update(CASELOAD_HOME=str(home), CASELOAD_PSEUDONYM_KEY=KEY)
    if asking:
        be_watched(asking, watcher)
    sys.argv = ["caseload", *command]
    with ExitStack() as stack:
        out = stack.enter_context(said.open("w", encoding="utf-8"))
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(out))
        stack.enter_context(watching(_dying_at(die_at)))
        if watched:
            stack.enter_context(told_of_renames(home, watched))
        if now:
            load(load_settings(), now=now)
        else:
            main()


def _dying_at(die_at: str) -> Callable[[str], None]:
    def reached(step: str) -> None:
        if step == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached
