"""What each load did, step by step, as lines of JSON under the home: for whoever watches many. No value of a row.

A line has `at`, `run` (the load), `event`; of a step its name and the seconds since the one before, of a delivery its
council, month and extract. One file a month; a disk that takes no line stops no load.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from time import perf_counter

from dagster_project.settings import Settings, make_private
from dagster_project.steps import watching


class RunLog:
    """The open log of one load."""

    def __init__(self, settings: Settings, run: str) -> None:
        self._settings = settings
        self._run = run
        self._last = perf_counter()

    def tell(self, event: str, **known: str | int | float | bool | None) -> None:
        """Add a line; `known` holds counts, and names that are in the manifest already."""
        now = datetime.now(UTC)
        entry = {"at": now.isoformat(timespec="milliseconds"), "run": self._run, "event": event, **known}
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        if self._settings.logs_to_stderr:
            sys.stderr.write(line)
            return
        with suppress(OSError):
            path = make_private(self._settings.logs) / f"{now:%Y-%m}.jsonl"
            # One write: lines of two processes never mix.
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, line.encode("utf-8"))
            finally:
                os.close(descriptor)

    def step(self, name: str) -> None:
        now = perf_counter()
        self.tell("step", step=name, seconds=round(now - self._last, 3))
        self._last = now


@contextmanager
def logged(settings: Settings, run: str) -> Iterator[RunLog]:
    """The load's beginning, its steps and its end are in the log, and of a failure its kind."""
    log, began = RunLog(settings, run), perf_counter()
    log.tell("begun")
    try:
        with watching(log.step):
            yield log
    except BaseException as error:
        log.tell("failed", kind=type(error).__name__, seconds=round(perf_counter() - began, 3))
        raise
    log.tell("done", seconds=round(perf_counter() - began, 3))
