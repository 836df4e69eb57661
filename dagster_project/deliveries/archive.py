"""Accepted rows as immutable Parquet: one file per extract, month and load. Only purging replaces one, whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.durable import flush, put_in_place
from dagster_project.extracts import Specification
from dagster_project.scratch import in_memory
from dagster_project.steps import reached
from dagster_project.warehouse_file import sql_text

EMPTY_MONTH = "0001-01-01"
ROWS_IN_A_GROUP = 122_880
"""As DuckDB writes them: it reads group by group, each with one thread."""


def month_folder(archive: Path, extract: str, month: date | str) -> Path:
    return archive / extract / f"month={month}"


def stage(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    specification: Specification,
    month: date,
    council: str,
    delivery: str,
) -> None:
    """Put the accepted rows of `relation`, identifiers replaced, into the batch's table.

    Every identifier is in table `crosswalk` by now.
    """
    batch = f"batch_{specification.extract}"
    columns = [f"date '{month}'", sql_text(delivery), sql_text(council), "accepted.row_number"]
    known = f"(from crosswalk where council = {sql_text(council)})"
    joins = ""
    for column in specification.columns:
        if column.pseudonym:
            alias = f"{column.name}_pseudonym"
            joins += (
                f" left join {known} as {alias} on {alias}.kind = '{column.pseudonym}' "
                f'and {alias}.identifier = accepted."{column.name}"'
            )
            columns.append(f'{alias}.key as "{column.archived_name}"')
        else:
            columns.append(f'accepted."{column.name}"')
    connection.execute(_create_batch_table(batch, specification))
    connection.execute(f"insert into {batch} select {', '.join(columns)} from {relation} as accepted{joins}")


def write_batch(
    connection: duckdb.DuckDBPyConnection,
    archive: Path,
    specification: Specification,
    month: date,
    load_id: str,
    deliveries: Sequence[str],
    plain: pa.Table | None,
) -> Path:
    """Write the staged rows of `deliveries` and those of `plain` as one Parquet file that appears whole or not at all.

    `plain` has its rows by delivery and row number.
    """
    folder = month_folder(archive, specification.extract, month)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{load_id}.parquet"
    if not deliveries:
        return _write_in_order(plain, path, specification)
    listed = ", ".join(f"'{delivery}'" for delivery in deliveries)
    select = (
        f"select * exclude (month) from batch_{specification.extract} "
        f"where month = date '{month}' and delivery in ({listed})"
    )
    if plain is not None:
        connection.register("plain_batch", plain)
        select = f"from ({select} union all by name select * from plain_batch)"
    write_parquet(connection, f"{select} order by delivery, row_number", path)
    if plain is not None:
        connection.unregister("plain_batch")
    return path


def remove_rows(
    archive: Path,
    archive_file: str,
    deliveries: list[str],
    coming: Callable[[Path], None] = lambda path: None,
    *,
    is_all: bool = False,
) -> None:
    """The rows of `deliveries` are no longer in the file, which is replaced whole or, with nothing left in it, deleted.

    With `is_all` nothing else lies in it, and it is not read, for it may be damaged. `coming` is told of the new file
    before it has the name. One rename, under its own name: whoever reads the archive
    sees the old file or the new one, never both and never neither, so no row counts twice. Nothing happens where the
    file is gone already.
    """
    path = archive / archive_file
    if not path.is_file():
        return
    if is_all:
        path.unlink()
        flush(path.parent)
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
            write_parquet(connection, "select * from kept order by delivery, row_number", path, coming)
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
        if not _tells_columns(path, specification):
            folder.mkdir(parents=True, exist_ok=True)
            table = f"columns_{specification.extract}"
            connection.execute(_create_batch_table(table, specification))
            write_parquet(connection, f"select * exclude (month) from {table}", path)


def _tells_columns(path: Path, specification: Specification) -> bool:
    """Whether the file is whole: it is made again where it is gone or damaged, for nothing is lost with it."""
    try:
        with pq.ParquetFile(path) as file:
            names = set(file.schema_arrow.names)
            return file.metadata.num_rows == 0 and names >= {c.archived_name for c in specification.columns}
    except (OSError, pa.ArrowException):
        return False


def keys_used(specifications: Sequence[Specification], deliveries: Sequence[str]) -> str:
    """A query over the batch's tables: council, kind and key of every person in the staged rows of `deliveries`."""
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
    return (
        f"create temp table if not exists {name} "
        f"(month date, delivery varchar, council varchar, row_number bigint, {columns})"
    )


def write_parquet(
    connection: duckdb.DuckDBPyConnection,
    select: str,
    path: Path,
    coming: Callable[[Path], None] = lambda path: None,
) -> None:
    """The rows of `select` as a file that appears whole or not at all, and outlasts a power cut."""
    being_written = _aside(path)
    target = str(being_written).replace("'", "''")
    connection.execute(f"copy ({select}) to '{target}' (format parquet, compression zstd)")
    coming(being_written)
    _appear(being_written, path)


def _write_in_order(rows: pa.Table, path: Path, specification: Specification) -> Path:
    """As `write_parquet`, of rows at hand: a query for each of hundreds of files takes longer than writing them."""
    being_written = _aside(path)
    # What each row has of its own fills a dictionary and stands there once: half the size is without.
    own = [column.archived_name for column in specification.key] if len(specification.key) == 1 else []
    words = [
        field.name
        for field in rows.schema
        if field.name not in own
        and (pa.types.is_string(field.type) or pa.types.is_date(field.type) or field.name == "row_number")
    ]
    # Through a file of Python's a full disk is told in the system's own words.
    with being_written.open("wb") as file:
        pq.write_table(
            rows,
            file,
            compression="zstd",
            use_dictionary=words,
            row_group_size=ROWS_IN_A_GROUP,
            store_decimal_as_integer=True,
            store_schema=False,
        )
    _appear(being_written, path)
    return path


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.writing")


def _appear(being_written: Path, path: Path) -> None:
    being_written.chmod(0o440)
    reached("an archive file is written aside")
    put_in_place(being_written, path)
