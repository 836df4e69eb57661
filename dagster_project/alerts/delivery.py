"""Prepared messages on their way: into the outbox, then to the mail server or the service, each step recorded before
and after it is done. One process at a time. Nothing is composed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from dagster_project.alerts import outbox
from dagster_project.alerts.channels import MAIL, Channel
from dagster_project.alerts.ledger import Ledger, Outcome, Prepared
from dagster_project.alerts.outcome import DigestReport, NotSent
from dagster_project.alerts.waits import Waits
from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dagster_project.alerts.mail_server import MailServer, Reply

STEPS = (
    "the breaches are entered",
    "the message is recorded",
    "the file is begun",
    "the file lies in the outbox",
    "the file is recorded",
    "the attempt is recorded",
    "the sender is accepted",
    "the recipient is accepted",
    "half of the message is sent",
    "the message is sent",
    "the reply is read",
    "the reply is kept",
)
"""The steps of a message from prepared to proved, in their order. A service knows none of the mail server's."""
OF_A_SERVICE = (*STEPS[:6], *STEPS[-2:])

SECONDS_TO_WAIT_FOR_ANOTHER = 600


def nothing(step: str) -> None:
    """Told of every step that is reached; does nothing."""


def deliver(
    ledger: Ledger,
    settings: Settings,
    channels: Mapping[str, Channel],
    just_prepared: set[str],
    now: datetime,
    *,
    waits: Waits,
    at_once: bool = False,
    reached: Callable[[str], None] = nothing,
) -> tuple[list[DigestReport], list[NotSent]]:
    """Every undelivered message whose time has come is tried once, its fate recorded; with `at_once` all but those
    given up.

    `channels` are those of the present recipients, by their keys. A message to anyone else is kept and not sent: the
    person may have left. Another process that delivers is waited for; what it delivered is then no longer due.
    """
    if not ledger.undelivered():
        return [], []
    try:
        with FileLock(settings.delivery_lock, timeout=SECONDS_TO_WAIT_FOR_ANOTHER):
            return _deliver_due(ledger, settings, channels, just_prepared, now, waits, at_once, reached)
    except Timeout:
        reason = "another process is still delivering; the next run tries again"
        return [], [NotSent("", "", digest.role, reason, digest.items) for digest in ledger.undelivered()]


def _deliver_due(
    ledger: Ledger,
    settings: Settings,
    channels: Mapping[str, Channel],
    just_prepared: set[str],
    now: datetime,
    waits: Waits,
    at_once: bool,
    reached: Callable[[str], None],
) -> tuple[list[DigestReport], list[NotSent]]:
    reports: list[DigestReport] = []
    not_sent: list[NotSent] = []
    with _server(settings, reached) as server:
        for digest in ledger.undelivered():
            channel = channels.get(digest.address.casefold())
            is_due = not digest.given_up_at and (at_once or _has_come(digest.next_attempt_at, now, waits))
            if channel is None or not is_due:
                not_sent.append(NotSent("", "", digest.role, _why_not_now(digest, channel), digest.items))
                continue
            retried = digest.message_id not in just_prepared
            report, outcome = _deliver_one(
                ledger, settings, server, channel, digest, retried, now, waits, reached
            )
            reports.append(report)
            if not outcome.accepted:
                then = "the next run tries again" if outcome.next_attempt_at else "it is given up"
                whom = "the mail server" if channel.kind == MAIL else channel.address
                reason = f"{whom} did not take it, {then}: {outcome.reply}"
                not_sent.append(NotSent("", "", digest.role, reason, digest.items))
    return reports, not_sent


def _has_come(moment: str | None, now: datetime, waits: Waits) -> bool:
    """Whether it is time; a moment further off than any wait was set by a clock that ran ahead, and counts as come."""
    if moment is None:
        return True
    at = datetime.fromisoformat(moment)
    return at <= now or at > now + waits.longest


def _why_not_now(digest: Prepared, channel: Channel | None) -> str:
    if channel is None:
        return "the message of an earlier load was not delivered; its address is a recipient no more"
    if digest.given_up_at:
        return f"refused for good, `caseload alerts resend` offers it again: {digest.reply}"
    until = (digest.next_attempt_at or "")[:16].replace("T", " ")
    return f"it waits until {until} UTC for its next try: {digest.reply}"


def _deliver_one(
    ledger: Ledger,
    settings: Settings,
    server: MailServer | None,
    channel: Channel,
    digest: Prepared,
    retried: bool,
    now: datetime,
    waits: Waits,
    reached: Callable[[str], None],
) -> tuple[DigestReport, Outcome]:
    path = settings.outbox / digest.file_name
    at = stamp(now)
    if not digest.is_written:
        outbox.write(path, digest.message, lambda: reached("the file is begun"))
        reached("the file lies in the outbox")
        ledger.record_written(digest.message_id, at)
        reached("the file is recorded")
    by = "webhook" if channel.kind != MAIL else "smtp" if server else "outbox"
    if by == "outbox":
        outcome = Outcome(True, "", by)
        ledger.record_delivered(digest.message_id, by, "", at)
    else:
        attempt = ledger.begin_attempt(digest.message_id, at)
        reached("the attempt is recorded")
        outcome = _outcome(_hand_over(server, channel, digest, reached), by, digest, now, waits)
        ledger.end_attempt(attempt, digest.message_id, outcome, at)
        reached("the reply is kept")
    report = DigestReport(
        role=digest.role,
        address=digest.address,
        subject=digest.subject,
        path=path,
        message_id=digest.message_id,
        new=digest.new,
        worsened=digest.worsened,
        resolved=digest.resolved,
        delivered=outcome.accepted,
        via=by,
        reply=outcome.reply,
        retried=retried,
        kind=digest.kind,
    )
    return report, outcome


def _hand_over(
    server: MailServer | None, channel: Channel, digest: Prepared, reached: Callable[[str], None]
) -> Reply:
    if server is not None and channel.kind == MAIL:
        return server.hand_over(digest.address, digest.message)
    from dagster_project.alerts import webhook

    return webhook.hand_over(channel, digest.message, reached)


def _outcome(reply: Reply, by: str, digest: Prepared, now: datetime, waits: Waits) -> Outcome:
    if reply.accepted:
        return Outcome(True, reply.text, by)
    if reply.is_permanent:
        wait = waits.after("permanent", digest.refusals + 1)
    else:
        wait = waits.after("temporary", digest.failures - digest.refusals + 1)
    then = None if wait is None else stamp(now + wait)
    return Outcome(False, reply.text, by, reply.is_permanent, then)


def stamp(moment: datetime) -> str:
    """A moment as the ledger writes it: UTC, to the second, so that text sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


@contextmanager
def _server(settings: Settings, reached: Callable[[str], None]) -> Iterator[MailServer | None]:
    """The configured mail server, or None where mail stays in the outbox."""
    if not settings.smtp.host:
        yield None
        return
    from dagster_project.alerts.mail_server import mail_server

    with mail_server(settings.smtp, reached) as server:
        yield server
