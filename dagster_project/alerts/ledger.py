"""The ledger: what was seen, who was told of it, in which message and what the server said. SQLite, no text
is composed here. It holds worker keys and so is readable by its owner only.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dagster_project.alerts.breach import Item, rank

_SCHEMA = """
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

_ITEM = ", ".join(Item._fields)
_PREPARED = "message_id, address, role, subject, file_name, message, new, worsened, resolved, load_id"


@dataclass(frozen=True)
class Prepared:
    """One message as the ledger keeps it: enough to send the very same bytes again."""

    message_id: str
    address: str
    role: str
    subject: str
    file_name: str
    message: bytes
    new: int
    worsened: int
    resolved: int
    load_id: str
    is_written: bool = False


class Ledger:
    """An open ledger. Outside `transaction` each call is kept at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None, timeout=60)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and no other announcement meanwhile: what one claims to tell, no other does."""
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def enter(self, items: Iterable[Item], standing: str, load_id: str, at: str) -> int:
        """Enter what is not yet known, under its first standing for good; the number of new entries."""
        before = self._db.total_changes
        self._db.executemany(
            f"insert into items ({_ITEM}, standing, load_id, entered_at) values (?,?,?,?,?,?,?,?,?,?)"
            f" on conflict ({_ITEM}) do nothing",
            ((*item, standing, load_id, at) for item in items),
        )
        return self._db.total_changes - before

    def is_history(self, item: Item) -> bool:
        """Whether the item was first entered as history: it is never mailed, whatever is latest later."""
        where = " and ".join(f"{name} = ?" for name in Item._fields)
        row = self._db.execute(f"select standing from items where {where}", item).fetchone()
        return row is not None and row[0] == "history"

    def gravest_before(self, item: Item) -> str | None:
        """The gravest severity recorded since the same thing was last resolved; None where nothing is known.

        A worker is the same in whichever unit. A month that a correction left with both a breach and a
        resolution counts as part of the run: rather one person more is told that it is over.
        """
        rows = self._db.execute(
            "select month, severity from items where council = ? and metric = ? and worker = ? and month <= ?"
            " and (worker <> '' or unit = ?) order by month desc",
            (item.council, item.metric, item.worker, item.month, item.unit),
        )
        by_month: dict[str, list[str]] = {}
        for month, severity in rows:
            by_month.setdefault(month, []).append(severity)
        gravest: str | None = None
        for month, severities in by_month.items():
            worst = max(severities, key=rank)
            if rank(worst) == 0:
                if month == item.month:
                    continue
                break
            gravest = max(gravest or worst, worst, key=rank)
        return gravest

    def told(self, address: str) -> set[Item]:
        """All that this recipient was told, or will be by a message already prepared."""
        rows = self._db.execute(
            f"select {_ITEM} from told join items using (item_id) where recipient = ?", (address.casefold(),)
        )
        return {Item(*row) for row in rows}

    def heard_of(self, address: str) -> set[tuple[str, str, str]]:
        """Subjects whose present run of breaches this recipient has heard of: told since it was last resolved."""
        resolved = {
            Item(*row).subject: row[1]
            for row in self._db.execute(f"select {_ITEM} from items where state = 'resolved' order by month")
        }
        return {
            item.subject
            for item in self.told(address)
            if item.state != "resolved" and item.month > resolved.get(item.subject, "")
        }

    def prepare(self, digest: Prepared, items: Iterable[Item], at: str) -> None:
        """Record the message and, as told by it, its items."""
        self._db.execute(
            f"insert into digests ({_PREPARED}, prepared_at) values (?,?,?,?,?,?,?,?,?,?,?)",
            (*(getattr(digest, name) for name in _PREPARED.split(", ")), at),
        )
        where = " and ".join(f"{name} = ?" for name in Item._fields)
        self._db.executemany(
            "insert into told (recipient, item_id, message_id)"
            f" select ?, item_id, ? from items where {where}",
            ((digest.address.casefold(), digest.message_id, *item) for item in items),
        )

    def undelivered(self) -> list[Prepared]:
        """Messages prepared and not yet delivered, the oldest first."""
        rows = self._db.execute(
            f"select {_PREPARED}, written_at is not null from digests"
            " where delivered_at is null order by rowid"
        )
        return [Prepared(*row) for row in rows.fetchall()]

    def delivered_until(self, moment: str) -> list[tuple[str, str, int, str]]:
        """Messages delivered until then whose bytes are still kept: id, file name, bytes, when they were delivered."""
        rows = self._db.execute(
            "select message_id, file_name, length(message), delivered_at from digests"
            " where delivered_at <= ? and length(message) > 0 order by delivered_at",
            (moment,),
        )
        return [(str(row[0]), str(row[1]), int(row[2]), str(row[3])) for row in rows]

    def waiting(self) -> set[str]:
        """File names of messages that are still to be handed over."""
        rows = self._db.execute("select file_name from digests where delivered_at is null")
        return {str(row[0]) for row in rows}

    def forget_messages(self, message_ids: Iterable[str]) -> None:
        """The bytes of these messages are gone for good; that they were told, of what and to whom, stays."""
        self._db.execute("pragma secure_delete = on")
        with self.transaction():
            self._db.executemany(
                "update digests set message = x'' where message_id = ? and delivered_at is not null",
                [(message_id,) for message_id in message_ids],
            )

    def record_written(self, message_id: str, at: str) -> None:
        self._db.execute("update digests set written_at = ? where message_id = ?", (at, message_id))

    def record_delivered(self, message_id: str, by: str, reply: str, at: str) -> None:
        self._db.execute(
            "update digests set delivered_at = ?, delivered_by = ?, reply = ? where message_id = ?",
            (at, by, reply, message_id),
        )

    def record_attempt(self, message_id: str, accepted: bool, reply: str, at: str) -> None:
        """Keep the server's own words, and the message as delivered where they accept it."""
        with self.transaction():
            self._db.execute(
                "insert into attempts (message_id, attempted_at, accepted, reply) values (?,?,?,?)",
                (message_id, at, int(accepted), reply),
            )
            if accepted:
                self.record_delivered(message_id, "smtp", reply, at)


@contextmanager
def open_ledger(path: Path) -> Iterator[Ledger]:
    """Open the ledger at `path`, made with mode 600 where there is none."""
    with closing(Ledger(path)) as ledger:
        yield ledger
