"""What a monitor asks: what is wrong now, and the last signs of life where nothing is. Reads only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime

from dagster_project.alerts.ledger import Ledger, open_ledger, open_to_read
from dagster_project.health.problems import Problem, problems
from dagster_project.health.runs import ticks
from dagster_project.health.watch import recipients_of
from dagster_project.record_file import DamagedRecordError
from dagster_project.reference import Reference
from dagster_project.settings import Settings


def now_wrong(settings: Settings, reference: Reference, now: datetime) -> list[Problem]:
    """Everything that is wrong with the service; a ledger that cannot be read is a problem like any other."""
    rows = recipients_of(settings, reference, now.date())
    if not settings.alert_ledger.is_file():
        return problems(settings, reference, rows, None, now)
    try:
        with closing(_ledger(settings)) as ledger:
            return problems(settings, reference, rows, ledger, now)
    except (sqlite3.Error, DamagedRecordError) as error:
        broken = Problem("message", "ledger", "", f"the ledger of alerts cannot be read: {error}", now)
        return [broken, *problems(settings, reference, rows, None, now)]


def proof_of_life(settings: Settings) -> list[str]:
    """The last load, the last time alerts went all the way through, and the last answer of a server, as sentences."""
    if not settings.alert_ledger.is_file():
        return ["nothing was ever loaded here"]
    with closing(_ledger(settings)) as ledger:
        came = ticks(ledger)
        taken = ledger.db.execute(
            "select delivered_at, delivered_by, reply from digests where delivered_at is not null"
            " order by delivered_at desc, rowid desc limit 1"
        ).fetchone()
    said = [f"last {what}: {came[what]:%Y-%m-%d %H:%M} UTC" for what in ("load", "alerts") if what in came]
    if taken:
        at, by, reply = taken
        said.append(
            f"last message taken: {at[:16].replace('T', ' ')} UTC by {by}" + (f", {reply}" if reply else "")
        )
    return said


def _ledger(settings: Settings) -> Ledger:
    """Read only; a ledger of an earlier version is brought up to date first, once."""
    ledger = open_to_read(settings.alert_ledger)
    if ledger is None:
        with open_ledger(settings.alert_ledger):
            pass
        ledger = open_to_read(settings.alert_ledger)
    if ledger is None:
        raise sqlite3.DatabaseError("its form is not known")
    return ledger
