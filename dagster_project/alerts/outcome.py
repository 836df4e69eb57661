"""What one announcement did, for the command line, the logs and Dagster to show. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DigestReport:
    """One message and what became of it.

    `via` is `smtp`, `webhook` or `outbox` (without a mail server the file is the delivery); `reply` the server's
    own words; `retried` true for a message that an earlier call had prepared and not delivered.
    """

    role: str
    address: str
    subject: str
    path: Path
    message_id: str
    new: int
    worsened: int
    resolved: int
    delivered: bool
    via: str
    reply: str
    retried: bool
    kind: str = "digest"


@dataclass(frozen=True)
class NotSent:
    """Something due that reached nobody, and why. `items` counts what was due; empty names mean several."""

    council: str
    unit: str
    role: str
    reason: str
    items: int


@dataclass(frozen=True)
class Announcement:
    """What one call told. A digest that the mail server did not take is in `digests` and in `not_sent`."""

    digests: tuple[DigestReport, ...]
    history_entered: int
    already_told: int
    not_sent: tuple[NotSent, ...]
    silenced: int = 0
    """Breaches that are due and muted, each counted once."""
