"""Tables of the Spark session: over the archive, a build's inputs and the reference data before dbt runs; and the way
of what dbt made into the warehouse file. Plain Parquet on this machine, taken away when the build ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.extracts import load_specifications
from dagster_project.settings import Settings
from dagster_project.warehouse.archive_offered import place_offered
from dagster_project.warehouse_file import CATALOG, attach_warehouse, sql_text

ARCHIVE, INPUTS, REFERENCE, MARTS = "archive", "run", "reference", "main"


def offer_tables(session: Any, settings: Settings, folder: Path, marts: Sequence[str]) -> None:
    """Afterwards the session has what the models read; `marts` as the warehouse file has them, to add months to.

    Of the archive it is what is offered to dbt, the same files whichever engine builds.
    """
    for schema in (ARCHIVE, INPUTS, REFERENCE, MARTS):
        session.sql(f"create database if not exists {schema}")
    for extract in load_specifications():
        _offer_months(session, f"{ARCHIVE}.{extract}", place_offered(settings) / extract)
    for path in sorted(settings.run_inputs.glob("*.parquet")):
        _offer_file(session, f"{INPUTS}.{path.stem}", path)
    with duckdb.connect(":memory:") as connection:
        attach_warehouse(connection, settings, CATALOG, read_only=True)
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = ? order by table_name", [REFERENCE]
        ).fetchall()
        tables = [(REFERENCE, name) for (name,) in names] + [(MARTS, name) for name in marts]
        for schema, name in tables:
            path = folder / "before" / schema / f"{name}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(
                f"copy ({_whole(connection, schema, name)}) to {sql_text(path)} (format parquet)"
            )
            _offer_file(session, f"{schema}.{name}", path)


def _whole(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> str:
    """A table as Parquet can say it: a sum of whole numbers is wider in DuckDB than in Spark, and would be a double."""
    wide = connection.execute(
        "select column_name from duckdb_columns() where schema_name = ? and table_name = ? and data_type = 'HUGEINT'",
        [schema, name],
    ).fetchall()
    narrowed = ", ".join(f'cast("{column}" as bigint) as "{column}"' for (column,) in wide)
    return f'select *{f" replace ({narrowed})" if wide else ""} from {CATALOG}.{schema}."{name}"'


def _offer_file(session: Any, name: str, path: Path) -> None:
    session.sql(f"create table {name} using parquet location {sql_text(path)}")


def _offer_months(session: Any, name: str, folder: Path) -> None:
    """An extract's files as one table, whichever columns each release wrote; the month is the folder's name."""
    found = session.read.option("mergeSchema", "true").parquet(str(folder))
    columns = ", ".join(f"`{column.name}` {column.dataType.simpleString()}" for column in found.schema.fields)
    session.sql(
        f"create table {name} ({columns}) using parquet partitioned by (month) location {sql_text(folder)}"
    )
    session.sql(f"alter table {name} recover partitions")


def take_in(settings: Settings, made: Path, tables: Sequence[str]) -> None:
    """The warehouse file has these tables as Spark made them, all of them or, where one cannot be read, none."""
    with duckdb.connect(":memory:") as connection:
        attach_warehouse(connection, settings, CATALOG, read_only=False)
        connection.execute("begin")
        for name in tables:
            files = sql_text(made / name / "*.parquet")
            connection.execute(
                f'create or replace table {CATALOG}.{MARTS}."{name}" as from read_parquet({files})'
            )
        connection.execute("commit")


def marts_there(settings: Settings, marts: Sequence[str]) -> list[str]:
    """Which of the marts the warehouse file has."""
    with duckdb.connect(":memory:") as connection:
        attach_warehouse(connection, settings, CATALOG, read_only=True)
        found = connection.execute(
            "select table_name from duckdb_tables() where schema_name = ?", [MARTS]
        ).fetchall()
    return sorted({name for (name,) in found} & set(marts))
