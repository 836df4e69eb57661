"""A message handed to a chat service or a web address through Apprise, and what was answered. Composes nothing."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from dagster_project.alerts.channels import Channel, without_secrets
from dagster_project.alerts.mail_server import Reply

if TYPE_CHECKING:
    from apprise import Apprise

# One more try at once for a lost packet; what fails longer is tried again by later runs. A URL's own words win.
_DEFAULTS = {"retry": "1", "wait": "1", "rto": "10", "cto": "5"}
# A service would fetch the picture from a host of Apprise's.
_QUIET = {"image": "no", "footer": "no"}
# Characters a service shows of one message: Slack's own limit, and what fits into the 28 KB of a Teams card.
_LONGEST = {"slack": 35_000, "teams": 20_000, "json": 1_000_000}
# Of the answers that mean no, those that may mean yes later.
_LATER = {408, 409, 421, 423, 425, 429}


def is_readable(url: str) -> bool:
    """Whether Apprise knows what the URL means."""
    from apprise import Apprise

    with _quietly():
        return Apprise.instantiate(url, suppress_exceptions=True) is not None


def hand_over(channel: Channel, message: bytes, reached: Callable[[str], None]) -> Reply:
    """Offer the message's subject and plain text; its Message-ID is in the body, so that a second copy is known."""
    mail = message_from_bytes(message, policy=policy.default)
    part = mail.get_body(("plain",))
    message_id = str(mail["Message-ID"]).strip("<>")
    text = (str(part.get_content()) if part else "").strip()
    with _quietly(), _answers() as answers:
        service = _service(_with_defaults(channel, message_id))
        if service is None:
            return Reply(False, "Apprise cannot read its channel", is_permanent=True)
        body = _body(channel.kind, text, message_id, _LONGEST[channel.kind])
        result = service.notify(body=body, title=str(mail["Subject"]))
        reached("the reply is read")
        said = [entry.message for one in result for entry in one.logs() if entry.level in _SPOKEN]
    # What it says of each of its tries is said once.
    words = without_secrets(" ".join(" ".join(dict.fromkeys(said)).split()), channel.url)
    status = answers.last
    if result:
        return Reply(True, f"HTTP {status}" if status else words or "taken")
    text = f"HTTP {status}: {words}" if status else words or "no answer in time"
    return Reply(False, text[:500], is_permanent=300 <= status < 500 and status not in _LATER)


def _body(kind: str, text: str, message_id: str, longest: int) -> str:
    """The text as the service shows it, whole or saying that it is cut."""
    last = "" if kind == "json" else f"\n\nMessage-ID: {message_id}"
    # Teams reads a single line end as a space.
    shown = re.sub(r"\n+", "\n\n", text) if kind == "teams" else text
    if len(shown) + len(last) > longest:
        shown = shown[: longest - len(last) - len(_CUT)].rpartition("\n")[0] + _CUT
    return shown + last


_CUT = "\n\nCut here: this service takes no longer message. The whole of it lies in the outbox."
_SPOKEN = {"WARNING", "ERROR", "CRITICAL"}


def _service(url: str) -> Apprise | None:
    from apprise import Apprise, AppriseAsset, PersistentStoreMode

    # Nothing is kept on disk, and its log names no secret.
    # Who follows to another address asks it for a page instead of handing it the message, and takes the page for a yes.
    asset = AppriseAsset(
        storage_mode=PersistentStoreMode.MEMORY,
        secure_logging=True,
        app_id="Caseload",
        http_redirects=False,
    )
    service = Apprise(asset=asset)
    return service if service.add(url) else None


def _with_defaults(channel: Channel, message_id: str) -> str:
    address, _, query = channel.url.partition("?")
    query = "&".join(part for part in query.split("&") if not part.casefold().startswith("redirect="))
    given = dict(parse_qsl(query, keep_blank_values=True))
    wanted = {**_DEFAULTS, **(_QUIET if channel.kind != "json" else {})}
    extra = {name: value for name, value in wanted.items() if name not in given}
    if channel.kind == "json":
        extra |= {":message_id": message_id}
    return f"{address}?{'&'.join(part for part in (query, urlencode(extra)) if part)}"


class _Answers(logging.Handler):
    """The statuses of answers: Apprise says only yes or no, and the answer is what proves it."""

    last = 0

    def emit(self, record: logging.LogRecord) -> None:
        # scheme, host, port, method, address, version, status, length: only the status is looked at.
        if isinstance(record.args, tuple) and len(record.args) == 8 and isinstance(record.args[6], int):
            self.last = record.args[6]


@contextmanager
def _answers() -> Iterator[_Answers]:
    heard, log = _Answers(logging.DEBUG), logging.getLogger("urllib3.connectionpool")
    before = (log.level, log.propagate, log.disabled)
    log.addHandler(heard)
    # Its lines hold the address, which is a secret: nobody else hears them.
    log.setLevel(logging.DEBUG)
    log.propagate, log.disabled = False, False
    try:
        yield heard
    finally:
        log.removeHandler(heard)
        log.setLevel(before[0])
        log.propagate, log.disabled = before[1], before[2]


@contextmanager
def _quietly() -> Iterator[None]:
    """Apprise's own log names hosts and, when it cannot read a URL, the URL."""
    log = logging.getLogger("apprise")
    before = log.propagate
    log.propagate = False
    try:
        yield
    finally:
        log.propagate = before
