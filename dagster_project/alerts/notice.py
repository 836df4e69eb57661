"""A message that is no digest: a reminder, an escalation, a fault of the service, a trial. Words and their mail."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from dagster_project.alerts import mail
from dagster_project.alerts.ledger import Prepared


@dataclass(frozen=True)
class Entry:
    """One thing told: what it is of, what is so, label with text below it, and the address of its page, if any."""

    title: str
    statement: str
    facts: tuple[tuple[str, str], ...] = ()
    tone: str = "info"
    verdict: str = ""
    page: str = ""


@dataclass(frozen=True)
class Notice:
    """Everything one message says. `identity` names what it tells, so that it is made once."""

    kind: str
    subject: str
    heading: str
    opening: str
    entries: tuple[Entry, ...]
    closing: str
    identity: tuple[object, ...]


def prepared(
    notice: Notice, address: str, roles: list[str], sender: str, now: datetime, load_id: str
) -> Prepared:
    """The message as the ledger keeps it; the same notice to the same address has the same Message-ID."""
    text = json.dumps([notice.kind, address.casefold(), notice.identity], separators=(",", ":"), default=str)
    key = hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
    envelope = mail.Envelope(address, notice.subject, sender, key)
    return Prepared(
        message_id=envelope.message_id,
        address=address,
        role=", ".join(roles),
        subject=notice.subject,
        file_name=f"{now:%Y-%m}_{notice.kind}_{key[:12]}.eml",
        message=envelope.message(
            mail.folded(mail.render("notice.txt.j2", notice=notice, roles=roles)),
            mail.render("notice.html.j2", notice=notice, roles=roles),
            now,
        ),
        new=len(notice.entries),
        worsened=0,
        resolved=0,
        load_id=load_id,
        kind=notice.kind,
    )
