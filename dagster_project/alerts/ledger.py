"""The ledger: what was seen, who was told of it, in which message and what the server said. SQLite, no text
is composed here. It holds worker keys and so is readable by its owner only.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dagster_project.alerts.breach import OVER_STATES, Item, rank
from dagster_project.alerts.ledger_schema import CURRENT, bring_up_to_date, version
from dagster_project.record_file import LEDGER_BACK, DamagedRecordError, opened_whole

_ITEM = ", ".join(Item._fields)
_OF_GONE_MONTHS = "(council, month) in (select council, month from gone_months)"
_PREPARED = "message_id, address, role, subject, file_name, message, new, worsened, resolved, load_id, kind"
_FATE = "written_at is not null, failures, refusals, next_attempt_at, given_up_at, coalesce(reply, ''), prepared_at"


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
    kind: str = "digest"
    is_written: bool = False
    failures: int = 0
    refusals: int = 0
    next_attempt_at: str | None = None
    given_up_at: str | None = None
    reply: str = ""
    prepared_at: str = ""

    @property
    def items(self) -> int:
        return self.new + self.worsened + self.resolved


class Ledger:
    """An open ledger. Outside `transaction` each call is kept at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.is_file() and not path.stat().st_size and any(path.parent.glob("*.eml")):
            raise DamagedRecordError(f"{path} is empty, though messages lie beside it: {LEDGER_BACK}")
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None, timeout=60)
        try:
            bring_up_to_date(self._db)
        except BaseException:
            self._db.close()
            raise

    @classmethod
    def reading(cls, path: Path) -> Ledger:
        """The ledger without leave to write; its tables are as they are."""
        ledger = cls.__new__(cls)
        ledger._db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5)
        return ledger

    def close(self) -> None:
        self._db.close()

    @property
    def db(self) -> sqlite3.Connection:
        """For the modules that keep tables of their own in the ledger."""
        return self._db

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and no other announcement meanwhile: what one claims to tell, no other does."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            # A full disk may have undone it already.
            with suppress(sqlite3.OperationalError):
                self._db.execute("rollback")
            raise

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
            if item.state not in OVER_STATES and item.month > resolved.get(item.subject, "")
        }

    def last_told(self, address: str) -> dict[tuple[str, str, str], Item]:
        """Of each subject whose end this recipient was not told, what it was told last."""
        rows = self._db.execute(
            f"select {_ITEM} from told join items using (item_id) where recipient = ? order by month, item_id",
            (address.casefold(),),
        )
        last = {item.subject: item for item in (Item(*row) for row in rows)}
        return {subject: item for subject, item in last.items() if item.state not in OVER_STATES}

    def times_taken_back(self, address: str) -> int:
        """How many things this recipient was told that a correction took back, or brought back."""
        row = self._db.execute(
            "select count(*) from taken_back where recipient = ?", (address.casefold(),)
        ).fetchone()
        return int(row[0])

    def _take_back(self, recipient: str, message_id: str, items: Iterable[Item]) -> None:
        """What a withdrawal takes back may be told again, and so may a withdrawal once its breach is back."""
        for item in items:
            if item.state == "resolved":
                continue
            compared = "<>" if item.state == "withdrawn" else "="
            where = (
                "recipient = :recipient and item_id in (select item_id from items where council = :council"
                " and metric = :metric and worker = :worker and (worker <> '' or unit = :unit)"
                f" and state {compared} 'withdrawn' and state <> 'resolved')"
            )
            values = {**item._asdict(), "recipient": recipient, "message_id": message_id}
            self._db.execute(
                "insert into taken_back (recipient, item_id, message_id, taken_back_by)"
                f" select recipient, item_id, message_id, :message_id from told where {where}",
                values,
            )
            self._db.execute(f"delete from told where {where}", values)

    def prepare(self, digest: Prepared, items: Iterable[Item], at: str) -> None:
        """Record the message and, as told by it, its items."""
        self._db.execute(
            f"insert into digests ({_PREPARED}, prepared_at) values (?,?,?,?,?,?,?,?,?,?,?,?)",
            (*(getattr(digest, name) for name in _PREPARED.split(", ")), at),
        )
        items = list(items)
        self._take_back(digest.address.casefold(), digest.message_id, items)
        where = " and ".join(f"{name} = ?" for name in Item._fields)
        self._db.executemany(
            "insert into told (recipient, item_id, message_id)"
            f" select ?, item_id, ? from items where {where}",
            ((digest.address.casefold(), digest.message_id, *item) for item in items),
        )

    def undelivered(self) -> list[Prepared]:
        """Messages prepared and not yet delivered, the oldest first; those given up are among them."""
        rows = self._db.execute(
            f"select {_PREPARED}, {_FATE} from digests where delivered_at is null order by rowid"
        )
        return [Prepared(*row) for row in rows.fetchall()]

    def has_message(self, message_id: str) -> bool:
        return (
            self._db.execute("select 1 from digests where message_id = ?", (message_id,)).fetchone()
            is not None
        )

    def offer_again(self, message_id: str, by_user: str, at: str) -> None:
        """The message is due at once, whatever became of it before; who asked is kept."""
        with self.transaction():
            self._db.execute(
                "insert into resends (message_id, at, by_user) values (?,?,?)", (message_id, at, by_user)
            )
            self._db.execute(
                "update digests set delivered_at = null, delivered_by = null, next_attempt_at = null,"
                " given_up_at = null, refusals = 0 where message_id = ?",
                (message_id,),
            )

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

    def forget_months(self, months: Iterable[tuple[str, str]]) -> None:
        """Nothing is kept of the figures of these months, council and first day, nor of their workers.

        But for the last thing each recipient was told of a worker: else what runs on would be told again.
        """
        self._db.execute("pragma secure_delete = on")
        with self.transaction():
            self._db.execute("create temp table gone_months (council text, month text)")
            self._db.executemany("insert into gone_months values (?,?)", sorted(months))
            self._db.execute(f"delete from told_figures where {_OF_GONE_MONTHS}")
            of_workers = f"select item_id from items where worker <> '' and {_OF_GONE_MONTHS}"
            self._db.execute(f"delete from taken_back where item_id in ({of_workers})")
            self._db.execute(
                f"delete from told where item_id in ({of_workers}) and exists ("
                " select 1 from items as one inner join items as later using (council, metric, worker)"
                " inner join told as told_later on told_later.item_id = later.item_id"
                " where one.item_id = told.item_id and told_later.recipient = told.recipient"
                " and (later.month > one.month or later.month = one.month and later.item_id > one.item_id))"
            )
            self._db.execute(
                f"delete from items where item_id in ({of_workers}) and item_id not in (select item_id from told)"
            )
            self._db.execute("drop table gone_months")

    def record_written(self, message_id: str, at: str) -> None:
        self._db.execute("update digests set written_at = ? where message_id = ?", (at, message_id))

    def record_delivered(self, message_id: str, by: str, reply: str, at: str) -> None:
        self._db.execute(
            "update digests set delivered_at = ?, delivered_by = ?, reply = ? where message_id = ?",
            (at, by, reply, message_id),
        )

    def begin_attempt(self, message_id: str, at: str) -> int:
        """Keep that the message is about to be handed over: a crash from here on may have sent it."""
        cursor = self._db.execute(
            "insert into attempts (message_id, attempted_at) values (?,?)", (message_id, at)
        )
        return int(cursor.lastrowid or 0)

    def end_attempt(self, attempt: int, message_id: str, outcome: Outcome, at: str) -> None:
        """Keep the server's own words, the message as delivered where they accept it, else when it is offered again."""
        with self.transaction():
            self._db.execute(
                "update attempts set ended_at = ?, accepted = ?, is_permanent = ?, reply = ? where attempt_id = ?",
                (at, int(outcome.accepted), int(outcome.is_permanent), outcome.reply, attempt),
            )
            if outcome.accepted:
                self.record_delivered(message_id, outcome.by, outcome.reply, at)
                return
            self._db.execute(
                "update digests set reply = ?, failures = failures + 1, refusals = refusals + ?,"
                " next_attempt_at = ?, given_up_at = ? where message_id = ?",
                (
                    outcome.reply,
                    int(outcome.is_permanent),
                    outcome.next_attempt_at,
                    None if outcome.next_attempt_at else at,
                    message_id,
                ),
            )


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt; a refusal without a next attempt is given up."""

    accepted: bool
    reply: str
    by: str
    is_permanent: bool = False
    next_attempt_at: str | None = None


@contextmanager
def open_ledger(path: Path) -> Iterator[Ledger]:
    """Open the ledger at `path`, made with mode 600 where there is none."""
    with opened_whole(path, LEDGER_BACK), closing(Ledger(path)) as ledger:
        yield ledger


def open_to_read(path: Path) -> Ledger | None:
    """The ledger, read only; None where it is not of this version and has to be opened to write once."""
    ledger = Ledger.reading(path)
    if version(ledger.db) == CURRENT:
        return ledger
    ledger.close()
    return None
