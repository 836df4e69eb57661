"""Text becomes typed rows or rejected rows, set-based, by what the specification says. No reading, no archive."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from dagster_project.deliveries.layout import BLANK_CHARACTERS, MISSING, Table
from dagster_project.deliveries.refusal import Refused
from dagster_project.extracts import Column, Specification
from dagster_project.extracts.specification import DateBound

ERROR_CELLS = ("#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!")
LONGEST_SHAPE = 24
PREPARED = ("date", "decimal", "money")
FAILED_TYPE = {
    "identifier": "digits_lost",
    "code": "code",
    "role": "role",
    "date": "date",
    "decimal": "number",
    "money": "money",
    "boolean": "true_or_false",
}
UNMAPPED_RULE = "no_known_unit"
ROW_RULES = {"too_many_fields": "as many fields as the header has"}
# The first serial of five digits is in 1927: a bare year in a date column is never read as a day.
SERIAL = r"^\d{5}$"

MACROS = rf"""
create or replace macro plain_text(v) as (
    case when lower(trim(v, getvariable('blanks'))) in {tuple(sorted(MISSING))} then null
         else trim(v, getvariable('blanks')) end
);
create or replace macro name_key(v) as (
    lower(trim(regexp_replace(regexp_replace(v, getvariable('odd_spaces'), ' ', 'g'), '\s+', ' ', 'g')))
);
create or replace macro as_identifier(v) as (
    case when regexp_matches(v, '^[+-]?\d+(\.\d*)?[eE][+-]?\d+$') then null else v end
);
create or replace macro as_boolean(v) as (case lower(v) when 'true' then true when 'false' then false end);
create or replace macro without_midnight(v) as (
    regexp_replace(v, '(\s+|T)(0?0:00(:00(\.0+)?)?|12:00(:00)?\s?[aA][mM])(Z|[+-]00:?00)?$', '')
);
create or replace macro day_text(v) as (
    case
        when regexp_matches(v, '^\d{{4}}-\d{{2}}-\d{{2}}$') then v
        when regexp_matches(v, '^\d{{1,2}}/\d{{1,2}}/\d{{4}}$')
            then split_part(v, '/', 3) || '-' || lpad(split_part(v, '/', 2), 2, '0')
                || '-' || lpad(split_part(v, '/', 1), 2, '0')
        when regexp_matches(v, '^\d{{1,2}}-[A-Za-z]{{3}}-(\d{{4}}|\d{{2}})$')
            then right('20' || split_part(v, '-', 3), 4) || '-'
                || lpad(cast(list_position(getvariable('months'), lower(split_part(v, '-', 2))) as varchar), 2, '0')
                || '-' || lpad(split_part(v, '-', 1), 2, '0')
    end
);
create or replace macro as_date(plain, worded) as (
    case
        when regexp_matches(plain, '{SERIAL}')
            then cast(getvariable('serials_from') as date) + cast(plain as integer)
        when worded >= date '1900-01-01' then worded
    end
);
create or replace macro is_negative_form(v) as (
    regexp_matches(v, '^£?\s*\([^()+-]*\)$') or regexp_matches(v, '^[^()+-]*-$')
);
create or replace macro bare_number(v) as (
    case when is_negative_form(v) then '-' || regexp_replace(v, '[()\s]|-$', '', 'g') else v end
);
create or replace macro bare_money(v) as (
    regexp_replace(bare_number(v), '^([+-]?)\s*£?\s*([+-]?)\s*', '\1\2')
);
"""
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
ODD_SPACES = "[\u00a0\u2007\u202f\u200b\ufeff]"


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
    """

    relation: str
    rows_read: int
    rows_accepted: int
    rows_repeated: int
    rows_unmapped: int
    rejected: Sequence[RejectedCell]
    unmapped: Sequence[RejectedCell]
    notices: dict[str, int]

    @property
    def rows_rejected(self) -> int:
        return len({cell.row_number for cell in self.rejected})


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Give an in-memory connection the macros that reading needs."""
    connection.execute("set variable blanks = ?", [BLANK_CHARACTERS])
    connection.execute("set variable odd_spaces = ?", [ODD_SPACES])
    connection.execute("set variable months = ?", [MONTHS])
    connection.execute(MACROS)


def check(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    specification: Specification,
    month: tuple[date, date],
    units: Iterable[tuple[str, str]],
    roles: Iterable[tuple[str, str]],
    place: str,
) -> Checked:
    """Type every cell of `table` and part accepted from rejected rows.

    `month` is its first and last day; `units` and `roles` are (name key, slug) pairs that hold for the council and
    month. Raises Refused where one key stands with different values.
    """
    _register(connection, table, units, roles)
    connection.execute("set variable serials_from = ?", [table.serials_from])
    # Hundreds of small expressions on few rows: planning them well takes longer than running them as written.
    connection.execute("pragma disable_optimizer")
    connection.execute(f"create or replace temp table checked as {_checked_sql(specification, month)}")
    connection.execute("pragma enable_optimizer")
    failures = connection.execute(
        "select row_number, unnest(failures, recursive := true) from checked where len(failures) > 0 "
        "order by row_number"
    ).fetchall()
    place_of = {number: index for index, number in enumerate(table.row_numbers)} if failures else {}
    position = {name: index for index, name in enumerate(table.columns)}
    rejected = [
        RejectedCell(
            number,
            column,
            rule,
            shape_of(table.rows[place_of[number]][position[column]]),
            _expected(specification, column, rule),
        )
        for number, column, rule in failures
    ]
    rejected += [
        RejectedCell(n, "", "too_many_fields", "", ROW_RULES["too_many_fields"])
        for n in sorted(table.overlong)
    ]
    connection.register("overlong", pa.table({"row_number": pa.array(sorted(table.overlong), pa.int64())}))
    connection.execute(
        "create or replace temp table accepted as select * exclude (failures) from checked "
        "where len(failures) = 0 and row_number not in (select row_number from overlong) order by row_number"
    )
    repeated = _drop_repeats(connection, specification, place)
    accepted = _count(connection, "select count(*) from accepted")
    unmapped = [
        f"{c.name}_unit is null and {c.name} is not null" for c in _unit_columns(specification, "unmapped")
    ]
    rows_unmapped = _count(
        connection, f"select count(*) from accepted where {' or '.join(unmapped) or 'false'}"
    )
    unknown_units = [
        RejectedCell(
            number, column.name, UNMAPPED_RULE, "", _expected(specification, column.name, UNMAPPED_RULE)
        )
        for column, condition in zip(_unit_columns(specification, "unmapped"), unmapped, strict=True)
        for (number,) in connection.execute(
            f"select row_number from accepted where {condition} order by row_number"
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
    return Checked(
        "accepted", len(table.rows), accepted, repeated, rows_unmapped, rejected, unknown_units, notices
    )


def _register(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    units: Iterable[tuple[str, str]],
    roles: Iterable[tuple[str, str]],
) -> None:
    columns = list(zip(*table.rows, strict=True)) if table.rows else [()] * len(table.columns)
    arrow = pa.table(
        {
            "row_number": pa.array(table.row_numbers, pa.int64()),
            **{
                name: pa.array(cells, pa.string()) for name, cells in zip(table.columns, columns, strict=True)
            },
        }
    )
    connection.register("landed", arrow)
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


def _checked_sql(specification: Specification, month: tuple[date, date]) -> str:
    columns = specification.columns
    cleaned = ",\n".join(f"plain_text({_q(c.name)}) as {_q(c.name)}" for c in columns)
    is_error = {c.name: f"upper({_q(c.name)}) in {ERROR_CELLS}" for c in columns}
    known = ",\n".join(
        f"case when {is_error[c.name]} then null else {_q(c.name)} end as {_q(c.name)}, "
        f"coalesce({is_error[c.name]}, false) as {_q(c.name + '_is_error')}"
        for c in columns
    )
    # One step after the other, for an expression is written out again wherever its macro names it.
    plain = "".join(f", {_plain(c)} as {_q(c.name + '_plain')}" for c in columns if c.type in PREPARED)
    worded = "".join(
        f", try_cast(day_text({_q(c.name + '_plain')}) as date) as {_q(c.name + '_worded')}"
        for c in columns
        if c.type == "date"
    )
    typed = ",\n".join(f"{_typed(c)} as {_q(c.name + '_typed')}" for c in columns)
    names = [c for c in columns if c.type in ("unit", "role")]
    lookups = "".join(
        f"\nleft join {'units' if c.type == 'unit' else 'roles'} as {c.name}_names "
        f"on {c.name}_names.key = name_key(worded.{_q(c.name)})"
        for c in names
    )
    resolved = "".join(f",\n{c.name}_names.slug as {_q(c.name + '_' + c.type)}" for c in names)
    rules = {c.name: _rule(c, month) for c in columns}
    judged = "".join(f", {rule} as {_q(name + '_rule')}" for name, rule in rules.items() if rule)
    failures = ",\n".join(
        f"case when {_q(name + '_rule')} is not null then {{'column': '{name}', 'rule': {_q(name + '_rule')}}} end"
        for name, rule in rules.items()
        if rule
    )
    errors = " + ".join(f"{_q(c.name + '_is_error')}::int" for c in columns)
    kept = ",\n".join(f"{_q(c.name + '_typed')} as {_q(c.name)}" for c in columns)
    kept_names = "".join(f", {_q(c.name + '_' + c.type)}" for c in names)
    return f"""
with cleaned as materialized (select row_number, {cleaned} from landed),
known as materialized (select row_number, {known} from cleaned),
plain as materialized (select *{plain} from known),
worded as materialized (select *{worded} from plain),
typed as materialized (select worded.*, {typed}{resolved} from worded {lookups}),
judged as materialized (select *{judged} from typed)
select row_number, {kept}{kept_names}, {errors} as error_cells,
    list_filter([{failures}], lambda f: f is not null) as failures
from judged
"""


def _plain(column: Column) -> str:
    name = _q(column.name)
    return {
        "date": f"without_midnight({name})",
        "decimal": f"bare_number({name})",
        "money": f"bare_money({name})",
    }[column.type]


def _typed(column: Column) -> str:
    name, plain = f"worded.{_q(column.name)}", f"worded.{_q(column.name + '_plain')}"
    match column.type:
        case "identifier":
            return f"as_identifier({name})"
        case "text":
            return name
        case "code":
            return f"case when lower({name}) in {_tuple(column.codes)} then lower({name}) end"
        case "unit" | "role":
            return f"name_key({name})"
        case "date":
            return f"as_date({plain}, worded.{_q(column.name + '_worded')})"
        case "boolean":
            return f"as_boolean({name})"
        case "decimal" | "money":
            return _number(column, plain, name)


def _number(column: Column, bare: str, name: str) -> str:
    whole = r"\d+"
    if column.type == "money":
        whole = r"(\d{1,3}(,\d{3})+|\d+)"
    # A share of hours carries as many digits as a program prints; beyond the archived ones they are rounded.
    most = column.scale if column.type == "money" else ""
    decimals = rf"(\.\d{{0,{most}}})?" if column.scale else r"(\.0*)?"
    only_decimals = rf"\.\d{{1,{most}}}" if column.scale else r"\.0+"
    pattern = rf"^[+-]?({whole}{decimals}|{only_decimals})$"
    target = f"decimal({column.precision},{column.scale})"
    read = f"case when regexp_matches({bare}, '{pattern}') then try_cast(replace({bare}, ',', '') as {target}) end"
    if not column.percent:
        return read
    percent = rf"^\d+(\.\d{{0,{column.scale - 2}}})?\s?%$"
    share = f"try_cast(trim(rtrim({name}, '%')) as decimal({column.precision - 2},{column.scale - 2}))"
    return (
        f"case when regexp_matches({name}, '{percent}') then cast({share} * 0.01 as {target}) else {read} end"
    )


def _rule(column: Column, month: tuple[date, date]) -> str | None:
    """The first rule the cell breaks, as SQL; None for a column that can break none."""
    name, typed = _q(column.name), _q(column.name + "_typed")
    tests: list[tuple[str, str]] = []
    if column.required or column.key:
        tests.append((f"{_q(column.name + '_is_error')}", "error_cell"))
    if column.required:
        tests.append((f"{name} is null", "required"))
    if column.required_when:
        other = _q(column.required_when.column + "_typed")
        equals = column.required_when.equals
        holds = f"{other} is not null" if equals is None else f"{other} = '{equals}'"
        tests.append((f"{name} is null and {holds}", "required_when"))
    if column.type == "role":
        tests.append((f"{name} is not null and {_q(column.name + '_role')} is null", "role"))
    elif column.type in FAILED_TYPE:
        tests.append((f"{name} is not null and {typed} is null", FAILED_TYPE[column.type]))
    if column.above is not None:
        tests.append((f"{typed} <= {column.above}", "range"))
    if column.minimum is not None:
        tests.append((f"{typed} < {column.minimum}", "range"))
    if column.maximum is not None:
        tests.append((f"{typed} > {column.maximum}", "range"))
    if column.at_most:
        tests.append((f"{typed} > {_q(column.at_most + '_typed')}", "range"))
    if column.not_after:
        tests.append((f"{typed} > {_day(column.not_after, month)}", column.not_after.rule))
    if column.not_before:
        tests.append((f"{typed} < {_day(column.not_before, month)}", column.not_before.rule))
    if not tests:
        return None
    return "case " + " ".join(f"when {condition} then '{rule}'" for condition, rule in tests) + " end"


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
        else:
            signs.append("9" if category[0] == "N" else character)
    return "".join(signs)


def _day(limit: DateBound, month: tuple[date, date]) -> str:
    day = month[0] if limit.bound == "month_start" else month[1]
    return f"(date '{day.isoformat()}' + {limit.plus_days})"


def _drop_repeats(connection: duckdb.DuckDBPyConnection, specification: Specification, place: str) -> int:
    """Keep the first of rows that repeat each other in every column; how many were dropped."""
    meant = {
        c.name: f"coalesce({_q(c.name + '_' + c.type)}, {_q(c.name)})"
        if c.type in ("unit", "role")
        else _q(c.name)
        for c in specification.columns
    }
    key = ", ".join(meant[c.name] for c in specification.key)
    whole = ", ".join(meant.values())
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


def _q(name: str) -> str:
    return f'"{name}"'


def _tuple(values: Sequence[str]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"
