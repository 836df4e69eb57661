"""What `caseload alerts` shows: breaches that stand with what people decided, and messages with their fate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dagster_project.alerts.acknowledgement import Mute, decided, mutes
from dagster_project.alerts.follow_up import tells_of
from dagster_project.alerts.ledger import Ledger
from dagster_project.alerts.routing import UnitParents
from dagster_project.alerts.standing import Standing, standing


@dataclass(frozen=True)
class Listed:
    """A breach that stands, and in words who knows of it and how far up it went."""

    row: Standing
    answered: str


@dataclass(frozen=True)
class Message:
    """One message and its fate in words."""

    message_id: str
    kind: str
    role: str
    subject: str
    prepared_at: str
    fate: str
    is_waiting: bool


def standing_breaches(ledger: Ledger, unit_parents: UnitParents, now: datetime) -> list[Listed]:
    """All that stands, gravest first."""
    holding = decided(ledger, now)
    steps = {
        (council, unit, metric, since): to_unit
        for council, unit, metric, since, to_unit in ledger.db.execute(
            "select council, unit, metric, since, to_unit from escalations order by at, step"
        )
    }
    found = []
    for row in standing(ledger):
        said = []
        one = holding.acknowledged.get(row.subject)
        if one:
            until = f" until {one.until}" if one.until else ""
            state = "" if one.holds(row.severity, holding.today) else ", no longer holds"
            said.append(f"acknowledged by {one.by_whom}{until}{state}: {one.note}")
        for mute in holding.mutes:
            if mute.covers(*row.subject, unit_parents):
                said.append(f"muted until {mute.until}: {mute.why}")
        if (*row.subject, row.since) in steps:
            said.append(f"escalated to {steps[*row.subject, row.since]}")
        found.append(Listed(row, "; ".join(said)))
    return found


def messages(ledger: Ledger, at_most: int, council: str | None = None) -> list[Message]:
    """Every message that waits, and the latest of those that do not; the latest last.

    Of one council: what tells of it, alone or among others, and of the service itself.
    """
    asked = json.dumps(sorted(_telling_of(ledger, council))) if council else None
    rows = ledger.db.execute(
        "with asked as (select rowid as number, * from digests"
        " where :asked is null or message_id in (select value from json_each(:asked)))"
        " select message_id, kind, role, subject, prepared_at, delivered_at, delivered_by, coalesce(reply, ''),"
        " next_attempt_at, given_up_at from asked where delivered_at is null or number in"
        " (select number from asked order by number desc limit :at_most) order by number",
        {"asked": asked, "at_most": at_most},
    )
    return [Message(*(*row[:5], _fate(*row[5:]), row[5] is None)) for row in rows.fetchall()]


def _telling_of(ledger: Ledger, council: str) -> set[str]:
    """Message-IDs. Of digests and faults it is recorded, of reminders and escalations it stands in their words."""
    recorded = ledger.db.execute(
        "select message_id from told inner join items using (item_id) where council = :council"
        " union select message_id from taken_back inner join items using (item_id) where council = :council"
        " union select message_id from told_faults inner join faults using (fault_id) where council in ('', :council)",
        {"council": council},
    )
    found = {str(message_id) for (message_id,) in recorded}
    others = ledger.db.execute(
        "select message_id, message from digests where kind in ('reminder', 'escalation')"
    )
    return found | {str(message_id) for message_id, message in others if tells_of(message, council)}


def _fate(
    delivered_at: str | None, by: str | None, reply: str, next_at: str | None, given_up_at: str | None
) -> str:
    if delivered_at:
        return f"taken {_minute(delivered_at)} by {by}" + (f": {reply}" if reply else "")
    if given_up_at:
        return f"given up {_minute(given_up_at)}: {reply}"
    if next_at:
        return f"waits until {_minute(next_at)}: {reply}"
    return "not tried yet" + (f": {reply}" if reply else "")


def standing_mutes(ledger: Ledger, now: datetime, council: str | None = None) -> Sequence[Mute]:
    return [one for one in mutes(ledger) if one.holds(now.date()) and council in (None, one.council)]


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
