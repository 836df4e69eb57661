"""Another secret for every key: a new generation of the archive, made from the crosswalk and taken up in one step.

Everything is written beside what is in use. One transaction of the manifest makes it count; what follows can be
finished by any later load.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.deliveries import Manifest
from dagster_project.deliveries.archive import ensure_empty_files
from dagster_project.deliveries.archived_files import check_files, enter
from dagster_project.deliveries.crosswalk import councils_in, read_council, write_council
from dagster_project.deliveries.generation import generation, root_of
from dagster_project.deliveries.pseudonyms import CollisionError, fingerprint, pseudonym
from dagster_project.durable import flush
from dagster_project.errors import PlainError
from dagster_project.extracts import Specification, load_specifications
from dagster_project.load import Progress, finish_rotation, only_load
from dagster_project.rotated_keys import PURPOSE, ROTATION, UNFINISHED, clear_leftovers
from dagster_project.scratch import in_memory
from dagster_project.sealing import read_sealed, write_sealed
from dagster_project.settings import Settings, make_private
from dagster_project.warehouse_file import sql_text

STEPS = (
    "the new crosswalk is written",
    "the new files are written",
    "the new files are proved",
    "the originals are sealed anew",
    "the switch is made",
    "the ledger is mapped",
    "the marts are rebuilt",
    "the old generation is gone",
)
"""Where a rotation may be interrupted, in order; the switch is what makes it count."""

Reached = Callable[[str], None]


class RotationError(PlainError):
    """The key was not changed; the message says why. The generation in use is as it was."""


@dataclass(frozen=True)
class Rotation:
    """What was changed: councils, keys, Parquet files, and the number of the generation in use now."""

    councils: int
    keys: int
    files: int
    generation: int


def rotate(
    settings: Settings,
    *,
    progress: Progress = lambda phase, done, total, what: None,
    reached: Reached = lambda step: None,
) -> Rotation:
    """Afterwards every key is made with the new secret, in archive, marts and ledger, and the old ones are gone.

    `reached` hears of each of STEPS as it is done. Raises RotationError before anything is written where a key has no
    identifier in the crosswalk, the new secret is missing or the old one, and what a load raises.
    """
    new_secret = settings.new_pseudonym_key()
    new_storage_key = settings.new_storage_key()
    if new_secret == settings.pseudonym_key():
        raise RotationError("CASELOAD_NEW_PSEUDONYM_KEY is the secret in use: nothing would change.")
    if not settings.pseudonym_key_variable:
        raise RotationError(
            "the key in use is the demo's own file: set CASELOAD_PSEUDONYM_KEY to what it holds, then change the key."
        )
    with only_load(settings, "a change of key"):
        manifest = Manifest(settings.manifest)
        _refuse_another_key(settings, manifest)
        # A damaged one that is written again would pass for whole.
        check_files(settings, manifest.archive_files())
        number = generation(settings)
        old, new = root_of(settings, number), root_of(settings, number + 1)
        clear_leftovers(settings, number)
        new_keys = _new_keys(old, settings, new_secret)
        specifications = load_specifications()
        with in_memory() as connection:
            _register(connection, new_keys)
            files = _files(old, specifications)
            _refuse_unknown_keys(connection, files)
            make_private(new)
            for council, table in new_keys.items():
                kept = table.select(["kind", "identifier", "new_key", "first_seen"])
                kept = kept.rename_columns(["kind", "identifier", "key", "first_seen"])
                write_council(new, council, f"generation-{number + 1}", kept, new_storage_key)
            reached(STEPS[0])
            for done, (path, specification) in enumerate(files):
                progress("rotate", done, len(files), specification.extract)
                _rewrite(connection, path, new / path.relative_to(old), specification)
            ensure_empty_files(connection, new, list(specifications.values()))
            reached(STEPS[1])
            for path, specification in files:
                _prove(connection, path, new / path.relative_to(old), specification)
            reached(STEPS[2])
        _seal_anew(old, new, settings.storage_key(), new_storage_key)
        _keep_mapping(new, new_keys, new_storage_key)
        reached(STEPS[3])
        _switch(settings, old, new, number + 1, fingerprint(new_secret))
        reached(STEPS[4])
        renewed = replace(
            settings,
            pseudonym_key_variable=settings.new_pseudonym_key_variable,
            storage_key_variable=settings.new_storage_key_variable or settings.storage_key_variable,
        )
        finish_rotation(renewed, progress=progress, reached=lambda step: reached(STEPS[4 + step]))
        keys = sum(table.num_rows for table in new_keys.values())
        return Rotation(len(new_keys), keys, len(files), number + 1)


def _refuse_another_key(settings: Settings, manifest: Manifest) -> None:
    used = fingerprint(settings.pseudonym_key())
    strange = sorted(c for c, known in manifest.key_fingerprints().items() if known != used)
    if strange:
        raise RotationError(
            f"CASELOAD_PSEUDONYM_KEY is not the key the archive of {', '.join(strange)} was made with."
        )
    if manifest.mark(UNFINISHED) == "true":
        raise RotationError("a change of key was interrupted: run `caseload load` first, which finishes it.")


def _new_keys(old: Path, settings: Settings, new_secret: bytes) -> dict[str, pa.Table]:
    """Of each council: kind, identifier, key, first_seen and new_key."""
    found = {}
    for council in councils_in(old):
        table = read_council(old, council, settings.storage_key())
        keys = [
            pseudonym(new_secret, kind, council, identifier)
            for kind, identifier in zip(
                table["kind"].to_pylist(), table["identifier"].to_pylist(), strict=True
            )
        ]
        if len(set(zip(table["kind"].to_pylist(), keys, strict=True))) < len(keys):
            raise CollisionError(
                f"under the new secret two identifiers of {council} have the same key: take another secret"
            )
        found[council] = table.append_column("new_key", pa.array(keys, pa.int64()))
    return found


def _register(connection: duckdb.DuckDBPyConnection, new_keys: Mapping[str, pa.Table]) -> None:
    connection.execute("create table new_keys (council varchar, kind varchar, key bigint, new_key bigint)")
    for council, table in new_keys.items():
        connection.register("of_council", table)
        connection.execute("insert into new_keys select ?, kind, key, new_key from of_council", [council])
        connection.unregister("of_council")


def _files(old: Path, specifications: Mapping[str, Specification]) -> list[tuple[Path, Specification]]:
    return [
        (path, specification)
        for name, specification in specifications.items()
        for path in sorted((old / name).glob("month=*/*.parquet"))
        if not path.name.startswith("columns-")
    ]


def _refuse_unknown_keys(
    connection: duckdb.DuckDBPyConnection, files: list[tuple[Path, Specification]]
) -> None:
    missing = 0
    for path, specification in files:
        for column, kind in _hashed(specification, path):
            row = connection.execute(
                f"select count(distinct (council, {column})) from read_parquet({sql_text(path)}) as f "
                f"where {column} is not null and not exists (select 1 from new_keys as k "
                f"where k.council = f.council and k.kind = '{kind}' and k.key = f.{column})"
            ).fetchone()
            missing += int(row[0]) if row else 0
    if missing:
        raise RotationError(
            f"{missing:,} keys of the archive have no identifier in the crosswalk, so they cannot be made anew. "
            "They came before the crosswalk did: load their files into a new data directory, under the new secret."
        )


def _hashed(specification: Specification, path: Path) -> list[tuple[str, str]]:
    """Columns of a file that hold keys, with their kind; an older file may lack some."""
    present = set(pq.read_schema(path).names)
    return [
        (f'"{column.archived_name}"', column.pseudonym)
        for column in specification.columns
        if column.pseudonym and column.archived_name in present
    ]


def _select(path: Path, specification: Specification) -> str:
    hashed = dict(_hashed(specification, path))
    columns = [f"k{number}.new_key as {column}" for number, column in enumerate(hashed)]
    replaced = f" replace ({', '.join(columns)})" if columns else ""
    joins = "".join(
        f" left join new_keys as k{number} on k{number}.council = f.council and k{number}.kind = '{kind}' "
        f"and k{number}.key = f.{column}"
        for number, (column, kind) in enumerate(hashed.items())
    )
    return f"select f.*{replaced} from read_parquet({sql_text(path)}, hive_partitioning = false) as f{joins}"


def _rewrite(
    connection: duckdb.DuckDBPyConnection, path: Path, target: Path, specification: Specification
) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(
        f"copy ({_select(path, specification)} order by delivery, row_number) to {sql_text(target)} "
        "(format parquet, compression zstd)"
    )
    target.chmod(0o440)
    flush(target)
    flush(target.parent)


def _prove(
    connection: duckdb.DuckDBPyConnection, path: Path, target: Path, specification: Specification
) -> None:
    """The rows are the same ones, each key the new one of its identifier, and nothing else differs.

    Raises RotationError otherwise.
    """
    there = f"select * from read_parquet({sql_text(target)}, hive_partitioning = false)"
    wanted = _select(path, specification)
    row = connection.execute(
        f"select (select count(*) from ({wanted} except all {there})) "
        f"+ (select count(*) from ({there} except all {wanted}))"
    ).fetchone()
    if row is None or row[0]:
        raise RotationError(f"{path.name}: the new file does not hold the old rows. Nothing was switched.")


def _seal_anew(old: Path, new: Path, storage_key: bytes, new_storage_key: bytes) -> None:
    """Every sealed original under the new storage key."""
    for path in sorted((old / "originals").rglob("*.sealed")):
        target = new / path.relative_to(old)
        make_private(target.parent)
        write_sealed(new_storage_key, "original", read_sealed(storage_key, "original", path), target)


def _keep_mapping(new: Path, new_keys: Mapping[str, pa.Table], new_storage_key: bytes) -> None:
    """Old and new keys of workers, until the ledger of alerts is mapped."""
    tables = [
        table.filter(pc.equal(table["kind"], "worker"))
        .select(["key", "new_key"])
        .append_column("council", pa.array([council] * _workers(table), pa.string()))
        for council, table in new_keys.items()
    ]
    stream = io.BytesIO()
    pq.write_table(pa.concat_tables(tables), stream) if tables else None
    write_sealed(new_storage_key, PURPOSE, stream.getvalue(), new / ROTATION)


def _workers(table: pa.Table) -> int:
    return int(table["kind"].to_pylist().count("worker"))


def _switch(settings: Settings, old: Path, new: Path, number: int, of_the_key: str) -> None:
    """One transaction: from here on the new generation counts."""
    before = "" if old == settings.archive else f"{old.name}/"
    with sqlite3.connect(settings.manifest, timeout=60) as connection:
        connection.execute("pragma synchronous = full")
        connection.execute(
            "update deliveries set archive_file = ? || substr(archive_file, ?) where archive_file is not null",
            (f"{new.name}/", len(before) + 1),
        )
        connection.execute(
            "update deliveries set key_fingerprint = ? where key_fingerprint is not null", (of_the_key,)
        )
        connection.execute("delete from archive_files")
        named = connection.execute(
            "select distinct archive_file from deliveries where archive_file is not null"
        ).fetchall()
        enter(connection, settings.archive, [name for (name,) in named])
        for mark, value in (("generation", str(number)), (UNFINISHED, "true")):
            connection.execute("insert or replace into marks values (?, ?)", (mark, value))
    connection.close()
