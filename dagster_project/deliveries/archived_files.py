"""What each file of the archive was when it was written: its size and checksum, in the manifest's file.

A bit that flipped, a file put in the place of another or gone: what still decodes as rows would else be believed.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.deliveries.manifest_file import ManifestFile
from dagster_project.errors import PlainError
from dagster_project.scratch import in_memory
from dagster_project.settings import Settings
from dagster_project.warehouse_file import sql_text

SCHEMA = """
create table if not exists archive_files (
    archive_file text not null,
    bytes integer not null,
    sha256 text not null,
    primary key (archive_file, sha256)
);
create table if not exists damaged_files (
    archive_file text primary key
);
"""

NOT_RECORDED = """
select distinct archive_file from deliveries where archive_file is not null
and archive_file not in (select archive_file from archive_files) order by archive_file
"""
PLACES_NAMED = 3


class DamagedFileError(PlainError):
    """A file of the archive is gone, or is not what was written; the message says which, and the way back."""


@dataclass(frozen=True)
class FileSum:
    """A file's size and checksum."""

    bytes: int
    sha256: str


def sum_of(path: Path) -> FileSum | None:
    """None where there is no such file."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return FileSum(file.tell(), digest)
    except FileNotFoundError:
        return None


def sum_of_written(path: Path) -> FileSum:
    """Of a file that was written right now. Raises DamagedFileError where it is gone already."""
    found = sum_of(path)
    if found is None:
        raise DamagedFileError(
            f"{path} is gone, though it was written right now: another program works on the archive"
        )
    return found


def enter(connection: sqlite3.Connection, archive: Path, files: Iterable[str]) -> None:
    """Record what these files are now, within the transaction that makes them count."""
    for file in sorted(set(files)):
        found = sum_of(archive / file)
        if found:
            connection.execute(
                "insert or replace into archive_files values (?, ?, ?)", (file, found.bytes, found.sha256)
            )


class ArchivedFiles(ManifestFile):
    """The record of the archive's files; deliveries are the manifest's own."""

    schema = SCHEMA

    def sums(self) -> dict[str, list[FileSum]]:
        """What each file may be: mostly one thing, two while a purge replaces it."""
        with self._connect() as connection:
            rows = connection.execute("select archive_file, bytes, sha256 from archive_files").fetchall()
        found: dict[str, list[FileSum]] = {}
        for row in rows:
            found.setdefault(row["archive_file"], []).append(FileSum(row["bytes"], row["sha256"]))
        return found

    def expect(self, archive_file: str, coming: FileSum) -> None:
        """The file is about to be replaced by this one; until `settle` it may be either."""
        with self._connect() as connection:
            connection.execute(
                "insert or replace into archive_files values (?, ?, ?)",
                (archive_file, coming.bytes, coming.sha256),
            )

    def settle(self, archive_file: str, found: FileSum | None) -> None:
        """The file is this and nothing else; None that it is gone for good."""
        with self._connect() as connection:
            connection.execute("delete from archive_files where archive_file = ?", (archive_file,))
            if found:
                connection.execute(
                    "insert into archive_files values (?, ?, ?)", (archive_file, found.bytes, found.sha256)
                )

    def mark_damaged(self, files: Iterable[str]) -> None:
        """The next load reads the deliveries of these again, where what was delivered is kept."""
        with self._connect() as connection:
            connection.executemany(
                "insert or ignore into damaged_files values (?)", [(file,) for file in files]
            )

    def marked_damaged(self) -> list[str]:
        with self._connect() as connection:
            rows = connection.execute("select archive_file from damaged_files").fetchall()
        return [row["archive_file"] for row in rows]

    def unmark(self, files: Iterable[str]) -> None:
        with self._connect() as connection:
            connection.executemany(
                "delete from damaged_files where archive_file = ?", [(file,) for file in files]
            )

    def not_recorded(self) -> list[str]:
        """Files of deliveries that a release archived which kept no checksums."""
        with self._connect() as connection:
            return [row["archive_file"] for row in connection.execute(NOT_RECORDED).fetchall()]

    def rows_told(self, archive_file: str) -> dict[str, int]:
        """How many rows of each delivery lie in the file, as the manifest has it; not of purged ones."""
        with self._connect() as connection:
            rows = connection.execute(
                "select delivery, rows_accepted from deliveries where archive_file = ? and rows_accepted > 0 "
                "and delivery not in (select delivery from purged_deliveries)",
                (archive_file,),
            ).fetchall()
        return {row["delivery"]: row["rows_accepted"] for row in rows}

    def put_together(self) -> dict[str, str]:
        """Checksums of files that were put together, which every release kept; none once a purge has replaced such."""
        with self._connect() as connection:
            has_any = connection.execute("select 1 from sqlite_master where name = 'compactions'").fetchone()
            purged = connection.execute("select 1 from purged_deliveries limit 1").fetchone()
            if purged or not has_any:
                return {}
            rows = connection.execute("select archive_file, sha256 from compactions").fetchall()
        return {row["archive_file"]: row["sha256"] for row in rows}

    def places_in(self, files: Sequence[str]) -> list[str]:
        """In words, what was delivered that lies in these files and counts."""
        with self._connect() as connection:
            rows = connection.execute(
                "select distinct council, substr(month, 1, 7) as month, extract from deliveries "
                f"where archive_file in ({', '.join('?' for _ in files)}) and superseded_by is null "
                "and delivery not in (select delivery from withdrawals where undone_at is null) "
                "order by council, month, extract",
                list(files),
            ).fetchall()
        return [f"{row['council']} {row['month']} {row['extract']}" for row in rows]


def damaged_among(settings: Settings, files: Iterable[str]) -> list[str]:
    """Those of the files that are gone or not what was written."""
    wanted = sorted(set(files))
    known = ArchivedFiles(settings.manifest).sums() if wanted else {}
    if any(file not in known for file in wanted):
        record_missing_sums(settings)
        known = ArchivedFiles(settings.manifest).sums()
    return [file for file in wanted if sum_of(settings.archive / file) not in known.get(file, [])]


def check_files(settings: Settings, files: Iterable[str]) -> None:
    """Nothing where each is what was written.

    Raises DamagedFileError, and remembers that the deliveries of the files named are to be read again.
    """
    damaged = damaged_among(settings, files)
    if damaged:
        raise damaged_error(settings, damaged)


def damaged_error(settings: Settings, damaged: Sequence[str]) -> DamagedFileError:
    record = ArchivedFiles(settings.manifest)
    record.mark_damaged(damaged)
    gone = [file for file in damaged if not (settings.archive / file).is_file()]
    places = record.places_in(damaged)
    more = f" and {len(places) - PLACES_NAMED} more" if len(places) > PLACES_NAMED else ""
    what = (
        f"{settings.archive / damaged[0]} is {'gone' if damaged[0] in gone else 'not what was written'}"
        f"{f', and so are {len(damaged) - 1} files more' if damaged[1:] else ''}"
    )
    if not places:
        return DamagedFileError(
            f"{what}: only deliveries that no longer count lie in it, and no mart is made of them. Bring it back from "
            "a backup, or let `caseload purge --yes` take them away, which it does after their days in retention.csv"
        )
    return DamagedFileError(
        f"{what}: rows of {', '.join(places[:PLACES_NAMED])}{more} cannot be believed. Nothing "
        "was built of them, and what was published stays. `caseload load` reads the deliveries again where what landed "
        "is kept; else bring the file back from a backup, or land them again"
    )


def still_damaged(settings: Settings) -> set[str]:
    """Files found damaged that are so still; one that came back is forgotten."""
    record = ArchivedFiles(settings.manifest)
    marked = record.marked_damaged()
    if not marked:
        return set()
    damaged = set(damaged_among(settings, marked))
    record.unmark(set(marked) - damaged)
    return damaged


def record_missing_sums(settings: Settings) -> None:
    """Files that an earlier release archived are recorded as they are, those that hold the rows that they should.

    The others stay without a checksum, and are damaged to whoever asks.
    """
    if not settings.manifest.is_file():
        return
    record = ArchivedFiles(settings.manifest)
    files = record.not_recorded()
    if not files:
        return
    put_together = record.put_together()
    with in_memory() as connection:
        for file in files:
            found = sum_of(settings.archive / file)
            if found is None:
                continue
            if put_together.get(file, found.sha256) != found.sha256:
                continue
            if _rows_in(connection, settings.archive / file).items() >= record.rows_told(file).items():
                record.settle(file, found)


def _rows_in(connection: duckdb.DuckDBPyConnection, path: Path) -> Mapping[str, int]:
    """How many rows of each delivery a file holds; none where it cannot be read."""
    try:
        return dict(
            connection.execute(
                f"select delivery, count(*) from read_parquet({sql_text(path)}, hive_partitioning = false) group by 1"
            ).fetchall()
        )
    except duckdb.Error:
        return {}
