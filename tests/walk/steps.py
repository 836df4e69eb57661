"""What is tried on a message's way and what comes of it: kills at each step, and servers that misbehave. Data, and how
each is done.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alert_seam import Mailbox, Receiver, load

from dagster_project.settings import Smtp

TESTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Killed:
    """One step at which a load was killed: what lies there then, and how many copies arrive in all once it runs again.

    `posts` is None for a step that only a mail server knows.
    """

    step: str
    recorded: bool
    file: bool
    mails: int
    posts: int | None


KILLED = (
    Killed("the breaches are entered", recorded=False, file=False, mails=1, posts=1),
    Killed("the message is recorded", recorded=True, file=False, mails=1, posts=1),
    Killed("the file is begun", recorded=True, file=False, mails=1, posts=1),
    Killed("the file lies in the outbox", recorded=True, file=True, mails=1, posts=1),
    Killed("the file is recorded", recorded=True, file=True, mails=1, posts=1),
    Killed("the attempt is recorded", recorded=True, file=True, mails=1, posts=1),
    Killed("the sender is accepted", recorded=True, file=True, mails=1, posts=None),
    Killed("the recipient is accepted", recorded=True, file=True, mails=1, posts=None),
    Killed("half of the message is sent", recorded=True, file=True, mails=1, posts=None),
    Killed("the message is sent", recorded=True, file=True, mails=2, posts=None),
    Killed("the reply is read", recorded=True, file=True, mails=2, posts=2),
    Killed("the reply is kept", recorded=True, file=True, mails=1, posts=1),
)

PROGRAM = "import sys; from walk.steps import load_and_die; load_and_die(*sys.argv[1:])"


def kill_at(home: Path, smtp: Smtp, to: str, step: str) -> int:
    """Run a load in a process of its own that is killed once it has reached the step; its exit code."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(home), str(smtp.port), smtp.host, to, step],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
        timeout=60,
        check=False,
    )
    return done.returncode


def load_and_die(home: str, port: str, host: str, to: str, step: str) -> None:
    def reached(name: str) -> None:
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)

    load(Path(home), Smtp(host=host, port=int(port)), to=(to,), reached=reached)


@dataclass(frozen=True)
class Served:
    """One way a mail server behaves: its words as the ledger keeps them, and what becomes of the message."""

    what: str
    behave: Callable[[Mailbox], None]
    reply: str
    then: str


def _refuse(words: str) -> Callable[[Mailbox], None]:
    def behave(mailbox: Mailbox) -> None:
        mailbox.refused, mailbox.refused_with = {"head@example.org"}, words

    return behave


def _set(**values: object) -> Callable[[Mailbox], None]:
    def behave(mailbox: Mailbox) -> None:
        for name, value in values.items():
            setattr(mailbox, name, value)

    return behave


AGAIN, DAY_AFTER = "offered again after 5 minutes", "offered again after a day, then given up"
SERVED = (
    Served("accepts", _set(), "250 2.0.0 Queued as Q1", "taken"),
    Served(
        "refuses the recipient for good",
        _refuse("550 5.1.1 No such mailbox here"),
        "550 5.1.1 No such mailbox here",
        DAY_AFTER,
    ),
    Served(
        "refuses the recipient for now",
        _refuse("451 4.7.1 Greylisted, come back later"),
        "451 4.7.1 Greylisted, come back later",
        AGAIN,
    ),
    Served(
        "refuses the sender",
        _set(refuse_sender="553 5.1.8 Sender not allowed"),
        "553 5.1.8 Sender not allowed",
        AGAIN,
    ),
    Served(
        "refuses the message for good",
        _set(refuse_message="554 5.6.0 Message refused"),
        "554 5.6.0 Message refused",
        DAY_AFTER,
    ),
    Served(
        "refuses the message for now",
        _set(refuse_message="452 4.3.1 Out of space"),
        "452 4.3.1 Out of space",
        AGAIN,
    ),
    Served("answers too late", _set(seconds_before_answering=1.5), "timed out", AGAIN),
    Served(
        "drops the connection mid-message",
        _set(drop_mid_message=True),
        "Connection unexpectedly closed",
        AGAIN,
    ),
    Served(
        "shuts down mid-message",
        _set(shut_down_with="421 4.3.2 Service shutting down"),
        "421 4.3.2 Service shutting down",
        AGAIN,
    ),
    Served("says nothing after the final dot", _set(hangs_after_the_dot=True), "timed out", AGAIN),
    Served("does not listen", _set(), "Connection refused", AGAIN),
)


@dataclass(frozen=True)
class Answered:
    """One way a web address behaves, and what becomes of the message."""

    what: str
    receiver: Receiver
    reply: str
    then: str


ANSWERED = (
    Answered("accepts", Receiver(), "HTTP 200", "taken"),
    Answered("knows no such address", Receiver(404), "HTTP 404", DAY_AFTER),
    Answered("sends on to another address", Receiver(302, moved_to="/log-in"), "HTTP 302", DAY_AFTER),
    Answered("refuses the secret", Receiver(403), "HTTP 403", DAY_AFTER),
    Answered("asks for patience", Receiver(429), "HTTP 429", AGAIN),
    Answered("fails", Receiver(503), "HTTP 503", AGAIN),
    Answered("keeps it and fails", Receiver(500, keeps_what_it_refuses=True), "HTTP 500", AGAIN),
    Answered("answers too late", Receiver(200, seconds=1.5), "A Connection error occurred", AGAIN),
)
