"""The mail server: hands one message over and returns the server's own words. No exception leaves it."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parseaddr

from dagster_project.settings import Smtp

_TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Reply:
    """Whether the server took the message, and what it said."""

    accepted: bool
    text: str


class _RefusedError(Exception):
    """The server answered a step with anything but yes; the message is its answer."""


class MailServer:
    """The sessions of one announcement, the first begun when a message is handed over."""

    def __init__(self, smtp: Smtp) -> None:
        self._smtp = smtp
        self._connection: smtplib.SMTP | None = None
        self._down = ""

    def hand_over(self, address: str, message: bytes) -> Reply:
        """Offer the message for `address`; a refusal of one recipient leaves the others their chance."""
        # A server that could not be reached is not tried for each message: twenty waits would stall a load.
        if self._down:
            return Reply(False, self._down)
        try:
            connection = self._session()
        except (_RefusedError, smtplib.SMTPException, OSError, UnicodeError) as error:
            self.close()
            self._down = f"{self._smtp.host}:{self._smtp.port}: {_reason(error)}"
            return Reply(False, self._down)
        try:
            # Two steps of smtplib's sendmail, which would throw away the final reply, our proof.
            _expect(250, connection.rcpt(address), also=251)
            return Reply(True, _words(_expect(250, connection.data(message))))
        except (_RefusedError, smtplib.SMTPException, OSError) as error:
            # The next message starts with a session of which nothing is left half said.
            self.close()
            return Reply(False, _reason(error))

    def _session(self) -> smtplib.SMTP:
        """A session in which the server has accepted the sender and waits for a recipient."""
        sender = parseaddr(self._smtp.sender)[1]
        if self._connection is not None:
            # Servers end a session after so many messages or so much silence: then a new one is begun.
            with suppress(smtplib.SMTPException, OSError):
                if self._connection.mail(sender)[0] == 250:
                    return self._connection
            self.close()
        connection = self._connect()
        _expect(250, connection.mail(sender))
        return connection

    def _connect(self) -> smtplib.SMTP:
        smtp = self._smtp
        connection = smtplib.SMTP(smtp.host, smtp.port, timeout=_TIMEOUT_SECONDS)
        self._connection = connection
        if smtp.starttls:
            import ssl

            connection.starttls(context=ssl.create_default_context())
        if smtp.user:
            connection.login(smtp.user, smtp.password)
        connection.ehlo_or_helo_if_needed()
        return connection

    def close(self) -> None:
        if self._connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._connection.quit()
            self._connection.close()
            self._connection = None


def _expect(code: int, reply: tuple[int, bytes], also: int = 0) -> tuple[int, bytes]:
    if reply[0] not in (code, also):
        raise _RefusedError(_words(reply))
    return reply


def _words(reply: tuple[int, bytes | str]) -> str:
    code, text = reply
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(said.split())}"[:500]


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _words((error.smtp_code, error.smtp_error))
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())[:500] or type(error).__name__


@contextmanager
def mail_server(smtp: Smtp) -> Iterator[MailServer]:
    server = MailServer(smtp)
    try:
        yield server
    finally:
        server.close()
