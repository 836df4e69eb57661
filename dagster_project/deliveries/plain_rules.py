"""Many plain files typed in one query: cells in the strictest form of their type only, by the rules of `cell_rules`.

What is not plain here is not wrong: its whole file is read with care afterwards. What is plain has one reading, and
careful reading gives the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa

from dagster_project.deliveries.cell_rules import listed, quoted, rule_broken
from dagster_project.deliveries.checking import numbers_of
from dagster_project.deliveries.layout import MISSING
from dagster_project.deliveries.plain_files import PlainFile
from dagster_project.extracts import Column, Specification
from dagster_project.warehouse_file import sql_text

# With a digit, and no exponent; so it is no sign for a missing value and no error cell either.
IDENTIFIER = "[A-Za-z_][A-Za-z0-9_/-]*[0-9][A-Za-z0-9_/-]*|[0-9]+([A-DF-Za-df-z_/-][A-Za-z0-9_/-]*)?"
# A record's first cell: one that no word for a total or a note can start.
FIRST_CELL = "[A-Za-z]{0,2}[0-9].*|[A-Za-z0-9_]+"
TEXT = "[A-Za-z0-9]([A-Za-z0-9 &.'()/-]*[A-Za-z0-9)])?"
DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
EARLIEST = "date '1900-01-01'"

Names = Iterable[tuple[str, str]]
"""Each name key with the slug it stands for."""


def type_plain(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[PlainFile],
    specification: Specification,
    month: tuple[date, date],
    names_of: Mapping[str, tuple[Names, Names]],
) -> str:
    """Type the rows of `files`, all of one month; the name of the table of those that are sound.

    `names_of` gives the units and roles of each council. A row has file_number, its place in `files`, row_number and
    the columns; only files all of whose rows are sound, no key twice, have rows in it.
    """
    landed = pa.concat_tables(
        file.rows.add_column(
            0, "row_number", pa.array(range(2, file.rows.num_rows + 2), pa.int64())
        ).add_column(0, "file_number", pa.repeat(pa.scalar(number, pa.int32()), file.rows.num_rows))
        for number, file in enumerate(files)
    )
    for place, name in enumerate(("plain_units", "plain_roles")):
        known = [
            (number, key, slug)
            for number, file in enumerate(files)
            for key, slug in names_of[file.landed.council][place]
            if key not in MISSING
        ]
        connection.register(
            name,
            pa.table(
                {
                    "file_number": pa.array([number for number, _, _ in known], pa.int32()),
                    "key": pa.array([key for _, key, _ in known], pa.string()),
                    "slug": pa.array([slug for _, _, slug in known], pa.string()),
                }
            ),
        )
    connection.register("plain_landed", landed)
    connection.execute(f"create or replace temp table plain_typed as {_typed_sql(specification, month)}")
    connection.unregister("plain_landed")
    key = ", ".join(quoted(column.name) for column in specification.key)
    connection.execute(
        "create or replace temp table plain_rows as select * exclude (is_sound) from plain_typed "
        "where file_number not in (select file_number from plain_typed where not is_sound) and file_number not in "
        f"(select file_number from plain_typed group by file_number, {key} having count(*) > 1)"
    )
    connection.execute("drop table plain_typed")
    return "plain_rows"


def totals_of(
    connection: duckdb.DuckDBPyConnection, relation: str, specification: Specification
) -> dict[int, tuple[int, dict[str, Decimal]]]:
    """Of each file with rows in `relation`: how many, and each column of numbers added up."""
    numbers = numbers_of(specification)
    sums = "".join(f", coalesce(sum({quoted(name)}), 0)" for name in numbers)
    found = connection.execute(
        f"select file_number, count(*){sums} from {relation} group by file_number"
    ).fetchall()
    return {
        number: (rows, {name: Decimal(total) for name, total in zip(numbers, totals, strict=True)})
        for number, rows, *totals in found
    }


def _typed_sql(specification: Specification, month: tuple[date, date]) -> str:
    columns = specification.columns
    cells = ", ".join(f"nullif({quoted(c.name)}, '') as {quoted(c.name)}" for c in columns)
    typed = ", ".join(
        f"{_typed(c)} as {quoted(c.name + '_typed')}, false as {quoted(c.name + '_is_error')}"
        for c in columns
    )
    names = [c for c in columns if c.type in ("unit", "role")]
    resolved = "".join(f", {c.name}_names.slug as {quoted(c.name + '_' + c.type)}" for c in names)
    lookups = "".join(
        f" left join plain_{c.type}s as {c.name}_names on {c.name}_names.file_number = cells.file_number "
        f"and {c.name}_names.key = lower(cells.{quoted(c.name)})"
        for c in names
    )
    sound = [f"regexp_full_match({quoted(columns[0].name)}, '{FIRST_CELL}')"]
    for column in columns:
        read = quoted(f"{column.name}_{column.type if column in names else 'typed'}")
        sound.append(f"({quoted(column.name)} is null or {read} is not null)")
        rule = rule_broken(column, month)
        if rule:
            sound.append(f"{rule} is null")
    kept = ", ".join(f"{quoted(c.name + '_typed')} as {quoted(c.name)}" for c in columns)
    kept_names = "".join(f", {quoted(c.name + '_' + c.type)}" for c in names)
    return f"""
with cells as (select file_number, row_number, {cells} from plain_landed),
typed as (select cells.*, {typed}{resolved} from cells {lookups})
select file_number, row_number, {kept}{kept_names}, coalesce({" and ".join(sound)}, false) as is_sound from typed
"""


def _typed(column: Column) -> str:
    """The cell as its type if it is written in the strictest form, else NULL."""
    name = f"cells.{quoted(column.name)}"
    match column.type:
        case "identifier":
            return _matching(name, IDENTIFIER, name)
        case "text":
            is_given = f"lower({name}) not in {listed(sorted(MISSING))}"
            return f"case when {is_given} then {_matching(name, TEXT, name)} end"
        case "code":
            return f"case when {name} in {listed(column.codes)} then {name} end"
        case "unit" | "role":
            return f"lower({name})"
        case "date":
            read = f"try_cast({name} as date)"
            return _matching(name, DATE, f"case when {read} >= {EARLIEST} then {read} end")
        case "boolean":
            return f"case {name} when 'true' then true when 'false' then false end"
        case "decimal" | "money":
            most = min(column.scale, 9)
            decimals = rf"([.][0-9]{{1,{most}}})?" if most else ""
            read = f"try_cast({name} as decimal({column.precision},{column.scale}))"
            return _matching(name, f"-?[0-9]{{1,9}}{decimals}", read)
    raise ValueError(column.type)


def _matching(name: str, pattern: str, read: str) -> str:
    return f"case when regexp_full_match({name}, {sql_text(pattern)}) then {read} end"
