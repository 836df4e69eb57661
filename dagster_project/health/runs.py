"""That something ran, when, and how it ended: kept in the ledger, so that a failure or a silence can be told."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from dagster_project.alerts.delivery import stamp
from dagster_project.alerts.ledger import Ledger, open_ledger
from dagster_project.errors import PlainError
from dagster_project.settings import Settings

LOAD = "load"


@dataclass(frozen=True)
class Run:
    """One run of something: `outcome` is running, done or failed."""

    number: int
    what: str
    started_at: str
    ended_at: str | None
    outcome: str
    words: str
    process: int
    host: str

    def has_died(self) -> bool:
        """Whether it never ended and its process is gone; of another machine's process nothing is known."""
        if self.outcome != "running" or self.host != socket.gethostname():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


@contextmanager
def recorded_run(
    settings: Settings,
    what: str,
    now: datetime,
    *,
    words_of: Callable[[BaseException], str],
) -> Iterator[None]:
    """Keep when the run began and how it ended; `words_of` says what may be told of an error.

    A ledger that cannot be written stops no run.
    """
    number = _begun(settings, what, now)
    try:
        yield
    except BaseException as error:
        _end(settings, number, "failed", words_of(error), now)
        raise
    _end(settings, number, "done", "", now)
    with _never_in_the_way(), open_ledger(settings.alert_ledger) as ledger:
        tick(ledger, what, now)


def failed_elsewhere(settings: Settings, what: str, words: str, now: datetime) -> None:
    """Keep a failure that something else saw, such as the orchestrator."""
    with _never_in_the_way(), open_ledger(settings.alert_ledger) as ledger:
        ledger.db.execute(
            "insert into runs (what, started_at, ended_at, outcome, words, process, host)"
            " values (?,?,?,'failed',?,?,?)",
            (what, stamp(now), stamp(now), _short(words), os.getpid(), socket.gethostname()),
        )


def tick(ledger: Ledger, what: str, now: datetime) -> None:
    """Keep that it came by."""
    ledger.db.execute("insert or replace into ticks (what, at) values (?,?)", (what, stamp(now)))


def ticks(ledger: Ledger) -> dict[str, datetime]:
    return {
        str(what): datetime.fromisoformat(at)
        for what, at in ledger.db.execute("select what, at from ticks").fetchall()
    }


def runs_since_the_last_good_one(ledger: Ledger, what: str) -> list[Run]:
    """Runs that began after the last that was done, the oldest first."""
    rows = ledger.db.execute(
        "select run_id, what, started_at, ended_at, outcome, words, process, host from runs where what = ?"
        " and run_id > coalesce((select max(run_id) from runs where what = ? and outcome = 'done'), 0)"
        " order by run_id",
        (what, what),
    )
    return [Run(*row) for row in rows.fetchall()]


def _begun(settings: Settings, what: str, now: datetime) -> int:
    cursor = None
    with _never_in_the_way(), open_ledger(settings.alert_ledger) as ledger:
        cursor = ledger.db.execute(
            "insert into runs (what, started_at, outcome, process, host) values (?,?,'running',?,?)",
            (what, stamp(now), os.getpid(), socket.gethostname()),
        )
    return int(cursor.lastrowid or 0) if cursor else 0


def _end(settings: Settings, number: int, outcome: str, words: str, now: datetime) -> None:
    with _never_in_the_way(), open_ledger(settings.alert_ledger) as ledger:
        ledger.db.execute(
            "update runs set ended_at = ?, outcome = ?, words = ? where run_id = ?",
            (stamp(now), outcome, _short(words), number),
        )


def _short(words: str) -> str:
    return " ".join(words.split())[:300]


def _never_in_the_way() -> suppress:
    return suppress(OSError, sqlite3.Error, PlainError)
