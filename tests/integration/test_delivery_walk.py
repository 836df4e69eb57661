"""A message is killed at every step and offered to every kind of server: it arrives once, or again under one id, never
not at all. The quick ones run with every test, all of them with the long ones.
"""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest
from alert_seam import HEAD, Mailbox, Receiver, ask_ledger, load, receiving, serving
from free_ports import free_port
from walk.documentation import page
from walk.steps import ANSWERED, KILLED, SERVED, Answered, Killed, Served, kill_at

from dagster_project.alerts.delivery import OF_A_SERVICE, STEPS
from dagster_project.alerts.waits import read_waits
from dagster_project.reference import load_reference
from dagster_project.settings import PROJECT_ROOT, Settings, Smtp

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

QUICK_KILLS = {"the message is recorded", "half of the message is sent", "the reply is read"}
NO_MAIL = Smtp()


@pytest.fixture
def smtp() -> Smtp:
    return Smtp(host="127.0.0.1", port=free_port(), timeout_seconds=0.5)


def what_lies_there(home: Path) -> tuple[bool, bool]:
    return bool(ask_ledger(home, "select 1 from digests")), bool(list((home / "outbox").glob("*.eml")))


def quick(killed: Killed) -> bool:
    return killed.step in QUICK_KILLS


def steps(posts: bool = False) -> list[object]:
    return [
        pytest.param(one, id=one.step, marks=() if quick(one) else pytest.mark.long)
        for one in KILLED
        if not posts or one.posts is not None
    ]


@pytest.mark.parametrize("killed", steps())
def test_a_load_killed_at_a_step_leads_to_the_mail_under_one_id(tmp_path: Path, killed: Killed) -> None:
    mailbox, smtp = Mailbox(), Smtp(host="127.0.0.1", port=free_port())
    with serving(mailbox, smtp.port):
        code = kill_at(tmp_path, smtp, HEAD, killed.step)
        found = what_lies_there(tmp_path)
        load(tmp_path, smtp, number=2)
        load(tmp_path, smtp, number=3)

    assert code == -signal.SIGKILL
    assert found == (killed.recorded, killed.file)
    assert len(mailbox.message_ids()) == killed.mails
    assert len(set(mailbox.message_ids())) == 1
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1
    assert not list((tmp_path / "outbox").glob(".*unfinished"))


@pytest.mark.parametrize("killed", steps(posts=True))
def test_a_load_killed_at_a_step_leads_to_the_post_under_one_id(tmp_path: Path, killed: Killed) -> None:
    receiver = Receiver()
    with receiving(receiver) as port:
        to = f"json://127.0.0.1:{port}/hook"
        code = kill_at(tmp_path, NO_MAIL, to, killed.step)
        found = what_lies_there(tmp_path)
        load(tmp_path, NO_MAIL, to=(to,), number=2)
        load(tmp_path, NO_MAIL, to=(to,), number=3)

    assert code == -signal.SIGKILL
    assert found == (killed.recorded, killed.file)
    assert len(receiver.message_ids()) == killed.posts
    assert len(set(receiver.message_ids())) == 1


def fate(home: Path) -> str:
    """What the ledger says will become of the one message, in the words of the table."""
    waits = read_waits(load_reference(Settings(home=home)).rows("send_waits"))
    ((delivered, given_up, refusals, failures, next_at, tried_at),) = ask_ledger(
        home,
        "select delivered_at, given_up_at, refusals, failures, next_attempt_at, max(attempted_at)"
        " from digests join attempts using (message_id) group by message_id",
    )
    if delivered:
        return "taken"
    assert (failures, given_up) == (1, None)
    minutes = ask_ledger(home, f"select (julianday('{next_at}') - julianday('{tried_at}')) * 1440")[0][0]
    if refusals:
        assert waits.after("permanent", 2) is None
        assert round(minutes) == 1440
        return "offered again after a day, then given up"
    return f"offered again after {round(minutes)} minutes"


@pytest.mark.parametrize("served", SERVED, ids=lambda served: served.what)
def test_a_mail_server_that_behaves_so_leads_to_that(tmp_path: Path, smtp: Smtp, served: Served) -> None:
    mailbox = Mailbox()
    served.behave(mailbox)
    waits = read_waits(load_reference(Settings(home=tmp_path)).rows("send_waits"))
    if served.what == "does not listen":
        load(tmp_path, smtp, waits=waits)
    else:
        with serving(mailbox, smtp.port):
            load(tmp_path, smtp, waits=waits)

    ((reply,),) = ask_ledger(tmp_path, "select reply from attempts")
    assert served.reply in reply
    assert fate(tmp_path) == served.then


@pytest.mark.parametrize("answered", ANSWERED, ids=lambda answered: answered.what)
def test_a_web_address_that_behaves_so_leads_to_that(tmp_path: Path, answered: Answered) -> None:
    receiver = replace(answered.receiver, received=[])
    waits = read_waits(load_reference(Settings(home=tmp_path)).rows("send_waits"))
    with receiving(receiver) as port:
        to = f"json://127.0.0.1:{port}/hook-secret?rto=0.5&retry=0"
        load(tmp_path, NO_MAIL, to=(to,), waits=waits)

    ((reply,),) = ask_ledger(tmp_path, "select reply from attempts")
    assert answered.reply in reply
    assert fate(tmp_path) == answered.then
    assert "hook-secret" not in reply


def test_the_walk_knows_every_step_there_is() -> None:
    assert tuple(one.step for one in KILLED) == STEPS
    assert tuple(one.step for one in KILLED if one.posts is not None) == OF_A_SERVICE


def test_the_page_of_reliability_shows_the_walk() -> None:
    assert page() in (PROJECT_ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
