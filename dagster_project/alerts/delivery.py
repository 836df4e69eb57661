"""Prepared messages on their way: into the outbox, then to the mail server where there is one, each step
recorded when it is done. Nothing is composed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagster_project.alerts import outbox
from dagster_project.alerts.ledger import Ledger, Prepared
from dagster_project.alerts.outcome import DigestReport, NotSent
from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dagster_project.alerts.mail_server import MailServer


def deliver(
    ledger: Ledger, settings: Settings, reachable: set[str], just_prepared: set[str], at: str
) -> tuple[list[DigestReport], list[NotSent]]:
    """Every undelivered message, of this call or left by an earlier one, is tried once, its fate recorded.

    One whose address is no longer in `reachable` (casefolded) is kept and not sent: the person may have left.
    """
    reports: list[DigestReport] = []
    not_sent: list[NotSent] = []
    with _server(settings) as server:
        for digest in ledger.undelivered():
            count = digest.new + digest.worsened + digest.resolved
            if digest.address.casefold() not in reachable:
                reason = (
                    "the message of an earlier load was not delivered; its address is a recipient no more"
                )
                not_sent.append(NotSent("", "", digest.role, reason, count))
                continue
            retried = digest.message_id not in just_prepared
            report = _deliver_one(ledger, settings, server, digest, retried, at)
            reports.append(report)
            if not report.delivered:
                reason = f"the mail server did not take it, the next load tries again: {report.reply}"
                not_sent.append(NotSent("", "", digest.role, reason, count))
    return reports, not_sent


def _deliver_one(
    ledger: Ledger, settings: Settings, server: MailServer | None, digest: Prepared, retried: bool, at: str
) -> DigestReport:
    path = settings.outbox / digest.file_name
    if not digest.is_written:
        outbox.write(path, digest.message)
        ledger.record_written(digest.message_id, at)
    if server is None:
        accepted, text = True, ""
        ledger.record_delivered(digest.message_id, "outbox", text, at)
    else:
        reply = server.hand_over(digest.address, digest.message)
        accepted, text = reply.accepted, reply.text
        ledger.record_attempt(digest.message_id, accepted, text, at)
    return DigestReport(
        role=digest.role,
        address=digest.address,
        subject=digest.subject,
        path=path,
        message_id=digest.message_id,
        new=digest.new,
        worsened=digest.worsened,
        resolved=digest.resolved,
        delivered=accepted,
        via="outbox" if server is None else "smtp",
        reply=text,
        retried=retried,
    )


@contextmanager
def _server(settings: Settings) -> Iterator[MailServer | None]:
    """The configured mail server, or None where mail stays in the outbox."""
    if not settings.smtp.host:
        yield None
        return
    from dagster_project.alerts.mail_server import mail_server

    with mail_server(settings.smtp) as server:
        yield server
