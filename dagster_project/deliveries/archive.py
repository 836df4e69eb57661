"""Accepted rows as immutable Parquet: one file per extract, month and load. Only purging replaces one, whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from dagster_project.deliveries.manifest import Delivery
from dagster_project.durable import flush, put_in_place
from dagster_project.extracts import Specification
from dagster_project.scratch import in_memory
from dagster_project.steps import reached
from dagster_project.warehouse_file import sql_text

EMPTY_MONTH = "0001-01-01"


def month_folder(archive: Path, extract: str, month: date | str) -> Path:
    return archive / extract / f"month={month}"


def stage(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    specification: Specification,
    council: str,
    delivery: str,
) -> None:
    """Put the accepted rows of `relation`, identifiers replaced, into the batch's table.

    Every identifier is in table `crosswalk` by now.
    """
    of_whom = f"{sql_text(delivery)} as delivery, {sql_text(council)} as council"
    stage_many(connection, f"(select {of_whom}, * from {relation})", specification)


def stage_many(connection: duckdb.DuckDBPyConnection, relation: str, specification: Specification) -> None:
    """As `stage`, of rows that each say their delivery and council."""
    batch = f"batch_{specification.extract}"
    columns = ["accepted.delivery", "accepted.council", "accepted.row_number"]
    joins = ""
    for column in specification.columns:
        if column.pseudonym:
            alias = f"{column.name}_pseudonym"
            joins += (
                f" left join crosswalk as {alias} on {alias}.council = accepted.council "
                f"and {alias}.kind = '{column.pseudonym}' and {alias}.identifier = accepted.\"{column.name}\""
            )
            columns.append(f'{alias}.key as "{column.archived_name}"')
        else:
            columns.append(f'accepted."{column.name}"')
    connection.execute(_create_batch_table(batch, specification))
    connection.execute(f"insert into {batch} select {', '.join(columns)} from {relation} as accepted{joins}")


def name_deliveries(
    connection: duckdb.DuckDBPyConnection, relation: str, deliveries: Mapping[int, Delivery]
) -> str:
    """A view of the rows of `relation` that belong to `deliveries`, by file number, with delivery and council."""
    connection.register(
        "named_deliveries",
        pa.table(
            {
                "file_number": pa.array(list(deliveries), pa.int32()),
                "delivery": pa.array([one.delivery for one in deliveries.values()], pa.string()),
                "council": pa.array([one.council for one in deliveries.values()], pa.string()),
            }
        ),
    )
    connection.execute(
        f"create or replace temp view of_deliveries as select * from {relation} inner join named_deliveries "
        "using (file_number)"
    )
    return "of_deliveries"


def write_batch(
    connection: duckdb.DuckDBPyConnection,
    archive: Path,
    specification: Specification,
    month: date,
    load_id: str,
    deliveries: list[str],
) -> Path:
    """Write the staged rows of `deliveries` as one Parquet file that appears whole or not at all."""
    folder = month_folder(archive, specification.extract, month)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{load_id}.parquet"
    batch = f"batch_{specification.extract}"
    listed = ", ".join(f"'{delivery}'" for delivery in deliveries)
    write_parquet(
        connection, f"select * from {batch} where delivery in ({listed}) order by delivery, row_number", path
    )
    return path


def remove_rows(archive: Path, archive_file: str, deliveries: list[str]) -> None:
    """The rows of `deliveries` are no longer in the file, which is replaced whole or, with nothing left in it, deleted.

    One rename, under its own name: whoever reads the archive sees the old file or the new one, never both and never
    neither, so no row counts twice. Nothing happens where the file is gone already.
    """
    path = archive / archive_file
    if not path.is_file():
        return
    with in_memory() as connection:
        connection.execute(
            "create temp table purged as select unnest(?::varchar[]) as delivery", [deliveries]
        )
        file = str(path).replace("'", "''")
        connection.execute(
            f"create temp view kept as select * from read_parquet('{file}', hive_partitioning = false) "
            "where delivery not in (select delivery from purged)"
        )
        if connection.execute("select 1 from kept limit 1").fetchone():
            write_parquet(connection, "select * from kept order by delivery, row_number", path)
        else:
            path.unlink()
            flush(path.parent)


def ensure_empty_files(
    connection: duckdb.DuckDBPyConnection, archive: Path, specifications: list[Specification]
) -> None:
    """Give every extract one file without rows, so that its columns and types are known before anything arrived."""
    for specification in specifications:
        folder = month_folder(archive, specification.extract, EMPTY_MONTH)
        path = folder / f"columns-{specification.source_hash}.parquet"
        if not path.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            table = f"columns_{specification.extract}"
            connection.execute(_create_batch_table(table, specification))
            write_parquet(connection, f"select * from {table}", path)


def keys_used(specifications: list[Specification], deliveries: list[str]) -> str:
    """A query over the batch's tables: council, kind and key of every person in the rows of `deliveries`."""
    listed = ", ".join(f"'{delivery}'" for delivery in deliveries)
    parts = [
        f"select distinct council, '{column.pseudonym}' as kind, \"{column.archived_name}\" as key "
        f"from batch_{specification.extract} where delivery in ({listed})"
        for specification in specifications
        for column in specification.columns
        if column.pseudonym
    ]
    return " union ".join(parts) or "select '' as council, '' as kind, 0 as key where false"


def drop_batch(connection: duckdb.DuckDBPyConnection, specifications: list[Specification]) -> None:
    for specification in specifications:
        connection.execute(f"drop table if exists batch_{specification.extract}")


def _create_batch_table(name: str, specification: Specification) -> str:
    columns = ", ".join(
        f'"{column.archived_name}" {column.archived_type}' for column in specification.columns
    )
    return f"create temp table if not exists {name} (delivery varchar, council varchar, row_number bigint, {columns})"


def write_parquet(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    """The rows of `select` as a file that appears whole or not at all, and outlasts a power cut."""
    being_written = path.with_name(f".{path.name}.writing")
    target = str(being_written).replace("'", "''")
    connection.execute(f"copy ({select}) to '{target}' (format parquet, compression zstd)")
    being_written.chmod(0o440)
    reached("an archive file is written aside")
    put_in_place(being_written, path)
