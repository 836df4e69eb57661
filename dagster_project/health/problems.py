"""What is wrong with the service now, one sentence each: nothing is written and nobody told. No secret, no address, no
value of a row stands in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dagster_project.alerts.ledger import Ledger
from dagster_project.alerts.routing import Recipient
from dagster_project.deliveries import Delivery, Manifest
from dagster_project.health.expected import Missing, Place, missing
from dagster_project.health.runs import LOAD, runs_since_the_last_good_one, ticks
from dagster_project.reference import Reference
from dagster_project.settings import Settings

ADDRESS = re.compile(r"\S+@\S+")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. `kind` and `subject` name it while it lasts; `council` is empty for the service itself.

    `since` is when it began to be wrong, as far as is known.
    """

    kind: str
    subject: str
    council: str
    words: str
    since: datetime


def problems(
    settings: Settings,
    reference: Reference,
    recipients: Sequence[Recipient],
    ledger: Ledger | None,
    now: datetime,
) -> list[Problem]:
    """Everything that is wrong, in the order of what it hinders most; `ledger` is None where none was made yet."""
    deliveries = Manifest(settings.manifest).all() if settings.manifest.is_file() else []
    found = [*_late_deliveries(reference, deliveries, now), *_refusals(reference, deliveries, now)]
    found += _recipients(recipients, now)
    rows = {row["what"]: row for row in reference.rows("expected_ticks")}
    found += _silent(ticks(ledger) if ledger else {}, rows, now)
    if ledger:
        found += [*_failed_loads(ledger, rows, now), *_unsent(ledger, recipients)]
    return sorted(found, key=lambda one: (_ORDER.index(one.kind), one.council, one.subject))


_ORDER = ("load", "tick", "message", "recipient", "refusal", "delivery")


def overdue(settings: Settings, reference: Reference, now: datetime) -> set[Place]:
    """Council, month and extract of each delivery that should be in force by now and is not."""
    deliveries = Manifest(settings.manifest).all()
    return {(one.council, one.month, one.extract) for one in _missing(reference, deliveries, now)}


def _missing(reference: Reference, deliveries: Sequence[Delivery], now: datetime) -> list[Missing]:
    accepted = {
        (one.council, one.month, one.extract)
        for one in deliveries
        if not one.is_refused and one.withdrawn_at is None
    }
    return missing(reference.rows("expected_deliveries"), accepted, now.date())


def _late_deliveries(
    reference: Reference, deliveries: Sequence[Delivery], now: datetime
) -> Iterator[Problem]:
    for one in _missing(reference, deliveries, now):
        if one.council in reference.councils:
            name = f"{one.council} {one.month:%Y-%m} {one.extract}"
            day = one.due_on + timedelta(days=1)
            yield Problem(
                "delivery",
                name,
                one.council,
                f"{name} was due on {one.due_on} and is not in force",
                datetime(day.year, day.month, day.day, tzinfo=UTC),
            )


def _refusals(reference: Reference, deliveries: Sequence[Delivery], now: datetime) -> Iterator[Problem]:
    """The last delivery of a place, where it was refused within the months that are watched."""
    most = max((int(row["watched_months"]) for row in reference.rows("expected_deliveries")), default=0)
    for one in {(d.council, d.month, d.extract): d for d in deliveries}.values():
        since = datetime.fromisoformat(one.received_at)
        if one.is_refused and since > now - timedelta(days=31 * most):
            name = f"{one.council} {one.month:%Y-%m} {one.extract}"
            because = " ".join((one.refused_because or "").split())
            yield Problem(
                "refusal", f"{name} {one.delivery}", one.council, f"{name} was refused: {because}", since
            )


def _recipients(recipients: Sequence[Recipient], now: datetime) -> Iterator[Problem]:
    for row in recipients:
        if row.problem:
            of = " ".join(part for part in (row.council, row.unit, row.role) if part)
            yield Problem(
                "recipient", f"{of} {row.problem}", row.council, f"{row.place or of}: {row.problem}", now
            )


def _failed_loads(ledger: Ledger, rows: Mapping[str, Mapping[str, str]], now: datetime) -> Iterator[Problem]:
    """One problem for all failures since the last good load, in the words of the last."""
    longest = rows.get(LOAD, {}).get("longest_hours", "")
    failed = []
    for run in runs_since_the_last_good_one(ledger, LOAD):
        began = datetime.fromisoformat(run.started_at)
        if run.outcome == "failed":
            failed.append((run, f"failed: {run.words}"))
        elif run.has_died():
            failed.append((run, "was killed before its end"))
        elif run.outcome == "running" and longest and now - began > timedelta(hours=int(longest)):
            failed.append((run, f"runs for more than {longest} hours"))
    if failed:
        first, (last, words) = failed[0][0], failed[-1]
        yield Problem(
            "load",
            f"load {first.number}",
            "",
            f"the load of {_minute(last.started_at)} {words}",
            datetime.fromisoformat(first.started_at),
        )


def _unsent(ledger: Ledger, recipients: Sequence[Recipient]) -> Iterator[Problem]:
    """Messages that a server refused, or whose recipient is gone."""
    known = {row.channel.key for row in recipients if not row.problem}
    for one in ledger.undelivered():
        is_left_over = one.address.casefold() not in known
        if not (one.failures or is_left_over):
            continue
        then = (
            "its recipient is one no more"
            if is_left_over
            else "given up, `caseload alerts resend` offers it again"
            if one.given_up_at
            else f"next try {_minute(one.next_attempt_at or '')}"
        )
        said = f"; the answer was: {ADDRESS.sub('(address)', one.reply)}" if one.reply else ""
        yield Problem(
            "message",
            one.message_id,
            "",
            f"a message to the {one.role} of {_minute(one.prepared_at)} was not taken; {then}{said}",
            datetime.fromisoformat(one.prepared_at),
        )


def _silent(
    came: Mapping[str, datetime], rows: Mapping[str, Mapping[str, str]], now: datetime
) -> Iterator[Problem]:
    for what, row in rows.items():
        if not row["within_hours"]:
            continue
        last = came.get(what)
        if last is None and row["expected_from"]:
            last = datetime.fromisoformat(row["expected_from"]).replace(tzinfo=UTC)
        if last and now - last > timedelta(hours=int(row["within_hours"])):
            said = f"last ticked {_minute(last.isoformat())}" if what in came else "never ticked"
            yield Problem(
                "tick",
                what,
                "",
                f"{what} {said}; a tick is due every {row['within_hours']} hours",
                last + timedelta(hours=int(row["within_hours"])),
            )


def _minute(moment: str) -> str:
    return moment[:16].replace("T", " ")
