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

    def register(
        self, relation: str, specification: Specification, councils: Sequence[str], first_seen: str
    ) -> None:
        """Afterwards every identifier in `relation` has its key in table `crosswalk`.

        `councils` are those whose rows it holds; of several, its column `council` tells them apart. Raises
        CollisionError where an identifier would share its key with another of its council and kind.
        """
        columns = [column for column in specification.columns if column.pseudonym]
        if not columns or not councils:
            return
        for council in councils:
            self._read_council(council)
        council = "council" if len(councils) > 1 else "cast(? as varchar)"
        parts = [
            f"select distinct {council} as council, '{c.pseudonym}' as kind, \"{c.name}\" as identifier "
            f'from {relation} where "{c.name}" is not null'
            for c in columns
        ]
        found = self._connection.execute(
            f"select council, kind, identifier from ({' union '.join(parts)}) as found anti join crosswalk "
            "using (council, kind, identifier)",
            [councils[0]] * len(parts) if len(councils) == 1 else [],
        ).to_arrow_table()
        if found.num_rows:
            self._add(found, first_seen)

    def _add(self, found: pa.Table, first_seen: str) -> None:
        of_whom = [found[name].to_pylist() for name in ("kind", "council", "identifier")]
        keys = [pseudonym(self._secret, *one) for one in zip(*of_whom, strict=True)]
        fresh = found.append_column("key", pa.array(keys, pa.int64()))
        self._connection.register("fresh_keys", fresh)
        try:
            shared = self._connection.execute(
                "select 1 from (select council, kind, key from fresh_keys union all select council, kind, key "
                "from crosswalk semi join fresh_keys using (council, kind, key)) "
                "group by council, kind, key having count(*) > 1 limit 1"
            ).fetchone()
            if shared:
                raise CollisionError(
                    "two identifiers have the same key and would be taken for one person; `caseload rotate-key` gives "
                    "every identifier another key"
                )
            self._connection.execute(
                "insert into crosswalk select council, kind, identifier, key, ?, true from fresh_keys",
                [first_seen],
            )
        finally:
            self._connection.unregister("fresh_keys")

    def write(self, name: str, used: str) -> None:
        """Seal the new identifiers whose key is in query `used` (council, kind, key), a segment for each council.

        Call before the manifest records their deliveries: a key in the archive is then always in the crosswalk.
        """
        self._connection.execute(
            "create or replace temp table used_new as select council, kind, identifier, key, first_seen "
            f"from crosswalk semi join ({used}) as used using (council, kind, key) where is_new"
        )
        new = self._connection.execute(
            "select council, kind, identifier, key, first_seen from used_new order by council, kind, key"
        ).to_arrow_table()
        counted = self._connection.execute(
            "select council, count(*) from used_new group by council order by council"
        ).fetchall()
        start = 0
        for council, rows in counted:
            self._seal(council, name, new.slice(start, rows).drop_columns("council").combine_chunks())
            self._merge(council, name)
            start += rows
        self._connection.execute(
            "delete from crosswalk where is_new "
            "and (council, kind, key) not in (select council, kind, key from used_new)"
        )
        self._connection.execute("update crosswalk set is_new = false where is_new")
        self._connection.execute("drop table used_new")

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


def _bytes(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table.cast(COLUMNS), stream, compression="zstd")
    return stream.getvalue()
