"""The Standard Safeguarding Dataset read as a month's extract: its tables joined by the SQL beside the mapping.

What each rule is stands in `extracts/sources/ssd.yml` and `ssd.sql`; here they are only brought together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from dagster_project.deliveries.cell_rules import prepare
from dagster_project.deliveries.discovery import Landed
from dagster_project.deliveries.file_limits import FileLimits
from dagster_project.deliveries.file_names import shown
from dagster_project.deliveries.layout import SHIPPED, Fault, Table, read_table
from dagster_project.deliveries.refusal import Refused
from dagster_project.deliveries.source_kinds import Facts, month_days
from dagster_project.deliveries.workbook_cells import NOT_AS_TYPED, Turned
from dagster_project.extracts import Column, Specification
from dagster_project.extracts.source_system import SourceSystem
from dagster_project.scratch import in_memory

EXPECTED = {
    "date": "a date as YYYY-MM-DD, DD/MM/YYYY or DD-Mon-YYYY",
    "ends_before_it_starts": "an end not before the start",
    NOT_AS_TYPED: "an identifier as text",
}
TIME_OF_DAY = r"[ T]\d{1,2}:\d{2}(:\d{2}([.:]\d+)?)?\s?([AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?$"


class TableRule(BaseModel):
    """Which columns of a table are read; those `required` have to be there. `optional` tables may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    required: tuple[str, ...]
    read: tuple[str, ...] = ()
    optional: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.required, *self.read)


class SafeguardingRules(BaseModel):
    """What ssd.yml declares beside the names of files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    leading: Mapping[str, str]
    tables: Mapping[str, TableRule]
    allocated_roles: tuple[str, ...]
    allocated_roles_otherwise: tuple[str, ...] = ()
    worker_identifier: tuple[str, ...]
    close_reasons: Mapping[str, str]
    headers: Mapping[str, Mapping[str, str]]


@dataclass
class JoinedTable(Table):
    """A table made of several that still knows its sender's headers."""

    sender_headers: Mapping[str, str] = field(default_factory=dict)

    def header_of(self, column: str) -> str:
        return self.sender_headers.get(column, column)


def read_joined(
    landed: Landed, specification: Specification, source: SourceSystem, facts: Facts, limits: FileLimits
) -> Table:
    """The delivery of a source of kind `joined`, by its own rules and query."""
    query = source.extracts[specification.extract].query or ""
    files = dict(landed.parts) or {"": landed.path}
    return read_safeguarding(
        files,
        specification,
        month_days(landed.month),
        SafeguardingRules(**source.rules),
        source.folder / query,
        limits,
    )


def read_safeguarding(
    files: Mapping[str, Path],
    specification: Specification,
    month: tuple[date, date],
    rules: SafeguardingRules,
    query: Path,
    limits: FileLimits = SHIPPED,
) -> Table:
    """The export as the extract of a month, given by its first and last day.

    `files` are the tables' files by name; a workbook of all tables stands under "". Row numbers are those of the
    extract's leading table. Raises Refused where a table or a required column is missing, or nobody is allocated.
    """
    tables = _read_tables(files, rules, limits)
    place = " and ".join(dict.fromkeys(path.name for path in files.values()))
    with in_memory() as connection:
        prepare(connection)
        connection.execute("set variable month_start = ?", [month[0]])
        connection.execute("set variable month_end = ?", [month[1]])
        connection.execute("set variable time_of_day = ?", [TIME_OF_DAY])
        connection.execute("set variable serials_from = ?", [next(iter(tables.values())).serials_from])
        _register(connection, tables, rules)
        _choose_roles(connection, rules, place)
        connection.execute(query.read_text(encoding="utf-8"))
        return _result(connection, specification, tables[rules.leading[specification.extract]], rules)


def _read_tables(files: Mapping[str, Path], rules: SafeguardingRules, limits: FileLimits) -> dict[str, Table]:
    whole = files.get("")
    missing = [
        f"ssd_{name}"
        for name, rule in rules.tables.items()
        if not rule.optional and whole is None and name not in files
    ]
    if missing:
        raise Refused(f"the export lacks {', '.join(missing)}; a table without rows is sent with its header")
    tables = {}
    for name, rule in rules.tables.items():
        path = files.get(name, whole)
        try:
            tables[name] = (
                read_table(path, _form(name, rule), None, limits)
                if path is not None
                else Table(list(rule.columns), [], [])
            )
        except Refused:
            if not (rule.optional and name not in files):
                raise
            tables[name] = Table(list(rule.columns), [], [])
        if path is not None and name not in rules.leading.values():
            _refuse_overlong(path, tables[name])
            _refuse_turned(path, tables[name])
    return tables


def _refuse_overlong(path: Path, table: Table) -> None:
    """Its cells stand in each other's places, and which case they belong to cannot be told any more."""
    if table.overlong:
        raise Refused(
            f"{shown(path.name)}, row {min(table.overlong)}: more fields than the header has; "
            "a separator in a cell needs quotes"
        )


def _refuse_turned(path: Path, table: Table) -> None:
    """Without its identifier nobody can say which case the row belongs to."""
    for fault in _turned(table):
        raise Refused(
            f"{shown(path.name)}, row {fault.row_number}: {fault.header} is a date or a fraction and not what was "
            "typed; format the column as text first"
        )


def _turned(table: Table) -> list[Fault]:
    return [
        Fault(number, column, NOT_AS_TYPED, row[place], EXPECTED[NOT_AS_TYPED])
        for place, column in enumerate(table.columns)
        if column.endswith("_id")
        for number, row in zip(table.row_numbers, table.rows, strict=True)
        if isinstance(row[place], Turned)
    ]


def _form(name: str, rule: TableRule) -> Specification:
    """A table of the export as a form the layout can find in a file or among sheets."""
    return Specification(
        extract=name,
        family="caseload",
        grain="summary",
        title=name,
        header_only="empty",
        columns=tuple(
            Column(name=column, type="text", meaning=column, required=column in rule.required)
            for column in rule.columns
        ),
    )


def _register(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Table], rules: SafeguardingRules
) -> None:
    for name, table in tables.items():
        cells = list(zip(*table.rows, strict=True)) if table.rows else [()] * len(table.columns)
        columns: dict[str, Any] = {"row_number": pa.array(table.row_numbers, pa.int64())}
        columns |= {c: pa.array(values, pa.string()) for c, values in zip(table.columns, cells, strict=True)}
        connection.register("landed", pa.table(columns))
        _type_days(connection, name, table.columns)
    identifier = ", ".join(rules.worker_identifier)
    connection.execute(
        f"create temp view professionals_read as select *, coalesce({identifier}) as worker_identifier "
        "from professionals"
    )
    _pairs(connection, "close_reasons", "reason, outcome", list(rules.close_reasons.items()))


def _type_days(connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str]) -> None:
    """The landed rows as a table: missing cells NULL, a `..._day` beside each date, its time of day left off.

    One step after the other, for an expression is written out again wherever its macro names it.
    """
    dates = [column for column in columns if column.endswith("_date")]
    plain = "".join(f", plain_text({column}) as {column}" for column in columns)
    bare = "".join(f", regexp_replace({d}, getvariable('time_of_day'), '') as {d}_bare" for d in dates)
    worded = "".join(f", try_cast(day_text({d}_bare) as date) as {d}_worded" for d in dates)
    days = "".join(f", as_date({d}_bare, {d}_worded) as {d}_day" for d in dates)
    connection.execute(
        f"create temp table {name} as with plain as materialized (select row_number{plain} from landed), "
        f"bare as materialized (select *{bare} from plain), worded as materialized (select *{worded} from bare) "
        f"select *{days} from worded"
    )


def _pairs(
    connection: duckdb.DuckDBPyConnection, name: str, columns: str, rows: Sequence[tuple[str, ...]]
) -> None:
    typed = ", ".join(f"{column} varchar" for column in columns.split(", "))
    connection.execute(f"create temp table {name} ({typed})")
    connection.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)


def _choose_roles(connection: duckdb.DuckDBPyConnection, rules: SafeguardingRules, place: str) -> None:
    """The table `allocated_roles`: the first of the mapping's lists that the export has a role of.

    Roles are a council's own words: where none is known, every case would count as allocated to nobody.
    """
    rows = connection.execute("select distinct name_key(invo_professional_role_id) from involvements")
    written = {role for (role,) in rows.fetchall()}
    for roles in (rules.allocated_roles, rules.allocated_roles_otherwise):
        if not written or written.intersection(roles):
            _pairs(connection, "allocated_roles", "role", [(role,) for role in roles])
            return
    raise Refused(
        f"{place}: no involvement has a role of `allocated_roles` in the mapping, so nobody would be allocated; "
        "name the council's own"
    )


def _result(
    connection: duckdb.DuckDBPyConnection,
    specification: Specification,
    leading: Table,
    rules: SafeguardingRules,
) -> Table:
    extract = specification.extract
    names = [column.name for column in specification.columns]
    found = connection.execute(
        f"select row_number, {', '.join(names)} from {extract} order by row_number, spell"
    ).fetchall()
    present = {row[0] for row in found}
    told_by_query = connection.execute(
        f"select distinct row_number, header, rule, cell from {extract}_faults order by all"
    ).fetchall()
    turned = [(fault.row_number, fault.header, fault.rule, fault.cell) for fault in _turned(leading)]
    faults = [row for row in [*told_by_query, *turned] if row[0] in present]
    # A rejected row is told and counted once, in however many teams its case may have been.
    rejected = {row[0] for row in faults} | {row[0] for row in found if row[1] is None or row[2] is None}
    told: set[int] = set()
    kept = []
    for row in found:
        if row[0] not in rejected or row[0] not in told:
            kept.append(row)
        told.add(row[0])
    notices = dict(leading.notices)
    notices |= {
        name: count
        for name, count in connection.execute(f"select notice, rows from {extract}_notices").fetchall()
        if count
    }
    return JoinedTable(
        columns=names,
        rows=[["" if cell is None else str(cell) for cell in row[1:]] for row in kept],
        row_numbers=[row[0] for row in kept],
        overlong=leading.overlong & present,
        notices=notices,
        faults=[Fault(number, header, rule, cell, EXPECTED[rule]) for number, header, rule, cell in faults],
        sender_headers=rules.headers[extract],
    )
