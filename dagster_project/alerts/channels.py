"""Where a recipient is reached: an address, or a service behind a URL that is a secret in itself. Sends nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

MAIL = "mail"
SERVICES = {"slack": "slack", "workflow": "teams", "workflows": "teams", "json": "json", "jsons": "json"}
"""The kinds of Apprise URL that were tried, and what they are called here."""

# Plain ASCII: a longer form needs a mail server with SMTPUTF8, which a council cannot be assumed to have.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
UNNAMED = (
    "no secret has the name in its channel: set CASELOAD_CHANNEL_ and that name in capitals, in the environment or in "
    "CASELOAD_SECRETS_FILE"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]*")


@dataclass(frozen=True)
class Channel:
    """One place to tell things to. `address` is safe to show and keep: a mail address, or a kind and a name."""

    kind: str
    address: str
    url: str = field(default="", repr=False)

    @property
    def key(self) -> str:
        """The same for one recipient however it is written."""
        return self.address.casefold()


def read_channel(cell: str, secrets: Mapping[str, str]) -> tuple[Channel | None, str]:
    """The channel a cell of alert_recipients.csv means, or why it means none. Nothing of the cell is repeated."""
    if not cell:
        return None, "it has no channel"
    if _NAME.fullmatch(cell):
        named = secrets.get(re.sub(r"[ -]", "_", cell).lower())
        if named is None:
            return None, UNNAMED
        return _read(named, cell.lower().replace(" ", "-"))
    return _read(cell, "")


def _read(text: str, name: str) -> tuple[Channel | None, str]:
    bare = text[len("mailto:") :] if text.lower().startswith("mailto:") else text
    if _ADDRESS.fullmatch(bare) and not bare.startswith("/"):
        local, _, domain = bare.rpartition("@")
        return Channel(MAIL, f"{local}@{domain.lower()}"), ""
    scheme = _SCHEME.match(text)
    kind = scheme[1].lower() if scheme else ""
    if kind == "mailto" and bare.startswith("//"):
        return (
            None,
            "mailto:// is no channel: write mailto:name@domain, the mail server is set by CASELOAD_SMTP_HOST",
        )
    if kind == "https":
        kind = _kind_of_page(text)
    if kind in SERVICES:
        return _service(kind, text, name)
    if kind == "msteams":
        return (
            None,
            "channels of the kind msteams: came to their end with Teams' connectors: use workflows://",
        )
    if kind and kind != "mailto":
        return None, (
            f"channels of the kind {kind}: are not supported, only mailto:name@domain, workflows://, slack://, "
            "json:// and jsons://"
        )
    return None, "its channel is not an e-mail address that can be used"


def _kind_of_page(url: str) -> str:
    """What services hand out as a plain https address is known by its host."""
    host = urlsplit(url).hostname or ""
    if host == "hooks.slack.com":
        return "slack"
    is_teams = host.endswith((".logic.azure.com", ".api.powerplatform.com"))
    return "workflows" if is_teams else "https"


def _service(kind: str, url: str, name: str) -> tuple[Channel | None, str]:
    from dagster_project.alerts.webhook import is_readable

    if not is_readable(url):
        return None, f"Apprise cannot read its channel of the kind {kind}:"
    known_as = name or hashlib.sha256(url.encode()).hexdigest()[:12]
    return Channel(SERVICES[kind], f"{SERVICES[kind]} {known_as}", url), ""


def without_secrets(text: str, url: str) -> str:
    """The text without the URL and without the parts of it that could be secrets: log-in, path and query."""
    parts = urlsplit(url)
    secret = {url, parts.netloc, parts.username or "", parts.password or "", parts.query, parts.path}
    secret |= {piece for piece in re.split(r"[/?&=:@#]", unquote(url)) if len(piece) > 5}
    for piece in sorted(filter(None, secret), key=len, reverse=True):
        if len(piece) > 3:
            text = text.replace(piece, "(secret)")
    return text
