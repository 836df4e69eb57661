"""The ledger keeps what an earlier version wrote, and two processes at once tell nothing twice."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alert_seam import HEAD, MANAGER, Mailbox, ask_ledger, load, serving
from free_ports import free_port

from dagster_project.alerts.ledger import open_ledger
from dagster_project.alerts.ledger_schema import CURRENT, NewerLedgerError
from dagster_project.settings import Smtp

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

# As the version before made it.
BEFORE = """
create table items (
    item_id integer primary key,
    council text not null, month text not null, unit text not null, metric text not null,
    worker text not null, severity text not null, state text not null,
    standing text not null check (standing in ('history', 'latest')),
    load_id text not null, entered_at text not null,
    unique (council, month, unit, metric, worker, severity, state)
);
create index items_by_subject on items (council, unit, metric, worker, month);
create table digests (
    message_id text primary key,
    address text not null, role text not null, subject text not null, file_name text not null,
    message blob not null,
    new integer not null, worsened integer not null, resolved integer not null,
    load_id text not null, prepared_at text not null,
    written_at text, delivered_at text,
    delivered_by text check (delivered_by in ('outbox', 'smtp')), reply text
);
create table told (
    recipient text not null, item_id integer not null references items,
    message_id text not null references digests, primary key (recipient, item_id)
) without rowid;
create table attempts (
    message_id text not null references digests,
    attempted_at text not null, accepted integer not null, reply text not null
);
insert into items values
    (7, 'northshire', '2018-06-01', 'ashfield', 'average_caseload', '', 'breach', 'new', 'latest', 'load-0',
    '2018-07-03');
insert into digests values
    ('<caseload.one@northshire.example>', 'head@example.org', 'head', 'One', 'one.eml', x'0102', 1, 0, 0, 'load-0',
    '2018-07-03T06:00:00+00:00', '2018-07-03T06:00:00+00:00', '2018-07-03T06:00:00+00:00', 'smtp', '250 OK'),
    ('<caseload.two@northshire.example>', 'manager@example.org', 'head', 'Two', 'two.eml', x'0304', 1, 0, 0, 'load-0',
    '2018-07-03T06:00:00+00:00', '2018-07-03T06:00:00+00:00', null, null, null);
insert into told values ('head@example.org', 7, '<caseload.one@northshire.example>'),
    ('manager@example.org', 7, '<caseload.two@northshire.example>');
insert into attempts values
    ('<caseload.one@northshire.example>', '2018-07-03T06:00:00+00:00', 1, '250 OK'),
    ('<caseload.two@northshire.example>', '2018-07-03T06:00:00+00:00', 0, '451 later');
"""


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    (tmp_path / "outbox").mkdir()
    with closing(sqlite3.connect(tmp_path / "outbox" / "ledger.sqlite")) as database:
        database.executescript(BEFORE)
    return tmp_path


def test_a_ledger_of_the_version_before_keeps_every_row_it_had(old_home: Path) -> None:
    tables = ("items", "told")
    before = {table: ask_ledger(old_home, f"select * from {table}") for table in tables}
    with open_ledger(old_home / "outbox" / "ledger.sqlite"):
        pass
    after = {table: ask_ledger(old_home, f"select * from {table}") for table in tables}

    assert after == before
    assert ask_ledger(old_home, "select message_id, message, delivered_by, reply, failures from digests") == [
        ("<caseload.one@northshire.example>", b"\x01\x02", "smtp", "250 OK", 0),
        ("<caseload.two@northshire.example>", b"\x03\x04", None, None, 1),
    ]
    assert ask_ledger(old_home, "select message_id, accepted, reply from attempts") == [
        ("<caseload.one@northshire.example>", 1, "250 OK"),
        ("<caseload.two@northshire.example>", 0, "451 later"),
    ]
    assert ask_ledger(old_home, "pragma user_version") == [(CURRENT,)]


def test_what_an_earlier_version_told_is_not_told_again_and_what_waited_is_sent(old_home: Path) -> None:
    mailbox, smtp = Mailbox(), Smtp(host="127.0.0.1", port=free_port())
    with serving(mailbox, smtp.port):
        load(old_home, smtp, to=(HEAD, MANAGER))

    assert [addresses for addresses, _ in mailbox.received] == [[MANAGER]]


def test_a_ledger_of_a_later_version_is_not_written_to(old_home: Path) -> None:
    path = old_home / "outbox" / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"pragma user_version = {CURRENT + 1}")
    with pytest.raises(NewerLedgerError, match="later version"), open_ledger(path):
        pass


def test_two_loads_started_together_send_each_message_once(tmp_path: Path) -> None:
    mailbox, smtp = Mailbox(), Smtp(host="127.0.0.1", port=free_port())
    mailbox.seconds_before_answering = 0.3
    # One message waits from before: both find it.
    load(tmp_path, smtp, to=(HEAD,))
    program = (
        "import sys, time; from pathlib import Path; from alert_seam import load\n"
        "from dagster_project.settings import Smtp\n"
        "while not Path(sys.argv[1], 'go').exists(): time.sleep(0.01)\n"
        "load(Path(sys.argv[1]), Smtp(host='127.0.0.1', port=int(sys.argv[2])), to=('head@example.org',"
        " 'manager@example.org'), number=2)"
    )
    tests = Path(__file__).resolve().parents[1]
    paths = os.pathsep.join([str(tests), str(tests.parent)])
    with serving(mailbox, smtp.port):
        both = [
            subprocess.Popen(
                [sys.executable, "-c", program, str(tmp_path), str(smtp.port)],
                env={**os.environ, "PYTHONPATH": paths},
            )
            for _ in range(2)
        ]
        (tmp_path / "go").touch()
        codes = [one.wait(60) for one in both]

    assert codes == [0, 0]
    assert sorted(mailbox.addresses()) == [HEAD, MANAGER]
    assert len(set(mailbox.message_ids())) == 2
