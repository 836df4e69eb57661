"""The SQL that types a delivery's cells and names the first rule each breaks, made from its specification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import duckdb

from dagster_project.deliveries.layout import BLANK_CHARACTERS, MISSING, ODD_BLANKS, PLAIN_BLANKS
from dagster_project.extracts import Column, Specification
from dagster_project.extracts.specification import DateBound

ERROR_CELLS = ("#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!")
PREPARED = ("date", "decimal", "money")
FAILED_TYPE = {
    "identifier": "digits_lost",
    "code": "code",
    "role": "role",
    "date": "date",
    "decimal": "number",
    "money": "money",
    "boolean": "true_or_false",
    "financial_year": "financial_year",
}
# The first serial of five digits is in 1927: a bare year in a date column is never read as a day.
SERIAL = r"^\d{5}(\.0+)?$"
BLANKS = rf"[\s{ODD_BLANKS}]*"

MACROS = rf"""
create or replace macro trimmed(v) as (
    case when strlen(v) = length(v) then trim(v, getvariable('plain_blanks')) else trim(v, getvariable('blanks')) end
);
create or replace macro unless_missing(v) as (case when lower(v) in {tuple(sorted(MISSING))} then null else v end);
create or replace macro plain_text(v) as (unless_missing(trimmed(v)));
create or replace macro name_key(v) as (
    lower(trim(regexp_replace(regexp_replace(v, getvariable('odd_spaces'), ' ', 'g'), '\s+', ' ', 'g')))
);
create or replace macro as_identifier(v) as (
    case when regexp_matches(v, '^[+-]?\d+(\.\d*)?[eE][+-]?\d+$') then null else v end
);
create or replace macro as_financial_year(v) as (
    case
        when regexp_matches(v, '^\d{{4}}[-/]\d{{2}}$')
            and (cast(left(v, 4) as integer) + 1) % 100 = cast(right(v, 2) as integer)
            then replace(v, '/', '-')
    end
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
            then cast(getvariable('serials_from') as date) + cast(left(plain, 5) as integer)
        when worded >= date '1900-01-01' then worded
    end
);
create or replace macro is_negative_form(v) as (
    regexp_matches(v, '^£?{BLANKS}\([^()+-]*\)$') or regexp_matches(v, '^[^()+-]*-$')
);
create or replace macro bare_number(v) as (
    case
        when is_negative_form(v) then '-'
            || regexp_replace(regexp_replace(v, '^(£?){BLANKS}\({BLANKS}', '\1'), '{BLANKS}[)-]$', '')
        else v
    end
);
create or replace macro bare_money(v) as (
    regexp_replace(bare_number(v), '^([+-]?){BLANKS}£?{BLANKS}([+-]?){BLANKS}', '\1\2')
);
"""
MARCH = 3
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
ODD_SPACES = f"[{ODD_BLANKS}]"


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Give an in-memory connection the macros that reading needs."""
    # A set of signs is made anew for every cell: most cells have no sign that asks for the long one.
    connection.execute("set variable plain_blanks = ?", [PLAIN_BLANKS])
    connection.execute("set variable blanks = ?", [BLANK_CHARACTERS])
    connection.execute("set variable odd_spaces = ?", [ODD_SPACES])
    connection.execute("set variable months = ?", [MONTHS])
    connection.execute(MACROS)


def checked_sql(specification: Specification, month: tuple[date, date]) -> str:
    """A query over `landed`, `units` and `roles`: columns typed, names resolved, `failures` a list of column and rule.

    `month` is the first and last day of the delivery's month.
    """
    columns = specification.columns
    trimmed = ", ".join(f"trimmed({quoted(c.name)}) as {quoted(c.name)}" for c in columns)
    cleaned = ", ".join(f"unless_missing({quoted(c.name)}) as {quoted(c.name)}" for c in columns)
    is_error = {c.name: f"upper({quoted(c.name)}) in {ERROR_CELLS}" for c in columns}
    known = ",\n".join(
        f"case when {is_error[c.name]} then null else {quoted(c.name)} end as {quoted(c.name)}, "
        f"coalesce({is_error[c.name]}, false) as {quoted(c.name + '_is_error')}"
        for c in columns
    )
    # One step after the other, for an expression is written out again wherever its macro names it.
    plain = "".join(f", {_plain(c)} as {quoted(c.name + '_plain')}" for c in columns if c.type in PREPARED)
    worded = "".join(
        f", try_cast(day_text({quoted(c.name + '_plain')}) as date) as {quoted(c.name + '_worded')}"
        for c in columns
        if c.type == "date"
    )
    typed = ",\n".join(f"{_typed(c)} as {quoted(c.name + '_typed')}" for c in columns)
    names = [c for c in columns if c.type in ("unit", "role")]
    lookups = "".join(
        f"\nleft join {'units' if c.type == 'unit' else 'roles'} as {c.name}_names "
        f"on {c.name}_names.key = name_key(worded.{quoted(c.name)})"
        for c in names
    )
    resolved = "".join(f",\n{c.name}_names.slug as {quoted(c.name + '_' + c.type)}" for c in names)
    rules = {c.name: rule_broken(c, month) for c in columns}
    judged = "".join(f", {rule} as {quoted(name + '_rule')}" for name, rule in rules.items() if rule)
    failures = ",\n".join(
        f"case when {quoted(name + '_rule')} is not null "
        f"then {{'column': '{name}', 'rule': {quoted(name + '_rule')}}} end"
        for name, rule in rules.items()
        if rule
    )
    errors = " + ".join(f"{quoted(c.name + '_is_error')}::int" for c in columns)
    kept = ",\n".join(f"{quoted(c.name + '_typed')} as {quoted(c.name)}" for c in columns)
    kept_names = "".join(f", {quoted(c.name + '_' + c.type)}" for c in names)
    return f"""
with trimmed as materialized (select row_number, {trimmed} from landed),
cleaned as materialized (select row_number, {cleaned} from trimmed),
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
    name = quoted(column.name)
    return {
        "date": f"without_midnight({name})",
        "decimal": f"bare_number({name})",
        "money": f"bare_money({name})",
    }[column.type]


def _typed(column: Column) -> str:
    name, plain = f"worded.{quoted(column.name)}", f"worded.{quoted(column.name + '_plain')}"
    match column.type:
        case "identifier":
            return f"as_identifier({name})"
        case "text":
            return name
        case "code":
            return f"case when lower({name}) in {listed(column.codes)} then lower({name}) end"
        case "unit" | "role":
            return f"name_key({name})"
        case "date":
            return f"as_date({plain}, worded.{quoted(column.name + '_worded')})"
        case "boolean":
            return f"as_boolean({name})"
        case "financial_year":
            return f"as_financial_year({name})"
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


def rule_broken(column: Column, month: tuple[date, date] | None) -> str | None:
    """The first rule the cell breaks, as SQL; None for a column that can break none.

    Without `month` each row says its own first and last day in columns `month_start` and `month_end`.
    """
    name, typed = quoted(column.name), quoted(column.name + "_typed")
    tests: list[tuple[str, str]] = []
    if column.required or column.key:
        tests.append((f"{quoted(column.name + '_is_error')}", "error_cell"))
    if column.required:
        tests.append((f"{name} is null", "required"))
    if column.required_when:
        other = quoted(column.required_when.column + "_typed")
        equals = column.required_when.equals
        holds = f"{other} is not null" if equals is None else f"{other} = '{equals}'"
        tests.append((f"{name} is null and {holds}", "required_when"))
    tests += _type_tests(column, month)
    if column.above is not None:
        tests.append((f"{typed} <= {column.above}", "range"))
    if column.minimum is not None:
        tests.append((f"{typed} < {column.minimum}", "range"))
    if column.maximum is not None:
        tests.append((f"{typed} > {column.maximum}", "range"))
    if column.at_most:
        tests.append((f"{typed} > {quoted(column.at_most + '_typed')}", "range"))
    if column.not_after:
        tests.append((f"{typed} > {_day(column.not_after, month)}", column.not_after.rule))
    if column.not_before:
        tests.append((f"{typed} < {_day(column.not_before, month)}", column.not_before.rule))
    if not tests:
        return None
    return "case " + " ".join(f"when {condition} then '{rule}'" for condition, rule in tests) + " end"


def _type_tests(column: Column, month: tuple[date, date] | None) -> list[tuple[str, str]]:
    """What a given value must be, by the column's type: a condition that fails and the rule it breaks."""
    name, typed = quoted(column.name), quoted(column.name + "_typed")
    if column.type == "role":
        return [(f"{name} is not null and {quoted(column.name + '_role')} is null", "role")]
    if column.type not in FAILED_TYPE:
        return []
    tests = [(f"{name} is not null and {typed} is null", FAILED_TYPE[column.type])]
    if column.type == "financial_year":
        elsewhere = f"{typed} is distinct from {_year_ending_in(month)}"
        tests.append((f"{name} is not null and {elsewhere}", "other_month"))
    return tests


def _year_ending_in(month: tuple[date, date] | None) -> str:
    """The financial year whose March the month is, as SQL; NULL in other months, which no year ends in."""
    if month is None:
        raise ValueError("a financial year is read of one month's deliveries only")
    last = month[1]
    return f"'{last.year - 1}-{last.year % 100:02}'" if last.month == MARCH else "null"


def _day(limit: DateBound, month: tuple[date, date] | None) -> str:
    if month is None:
        return f"({quoted(limit.bound)} + {limit.plus_days})"
    day = month[0] if limit.bound == "month_start" else month[1]
    return f"(date '{day.isoformat()}' + {limit.plus_days})"


def quoted(name: str) -> str:
    return f'"{name}"'


def listed(values: Sequence[str]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"
