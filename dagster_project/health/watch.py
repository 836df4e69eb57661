"""Everything that is due is sent: what nobody answered for, faults of the service to the data engineer, and what waits.
Needs no warehouse, so it runs beside a load and without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime

from dagster_project.alerts.announcement import reachable
from dagster_project.alerts.delivery import deliver, nothing, stamp
from dagster_project.alerts.desk import AlertsError
from dagster_project.alerts.follow_up import follow_up
from dagster_project.alerts.ledger import open_ledger
from dagster_project.alerts.metrics import read_metrics
from dagster_project.alerts.notice import Notice
from dagster_project.alerts.outcome import DigestReport, NotSent
from dagster_project.alerts.routing import Recipient, is_in_force, read_recipient
from dagster_project.alerts.waits import read_waits
from dagster_project.health.faults import prepare_notice, tell_faults
from dagster_project.health.problems import Problem, problems
from dagster_project.health.runs import recorded_run, tick
from dagster_project.reference import Reference, ReferenceDataError, load_reference, what_can_be_read
from dagster_project.settings import Settings

ALERTS = "alerts"


@dataclass(frozen=True)
class Sent:
    """What one call sent, what it could not, and what is wrong with the service."""

    messages: tuple[DigestReport, ...]
    not_sent: tuple[NotSent, ...]
    problems: tuple[Problem, ...]


def send_due(
    settings: Settings,
    reference: Reference,
    now: datetime,
    *,
    load_id: str = "",
    at_once: bool = False,
    reached: Callable[[str], None] = nothing,
) -> Sent:
    """Afterwards what nobody acknowledged in time went up, each fault and its end was told once, and what was due was
    offered again; with `at_once` also what still waits. Two at once do nothing twice.
    """
    rows = recipients_of(settings, reference, now.date())
    with open_ledger(settings.alert_ledger) as ledger:
        with ledger.transaction():
            made = follow_up(
                ledger,
                rows,
                reference.parent_units,
                read_metrics(settings),
                settings,
                now,
                load_id,
            )
            found = problems(settings, reference, rows, ledger, now)
            made |= tell_faults(ledger, rows, found, settings, now, load_id)
        messages, not_sent = deliver(
            ledger,
            settings,
            reachable(rows),
            made,
            now,
            waits=read_waits(reference.rows("send_waits")),
            at_once=at_once,
            reached=reached,
        )
        tick(ledger, ALERTS, now)
    return Sent(tuple(messages), tuple(not_sent), tuple(found))


@contextmanager
def told_run(
    settings: Settings,
    what: str,
    now: datetime,
    *,
    words_of: Callable[[BaseException], str],
) -> Iterator[None]:
    """Keep how the run ended and tell whom it concerns, also when it failed: the failure itself is what is raised."""
    try:
        with recorded_run(settings, what, now, words_of=words_of):
            yield
    except Exception:
        with suppress(Exception):
            send_due(settings, _reference_as_it_is(settings), now)
        raise
    send_due(settings, load_reference(settings), now)


def _reference_as_it_is(settings: Settings) -> Reference:
    """Whole and checked, or where that is what failed, as far as it can be read."""
    try:
        return load_reference(settings)
    except ReferenceDataError:
        return what_can_be_read(settings)


def try_channels(settings: Settings, reference: Reference, role: str, now: datetime) -> Sent:
    """A trial message to every recipient of that role (empty: to all) is handed over; what was answered is returned.

    Raises AlertsError where there is none.
    """
    rows = recipients_of(settings, reference, now.date())
    asked = [row for row in rows if not role or row.role.casefold() == role.casefold()]
    if not asked:
        raise AlertsError(
            f"no recipient has the role {role}; the roles are {', '.join(sorted({row.role for row in rows}))}"
            if role and rows
            else "no row of alert_recipients.csv holds today"
        )
    with open_ledger(settings.alert_ledger) as ledger:
        with ledger.transaction():
            made = {
                prepare_notice(ledger, [row], _trial(now), settings, now, "")
                for row in asked
                if not row.problem
            }
        channels = {row.channel.key: row.channel for row in asked if not row.problem}
        messages, not_sent = deliver(
            ledger, settings, channels, made, now, waits=read_waits(reference.rows("send_waits"))
        )
    broken = [NotSent(row.council, row.unit, row.role, row.problem, 1) for row in asked if row.problem]
    ours = tuple(one for one in messages if one.message_id in made)
    missed = [one for one in not_sent if any(not message.delivered for message in ours)]
    return Sent(ours, (*broken, *missed), ())


def recipients_of(settings: Settings, reference: Reference, today: date) -> list[Recipient]:
    """The recipients of that day."""
    rows = reference.rows("alert_recipients")
    return [read_recipient(row, settings.channels) for row in rows if is_in_force(row, today)]


def _trial(now: datetime) -> Notice:
    return Notice(
        "trial",
        subject="Caseload: a trial message",
        heading="A trial message",
        opening="Somebody tries whether this channel can be reached. There is nothing to do.",
        entries=(),
        closing="Sent by caseload alerts try.",
        identity=(stamp(now),),
    )
