"""Digests handed to a real mail server on the loopback: taken, refused, down, cut off, killed half-way."""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from dagster_project.alerts import Announcement, Breach, announce
from dagster_project.alerts.ledger import Ledger
from dagster_project.settings import Settings, Smtp

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

JUNE = date(2018, 6, 1)
HEAD, MANAGER = "head@example.org", "manager@example.org"


class Mailbox:
    """Keeps what arrives; refuses an address, or drops the connection, when told to."""

    def __init__(self) -> None:
        self.received: list[tuple[list[str], bytes]] = []
        self.refused: set[str] = set()
        self.drop_mid_message = False
        self.one_message_a_session = False
        self._served: set[int] = set()

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.one_message_a_session and id(session) in self._served:
            return "421 4.7.0 Too many messages in this session"
        self._served.add(id(session))
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.drop_mid_message:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "451 never heard"
        assert isinstance(envelope.content, bytes)
        self.received.append((list(envelope.rcpt_tos), envelope.content))
        return f"250 2.0.0 Queued as Q{len(self.received)}"

    def addresses(self) -> list[str]:
        return [address for addresses, _ in self.received for address in addresses]

    def message_ids(self) -> list[str]:
        return [str(email.message_from_bytes(content)["Message-ID"]) for _, content in self.received]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(mailbox: Mailbox, port: int, **options: Any) -> Iterator[None]:
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
            "channel": f"mailto:{address}",
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
) -> Announcement:
    now = datetime(2018, 7, 3, 6, 0, tzinfo=UTC) + timedelta(days=number)
    latest = {("northshire", one.metric): max(b.month for b in breaches) for one in breaches}
    return announce(breaches, latest, rows(*to), {}, Settings(home=home, smtp=smtp), now, f"load-{number}")


def ask_ledger(home: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(home / "outbox" / "ledger.sqlite")) as database:
        return database.execute(question).fetchall()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def smtp() -> Smtp:
    return Smtp(host="127.0.0.1", port=free_port(), sender="Caseload <caseload@northshire.example>")


def test_a_digest_is_taken_by_the_server_and_its_reply_is_kept(
    tmp_path: Path, mailbox: Mailbox, smtp: Smtp
) -> None:
    with serving(mailbox, smtp.port):
        first = load(tmp_path, smtp)
        again = load(tmp_path, smtp, number=2)

    (digest,) = first.digests
    assert (digest.delivered, digest.via, digest.reply) == (True, "smtp", "250 2.0.0 Queued as Q1")
    assert again.digests == ()
    ((addresses, content),) = mailbox.received
    assert addresses == [HEAD]
    assert content == digest.path.read_bytes()
    assert ask_ledger(tmp_path, "select delivered_by, reply from digests") == [
        ("smtp", "250 2.0.0 Queued as Q1")
    ]


def test_a_refused_recipient_has_the_servers_reason_and_the_others_their_mail(
    tmp_path: Path, mailbox: Mailbox, smtp: Smtp
) -> None:
    mailbox.refused = {HEAD}
    with serving(mailbox, smtp.port):
        first = load(tmp_path, smtp, to=(HEAD, MANAGER))
        mailbox.refused = set()
        second = load(tmp_path, smtp, to=(HEAD, MANAGER), number=2)

    assert {d.address: (d.delivered, d.reply) for d in first.digests} == {
        HEAD: (False, "550 5.1.1 No such mailbox here"),
        MANAGER: (True, "250 2.0.0 Queued as Q1"),
    }
    assert "550 5.1.1 No such mailbox here" in first.not_sent[0].reason
    assert [(d.address, d.delivered, d.retried) for d in second.digests] == [(HEAD, True, True)]
    assert mailbox.addresses() == [MANAGER, HEAD]
    assert ask_ledger(tmp_path, "select accepted, reply from attempts where not accepted") == [
        (0, "550 5.1.1 No such mailbox here")
    ]


def test_a_server_that_was_down_gets_the_same_message_at_the_next_load(
    tmp_path: Path, mailbox: Mailbox, smtp: Smtp
) -> None:
    down = load(tmp_path, smtp, to=(HEAD, MANAGER))
    with serving(mailbox, smtp.port):
        # A newer month meanwhile: what was prepared for June still goes out.
        up = load(tmp_path, smtp, [breach(), breach("newark", date(2018, 7, 1))], (HEAD, MANAGER), number=2)

    assert [d.delivered for d in down.digests] == [False, False]
    assert all("Connection refused" in d.reply for d in down.digests)
    assert all(d.path.is_file() for d in down.digests)
    assert [d.subject[9:16] for d in up.digests if d.retried] == ["2018-06"] * 2
    assert [d.subject[9:16] for d in up.digests if not d.retried] == ["2018-07"] * 2
    assert mailbox.message_ids()[:2] == [d.message_id for d in down.digests]
    assert mailbox.received[0][1] == down.digests[0].path.read_bytes()


def test_a_connection_cut_in_the_middle_of_a_message_leads_to_the_same_message_again(
    tmp_path: Path, mailbox: Mailbox, smtp: Smtp
) -> None:
    with serving(mailbox, smtp.port):
        mailbox.drop_mid_message = True
        cut = load(tmp_path, smtp, to=(HEAD, MANAGER))
        mailbox.drop_mid_message = False
        again = load(tmp_path, smtp, to=(HEAD, MANAGER), number=2)

    assert [d.delivered for d in cut.digests] == [False, False]
    assert all(d.reply for d in cut.digests)
    assert [d.delivered for d in again.digests] == [True, True]
    assert mailbox.message_ids() == [d.message_id for d in cut.digests]


def test_a_server_that_takes_one_message_a_session_gets_them_all_in_one_load(
    tmp_path: Path, mailbox: Mailbox, smtp: Smtp
) -> None:
    mailbox.one_message_a_session = True
    with serving(mailbox, smtp.port):
        announcement = load(tmp_path, smtp, to=(HEAD, MANAGER))

    assert [d.delivered for d in announcement.digests] == [True, True]


def kill_self(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def load_and_die(home: str, port: str, step: str) -> None:
    """Run in a process of its own: a load that is killed at one step of telling."""
    import dagster_project.alerts.outbox as outbox

    if step == "before the file":
        outbox.write = kill_self
    elif step == "before the rename":
        os.replace = kill_self
    elif step == "before the server":
        Ledger.record_written = kill_self  # type: ignore[method-assign]
    elif step == "before the reply is kept":
        Ledger.record_attempt = kill_self  # type: ignore[method-assign]
    load(Path(home), Smtp(host="127.0.0.1", port=int(port)))


@pytest.mark.parametrize(
    ("step", "copies"),
    [
        ("before the file", 1),
        ("before the rename", 1),
        ("before the server", 1),
        ("before the reply is kept", 2),
    ],
)
def test_a_load_killed_between_prepared_and_sent_leads_to_a_message_under_the_same_id(
    tmp_path: Path, mailbox: Mailbox, smtp: Smtp, step: str, copies: int
) -> None:
    paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[2])])
    program = "import sys, test_alert_mail; test_alert_mail.load_and_die(*sys.argv[1:])"
    with serving(mailbox, smtp.port):
        killed = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), str(smtp.port), step],
            env={**os.environ, "PYTHONPATH": paths},
            timeout=60,
            check=False,
        )
        ((prepared,),) = ask_ledger(tmp_path, "select message_id from digests")
        whole = [path.name for path in (tmp_path / "outbox").glob("*.eml")]
        after = load(tmp_path, smtp, number=2)

    assert killed.returncode == -signal.SIGKILL
    assert len(whole) == (0 if step in ("before the file", "before the rename") else 1)
    assert [(d.message_id, d.delivered, d.retried) for d in after.digests] == [(prepared, True, True)]
    assert mailbox.message_ids() == [prepared] * copies
    assert [path.name for path in (tmp_path / "outbox").iterdir() if path.suffix != ".sqlite"] == [
        after.digests[0].path.name
    ]


def test_a_message_left_over_is_not_sent_to_someone_who_is_a_recipient_no_more(
    tmp_path: Path, mailbox: Mailbox, smtp: Smtp
) -> None:
    load(tmp_path, smtp, to=(HEAD,))
    with serving(mailbox, smtp.port):
        without = load(tmp_path, smtp, to=(MANAGER,), number=2)

    assert mailbox.addresses() == [MANAGER]
    assert "recipient no more" in without.not_sent[0].reason


def test_a_mail_server_configured_later_is_not_flooded_with_what_the_outbox_delivered(
    tmp_path: Path, mailbox: Mailbox, smtp: Smtp
) -> None:
    load(tmp_path, Smtp())
    with serving(mailbox, smtp.port):
        load(tmp_path, smtp, number=2)

    assert mailbox.received == []


def test_a_mail_server_given_up_leaves_the_outbox_as_the_delivery(tmp_path: Path, smtp: Smtp) -> None:
    load(tmp_path, smtp)
    without = load(tmp_path, Smtp(), number=2)

    assert [(d.delivered, d.via) for d in without.digests] == [(True, "outbox")]
    assert load(tmp_path, Smtp(), number=3).digests == ()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's own certificate for 127.0.0.1, and the file a client must trust."""
    x509 = pytest.importorskip("cryptography.x509")
    import ipaddress

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    address = ipaddress.ip_address("127.0.0.1")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "server.pem", folder / "server.key"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted


def only(user: str, password: str) -> Callable[..., AuthResult]:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(
            success=(data.login, data.password) == (user.encode(), password.encode()), handled=False
        )

    return check


@pytest.mark.parametrize(("password", "delivered"), [("long-secret", True), ("wrong-secret", False)])
def test_starttls_and_login_are_used_where_configured_and_a_wrong_password_is_reported(
    tmp_path: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, password: str, delivered: bool
) -> None:
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    smtp = Smtp(host="127.0.0.1", port=free_port(), user="caseload", password=password, starttls=True)
    options = {
        "tls_context": context,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": only("caseload", "long-secret"),
    }
    with serving(mailbox, smtp.port, **options):
        announcement = load(tmp_path, smtp)

    assert announcement.digests[0].delivered is delivered
    assert len(mailbox.received) == int(delivered)
    assert delivered or "535" in announcement.digests[0].reply
    assert password not in str(announcement)


def test_a_server_whose_certificate_is_not_trusted_is_given_neither_password_nor_mail(
    tmp_path: Path, mailbox: Mailbox
) -> None:
    context, _ = certificate(tmp_path)
    smtp = Smtp(host="127.0.0.1", port=free_port(), user="caseload", password="long-secret", starttls=True)
    options = {
        "tls_context": context,
        "auth_required": False,
        "authenticator": only("caseload", "long-secret"),
    }
    with serving(mailbox, smtp.port, **options):
        announcement = load(tmp_path, smtp)

    assert mailbox.received == []
    assert "certificate" in announcement.digests[0].reply
