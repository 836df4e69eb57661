"""Messages as e-mails: headers, plain text and HTML from the templates. Nothing is decided or sent here."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
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
from dagster_project.alerts.entries import Chart, Row, Table
from dagster_project.alerts.pictures import Picture, pictures_of

if TYPE_CHECKING:
    from jinja2 import Environment

_PLAIN_WIDTH = 76
_NAMES, _CELLS = 39, (7, 9, 13, 6)
_TOLD_IN_CHATS = (
    "Band",
    "To reach it",
    "To be within",
    "Since",
    "Rule",
    "Source",
    "Not judged",
    "Corrected",
    "Came late",
    "Note",
)


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
    environment.filters["fact"] = fact
    environment.filters["columns"] = columns
    environment.filters["header"] = header
    return environment


def render(template: str, **values: object) -> str:
    return _templates().get_template(template).render(**values)


def html(digest: Digest, load_id: str, pictures: Mapping[Chart, Picture]) -> str:
    return render("digest.html.j2", digest=digest, load_id=load_id, pictures=pictures)


def plain(digest: Digest, load_id: str) -> str:
    """The same in plain text, folded."""
    return folded(render("digest.txt.j2", digest=digest, load_id=load_id))


def brief(digest: Digest) -> str:
    """The same facts in the same order for a chat, which shows no columns and folds lines itself."""
    return (
        re.sub(r"\n{3,}", "\n\n", render("digest.chat.j2", digest=digest, told=_TOLD_IN_CHATS)).strip() + "\n"
    )


def fact(label: str, text: str) -> str:
    """A labelled line whose further lines stand under its text."""
    return "\n".join(
        textwrap.wrap(
            text,
            _PLAIN_WIDTH,
            initial_indent=f"  {label + ':':<13}",
            subsequent_indent=" " * 15,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def columns(row: Row, place: str) -> str:
    """A row of a table in plain text: the unit, its figure, since when, the way to its target, where it goes."""
    cells = zip((row.number, row.since, row.way, row.trend), _CELLS, strict=True)
    figures = "".join(f"{text:<{width}}" for text, width in cells).rstrip()
    if len(place) < _NAMES:
        return f"  {place:<{_NAMES}}{figures}"
    name = textwrap.wrap(place, _PLAIN_WIDTH, initial_indent="  ", subsequent_indent="    ")
    return "\n".join([*name, f"  {'':<{_NAMES}}{figures}"])


def header(table: Table) -> str:
    names = zip(("Figure", table.since, table.goal if table.way else "", "Trend"), _CELLS, strict=True)
    return f"  {'Unit':<{_NAMES}}" + "".join(f"{text:<{width}}" for text, width in names).rstrip()


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
        return f"<caseload.{self.key}@{self.domain}>"

    @property
    def domain(self) -> str:
        return parseaddr(self.sender)[1].rpartition("@")[2] or "localhost"

    @property
    def is_to_a_mailbox(self) -> bool:
        """A channel that is none is shown as a kind and a name, and gets the plain text alone."""
        return "@" in self.address

    def message(
        self, plain_text: str, html_text: str, now: datetime, pictures: Sequence[Picture] = ()
    ) -> bytes:
        """The complete message as it goes to the wire, seven bits wide, lines ended with CRLF."""
        mail = EmailMessage()
        mail["From"] = self.sender
        # A channel that is no mailbox is a group without members: a name and nobody to answer to.
        mail["To"] = self.address if self.is_to_a_mailbox else f"{self.address}:;"
        mail["Subject"] = self.subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = self.message_id
        # Without these two an absent manager's mailbox answers every digest.
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        mail.set_content(plain_text, cte="quoted-printable")
        mail.add_alternative(html_text, subtype="html", cte="quoted-printable")
        self._add(mail, pictures)
        mail.set_boundary(f"caseload-{self.key}")
        return mail.as_bytes(policy=policy.SMTP)

    def _add(self, mail: EmailMessage, pictures: Sequence[Picture]) -> None:
        """Beside the page that shows them, so that no reader lists them as attachments."""
        page = mail.get_body(("html",))
        if not pictures or not isinstance(page, EmailMessage):
            return
        for place, picture in enumerate(pictures, start=1):
            for content_id, png, name in (
                (picture.content_id, picture.png, f"chart-{place}.png"),
                (picture.dark_content_id, picture.dark_png, f"chart-{place}-dark.png"),
            ):
                page.add_related(
                    png, "image", "png", cid=f"<{content_id}>", disposition="inline", filename=name
                )
        page.set_boundary(f"caseload-{self.key}-page")


def envelope(digest: Digest, sender: str) -> Envelope:
    return Envelope(digest.address, digest.subject, sender, digest.key)


def message_id(digest: Digest, sender: str) -> str:
    return envelope(digest, sender).message_id


def message(digest: Digest, sender: str, now: datetime, load_id: str) -> bytes:
    whole = envelope(digest, sender)
    if not whole.is_to_a_mailbox:
        return whole.message(brief(digest), html(digest, load_id, {}), now)
    charts = [entry.chart for section in digest.sections for entry in section.entries if entry.chart]
    pictures = pictures_of(charts, digest.key, whole.domain)
    page = html(digest, load_id, pictures)
    return whole.message(plain(digest, load_id), page, now, list(pictures.values()))


def file_name(digest: Digest) -> str:
    """A name that sorts by month and says for whom in the council, without the address."""
    councils = sorted({item.council for item in digest.items})
    month = max(month for _, month, _ in digest.places)
    parts = [f"{month:%Y-%m}", councils[0] if len(councils) == 1 else "several-councils", digest.roles[0]]
    slugs = [re.sub(r"[^a-z0-9-]+", "-", part.lower()).strip("-") for part in parts]
    return "_".join([*filter(None, slugs), digest.key[:12]]) + ".eml"
