"""The spreadsheet as cells: unit, measure and the number as it was written. Read by the reader of deliveries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import duckdb

from dagster_project.deliveries import month_days
from dagster_project.deliveries.cell_rules import prepare
from dagster_project.deliveries.checking import Checked, RejectedCell, check, shape_of
from dagster_project.deliveries.layout import BLANK_CHARACTERS, MISSING, Table, header_key, read_table
from dagster_project.deliveries.refusal import Refused
from dagster_project.extracts import Column, Specification
from dagster_project.extracts.specification import NAME, read_specification
from dagster_project.reference import Reference
from dagster_project.shadow.measures import Month

SPECIFICATION = Path(__file__).with_name("spreadsheet.yml")
NUMBER = r"^[+-]?((\d{1,3}(,\d{3})+|\d+)(\.\d*)?|\.\d+)$"
EXPECTED_NUMBER = "a number, with thousands commas, £ or % if need be"
CELLS = f"""
with plain as (
    select *, bare_money(regexp_replace(value, '\\s*%$', '')) as plain from accepted
)
select row_number, unit, unit_unit, measure, value,
    case when regexp_matches(plain, '{NUMBER}') then replace(plain, ',', '') end as number,
    length(split_part(plain, '.', 2)) as decimals,
    ends_with(value, '%') as is_percent
from plain
order by row_number, measure
"""


class ShadowError(Exception):
    """The comparison cannot be made; the message says why and carries no value of a row."""


@dataclass(frozen=True)
class Cell:
    """One figure of the spreadsheet; `unit` is a slug or None, `number` keeps the decimals it was written with."""

    row_number: int
    unit: str | None
    unit_text: str
    measure: str
    number: Decimal
    decimals: int
    is_percent: bool


@dataclass(frozen=True)
class Sheet:
    """What the file holds: figures, cells that could not be read, and rows that are no data, by kind."""

    file: str
    cells: list[Cell] = field(default_factory=list)
    unreadable: list[RejectedCell] = field(default_factory=list)
    left_out: Mapping[str, int] = field(default_factory=dict)


def read_spreadsheet(path: Path, month: Month, reference: Reference, names: Iterable[str]) -> Sheet:
    """The cells of a long sheet (unit, measure, value), or of a wide one with a column for each of the measures.

    `names` are the names measures are known by. Raises ShadowError where the file is no such sheet.
    """
    long = read_specification(SPECIFICATION)
    try:
        if not path.is_file():
            raise Refused(f"{path.name}: there is no such file")
        try:
            return _cells(path.name, read_table(path, long), long, month, reference)
        except Refused as refused:
            wide = _wide_table(path, long, names)
            if wide is None:
                raise refused from None
        return _cells(path.name, wide, long, month, reference)
    except Refused as refused:
        raise ShadowError(f"{refused}. {WANTED}") from refused


WANTED = (
    "A sheet to compare has the columns unit, measure and value, or unit and one column for each measure "
    "(docs/adoption.md)"
)


def _wide_table(path: Path, long: Specification, names: Iterable[str]) -> Table | None:
    """The sheet turned to one row a cell; None where no column but the unit's is known."""
    columns = {}
    for name in names:
        slug = "_".join(name.split())
        if NAME.match(slug) and header_key(slug) not in columns and slug != "unit":
            columns[header_key(slug)] = Column(name=slug, type="text", meaning="a figure of the unit")
    wide = Specification(
        extract=long.extract,
        family=long.family,
        grain=long.grain,
        title=long.title,
        header_only=long.header_only,
        columns=(long.column("unit"), *columns.values()),
    )
    try:
        table = read_table(path, wide)
    except Refused:
        return None
    turned = Table(
        [column.name for column in long.columns],
        [],
        [],
        notices=dict(table.notices),
        unknown_columns=table.unknown_columns,
        serials_from=table.serials_from,
    )
    for number, row in zip(table.row_numbers, table.rows, strict=True):
        for measure, value in zip(table.columns[1:], row[1:], strict=True):
            if value.strip(BLANK_CHARACTERS).lower() not in MISSING:
                turned.rows.append([row[0], measure, value])
                turned.row_numbers.append(number)
    return turned if turned.rows else None


def _cells(file: str, table: Table, long: Specification, month: Month, reference: Reference) -> Sheet:
    first, last = month_days(month.first)
    as_at = last.isoformat()
    units = [
        (name.name_key, name.unit)
        for name in reference.unit_names_of.get(month.council, ())
        if name.valid_from <= as_at and (not name.valid_to or as_at < name.valid_to)
    ]
    with duckdb.connect(":memory:") as connection:
        prepare(connection)
        checked = check(connection, table, long, (first, last), units, [], file)
        found = connection.execute(CELLS).fetchall()
    if not table.rows:
        raise Refused(f"{file}: no row with a unit, a measure and a value")
    cells, unreadable = [], list(checked.rejected)
    for row_number, unit_text, unit, measure, value, number, decimals, is_percent in found:
        if number is None:
            unreadable.append(RejectedCell(row_number, "value", "number", shape_of(value), EXPECTED_NUMBER))
        else:
            cells.append(
                Cell(row_number, unit, unit_text, measure, Decimal(number), decimals, bool(is_percent))
            )
    return Sheet(file, cells, unreadable, _left_out(checked))


def _left_out(checked: Checked) -> dict[str, int]:
    return {kind: count for kind, count in checked.notices.items() if kind != "unmapped_rows"}
