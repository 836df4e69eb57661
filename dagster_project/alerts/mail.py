"""Messages as e-mails: headers, plain text and HTML from the templates. Nothing is decided or sent here."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.alerts.calendar_words import day_words, month_words
from dagster_project.alerts.digest import Digest

if TYPE_CHECKING:
    from jinja2 import Environment

_PLAIN_WIDTH = 76


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["month_words"] = month_words
    environment.filters["day_words"] = day_words
    return environment


def render(template: str, **values: object) -> str:
    return _templates().get_template(template).render(**values)


def html(digest: Digest, load_id: str) -> str:
    return render("digest.html.j2", digest=digest, load_id=load_id)


def plain(digest: Digest, load_id: str) -> str:
    """The same in plain text, folded."""
    return folded(render("digest.txt.j2", digest=digest, load_id=load_id))


def folded(text: str) -> str:
    """Lines no longer than mail readers show, with the further lines of an entry set in."""
    lines: list[str] = []
    for line in text.splitlines():
        hanging = " " * (len(line) - len(line.lstrip()) + 2) if line.startswith((" ", "*")) else ""
        lines += textwrap.wrap(line, _PLAIN_WIDTH, subsequent_indent=hanging, break_long_words=False) or [""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


@dataclass(frozen=True)
class Envelope:
    """To whom, under which subject and from whom; `key` is made of the content alone."""

    address: str
    subject: str
    sender: str
    key: str

    @property
    def message_id(self) -> str:
        """The same message made twice is the same to a mail server."""
        domain = parseaddr(self.sender)[1].rpartition("@")[2] or "localhost"
        return f"<caseload.{self.key}@{domain}>"

    def message(self, plain_text: str, html_text: str, now: datetime) -> bytes:
        """The complete message as it goes to the wire, seven bits wide, lines ended with CRLF."""
        mail = EmailMessage()
        mail["From"] = self.sender
        # A channel that is no mailbox is a group without members: a name and nobody to answer to.
        mail["To"] = self.address if "@" in self.address else f"{self.address}:;"
        mail["Subject"] = self.subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = self.message_id
        # Without these two an absent manager's mailbox answers every digest.
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail.set_content(plain_text, cte="quoted-printable")
        mail.add_alternative(html_text, subtype="html", cte="quoted-printable")
        mail.set_boundary(f"caseload-{self.key}")
        return mail.as_bytes(policy=policy.SMTP)


def envelope(digest: Digest, sender: str) -> Envelope:
    return Envelope(digest.address, digest.subject, sender, digest.key)


def message_id(digest: Digest, sender: str) -> str:
    return envelope(digest, sender).message_id


def message(digest: Digest, sender: str, now: datetime, load_id: str) -> bytes:
    return envelope(digest, sender).message(plain(digest, load_id), html(digest, load_id), now)


def file_name(digest: Digest) -> str:
    """A name that sorts by month and says for whom in the council, without the address."""
    councils = sorted({item.council for item in digest.items})
    month = max(month for _, month, _ in digest.places)
    parts = [f"{month:%Y-%m}", councils[0] if len(councils) == 1 else "several-councils", digest.roles[0]]
    slugs = [re.sub(r"[^a-z0-9-]+", "-", part.lower()).strip("-") for part in parts]
    return "_".join([*filter(None, slugs), digest.key[:12]]) + ".eml"
