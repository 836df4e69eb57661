"""Real servers on the loopback for alerts, and loads that announce to them. Asserts nothing."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from dagster_project.alerts import Announcement, Breach, announce
from dagster_project.alerts.delivery import nothing
from dagster_project.alerts.waits import NO_WAITS, Waits
from dagster_project.settings import Settings, Smtp

JUNE = date(2018, 6, 1)
HEAD, MANAGER = "head@example.org", "manager@example.org"


class Mailbox:
    """Keeps what arrives; refuses an address, waits, or drops the connection, when told to."""

    def __init__(self) -> None:
        self.received: list[tuple[list[str], bytes]] = []
        self.refused: set[str] = set()
        self.refused_with = "550 5.1.1 No such mailbox here"
        self.refuse_sender = ""
        self.refuse_message = ""
        self.seconds_before_answering = 0.0
        self.drop_mid_message = False
        self.one_message_a_session = False
        # What aiosmtpd cannot be made to do: see `rude`.
        self.shut_down_with = ""
        self.hangs_after_the_dot = False
        self.sessions = 0
        self._served: set[int] = set()

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.one_message_a_session and id(session) in self._served:
            return "421 4.7.0 Too many messages in this session"
        if self.refuse_sender:
            return self.refuse_sender
        self._served.add(id(session))
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused_with
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.drop_mid_message:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "451 never heard"
        if self.refuse_message:
            return self.refuse_message
        if self.seconds_before_answering:
            await asyncio.sleep(self.seconds_before_answering)
        assert isinstance(envelope.content, bytes)
        self.received.append((list(envelope.rcpt_tos), envelope.content))
        return f"250 2.0.0 Queued as Q{len(self.received)}"

    def addresses(self) -> list[str]:
        return [address for addresses, _ in self.received for address in addresses]

    def message_ids(self) -> list[str]:
        return [str(message_from_bytes(content)["Message-ID"]) for _, content in self.received]


@contextmanager
def rude(mailbox: Mailbox, port: int) -> Iterator[None]:
    """A mail server that goes away in the middle of a message with `shut_down_with`, or says nothing after its dot."""

    class Session(StreamRequestHandler):
        def handle(self) -> None:
            mailbox.sessions += 1
            self.say("220 rude")
            for line in self.rfile:
                word = line[:4].upper()
                if word == b"DATA":
                    self.say("354 go on")
                    self.rfile.readline()
                    if mailbox.shut_down_with:
                        self.say(mailbox.shut_down_with)
                        return
                    while self.rfile.readline() not in (b".\r\n", b""):
                        pass
                    # Nothing is said: who waits has to give up. Whatever else comes is not answered either.
                    self.rfile.read()
                    return
                self.say("221 bye" if word == b"QUIT" else "250 OK")

        def say(self, words: str) -> None:
            self.wfile.write(f"{words}\r\n".encode())

    class Server(ThreadingTCPServer):
        # It hangs up first, and what is left of its connections would keep the port from the next server.
        allow_reuse_address = True

    with Server(("127.0.0.1", port), Session) as server:
        server.daemon_threads, server.block_on_close = True, False
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def serving(mailbox: Mailbox, port: int, **options: Any) -> Iterator[None]:
    if mailbox.shut_down_with or mailbox.hangs_after_the_dot:
        with rude(mailbox, port):
            yield
        return
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def breach(unit: str = "ashfield", month: date = JUNE) -> Breach:
    return Breach(
        council="northshire",
        council_name="Northshire",
        unit=unit,
        unit_name=f"{unit.capitalize()} DCPT",
        level="team",
        month=month,
        as_at=date(2018, month.month, 30),
        metric="average_caseload",
        worker_key=None,
        value=Decimal("27.3125"),
        rounded_value=Decimal(27),
        band="must_reduce",
        band_label="high and must be reduced",
        severity="breach",
        lower=Decimal(27),
        upper=None,
        target=Decimal("20.5"),
        policy_id="northshire_average_caseload",
        source="June 2018 report, paragraph 3",
        months_in_breach=1,
        state="new",
    )


def rows(*addresses: str) -> list[dict[str, str]]:
    return [
        {
            "council": "northshire",
            "unit": "",
            "severity": "info",
            "channel": f"mailto:{address}" if "@" in address and ":" not in address else address,
            "role": "head",
        }
        for address in addresses
    ]


def load(
    home: Path,
    smtp: Smtp,
    breaches: Sequence[Breach] = (breach(),),
    to: Sequence[str] = (HEAD,),
    number: int = 1,
    *,
    waits: Waits = NO_WAITS,
    channels: dict[str, str] | None = None,
    reached: Callable[[str], None] = nothing,
) -> Announcement:
    """A load on day `number`, in one installation, that knows these breaches and recipients."""
    now = datetime(2018, 7, 3, 6, 0, tzinfo=UTC) + timedelta(days=number)
    latest = {("northshire", one.metric): max(b.month for b in breaches) for one in breaches}
    settings = Settings(home=home, smtp=smtp, channels=channels or {})
    return announce(
        breaches, latest, rows(*to), {}, settings, now, f"load-{number}", waits=waits, reached=reached
    )


def ask_ledger(home: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(home / "outbox" / "ledger.sqlite")) as database:
        return database.execute(question).fetchall()


@dataclass
class Receiver:
    """A web address that keeps what is posted to it, and answers with `status` after `seconds`.

    Who asks for the page at `moved_to` gets one, as from any web server.
    """

    status: int = 200
    seconds: float = 0.0
    answer: bytes = b"ok"
    keeps_what_it_refuses: bool = False
    moved_to: str = ""
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def message_ids(self) -> list[str]:
        return [str(body["message_id"]) for _, body in self.received]


@contextmanager
def receiving(receiver: Receiver) -> Iterator[int]:
    """The port it listens on."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if receiver.status < 400 or receiver.keeps_what_it_refuses:
                receiver.received.append((self.path, json.loads(body)))
            threading.Event().wait(receiver.seconds)
            # Whoever asked may have given up waiting.
            with suppress(BrokenPipeError):
                self.send_response(receiver.status)
                if receiver.moved_to:
                    self.send_header("Location", receiver.moved_to)
                self.end_headers()
                self.wfile.write(receiver.answer)

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(receiver.answer)

        def log_message(self, *_: object) -> None:
            """Its paths are secrets of a test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
