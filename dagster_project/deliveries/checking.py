"""Text becomes typed rows or rejected rows, set-based, by what the specification says. No reading, no archive."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb
import pyarrow as pa

from dagster_project.deliveries.cell_rules import ERROR_CELLS, checked_sql, quoted
from dagster_project.deliveries.layout import BLANK_CHARACTERS, MISSING, Table
from dagster_project.deliveries.refusal import Refused
from dagster_project.extracts import Column, Specification

LONGEST_SHAPE = 24
# So many single reasons of a delivery are kept; who breaks more rules than this mends a kind, not a cell.
REASONS_KEPT = 5_000
ROWS_AT_ONCE = 25_000
UNMAPPED_RULE = "no_known_unit"
ROW_RULES = {"too_many_fields": "as many fields as the header has"}


@dataclass(frozen=True)
class RejectedCell:
    """One reason a row was turned away: where, which rule, what was expected, and the value's shape only."""

    row_number: int
    column: str
    rule: str
    shape: str
    expected: str


@dataclass(frozen=True)
class Checked:
    """What became of a delivery's rows.

    `relation` names the table of accepted, typed rows in the connection: archived names, identifiers still plain.
    `reasons` counts the rows of each column and rule exactly; `rejected` and `unmapped` are the first of them. `totals`
    adds up each column of numbers, over all rows in which it could be read and over the accepted ones.
    """

    relation: str
    rows_read: int
    rows_accepted: int
    rows_repeated: int
    rows_unmapped: int
    rows_rejected: int
    rejected: Sequence[RejectedCell]
    unmapped: Sequence[RejectedCell]
    reasons: Mapping[tuple[str, str], int]
    notices: dict[str, int]
    totals: Mapping[str, tuple[Decimal, Decimal]]


def check(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    specification: Specification,
    month: tuple[date, date],
    units: Iterable[tuple[str, str]],
    roles: Iterable[tuple[str, str]],
    place: str,
    *,
    keeps_all: bool = False,
) -> Checked:
    """Type every cell of `table` and part accepted from rejected rows.

    `month` is its first and last day; `units` and `roles` are (name key, slug) pairs that hold for the council and
    month. Of a long table the rows are let go as they are typed; with `keeps_all` the table `typed_rows` holds them
    all, typed, rejected ones too. Raises Refused where one key stands with different
    values.
    """
    _register_names(connection, units, roles)
    connection.execute("set variable serials_from = ?", [table.serials_from])
    connection.register("turned_away", _turned_away(table))
    typed = checked_sql(specification, month)
    read_sums = dict.fromkeys(numbers_of(specification), Decimal(0))
    for start in range(0, max(len(table.rows), 1), ROWS_AT_ONCE):
        _register_rows(connection, table, start)
        _part(connection, typed, is_first=not start)
        if keeps_all:
            into = "insert into typed_rows" if start else "create or replace temp table typed_rows as"
            connection.execute(f"{into} select * from checked")
        for name, total in _sums(connection, specification, "checked").items():
            read_sums[name] += total
        _let_go(connection, table, start)
    connection.execute("drop table checked")
    connection.execute("insert into broken select row_number, column_name, rule from turned_away")
    rejected, reasons = _rejected(connection, table, specification)
    rows_rejected = _count(connection, "select count(distinct row_number) from broken")
    repeated = _drop_repeats(connection, specification, place)
    accepted = _count(connection, "select count(*) from accepted")
    unmapped = [
        f"{c.name}_unit is null and {c.name} is not null" for c in _unit_columns(specification, "unmapped")
    ]
    rows_unmapped = _count(
        connection, f"select count(*) from accepted where {' or '.join(unmapped) or 'false'}"
    )
    unknown_units = []
    for column, condition in zip(_unit_columns(specification, "unmapped"), unmapped, strict=True):
        expected = _expected(specification, column.name, UNMAPPED_RULE)
        of_column = _count(connection, f"select count(*) from accepted where {condition}")
        if of_column:
            reasons[column.name, UNMAPPED_RULE] = of_column
        unknown_units += [
            RejectedCell(number, column.name, UNMAPPED_RULE, "", expected)
            for (number,) in connection.execute(
                f"select row_number from accepted where {condition} order by row_number limit {REASONS_KEPT}"
            ).fetchall()
        ]
    notices = dict(table.notices)
    if table.unknown_columns:
        notices["unknown_columns"] = table.unknown_columns
    if repeated:
        notices["repeated_rows"] = repeated
    if rows_unmapped:
        notices["unmapped_rows"] = rows_unmapped
    for column in _unit_columns(specification, "outside"):
        outside = _count(
            connection,
            f"select count(*) from accepted where {column.name}_unit is null and {column.name} is not null",
        )
        if outside:
            notices[f"{column.name}_outside"] = outside
    errors_ignored = _count(connection, "select coalesce(sum(error_cells), 0) from accepted")
    if errors_ignored:
        notices["error_cells_read_as_missing"] = errors_ignored
    accepted_sums = _sums(connection, specification, "accepted")
    read = len(table.rows)
    if table.records is not None:
        read, accepted = table.records, table.records - rows_rejected
    return Checked(
        "accepted",
        read,
        accepted,
        repeated,
        rows_unmapped,
        rows_rejected,
        rejected,
        unknown_units,
        reasons,
        notices,
        {name: (total, accepted_sums[name]) for name, total in read_sums.items()},
    )


def numbers_of(specification: Specification) -> list[str]:
    return [column.name for column in specification.columns if column.type in ("decimal", "money")]


def _sums(
    connection: duckdb.DuckDBPyConnection, specification: Specification, relation: str
) -> dict[str, Decimal]:
    """Each column of numbers added up, which a sender's control totals are compared with."""
    names = numbers_of(specification)
    if not names:
        return {}
    sums = ", ".join(f"coalesce(sum({quoted(name)}), 0)" for name in names)
    found = connection.execute(f"select {sums} from {relation}").fetchall()[0]
    return {name: Decimal(total) for name, total in zip(names, found, strict=True)}


def _rejected(
    connection: duckdb.DuckDBPyConnection, table: Table, specification: Specification
) -> tuple[list[RejectedCell], dict[tuple[str, str], int]]:
    """The first reasons of rejected rows, by row, and how many rows each column and rule has in all."""
    counted = connection.execute(
        'select "column", rule, count(*) from broken group by all order by all'
    ).fetchall()
    reasons = {(column, rule): int(rows) for column, rule, rows in counted}
    if not reasons:
        return [], reasons
    failures = connection.execute(
        f'select row_number, "column", rule from broken order by row_number limit {REASONS_KEPT}'
    ).fetchall()
    told = {number for number, _, _ in failures}
    place_of = {number: index for index, number in enumerate(table.row_numbers) if number in told}
    faults = {(fault.row_number, fault.header, fault.rule): fault for fault in table.faults}
    rejected = []
    for number, column, rule in failures:
        if rule in ROW_RULES:
            rejected.append(RejectedCell(number, column, rule, "", ROW_RULES[rule]))
            continue
        fault = faults.get((number, column, rule))
        if fault:
            rejected.append(RejectedCell(number, column, rule, shape_of(fault.cell), fault.expected))
            continue
        shape = shape_of(table.as_sent(place_of[number], column))
        rejected.append(RejectedCell(number, column, rule, shape, _expected(specification, column, rule)))
    return rejected, reasons


def _turned_away(table: Table) -> pa.Table:
    """Rows that are turned away before any of their cells is looked at: too long, or at fault in another table."""
    reasons = [(number, "", "too_many_fields") for number in sorted(table.overlong)]
    reasons += [(fault.row_number, fault.header, fault.rule) for fault in table.faults]
    return pa.table(
        {
            "row_number": pa.array([number for number, _, _ in reasons], pa.int64()),
            "column_name": pa.array([column for _, column, _ in reasons], pa.string()),
            "rule": pa.array([rule for _, _, rule in reasons], pa.string()),
        }
    )


def _part(connection: duckdb.DuckDBPyConnection, typed: str, *, is_first: bool) -> None:
    """Of the rows `landed` holds, the sound ones go into `accepted`, what others break into `broken`."""
    into = {name: f"create or replace temp table {name} as" for name in ("accepted", "broken")}
    if not is_first:
        into = {name: f"insert into {name}" for name in into}
    # Hundreds of small expressions on few rows: planning them well takes longer than running them as written.
    connection.execute("pragma disable_optimizer")
    connection.execute(f"create or replace temp table checked as {typed}")
    connection.execute("pragma enable_optimizer")
    connection.execute(
        f"{into['broken']} select row_number, unnest(failures, recursive := true) from checked where len(failures) > 0"
    )
    connection.execute(
        f"{into['accepted']} select * exclude (failures) from checked "
        "where len(failures) = 0 and row_number not in (select row_number from turned_away) order by row_number"
    )


def _let_go(connection: duckdb.DuckDBPyConnection, table: Table, start: int) -> None:
    """Only rows that broke a rule are looked at once more, for the shape of what their sender wrote."""
    numbers = table.row_numbers[start : start + ROWS_AT_ONCE]
    if len(numbers) < ROWS_AT_ONCE:
        return
    broken = connection.execute(
        "select distinct row_number from broken where row_number between ? and ?", [numbers[0], numbers[-1]]
    ).fetchall()
    kept = {number for (number,) in broken}
    for place, number in enumerate(numbers, start=start):
        if number not in kept:
            table.rows[place] = ()


def _register_rows(connection: duckdb.DuckDBPyConnection, table: Table, start: int) -> None:
    """So many rows from `start` as the relation `landed`: the steps of their typing are held in memory."""
    rows = table.rows[start : start + ROWS_AT_ONCE]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(table.columns)
    arrow = pa.table(
        {
            "row_number": pa.array(table.row_numbers[start : start + ROWS_AT_ONCE], pa.int64()),
            **{
                name: pa.array(cells, pa.string()) for name, cells in zip(table.columns, columns, strict=True)
            },
        }
    )
    connection.register("landed", arrow)


def _register_names(
    connection: duckdb.DuckDBPyConnection,
    units: Iterable[tuple[str, str]],
    roles: Iterable[tuple[str, str]],
) -> None:
    for name, pairs in (("units", units), ("roles", roles)):
        listed = list(pairs)
        connection.register(
            name,
            pa.table(
                {
                    "key": pa.array([key for key, _ in listed], pa.string()),
                    "slug": pa.array([slug for _, slug in listed], pa.string()),
                }
            ),
        )


def shape_of(text: str) -> str:
    """What a cell looks like without what it says: letters of every script become A or a, numbers 9."""
    text = text.strip(BLANK_CHARACTERS)
    if text.lower() in MISSING or text.upper() in ERROR_CELLS:
        return ""
    signs = []
    for character in text[:LONGEST_SHAPE]:
        category = unicodedata.category(character)
        if category == "Lu":
            signs.append("A")
        elif category[0] in "LM":
            signs.append("a")
        elif category[0] == "C":
            signs.append("?")
        else:
            signs.append("9" if category[0] == "N" else character)
    return "".join(signs)


def _drop_repeats(connection: duckdb.DuckDBPyConnection, specification: Specification, place: str) -> int:
    """Keep the first of rows that repeat each other in every column; how many were dropped."""
    meant = {
        c.name: f"coalesce({quoted(c.name + '_' + c.type)}, {quoted(c.name)})"
        if c.type in ("unit", "role")
        else quoted(c.name)
        for c in specification.columns
    }
    key = ", ".join(meant[c.name] for c in specification.key) or "true"
    whole = ", ".join(meant.values())
    # Hardly any delivery repeats a key, and whether one does is cheap to see beside comparing whole rows.
    distinct = key if len(specification.key) == 1 else f"row({key})"
    if not _count(connection, f"select count(*) - count(distinct {distinct}) from accepted"):
        return 0
    connection.execute(
        f"create or replace temp table twins as select row_number, "
        f"dense_rank() over (order by {key}) as key_number, "
        f"row_number() over (partition by {whole} order by row_number) as copy_number "
        f"from accepted qualify count(*) over (partition by {key}) > 1"
    )
    conflict = connection.execute(
        "select min(row_number), max(row_number) from twins where copy_number = 1 "
        "group by key_number having count(*) > 1 order by 1 limit 1"
    ).fetchone()
    if conflict:
        names = ", ".join(column.name for column in specification.key)
        if not names:
            raise Refused(f"{place}: one row is wanted, rows {conflict[0]} and {conflict[1]} differ")
        raise Refused(
            f"{place}: one key ({names}) with different values, rows {conflict[0]} and {conflict[1]}"
        )
    repeated = _count(connection, "select count(*) from twins where copy_number > 1")
    if repeated:
        connection.execute(
            "delete from accepted where row_number in (select row_number from twins where copy_number > 1)"
        )
    return repeated


def _unit_columns(specification: Specification, unknown: str) -> list[Column]:
    return [column for column in specification.columns if column.unknown == unknown]


def _expected(specification: Specification, column: str, rule: str) -> str:
    words = specification.column(column).expected
    return f"a value: {words}" if rule in ("required", "required_when") else words


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
