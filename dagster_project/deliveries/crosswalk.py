"""Which identifier stands behind a key. Sealed segments, a council at a time; nothing of it is printed or logged here.

Kept so that only identifiers not seen before are hashed, a collision is noticed, a lawful look-up is possible and the
secret can be changed.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
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
KEY_TWICE = """
select 1 where (select count(*) - count(distinct key) from fresh_keys) > 0
or exists (select 1 from crosswalk semi join fresh_keys using (key))
"""
SHARED = """
select 1 from (
    select council, kind, key from fresh_keys
    union all
    select council, kind, key from crosswalk semi join fresh_keys using (council, kind, key)
) group by council, kind, key having count(*) > 1 limit 1
"""


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
        """Afterwards every identifier in `relation`, rows of one council, has its key in table `crosswalk`.

        Raises CollisionError as `keys_of` does.
        """
        columns = [column for column in specification.columns if column.pseudonym]
        if not columns:
            return
        parts = [
            f"select distinct '{c.pseudonym}' as kind, \"{c.name}\" as identifier "
            f'from {relation} where "{c.name}" is not null'
            for c in columns
        ]
        found = self._connection.execute(
            f"select cast(? as varchar) as council, kind, identifier, cast(? as varchar) as first_seen "
            f"from ({' union '.join(parts)})",
            [council, first_seen],
        ).to_arrow_table()
        self.keys_of(found)

    def keys_of(self, found: pa.Table) -> pa.Array:
        """The keys of `found`, who are new among them entered: council, kind, identifier, each once, and first_seen.

        Raises CollisionError, and nobody is entered, where an identifier would share its key with another of its
        council and kind.
        """
        councils = sorted(found["council"].unique().to_pylist())
        if not councils:
            return pa.array([], pa.int64())
        for council in councils:
            self._read_council(council)
        self._connection.register("found_people", found.append_column("place", pa.arange(0, found.num_rows)))
        # The range says nothing that the join does not: most of the crosswalk of many councils is so never looked at.
        known = self._connection.execute(
            "select known.key, coalesce(known.is_new and known.first_seen > found.first_seen, false) as is_earlier "
            "from found_people as found left join (from crosswalk where council between ? and ?) as known "
            "using (council, kind, identifier) order by found.place",
            [councils[0], councils[-1]],
        ).to_arrow_table()
        self._connection.unregister("found_people")
        keys = known["key"].combine_chunks()
        is_fresh = keys.is_null()
        fresh = found.filter(is_fresh)
        if fresh.num_rows:
            keys = pc.replace_with_mask(keys, is_fresh, self._add(fresh))
        if pc.any(known["is_earlier"]).as_py():
            self._see_earlier(found.filter(known["is_earlier"]))
        return keys

    def _see_earlier(self, found: pa.Table) -> None:
        """Months are not always read in their order: an identifier of this load was first seen in the first."""
        self._connection.register("seen_earlier", found)
        self._connection.execute(
            "update crosswalk set first_seen = seen_earlier.first_seen from seen_earlier "
            "where crosswalk.council = seen_earlier.council and crosswalk.kind = seen_earlier.kind "
            "and crosswalk.identifier = seen_earlier.identifier"
        )
        self._connection.unregister("seen_earlier")

    def _add(self, found: pa.Table) -> pa.Array:
        of_whom = [found[name].to_pylist() for name in ("kind", "council", "identifier")]
        keys = pa.array([pseudonym(self._secret, *one) for one in zip(*of_whom, strict=True)], pa.int64())
        self._connection.register("fresh_keys", found.append_column("key", keys))
        try:
            # Words take longer to compare than keys, of which hardly ever two are the same.
            if self._connection.execute(KEY_TWICE).fetchone() and self._connection.execute(SHARED).fetchone():
                raise CollisionError(
                    "two identifiers have the same key and would be taken for one person; `caseload rotate-key` gives "
                    "every identifier another key"
                )
            self._connection.execute(
                "insert into crosswalk select council, kind, identifier, key, first_seen, true from fresh_keys"
            )
        finally:
            self._connection.unregister("fresh_keys")
        return keys

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
