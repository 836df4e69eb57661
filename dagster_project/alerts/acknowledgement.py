"""What people decided about breaches: acknowledged, muted, and the end of either. The ledger keeps who and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dagster_project.alerts.breach import OVER_STATES, Breach, rank
from dagster_project.alerts.delivery import stamp
from dagster_project.alerts.ledger import Ledger
from dagster_project.alerts.routing import UnitParents, units_above
from dagster_project.alerts.standing import Standing

Subject = tuple[str, str, str]


@dataclass(frozen=True)
class Acknowledgement:
    """Somebody knows of a breach of this severity and sees to it, until a day (None: until it is over)."""

    number: int
    council: str
    unit: str
    metric: str
    severity: str
    by_whom: str
    note: str
    until: date | None
    at: str
    by_user: str
    ended_at: str | None = None
    ended_because: str | None = None

    @property
    def subject(self) -> Subject:
        return (self.council, self.unit, self.metric)

    def holds(self, severity: str, today: date) -> bool:
        """Whether it still stands for a breach of that severity: a graver one was never acknowledged."""
        return (
            self.ended_at is None
            and (self.until is None or today <= self.until)
            and rank(severity) <= rank(self.severity)
        )


@dataclass(frozen=True)
class Mute:
    """Nothing is told of a unit and all below it, of one metric or (empty) of all, up to and with a day."""

    number: int
    council: str
    unit: str
    metric: str
    until: date
    why: str
    at: str
    by_user: str
    ended_at: str | None = None

    def holds(self, today: date) -> bool:
        return self.ended_at is None and today <= self.until

    def covers(self, council: str, unit: str, metric: str, unit_parents: UnitParents) -> bool:
        if self.council != council or self.metric not in ("", metric):
            return False
        return self.unit in units_above(council, unit, unit_parents)


def acknowledge(
    ledger: Ledger, row: Standing, *, by_whom: str, note: str, until: date | None, by_user: str, now: datetime
) -> None:
    """Afterwards the breach counts as acknowledged at its present severity; what was said before is over."""
    with ledger.transaction():
        end_acknowledgement(ledger, row.subject, "acknowledged again", by_user, now)
        ledger.db.execute(
            "insert into acknowledgements (council, unit, metric, severity, by_whom, note, until, at, by_user)"
            " values (?,?,?,?,?,?,?,?,?)",
            (
                *row.subject,
                row.severity,
                by_whom,
                note,
                until.isoformat() if until else None,
                stamp(now),
                by_user,
            ),
        )


def end_acknowledgement(ledger: Ledger, subject: Subject, because: str, by_user: str, now: datetime) -> int:
    """How many acknowledgements of the breach ended with this."""
    return ledger.db.execute(
        "update acknowledgements set ended_at = ?, ended_because = ?, ended_by = ?"
        " where council = ? and unit = ? and metric = ? and ended_at is null",
        (stamp(now), because, by_user, *subject),
    ).rowcount


def acknowledgements(ledger: Ledger) -> list[Acknowledgement]:
    """All there ever were, the oldest first."""
    rows = ledger.db.execute(
        "select acknowledgement_id, council, unit, metric, severity, by_whom, note, until, at, by_user, ended_at,"
        " ended_because from acknowledgements order by acknowledgement_id"
    )
    return [Acknowledgement(*(*row[:7], _day(row[7]), *row[8:])) for row in rows]


def latest_by_subject(every: Iterable[Acknowledgement]) -> dict[Subject, Acknowledgement]:
    return {one.subject: one for one in every}


def end_with_what_is_over(ledger: Ledger, still: set[Subject], now: datetime) -> None:
    """An acknowledgement ends when its breach is over: the next one is a new thing to know of."""
    for one in acknowledgements(ledger):
        if one.ended_at is None and one.subject not in still:
            end_acknowledgement(ledger, one.subject, "the breach is over", "", now)


def mute(
    ledger: Ledger,
    council: str,
    unit: str,
    metric: str,
    *,
    until: date,
    why: str,
    by_user: str,
    now: datetime,
) -> None:
    """Afterwards nothing is told of it up to and with that day."""
    with ledger.transaction():
        unmute(ledger, council, unit, metric, by_user=by_user, now=now)
        ledger.db.execute(
            "insert into mutes (council, unit, metric, until, why, at, by_user) values (?,?,?,?,?,?,?)",
            (council, unit, metric, until.isoformat(), why, stamp(now), by_user),
        )


def unmute(ledger: Ledger, council: str, unit: str, metric: str, *, by_user: str, now: datetime) -> int:
    """How many mutes of exactly this unit and metric ended with this."""
    return ledger.db.execute(
        "update mutes set ended_at = ?, ended_by = ?"
        " where council = ? and unit = ? and metric = ? and ended_at is null",
        (stamp(now), by_user, council, unit, metric),
    ).rowcount


def mutes(ledger: Ledger) -> list[Mute]:
    """All there ever were, the oldest first."""
    rows = ledger.db.execute(
        "select mute_id, council, unit, metric, until, why, at, by_user, ended_at from mutes order by mute_id"
    )
    return [Mute(*(*row[:4], date.fromisoformat(row[4]), *row[5:])) for row in rows]


@dataclass(frozen=True)
class Decided:
    """What of people's decisions holds on a day, for the one who is about to tell something."""

    acknowledged: dict[Subject, Acknowledgement]
    mutes: tuple[Mute, ...]
    today: date

    def is_muted(self, council: str, unit: str, metric: str, unit_parents: UnitParents) -> bool:
        return any(one.covers(council, unit, metric, unit_parents) for one in self.mutes)

    def is_known(self, breach: Breach) -> bool:
        """Whether somebody acknowledged the breach at this severity or a graver one; its end is always news."""
        one = self.acknowledged.get((breach.council, breach.unit, breach.metric))
        return one is not None and breach.state not in OVER_STATES and one.holds(breach.severity, self.today)


def decided(ledger: Ledger, now: datetime) -> Decided:
    today = now.date()
    return Decided(
        {one.subject: one for one in acknowledgements(ledger) if one.ended_at is None},
        tuple(one for one in mutes(ledger) if one.holds(today)),
        today,
    )


def ran_out_at(one: Acknowledgement) -> datetime | None:
    """The first moment it no longer held, by its day or because somebody ended it; None where neither is so."""
    moments = [datetime.fromisoformat(one.ended_at)] if one.ended_at else []
    if one.until:
        day = one.until + timedelta(days=1)
        moments.append(datetime(day.year, day.month, day.day, tzinfo=datetime.fromisoformat(one.at).tzinfo))
    return min(moments, default=None)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
