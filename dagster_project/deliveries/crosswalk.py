"""Which identifier stands behind a key. Sealed segments, a council at a time; nothing of it is printed or logged here.

Kept so that only identifiers not seen before are hashed, a collision is noticed, a lawful look-up is possible and the
secret can be changed.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.deliveries.pseudonyms import CollisionError, pseudonym
from dagster_project.extracts import Specification
from dagster_project.scratch import in_memory
from dagster_project.sealing import read_sealed, write_sealed
from dagster_project.settings import make_private

PURPOSE = "crosswalk"
ENDING = ".sealed"
SEGMENTS_BEFORE_MERGING = 24

COLUMNS = pa.schema(
    [("kind", pa.string()), ("identifier", pa.string()), ("key", pa.int64()), ("first_seen", pa.string())]
)


class Crosswalk:
    """The crosswalk of one archive, read council by council as it is needed into a table of `connection`.

    Table `crosswalk`: council, kind, identifier, key, first_seen, is_new.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, root: Path, storage_key: bytes, secret: bytes
    ) -> None:
        self._connection = connection
        self._folder = root / "crosswalk"
        self._storage_key = storage_key
        self._secret = secret
        self._read: set[str] = set()
        connection.execute(
            "create or replace temp table crosswalk "
            "(council varchar, kind varchar, identifier varchar, key bigint, first_seen varchar, is_new boolean)"
        )

    def register(self, relation: str, specification: Specification, council: str, first_seen: str) -> None:
        """Afterwards every identifier in `relation` has its key in table `crosswalk`.

        Raises CollisionError where an identifier would share its key with another of its council and kind.
        """
        columns = [column for column in specification.columns if column.pseudonym]
        if not columns:
            return
        self._read_council(council)
        parts = [
            f"select distinct '{c.pseudonym}' as kind, \"{c.name}\" as identifier "
            f'from {relation} where "{c.name}" is not null'
            for c in columns
        ]
        rows = self._connection.execute(
            f"select kind, identifier from ({' union '.join(parts)}) as found anti join "
            "(select kind, identifier from crosswalk where council = ?) as known using (kind, identifier)",
            [council],
        ).fetchall()
        if not rows:
            return
        self._add(council, rows, first_seen)

    def _add(self, council: str, rows: Sequence[tuple[str, str]], first_seen: str) -> None:
        keys = [pseudonym(self._secret, kind, council, identifier) for kind, identifier in rows]
        fresh = _table(rows, keys, first_seen)
        self._connection.register("fresh_keys", fresh)
        try:
            (shared,) = self._connection.execute(
                "select count(*) from (select kind, key from fresh_keys union all "
                "select kind, key from crosswalk where council = ?) group by kind, key having count(*) > 1 limit 1",
                [council],
            ).fetchone() or (0,)
            if shared:
                raise CollisionError(
                    "two identifiers have the same key and would be taken for one person; `caseload rotate-key` gives "
                    "every identifier another key"
                )
            self._connection.execute(
                "insert into crosswalk select ?, kind, identifier, key, first_seen, true from fresh_keys",
                [council],
            )
        finally:
            self._connection.unregister("fresh_keys")

    def write(self, name: str, used: str) -> None:
        """Seal the new identifiers whose key is in query `used` (council, kind, key), a segment for each council.

        Call before the manifest records their deliveries: a key in the archive is then always in the crosswalk.
        """
        councils = self._connection.execute(
            "select distinct council from crosswalk where is_new order by council"
        ).fetchall()
        for (council,) in councils:
            segment = self._connection.execute(
                "select kind, identifier, key, first_seen from crosswalk as c "
                f"where is_new and council = ? and exists (select 1 from ({used}) as u "
                "where u.council = c.council and u.kind = c.kind and u.key = c.key) order by kind, key",
                [council],
            ).to_arrow_table()
            if segment.num_rows:
                self._seal(council, name, segment)
                self._merge(council, name)
        self._connection.execute(
            f"delete from crosswalk as c where is_new and not exists (select 1 from ({used}) as u "
            "where u.council = c.council and u.kind = c.kind and u.key = c.key)"
        )
        self._connection.execute("update crosswalk set is_new = false where is_new")

    def _seal(self, council: str, name: str, table: pa.Table) -> None:
        folder = make_private(self._folder / council)
        write_sealed(self._storage_key, PURPOSE, _bytes(table), folder / f"{name}{ENDING}")

    def _merge(self, council: str, name: str) -> None:
        """Many small segments become one; a crash between leaves some twice, which is the same."""
        paths = segments(self._folder, council)
        if len(paths) < SEGMENTS_BEFORE_MERGING:
            return
        whole = read_segments(paths, self._storage_key)
        self._seal(council, f"{name}-merged", whole)
        for path in paths:
            path.unlink()

    def _read_council(self, council: str) -> None:
        if council in self._read:
            return
        self._read.add(council)
        known = read_segments(segments(self._folder, council), self._storage_key)
        if known.num_rows:
            self._connection.register("known_keys", known)
            self._connection.execute(
                "insert into crosswalk select ?, kind, identifier, key, first_seen, false from known_keys",
                [council],
            )
            self._connection.unregister("known_keys")


def councils_in(root: Path) -> list[str]:
    """The councils that a generation's crosswalk knows."""
    folder = root / "crosswalk"
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def segments(folder: Path, council: str) -> list[Path]:
    place = folder / council
    return sorted(place.glob(f"*{ENDING}")) if place.is_dir() else []


def read_council(root: Path, council: str, storage_key: bytes) -> pa.Table:
    """Every identifier of a council: kind, identifier, key, first_seen.

    Raises SealError where the storage key is another one.
    """
    return read_segments(segments(root / "crosswalk", council), storage_key)


def read_segments(paths: Iterable[Path], storage_key: bytes) -> pa.Table:
    tables = [pq.read_table(io.BytesIO(read_sealed(storage_key, PURPOSE, path))) for path in paths]
    if not tables:
        return COLUMNS.empty_table()
    whole = pa.concat_tables(tables)
    return (
        whole.group_by(["kind", "identifier", "key"])
        .aggregate([("first_seen", "min")])
        .rename_columns(["kind", "identifier", "key", "first_seen"])
    )


def write_council(root: Path, council: str, name: str, table: pa.Table, storage_key: bytes) -> None:
    """Write a council's whole crosswalk as one segment of a generation."""
    folder = make_private(root / "crosswalk" / council)
    write_sealed(storage_key, PURPOSE, _bytes(table), folder / f"{name}{ENDING}")


def forget_unused(root: Path, specifications: Iterable[Specification], storage_key: bytes) -> int:
    """Afterwards the crosswalk knows nobody who is in no file of the archive any more; how many it forgot."""
    forgotten = 0
    with in_memory() as connection:
        connection.execute("create table used (council varchar, kind varchar, key bigint)")
        for specification in specifications:
            for column in specification.columns:
                files = str(root / specification.extract / "*" / "*.parquet").replace("'", "''")
                if column.pseudonym:
                    connection.execute(
                        f"insert into used select distinct council, '{column.pseudonym}', \"{column.archived_name}\" "
                        f"from read_parquet('{files}', union_by_name = true, hive_partitioning = false)"
                    )
        for council in councils_in(root):
            known = read_council(root, council, storage_key)
            connection.register("known", known)
            kept = connection.execute(
                "select kind, identifier, key, first_seen from known where exists (select 1 from used "
                "where used.council = ? and used.kind = known.kind and used.key = known.key) order by kind, key",
                [council],
            ).to_arrow_table()
            connection.unregister("known")
            if kept.num_rows < known.num_rows:
                forgotten += known.num_rows - kept.num_rows
                before = segments(root / "crosswalk", council)
                if kept.num_rows:
                    write_council(
                        root, council, f"{before[-1].name.removesuffix(ENDING)}-kept", kept, storage_key
                    )
                for path in before:
                    path.unlink()
    return forgotten


def _table(rows: Sequence[tuple[str, str]], keys: Sequence[int], first_seen: str) -> pa.Table:
    return pa.table(
        {
            "kind": pa.array([kind for kind, _ in rows], pa.string()),
            "identifier": pa.array([identifier for _, identifier in rows], pa.string()),
            "key": pa.array(keys, pa.int64()),
            "first_seen": pa.array([first_seen] * len(rows), pa.string()),
        }
    )


def _bytes(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table.cast(COLUMNS), stream, compression="zstd")
    return stream.getvalue()
