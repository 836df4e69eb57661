"""The mail server: hands one message over and returns the server's own words. No exception leaves it."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parseaddr

from dagster_project.settings import Smtp


@dataclass(frozen=True)
class Reply:
    """Whether the server took the message, and what it said. `is_permanent`: the same would be refused again."""

    accepted: bool
    text: str
    is_permanent: bool = False


class _RefusedError(Exception):
    """The server answered a step with anything but yes; the message is its answer."""

    def __init__(self, reply: tuple[int, bytes]) -> None:
        self.code = reply[0]
        super().__init__(_words(reply))


class MailServer:
    """The sessions of one announcement, the first begun when a message is handed over."""

    def __init__(self, smtp: Smtp, reached: Callable[[str], None] = lambda step: None) -> None:
        self._smtp = smtp
        self._reached = reached
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
            self._reached("the sender is accepted")
            # Steps of smtplib's sendmail, which would throw away the final reply, our proof.
            _expect(250, connection.rcpt(address), also=251)
            self._reached("the recipient is accepted")
            reply = _expect(250, self._send(connection, message))
            self._reached("the reply is read")
            return Reply(True, _words(reply))
        except (_RefusedError, smtplib.SMTPException, OSError) as error:
            # The next message starts with a session of which nothing is left half said.
            self.close()
            # A refusal of this recipient or this message; what happens to a session may be gone the next time.
            is_permanent = isinstance(error, _RefusedError) and 500 <= error.code < 600
            return Reply(False, _reason(error), is_permanent)

    def _send(self, connection: smtplib.SMTP, message: bytes) -> tuple[int, bytes]:
        _expect(354, connection.docmd("data"))
        stuffed = re.sub(rb"(?m)^\.", b"..", message)
        end = b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"
        half = len(stuffed) // 2
        connection.send(stuffed[:half])
        self._reached("half of the message is sent")
        connection.send(stuffed[half:] + end)
        self._reached("the message is sent")
        return connection.getreply()

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
        connection = smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout_seconds)
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
        raise _RefusedError(reply)
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
def mail_server(smtp: Smtp, reached: Callable[[str], None] = lambda step: None) -> Iterator[MailServer]:
    server = MailServer(smtp, reached)
    try:
        yield server
    finally:
        server.close()
