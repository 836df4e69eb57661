"""Many small archive files of one extract and month become one. Rows stay what they were, whoever delivered them.

The new file is written beside the others and compared with them row by row; one transaction of the manifest makes it
count; what is left to do then, whoever opens the archive next can finish.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from dagster_project.deliveries.archive import write_parquet
from dagster_project.deliveries.archived_files import SCHEMA as OF_FILES
from dagster_project.deliveries.archived_files import FileSum, check_files, still_damaged, sum_of_written
from dagster_project.deliveries.manifest_file import ManifestFile
from dagster_project.durable import flush, put_in_place
from dagster_project.errors import PlainError
from dagster_project.reference import Reference
from dagster_project.scratch import in_memory
from dagster_project.settings import Settings
from dagster_project.warehouse_file import sql_text

STEPS = (
    "the file is written",
    "the file is proved",
    "the switch is recorded",
    "the file is in its place",
    "the old files are gone",
)
"""Where putting one month together may be interrupted, in order; from the third on it counts."""

LIMIT = "max_archive_files"

Reached = Callable[[str], None]
Place = tuple[str, date]
"""An extract and a month."""

SCHEMA = """
create table if not exists compactions (
    archive_file text primary key,
    compacted_at text not null,
    rows integer not null,
    sha256 text not null,
    is_finished integer not null
);
create table if not exists compacted_files (
    was text primary key,
    archive_file text not null
);
"""


class CompactionError(PlainError):
    """A month was not put together; the message says why. Its files are as they were."""


class ArchiveInUseError(CompactionError):
    """Somebody reads the archive beside loads, `caseload as-known` for example."""


@dataclass(frozen=True)
class Compacted:
    """What was put together: extracts and months, the files they had, and their rows."""

    months: int = 0
    files: int = 0
    rows: int = 0


class Compactions(ManifestFile):
    """Which files were put together into which, in the manifest's file."""

    schema = SCHEMA + OF_FILES

    def files_of(self, most: int) -> dict[Place, list[str]]:
        """The archive files, relative to the archive, of every extract and month that has more than `most`."""
        with self._connect() as connection:
            rows = connection.execute(
                "select extract, month, archive_file from deliveries where archive_file is not null "
                "group by extract, month, archive_file order by min(rowid)"
            ).fetchall()
        found: defaultdict[Place, list[str]] = defaultdict(list)
        for row in rows:
            found[row["extract"], date.fromisoformat(row["month"])].append(row["archive_file"])
        return {place: files for place, files in found.items() if len(files) > most}

    def switch(self, files: Sequence[str], into: str, rows: int, found: FileSum, now: datetime) -> None:
        """From here on the deliveries of `files` lie in `into`, whether it is in its place yet or not."""
        at = now.astimezone(UTC).isoformat(timespec="microseconds")
        with self._connect() as connection:
            connection.execute(
                "insert into compactions values (?, ?, ?, ?, 0)", (into, at, rows, found.sha256)
            )
            connection.execute(
                "insert into archive_files values (?, ?, ?)", (into, found.bytes, found.sha256)
            )
            connection.executemany(
                "delete from archive_files where archive_file = ?", [(was,) for was in files]
            )
            connection.executemany(
                "insert into compacted_files values (?, ?)", [(was, into) for was in files]
            )
            connection.executemany(
                "update deliveries set archive_file = ? where archive_file = ?",
                [(into, was) for was in files],
            )

    def unfinished(self) -> dict[str, list[str]]:
        """Files that count and may not be in their place, each with those it was made of."""
        with self._connect() as connection:
            rows = connection.execute(
                "select archive_file, was from compactions join compacted_files using (archive_file) "
                "where is_finished = 0"
            ).fetchall()
        found: defaultdict[str, list[str]] = defaultdict(list)
        for row in rows:
            found[row["archive_file"]].append(row["was"])
        return found

    def finished(self, archive_file: str) -> None:
        with self._connect() as connection:
            connection.execute(
                "update compactions set is_finished = 1 where archive_file = ?", (archive_file,)
            )


def compact_where_many(settings: Settings, reference: Reference, load_id: str, now: datetime) -> Compacted:
    """What a load puts together: months of more files than the row `max_archive_files` of file_limits.csv leaves.

    A month with a file that is known to be damaged stays as it is. Nothing while somebody reads the archive beside it:
    the next load will.
    """
    (most,) = [int(row["value"]) for row in reference.rows("file_limits") if row["name"] == LIMIT]
    try:
        return compact(settings, load_id, now, most=most, without=still_damaged(settings))
    except ArchiveInUseError:
        return Compacted()


def compact(
    settings: Settings,
    load_id: str,
    now: datetime,
    *,
    most: int = 1,
    wait_seconds: float = 0,
    without: Collection[str] = (),
    reached: Reached = lambda step: None,
) -> Compacted:
    """Put together the files of every extract and month that has more than `most`, and none of `without` among them.

    For who holds the installation. Raises ArchiveInUseError when somebody reads the archive beside it for longer than
    `wait_seconds`, CompactionError where the new file would not hold the rows of the old ones, or one of those cannot
    be read, and DamagedFileError where one is not what was written.
    """
    if not settings.manifest.is_file():
        return Compacted()
    record = Compactions(settings.manifest)
    places = {place: files for place, files in record.files_of(most).items() if not set(files) & set(without)}
    if not places:
        return Compacted()
    rows = 0
    try:
        with FileLock(settings.archive_readers_lock, timeout=wait_seconds):
            for files in places.values():
                rows += _put_together(settings, record, files, load_id, now, reached)
    except Timeout:
        raise ArchiveInUseError(
            "somebody reads the archive just now (as-known, a policy tried, a what-if); try again when that has ended."
        ) from None
    return Compacted(len(places), sum(map(len, places.values())), rows)


def finish_compaction(settings: Settings) -> None:
    """Do what an interrupted one left to do; nothing where none was. For who holds the installation."""
    if settings.manifest.is_file() and Compactions(settings.manifest).unfinished():
        with FileLock(settings.archive_readers_lock):
            _finish(settings)


@contextmanager
def archive_readable(settings: Settings) -> Iterator[None]:
    """The archive's files stay what they are, and each row is there once, for who reads them beside a load."""
    with FileLock(settings.archive_readers_lock):
        _finish(settings)
        yield


def _put_together(
    settings: Settings,
    record: Compactions,
    files: Sequence[str],
    load_id: str,
    now: datetime,
    reached: Reached,
) -> int:
    check_files(settings, files)
    paths = [settings.archive / file for file in files]
    target = paths[0].with_name(f"{load_id}-together.parquet")
    ready = _ready(target)
    for left in target.parent.glob(".*-together.parquet*"):
        left.unlink()
    listed = ", ".join(map(sql_text, paths))
    before = f"select * from read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
    after = f"select * from read_parquet({sql_text(ready)}, hive_partitioning = false)"
    try:
        with in_memory() as connection:
            write_parquet(connection, f"{before} order by council, delivery, row_number", ready)
            reached(STEPS[0])
            differing = connection.execute(
                f"select count(*) from (({before} except all {after}) union all ({after} except all {before}))"
            ).fetchone()
            (rows,) = connection.execute(f"select count(*) from ({after})").fetchone() or (0,)
    except duckdb.Error as error:
        raise CompactionError(
            f"{target.parent.parent.name}, {target.parent.name}: a file of the archive cannot be read; "
            "nothing was changed. Bring it back from a backup."
        ) from error
    if differing is None or differing[0]:
        ready.unlink()
        raise CompactionError(
            f"{target.parent.parent.name}, {target.parent.name}: one file would not hold the rows of the "
            f"{len(files)}. Nothing was changed."
        )
    reached(STEPS[1])
    record.switch(files, str(target.relative_to(settings.archive)), rows, sum_of_written(ready), now)
    reached(STEPS[2])
    _finish(settings, reached)
    return int(rows)


def _finish(settings: Settings, reached: Reached = lambda step: None) -> None:
    if not settings.manifest.is_file():
        return
    record = Compactions(settings.manifest)
    for archive_file, old in record.unfinished().items():
        target = settings.archive / archive_file
        if _ready(target).exists():
            put_in_place(_ready(target), target)
        reached(STEPS[3])
        for file in old:
            (settings.archive / file).unlink(missing_ok=True)
        flush(target.parent)
        reached(STEPS[4])
        record.finished(archive_file)


def _ready(target: Path) -> Path:
    """Where the file lies, proved, until it counts: under a name that nobody reads."""
    return target.with_name(f".{target.name}.ready")
