"""Digests handed to a real mail server on the loopback: taken, refused, down, cut off, killed half-way."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from alert_seam import HEAD, MANAGER, Mailbox, ask_ledger, breach, load, serving
from free_ports import free_port

from dagster_project.settings import Smtp

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


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


def test_a_server_that_hangs_after_the_dot_is_waited_for_once_a_message_and_gets_the_same_messages_again(
    tmp_path: Path, mailbox: Mailbox, smtp: Smtp
) -> None:
    mailbox.hangs_after_the_dot = True
    short = replace(smtp, timeout_seconds=1)
    with serving(mailbox, smtp.port):
        started = perf_counter()
        hung = load(tmp_path, short, to=(HEAD, MANAGER))
        waited = perf_counter() - started
    mailbox.hangs_after_the_dot = False
    with serving(mailbox, smtp.port):
        again = load(tmp_path, short, to=(HEAD, MANAGER), number=2)

    assert ["timed out" in d.reply for d in hung.digests] == [True, True]
    # One wait for each: a session that hangs is not asked to say good-bye, and is not used again.
    assert mailbox.sessions == 2
    assert waited < 4
    assert [d.delivered for d in again.digests] == [True, True]
    assert mailbox.message_ids() == [d.message_id for d in hung.digests]


def test_a_server_that_shuts_down_in_the_middle_of_a_message_is_heard_and_the_others_are_tried(
    tmp_path: Path, mailbox: Mailbox, smtp: Smtp
) -> None:
    mailbox.shut_down_with = "421 4.3.2 Service shutting down"
    with serving(mailbox, smtp.port):
        cut = load(tmp_path, smtp, to=(HEAD, MANAGER))
    mailbox.shut_down_with = ""
    with serving(mailbox, smtp.port):
        load(tmp_path, smtp, to=(HEAD, MANAGER), number=2)

    assert [d.reply for d in cut.digests] == ["421 4.3.2 Service shutting down"] * 2
    assert ask_ledger(tmp_path, "select count(*) from attempts where is_permanent") == [(0,)]
    assert sorted(mailbox.addresses()) == [HEAD, MANAGER]


def test_a_server_that_takes_one_message_a_session_gets_them_all_in_one_load(
    tmp_path: Path, mailbox: Mailbox, smtp: Smtp
) -> None:
    mailbox.one_message_a_session = True
    with serving(mailbox, smtp.port):
        announcement = load(tmp_path, smtp, to=(HEAD, MANAGER))

    assert [d.delivered for d in announcement.digests] == [True, True]


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
