"""The floor: DuckDB by hand. CSV is read once and archived, the marts are built from the archive in one go."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from bench.rivals.ground import (
    DAY,
    FLAG,
    FORMS,
    KINDS,
    PENNIES,
    TEXT,
    THOUSANDTHS,
    Ground,
    hmac_pads,
    key_column,
)
from bench.rivals.marts_sql import queries

TYPES = {
    TEXT: "varchar",
    DAY: "date",
    FLAG: "boolean",
    THOUSANDTHS: "decimal(12, 3)",
    PENNIES: "decimal(18, 2)",
}
WHOLE = {
    THOUSANDTHS: "cast(cast({0} as decimal(12, 3)) * 1000 as bigint) as {0}",
    PENNIES: "cast({0} * 100 as bigint) as {0}",
}


def main() -> None:
    ground = Ground.of_command_line()
    with duckdb.connect(":memory:", config={"threads": 2}) as connection:
        prepare(connection, ground)
        make_marts(connection, ground)


def prepare(connection: duckdb.DuckDBPyConnection, ground: Ground) -> None:
    """What landed is archived, and the archive is what the views of the extracts hold."""
    learn_keys(connection, ground.secret)
    for extract in FORMS:
        if ground.files(extract):
            archive(connection, ground, extract)


def make_marts(connection: duckdb.DuckDBPyConnection, ground: Ground) -> None:
    """The marts of all that the views of the extracts hold."""
    tables: dict[str, Sequence[Sequence[str | int]]] = {
        "tree (council, unit, descendant)": ground.tree,
        "units (council, unit, name)": [
            (unit["council"], unit["unit"], unit["name"].lower()) for unit in ground.units
        ],
        "roles (role, role_group, is_social_worker, carries_cases)": ground.roles,
        "costs (council, role, annual_cost)": ground.costs,
    }
    for name, rows in tables.items():
        values = ", ".join(f"({', '.join(literal(value) for value in row)})" for row in rows)
        connection.execute(f"create table {name.split()[0]} as from (values {values}) as {name}")
    prepared, marts = queries("//")
    for name, query in prepared.items():
        connection.execute(f"create temp table {name} as {query}")
    for name, query in marts.items():
        connection.execute(f"copy ({query}) to '{ground.mart(name)}' (format parquet)")


def learn_keys(connection: duckdb.DuckDBPyConnection, secret: bytes) -> None:
    """Afterwards `key_of(kind, council, identifier)` gives the key that the program gives."""
    inner, outer = hmac_pads(secret)
    connection.execute(f"""
        create macro digest(message) as
            sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode(message))));
        create macro signed(number) as
            cast(number - if(number >= 9223372036854775808, 18446744073709551616, 0) as bigint);
        create macro first_bytes(digits) as cast(cast(('0x' || left(digits, 16)) as ubigint) as hugeint);
        create macro key_of(kind, council, identifier) as
            signed(first_bytes(digest(concat_ws(chr(31), kind, council, identifier))));
    """)


def archive(connection: duckdb.DuckDBPyConnection, ground: Ground, extract: str) -> None:
    """One extract of every council and month as Parquet by month, and a view over it."""
    form = FORMS[extract]
    columns = ", ".join(f"'{name}': '{TYPES[kind]}'" for name, kind in form.items())
    files = ", ".join(f"'{path}'" for path in ground.files(extract))
    connection.execute(f"""
        create temp table landed as
        select
            split_part(filename, '/', -3) as council,
            cast(split_part(filename, '/', -2) || '-01' as date) as month,
            * exclude (filename)
        from read_csv([{files}], header = true, columns = {{{columns}}}, filename = true,
            auto_detect = false, delim = ',')
    """)
    hashed = [name for name in form if name in KINDS]
    for name in hashed:
        connection.execute(f"""
            create temp table keys_{name} as
            select council, {name}, key_of('{KINDS[name]}', council, {name}) as {key_column(name)}
            from (select distinct council, {name} from landed where {name} is not null)
        """)
    kept = ", ".join(
        key_column(name) if name in KINDS else WHOLE.get(kind, "{0}").format(name)
        for name, kind in form.items()
    )
    joins = " ".join(f"left join keys_{name} using (council, {name})" for name in hashed)
    folder = ground.out / "archive" / extract
    connection.execute(
        f"copy (select council, month, {kept} from landed {joins}) to '{folder}' "
        "(format parquet, partition_by (month), overwrite_or_ignore)"
    )
    for name in ("landed", *(f"keys_{name}" for name in hashed)):
        connection.execute(f"drop table {name}")
    connection.execute(
        f"create view {extract} as from read_parquet('{folder}/*/*.parquet', hive_partitioning = true)"
    )


def literal(value: str | int | bool) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


if __name__ == "__main__":
    main()
