"""The tables of the ledger of alerts, and how a ledger made by an earlier version becomes one of this. No rows here."""

from __future__ import annotations

import sqlite3

from dagster_project import told_figures
from dagster_project.errors import PlainError

# What the first version had, without a number; each later version is one list of statements.
_FIRST = """
create table if not exists items (
    item_id integer primary key,
    council text not null, month text not null, unit text not null, metric text not null,
    worker text not null, severity text not null, state text not null,
    standing text not null check (standing in ('history', 'latest')),
    load_id text not null, entered_at text not null,
    unique (council, month, unit, metric, worker, severity, state)
);
create index if not exists items_by_subject on items (council, unit, metric, worker, month);
create table if not exists digests (
    message_id text primary key,
    address text not null, role text not null, subject text not null, file_name text not null,
    message blob not null,
    new integer not null, worsened integer not null, resolved integer not null,
    load_id text not null, prepared_at text not null,
    written_at text, delivered_at text,
    delivered_by text check (delivered_by in ('outbox', 'smtp')), reply text
);
create table if not exists told (
    recipient text not null,
    item_id integer not null references items,
    message_id text not null references digests,
    primary key (recipient, item_id)
) without rowid;
create table if not exists attempts (
    message_id text not null references digests,
    attempted_at text not null, accepted integer not null, reply text not null
);
"""

# SQLite cannot change a check: the table is made anew. Names stay, so what refers to it still does.
_CHANNELS_AND_RETRIES = """
create table digests_made_anew (
    message_id text primary key,
    address text not null, role text not null, subject text not null, file_name text not null,
    message blob not null,
    new integer not null, worsened integer not null, resolved integer not null,
    load_id text not null, prepared_at text not null,
    written_at text, delivered_at text,
    delivered_by text check (delivered_by in ('outbox', 'smtp', 'webhook')), reply text,
    kind text not null default 'digest' check (kind in ('digest', 'reminder', 'escalation', 'fault', 'trial')),
    failures integer not null default 0, refusals integer not null default 0,
    next_attempt_at text, given_up_at text
);
insert into digests_made_anew
    (message_id, address, role, subject, file_name, message, new, worsened, resolved, load_id, prepared_at,
    written_at, delivered_at, delivered_by, reply, failures)
select message_id, address, role, subject, file_name, message, new, worsened, resolved, load_id, prepared_at,
    written_at, delivered_at, delivered_by, reply,
    (select count(*) from attempts where attempts.message_id = digests.message_id and not accepted)
from digests order by rowid;
drop table digests;
alter table digests_made_anew rename to digests;
create table attempts_made_anew (
    attempt_id integer primary key,
    message_id text not null references digests,
    attempted_at text not null, ended_at text,
    accepted integer, is_permanent integer not null default 0, reply text not null default ''
);
insert into attempts_made_anew (message_id, attempted_at, ended_at, accepted, reply)
select message_id, attempted_at, attempted_at, accepted, reply from attempts order by rowid;
drop table attempts;
alter table attempts_made_anew rename to attempts;
create table resends (
    message_id text not null references digests,
    at text not null, by_user text not null
);
create table standing (
    council text not null, council_name text not null, unit text not null, unit_name text not null,
    metric text not null, month text not null, since text not null,
    severity text not null, state text not null, label text not null, policy_id text not null,
    workers integer not null, acknowledge_within_days integer,
    primary key (council, unit, metric)
);
create table acknowledgements (
    acknowledgement_id integer primary key,
    council text not null, unit text not null, metric text not null, severity text not null,
    by_whom text not null, note text not null, until text,
    at text not null, by_user text not null,
    ended_at text, ended_because text, ended_by text
);
create table mutes (
    mute_id integer primary key,
    council text not null, unit text not null, metric text not null,
    until text not null, why text not null,
    at text not null, by_user text not null,
    ended_at text, ended_by text
);
create table escalations (
    council text not null, unit text not null, metric text not null, since text not null,
    step integer not null, to_unit text not null, at text not null, reached integer not null,
    primary key (council, unit, metric, since, step, at)
);
create table faults (
    fault_id integer primary key,
    kind text not null, subject text not null, council text not null, words text not null,
    since text not null, seen_at text not null, resolved_at text
);
create table told_faults (
    recipient text not null,
    fault_id integer not null references faults,
    phase text not null check (phase in ('new', 'resolved')),
    message_id text not null references digests,
    primary key (recipient, fault_id, phase)
) without rowid;
create table runs (
    run_id integer primary key,
    what text not null, started_at text not null, ended_at text,
    outcome text not null check (outcome in ('running', 'done', 'failed')), words text not null default '',
    process integer not null, host text not null
);
create table ticks (
    what text primary key, at text not null
);
"""

# A breach that a correction took away and brought back is told again: what was told before it lies here.
_CORRECTIONS = f"""
{told_figures.SCHEMA}
create table taken_back (
    recipient text not null,
    item_id integer not null references items,
    message_id text not null references digests,
    taken_back_by text not null references digests
);
"""

# Figure, rule and source of what stands, in the digest's words: an escalation needs no warehouse.
_WORDS_OF_WHAT_STANDS = """
alter table standing add column figure text not null default '';
alter table standing add column facts text not null default '[]';
"""

_VERSIONS = (_CHANNELS_AND_RETRIES, _CORRECTIONS, _WORDS_OF_WHAT_STANDS)
CURRENT = len(_VERSIONS)


class NewerLedgerError(PlainError):
    """The ledger was made by a later version of the product, which this one must not write to."""


def bring_up_to_date(db: sqlite3.Connection) -> None:
    """Afterwards the ledger has the tables of this version and every row it had. Two processes may begin at once.

    Raises NewerLedgerError.
    """
    if version(db) == CURRENT:
        return
    db.execute("begin immediate")
    try:
        made_by = version(db)
        if made_by > CURRENT:
            raise NewerLedgerError(
                f"the ledger of alerts was made by a later version: its form is {made_by}, this one knows {CURRENT}"
            )
        for statements in (_FIRST, *_VERSIONS[made_by:]) if made_by == 0 else _VERSIONS[made_by:]:
            for statement in statements.split(";\n"):
                if statement.strip():
                    db.execute(statement)
        db.execute(f"pragma user_version = {CURRENT}")
    except BaseException:
        db.execute("rollback")
        raise
    db.execute("commit")


def version(db: sqlite3.Connection) -> int:
    """0 for a ledger of before versions were counted, and for an empty file."""
    return int(db.execute("pragma user_version").fetchone()[0])
