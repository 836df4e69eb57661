"""What arrived, what became of it and what still has to be built. One SQLite file beside the archive."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from dagster_project.deliveries.archived_files import SCHEMA as OF_FILES
from dagster_project.deliveries.archived_files import enter
from dagster_project.deliveries.checking import RejectedCell
from dagster_project.deliveries.file_names import shown
from dagster_project.deliveries.manifest_file import ManifestFile

SCHEMA = """
create table if not exists deliveries (
    delivery text primary key,
    council text not null,
    month text not null,
    extract text not null,
    grain text not null,
    file_name text not null,
    sha256 text not null,
    received_at text not null,
    load_id text not null,
    specification_hash text not null,
    reference_hash text not null,
    key_fingerprint text,
    rows_read integer not null,
    rows_accepted integer not null,
    rows_rejected integer not null,
    rows_repeated integer not null,
    rows_unmapped integer not null,
    is_refused integer not null,
    refused_because text,
    superseded_by text,
    archive_file text
);
create index if not exists deliveries_by_place on deliveries (council, month, extract);
create table if not exists rejected_cells (
    delivery text not null,
    extract text not null,
    row_number integer not null,
    column_name text not null,
    rule text not null,
    shape text not null,
    expected text not null
);
create table if not exists reasons (
    delivery text not null,
    column_name text not null,
    rule text not null,
    rows integer not null
);
create table if not exists notices (
    delivery text not null,
    notice text not null,
    rows integer not null
);
create table if not exists delivery_totals (
    delivery text not null,
    column_name text not null,
    total_read text not null,
    total_accepted text not null
);
create table if not exists months_to_build (
    council text not null,
    month text not null,
    primary key (council, month)
);
create table if not exists built (
    council text primary key,
    reference_hash text not null
);
create table if not exists withdrawals (
    delivery text not null,
    withdrawn_at text not null,
    because text not null,
    undone_at text
);
create table if not exists purged_deliveries (
    delivery text primary key,
    purged_at text not null,
    rows_removed_at text
);
create table if not exists publications (
    load_id text primary key,
    published_at text not null,
    reference text not null,
    dbt_project text not null
);
create table if not exists marks (
    name text primary key,
    value text not null
);
"""

ALL_DELIVERIES = """
select deliveries.*, withdrawals.withdrawn_at, withdrawals.because as withdrawn_because, purged_at
from deliveries left join withdrawals
on withdrawals.delivery = deliveries.delivery and withdrawals.undone_at is null
left join purged_deliveries on purged_deliveries.delivery = deliveries.delivery
"""

SHARED = (
    "council",
    "extract",
    "grain",
    "received_at",
    "load_id",
    "specification_hash",
    "reference_hash",
    "key_fingerprint",
    "archive_file",
)
"""What many deliveries have in common: held once, for a nation's history has a hundred thousand."""

# In force, or refused and not followed by another delivery of its place.
SPOKEN_OF = """
select * from deliveries as one where superseded_by is null and (is_refused = 0 or not exists (
    select 1 from deliveries as later
    where later.council = one.council and later.month = one.month and later.extract = one.extract
        and later.rowid > one.rowid
)) and not exists (
    select 1 from withdrawals where withdrawals.delivery = one.delivery and withdrawals.undone_at is null
) and not exists (select 1 from purged_deliveries where purged_deliveries.delivery = one.delivery)
"""


@dataclass(frozen=True)
class Publication:
    """Marts that were published: when (UTC), and the reference data and dbt project they were made with."""

    load_id: str
    published_at: str
    reference: str
    dbt_project: str


@dataclass(frozen=True)
class Delivery:
    """One extract of one council and month as it arrived; `delivery` names it for ever."""

    delivery: str
    council: str
    month: date
    extract: str
    grain: str
    file_name: str
    sha256: str
    received_at: str
    load_id: str
    specification_hash: str
    reference_hash: str
    key_fingerprint: str | None = None
    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_repeated: int = 0
    rows_unmapped: int = 0
    is_refused: bool = False
    refused_because: str | None = None
    superseded_by: str | None = None
    archive_file: str | None = None
    withdrawn_at: str | None = None
    withdrawn_because: str | None = None
    purged_at: str | None = None
    rejected: Sequence[RejectedCell] = field(default=(), repr=False, compare=False)
    reasons: Mapping[tuple[str, str], int] = field(default_factory=dict, repr=False, compare=False)
    notices: dict[str, int] = field(default_factory=dict, compare=False)
    totals: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def told_name(self) -> str:
        """The file's name as it may be told; the name itself finds the file again."""
        return shown(self.file_name)

    @property
    def is_in_force(self) -> bool:
        """Whether marts are made from it."""
        gone = self.is_refused or self.withdrawn_at is not None or self.purged_at is not None
        return not gone and self.superseded_by is None

    def columns(self) -> dict[str, object]:
        # Not `asdict`, which copies every rejected cell: a load of many councils asks for thousands of these.
        values = dict(vars(self))
        del (
            values["rejected"],
            values["reasons"],
            values["notices"],
            values["totals"],
            values["withdrawn_at"],
            values["withdrawn_because"],
            values["purged_at"],
        )
        values["month"] = self.month.isoformat()
        values["is_refused"] = int(self.is_refused)
        return values


class Manifest(ManifestFile):
    """The record of deliveries. Every change is one transaction; readers see all of a load's batch or none of it."""

    schema = SCHEMA + OF_FILES

    def all(self) -> list[Delivery]:
        """Every delivery ever recorded, in the order of recording, whatever the clock said; no cells or notices."""
        with self._connect() as connection:
            return [
                _delivery(row) for row in connection.execute(f"{ALL_DELIVERIES} order by deliveries.rowid")
            ]

    def known_at(self, moment: datetime) -> list[Delivery]:
        """The deliveries as they were known at a moment, in the order of recording: in force, superseded or withdrawn
        as they were then, also where their rows were purged since (`purged` tells which).
        """
        until = moment.astimezone(UTC).isoformat(timespec="microseconds")
        with self._connect() as connection:
            rows = connection.execute(
                "select deliveries.*, withdrawals.withdrawn_at, withdrawals.because as withdrawn_because, purged_at "
                "from deliveries left join withdrawals on withdrawals.delivery = deliveries.delivery "
                "and withdrawals.withdrawn_at <= :until "
                "and (withdrawals.undone_at is null or withdrawals.undone_at > :until) "
                "left join purged_deliveries on purged_deliveries.delivery = deliveries.delivery "
                "and purged_deliveries.purged_at <= :until "
                "where deliveries.received_at <= :until order by deliveries.rowid",
                {"until": until},
            ).fetchall()
        return with_successors([_delivery(row) for row in rows])

    def withdraw(self, delivery: Delivery, because: str, now: datetime) -> None:
        """Take an accepted delivery out of force; the last accepted one before it that stands is in force again.

        A file that was read again when reference data changed is withdrawn with every reading of it.
        """
        at = now.astimezone(UTC).isoformat(timespec="microseconds")
        with self._connect() as connection:
            readings = _readings_of(delivery, _of_place(connection, delivery))
            connection.executemany(
                "insert into withdrawals (delivery, withdrawn_at, because) values (?, ?, ?)",
                [(d.delivery, at, because) for d in readings if d.withdrawn_at is None],
            )
            _settle(connection, delivery)

    def undo_withdrawal(self, delivery: Delivery, now: datetime) -> None:
        """The delivery stands where it stood before it was withdrawn, with the readings withdrawn together with it."""
        at = now.astimezone(UTC).isoformat(timespec="microseconds")
        with self._connect() as connection:
            readings = _readings_of(delivery, _of_place(connection, delivery))
            withdrawn_at = next(d.withdrawn_at for d in readings if d.delivery == delivery.delivery)
            connection.executemany(
                "update withdrawals set undone_at = ? where delivery = ? and undone_at is null",
                [(at, d.delivery) for d in readings if d.withdrawn_at == withdrawn_at],
            )
            _settle(connection, delivery)

    def purge(self, deliveries: Iterable[Delivery], months: Iterable[tuple[str, date]], at: str) -> None:
        """The rows of these deliveries are to go and marts are no longer made of them; `at` is in UTC.

        Their record stays, without what is known of single cells; nor is that kept of refused deliveries of `months`.
        """
        names = [(delivery.delivery,) for delivery in deliveries]
        with self._connect() as connection:
            connection.execute("pragma secure_delete = on")
            connection.executemany(
                "insert or ignore into purged_deliveries (delivery, purged_at) values (?, ?)",
                [(name, at) for (name,) in names],
            )
            connection.executemany("delete from rejected_cells where delivery = ?", names)
            connection.executemany(
                "delete from rejected_cells where delivery in "
                "(select delivery from deliveries where council = ? and month = ?)",
                [(council, month.isoformat()) for council, month in months],
            )
            connection.executemany(
                "insert or ignore into months_to_build select council, month from deliveries where delivery = ?",
                names,
            )

    def purged(self) -> dict[str, str]:
        """When the rows of deliveries were purged, by the name of the delivery."""
        with self._connect() as connection:
            rows = connection.execute("select delivery, purged_at from purged_deliveries").fetchall()
        return {row["delivery"]: row["purged_at"] for row in rows}

    def rows_to_remove(self) -> dict[str, list[str]]:
        """Purged deliveries whose rows may still lie in the archive, by archive file."""
        with self._connect() as connection:
            rows = connection.execute(
                "select archive_file, delivery from purged_deliveries join deliveries using (delivery) "
                "where rows_removed_at is null and archive_file is not null"
            ).fetchall()
        files: dict[str, list[str]] = {}
        for row in rows:
            files.setdefault(row["archive_file"], []).append(row["delivery"])
        return files

    def rows_removed(self, deliveries: Iterable[str], at: str) -> None:
        with self._connect() as connection:
            for delivery in deliveries:
                connection.execute(
                    "update purged_deliveries set rows_removed_at = ? where delivery = ?", (at, delivery)
                )
                connection.execute(
                    "update deliveries set archive_file = null where delivery = ?", (delivery,)
                )

    def archive_files(self) -> set[str]:
        """Every file of the archive that holds a delivery, in force or not."""
        return {one.archive_file for one in self.all() if one.archive_file}

    def latest(self) -> dict[tuple[str, date, str], Delivery]:
        """The last delivery of each council, month and extract, refused or not."""
        return {(d.council, d.month, d.extract): d for d in self.all()}

    def in_force(self) -> dict[tuple[str, date, str], Delivery]:
        """The accepted delivery that the marts are built from, of each council, month and extract."""
        return {(d.council, d.month, d.extract): d for d in self.all() if d.is_in_force}

    def councils_loaded(self) -> set[str]:
        """Councils of which something is in force."""
        return {council for council, _, _ in self.in_force()}

    def record(self, deliveries: Iterable[Delivery]) -> None:
        """Enter deliveries; an accepted one supersedes the one in force.

        Their months are to be built: of a refused one the marts keep their figures and tell that it was refused. What
        the archive files of accepted ones are by now is kept with them.
        """
        deliveries = list(deliveries)
        with self._connect() as connection:
            enter(connection, self._path.parent, [one.archive_file for one in deliveries if one.archive_file])
            for delivery in deliveries:
                if not delivery.is_refused:
                    place = (delivery.council, delivery.month.isoformat(), delivery.extract)
                    connection.execute(
                        "update deliveries set superseded_by = ? where council = ? and month = ? and extract = ? "
                        "and is_refused = 0 and superseded_by is null and delivery not in "
                        "(select delivery from withdrawals where undone_at is null)",
                        (delivery.delivery, *place),
                    )
                connection.execute(
                    "insert or ignore into months_to_build values (?, ?)",
                    (delivery.council, delivery.month.isoformat()),
                )
                values = delivery.columns()
                marks = ", ".join("?" for _ in values)
                connection.execute(
                    f"insert into deliveries ({', '.join(values)}) values ({marks})", tuple(values.values())
                )
                connection.executemany(
                    "insert into rejected_cells values (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            delivery.delivery,
                            delivery.extract,
                            c.row_number,
                            c.column,
                            c.rule,
                            c.shape,
                            c.expected,
                        )
                        for c in delivery.rejected
                    ],
                )
                connection.executemany(
                    "insert into reasons values (?, ?, ?, ?)",
                    [(delivery.delivery, *reason, rows) for reason, rows in delivery.reasons.items()],
                )
                connection.executemany(
                    "insert into notices values (?, ?, ?)",
                    [(delivery.delivery, notice, rows) for notice, rows in delivery.notices.items()],
                )
                connection.executemany(
                    "insert into delivery_totals values (?, ?, ?, ?)",
                    [
                        (delivery.delivery, column, format(of_all, "f"), format(of_accepted, "f"))
                        for column, (of_all, of_accepted) in delivery.totals.items()
                    ],
                )

    def months_to_build(self) -> set[tuple[str, date]]:
        """Council months whose marts are older than their deliveries: kept until a build has been published."""
        with self._connect() as connection:
            rows = connection.execute("select council, month from months_to_build").fetchall()
        return {(row["council"], date.fromisoformat(row["month"])) for row in rows}

    def built(self, months: Iterable[tuple[str, date]], reference_hashes: dict[str, str]) -> None:
        """The marts of these months are published, under this state of each council's reference data."""
        with self._connect() as connection:
            connection.executemany(
                "delete from months_to_build where council = ? and month = ?",
                [(c, m.isoformat()) for c, m in months],
            )
            connection.executemany(
                "insert or replace into built values (?, ?)", sorted(reference_hashes.items())
            )

    def reference_hashes_built(self) -> dict[str, str]:
        """The state of each council's reference data its marts were last built with."""
        with self._connect() as connection:
            rows = connection.execute("select council, reference_hash from built").fetchall()
        return {row["council"]: row["reference_hash"] for row in rows}

    def record_publication(self, publication: Publication) -> None:
        values = asdict(publication)
        with self._connect() as connection:
            connection.execute(
                "insert or replace into publications (load_id, published_at, reference, dbt_project) "
                "values (:load_id, :published_at, :reference, :dbt_project)",
                values,
            )

    def publications(self) -> list[Publication]:
        """Every publication, in the order of recording."""
        with self._connect() as connection:
            rows = connection.execute("select * from publications order by rowid").fetchall()
        return [Publication(**dict(row)) for row in rows]

    def mark(self, name: str) -> str | None:
        """A remembered state of the installation, such as the dbt project the marts were built with."""
        with self._connect() as connection:
            row = connection.execute("select value from marks where name = ?", (name,)).fetchone()
        return row["value"] if row else None

    def set_mark(self, name: str, value: str) -> None:
        with self._connect() as connection:
            connection.execute("insert or replace into marks values (?, ?)", (name, value))

    def key_fingerprints(self) -> dict[str, str]:
        """The fingerprint of the secret each council's identifiers were hashed with."""
        with self._connect() as connection:
            rows = connection.execute(
                "select council, max(key_fingerprint) as fingerprint from deliveries "
                "where key_fingerprint is not null group by council"
            ).fetchall()
        return {row["council"]: row["fingerprint"] for row in rows}

    def quarantine(self) -> list[dict[str, object]]:
        """Rejected cells of the deliveries in force and of the last refused ones, with their council and month."""
        with self._connect() as connection:
            rows = connection.execute(
                f"select d.council, d.month, c.* from rejected_cells as c join ({SPOKEN_OF}) as d using (delivery) "
                "order by d.council, d.month, c.extract, c.row_number"
            ).fetchall()
        return [dict(row) for row in rows]

    def reasons(self) -> list[dict[str, object]]:
        """Each column and rule that rows of the deliveries in force or last refused break, and how many rows."""
        with self._connect() as connection:
            rows = connection.execute(
                "select d.council, d.month, d.extract, d.is_refused, r.* from reasons as r "
                f"join ({SPOKEN_OF}) as d using (delivery) "
                "order by d.council, d.month, d.extract, r.column_name, r.rule"
            ).fetchall()
        return [dict(row) for row in rows]

    def all_notices(self) -> list[dict[str, object]]:
        """What was remarked on any delivery: its name, a notice and the rows it counts."""
        with self._connect() as connection:
            rows = connection.execute("select * from notices order by delivery, notice").fetchall()
        return [dict(row) for row in rows]

    def totals(self) -> Iterator[dict[str, object]]:
        """Each column of numbers of each delivery added up: over all rows read, and over the accepted ones."""
        with self._connect() as connection:
            # Not all at once: a nation's history has some of them for each of a hundred thousand deliveries.
            for row in connection.execute("select * from delivery_totals order by delivery, column_name"):
                yield {
                    **dict(row),
                    "total_read": Decimal(row["total_read"]),
                    "total_accepted": Decimal(row["total_accepted"]),
                }

    def notices(self) -> list[dict[str, object]]:
        """What was remarked on deliveries in force and the last refused ones: a notice and the rows it counts."""
        with self._connect() as connection:
            rows = connection.execute(
                f"select d.council, d.month, d.extract, n.* from notices as n join ({SPOKEN_OF}) as d using (delivery) "
                "order by d.council, d.month, d.extract, n.notice"
            ).fetchall()
        return [dict(row) for row in rows]


def _of_place(connection: sqlite3.Connection, delivery: Delivery) -> list[Delivery]:
    """All deliveries of the same council, month and extract, in the order of recording."""
    rows = connection.execute(
        f"{ALL_DELIVERIES} where council = ? and month = ? and extract = ? order by deliveries.rowid",
        (delivery.council, delivery.month.isoformat(), delivery.extract),
    ).fetchall()
    return [_delivery(row) for row in rows]


def _readings_of(delivery: Delivery, place: Sequence[Delivery]) -> list[Delivery]:
    """The accepted deliveries of the same bytes right before and after it, and itself."""
    accepted = [d for d in place if not d.is_refused]
    at = [d.delivery for d in accepted].index(delivery.delivery)
    first = last = at
    while first and accepted[first - 1].sha256 == delivery.sha256:
        first -= 1
    while last + 1 < len(accepted) and accepted[last + 1].sha256 == delivery.sha256:
        last += 1
    return accepted[first : last + 1]


def _settle(connection: sqlite3.Connection, changed: Delivery) -> None:
    """Who supersedes whom in the place of a delivery that was withdrawn or brought back; its month is due."""
    connection.executemany(
        "update deliveries set superseded_by = ? where delivery = ?",
        [(d.superseded_by, d.delivery) for d in with_successors(_of_place(connection, changed))],
    )
    connection.execute(
        "insert or ignore into months_to_build values (?, ?)", (changed.council, changed.month.isoformat())
    )


def with_successors(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Deliveries in the order of recording, each accepted one superseded by the next of its place that stands."""
    successor: dict[tuple[str, date, str], str] = {}
    settled = []
    for delivery in reversed(deliveries):
        place = (delivery.council, delivery.month, delivery.extract)
        if delivery.is_refused:
            settled.append(delivery)
            continue
        settled.append(replace(delivery, superseded_by=successor.get(place)))
        if delivery.withdrawn_at is None:
            successor[place] = delivery.delivery
    return settled[::-1]


def _delivery(row: sqlite3.Row) -> Delivery:
    values = dict(row)
    for name in SHARED:
        if values[name] is not None:
            values[name] = sys.intern(values[name])
    values["month"] = date.fromisoformat(values["month"])
    values["is_refused"] = bool(values["is_refused"])
    return Delivery(**values)
