"""Whether two published copies hold the same rows, mart by mart."""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.warehouse_file import sql_text


def marts_that_differ(before: Path, after: Path) -> list[str]:
    """The marts whose columns or rows are not the same in the two files; one that only a file has is among them."""
    with duckdb.connect(":memory:") as connection:
        shapes = []
        for name, path in (("before", before), ("after", after)):
            connection.execute(f"attach {sql_text(path)} as {name} (read_only)")
            shapes.append(_columns(connection, name))
        names = sorted(shapes[0].keys() | shapes[1].keys())
        return [
            name
            for name in names
            if shapes[0].get(name) != shapes[1].get(name) or _has_other_rows(connection, name)
        ]


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, str]:
    found = connection.execute(
        "select table_name, string_agg(column_name || ' ' || data_type, ', ' order by column_index) "
        "from duckdb_columns() where database_name = ? group by table_name",
        [database],
    ).fetchall()
    return dict(found)


def _has_other_rows(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    one, other = f'before.main."{name}"', f'after.main."{name}"'
    found = connection.execute(
        f"select 1 from ((from {one} except all from {other}) union all (from {other} except all from {one})) limit 1"
    ).fetchone()
    return found is not None
