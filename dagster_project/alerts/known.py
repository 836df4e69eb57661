"""Who was told of what stands, who answered and what is muted, by council, for a page. Carries no address, no key of a
worker and no text of a message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from dagster_project.alerts.ledger import Ledger, open_to_read
from dagster_project.alerts.listing import standing_breaches, standing_mutes
from dagster_project.alerts.routing import UnitParents
from dagster_project.unseen_signs import without_unseen

TOLD = """
select items.council, items.unit, items.metric, items.month, digests.role, digests.prepared_at, digests.delivered_at,
    digests.given_up_at
from told inner join items using (item_id) inner join digests using (message_id)
order by digests.prepared_at, digests.rowid
"""


@dataclass(frozen=True)
class Told:
    """Which role was told last in the present run, on which day, and whether the message was taken."""

    role: str
    on: date
    fate: str


@dataclass(frozen=True)
class KnownBreach:
    """What stands at a unit; `workers` counts those concerned, 0 where it is the unit's own."""

    unit: str
    metric: str
    severity: str
    since: date
    workers: int
    told: tuple[Told, ...]
    answered: str


@dataclass(frozen=True)
class Muted:
    """A unit and all below it of which nothing is told; `metric` is empty where that is so of every one."""

    unit: str
    metric: str
    until: date
    why: str


@dataclass(frozen=True)
class Knowledge:
    """What the ledger knows of one council's alerts."""

    breaches: tuple[KnownBreach, ...] = ()
    muted: tuple[Muted, ...] = ()


def known_of_alerts(ledger: Path, unit_parents: UnitParents, now: datetime) -> Mapping[str, Knowledge]:
    """By council; nothing where there is no ledger of this version yet."""
    opened = open_to_read(ledger) if ledger.is_file() else None
    if opened is None:
        return {}
    with closing(opened):
        breaches: dict[str, list[KnownBreach]] = defaultdict(list)
        told = _told(opened)
        for one in standing_breaches(opened, unit_parents, now):
            row = one.row
            last = {
                role: said
                for month, role, said in told.get(row.subject, ())
                if month >= row.since[: len(month)]
            }
            breaches[row.council].append(
                KnownBreach(
                    row.unit,
                    row.metric,
                    row.severity,
                    date.fromisoformat(row.since),
                    row.workers,
                    tuple(last[role] for role in sorted(last)),
                    without_unseen(one.answered),
                )
            )
        muted: dict[str, list[Muted]] = defaultdict(list)
        for mute in standing_mutes(opened, now):
            muted[mute.council].append(Muted(mute.unit, mute.metric, mute.until, without_unseen(mute.why)))
    return {
        council: Knowledge(tuple(breaches[council]), tuple(muted[council]))
        for council in sorted({*breaches, *muted})
    }


def _told(ledger: Ledger) -> Mapping[tuple[str, str, str], list[tuple[str, str, Told]]]:
    found: dict[tuple[str, str, str], list[tuple[str, str, Told]]] = defaultdict(list)
    for council, unit, metric, month, role, prepared, delivered, given_up in ledger.db.execute(TOLD):
        fate = "" if delivered else "given up" if given_up else "waits to be sent"
        found[council, unit, metric].append(
            (month, role, Told(role, date.fromisoformat((delivered or prepared)[:10]), fate))
        )
    return found
