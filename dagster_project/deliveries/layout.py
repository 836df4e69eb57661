"""Where the table lies in a file: header, data, and what is neither. Types and rules come after, not here."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from dagster_project.deliveries.cells import (
    SERIALS_FROM,
    Sheet,
    TextFile,
    is_workbook,
    read_bytes,
    refuse_other_kinds,
)
from dagster_project.deliveries.file_limits import FileLimits
from dagster_project.deliveries.file_names import shown
from dagster_project.deliveries.refusal import Refused
from dagster_project.deliveries.workbook import workbook_sheets
from dagster_project.deliveries.workbook_cells import NOT_AS_TYPED, Turned
from dagster_project.extracts import Column, Specification

ROWS_SEARCHED_FOR_A_HEADER = 200
WIDEST_HEADER_OF_TWO_ROWS = 2_000
SHIPPED = FileLimits()
NO_CELLS: list[str] = []
# Those of other widths and of none, and the marks of direction that come with copied text.
PLAIN_BLANKS = " \t\r\n\f\v"
ODD_BLANKS = "".join(
    map(chr, (0xA0, 0xAD, *range(0x2000, 0x2010), *range(0x2028, 0x2030), 0x205F, 0x2060, 0x3000, 0xFEFF))
)
BLANK_CHARACTERS = PLAIN_BLANKS + ODD_BLANKS
QUOTES = "\"'`[]"
WITHOUT_QUOTES = str.maketrans("", "", QUOTES)
MISSING = frozenset({"", "-", "n/a", "null", "none", "#n/a"})
TOTAL = re.compile(
    r"^((grand[\s-]+|sub[\s-]*|overall[\s-]+)?totals?\b|(sum|overall|count)\s*:?$)", re.IGNORECASE
)
# A word of these with a hyphen or a digit after it is an identifier, not a note.
NOTE = re.compile(
    r"^(\*|©|(notes?|sources?|produced|generated|report(s|ed|ing)?|run|extracted|exported|printed|prepared|end of"
    r"|data as|as at|page)(?![\w-]))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Fault:
    """Why a row is rejected though its canonical cells can be read: a cell of another table, or not what was typed."""

    row_number: int
    header: str
    rule: str
    cell: str
    expected: str


@dataclass
class Table:
    """The data of one delivery as text: canonical columns in specification order, each row with its place.

    `overlong` are the numbers of rows with more filled fields than the header has; `found` the columns that it has.
    `records` is how many of the file's records the rows were added up from; None where each row is one.
    """

    columns: list[str]
    rows: list[Sequence[str]]
    row_numbers: list[int]
    overlong: set[int] = field(default_factory=set)
    notices: dict[str, int] = field(default_factory=dict)
    unknown_columns: int = 0
    serials_from: date = SERIALS_FROM
    faults: list[Fault] = field(default_factory=list)
    records: int | None = None
    is_text: bool = True
    found: frozenset[str] = frozenset()

    def header_of(self, column: str) -> str:
        """The sender's header of a canonical column."""
        return column

    def as_sent(self, index: int, column: str) -> str:
        """The cell as its sender wrote it, in the row at `index`."""
        return self.rows[index][self.columns.index(column)]


def read_table(
    path: Path, specification: Specification, sheet: str | None = None, limits: FileLimits = SHIPPED
) -> Table:
    """The table that `specification` describes, wherever it lies in the file, or in its sheet `sheet`.

    Raises Refused when no sheet has the required columns, two have, the file is cut short, or beyond a limit.
    """
    data = read_bytes(path, limits.max_file_bytes)
    place = shown(path.name)
    if not data:
        raise Refused(f"{place}: the file is empty")
    if is_workbook(data):
        return _from_workbook(workbook_sheets(data, place, sheet, limits), specification, place)
    refuse_other_kinds(data, place)
    lines = max(data.count(b"\n"), data.count(b"\r"))
    if lines > limits.max_sheet_cells:
        raise Refused(f"{place}: {lines:,} lines, more than the {limits.max_sheet_cells:,} that are read")
    text = TextFile(data, place, limits.max_columns)
    del data
    heads = text.heads(ROWS_SEARCHED_FOR_A_HEADER)
    located = {separator: _locate(sheet, specification) for separator, sheet in heads.items()}
    separator = min(located, key=lambda key: (len(located[key].missing), -located[key].recognised))
    where = located[separator]
    if where.missing:
        raise Refused(_missing_columns(place, where))
    whole = text.sheet(separator)
    del text
    return _table(whole, where, specification, place)


def _from_workbook(sheets: list[Sheet], specification: Specification, place: str) -> Table:
    if not sheets:
        raise Refused(f"{place}: the workbook has no visible sheet")
    located = [(sheet, _locate(sheet, specification)) for sheet in sheets]
    whole = [(sheet, where) for sheet, where in located if not where.missing]
    if not whole:
        closest = min(
            (where for _, where in located), key=lambda where: (len(where.missing), -where.recognised)
        )
        raise Refused(_missing_columns(place, closest))
    if len(whole) > 1:
        raise Refused(f"{place}: two visible sheets have the required columns; keep one")
    sheet, where = whole[0]
    return _table(sheet, where, specification, place)


@dataclass
class _Header:
    """A row taken for the header: where it stands and which canonical column each field is."""

    index: int
    fields: list[str | None]
    missing: list[str]
    recognised: int
    width: int


@dataclass(frozen=True)
class _Wanted:
    """The cells that make a row a record: all of the required ones, or of an extract without them any value."""

    required: list[int]
    values: list[int]

    def are_written_in(self, row: Sequence[str]) -> bool:
        """Quickly, by what is written; a sign for a missing value counts."""
        if self.required:
            return all(i < len(row) and row[i] for i in self.required)
        return self.are_whole_in(row)

    def are_whole_in(self, row: Sequence[str]) -> bool:
        return self._given(row) == (len(self.required) or 1)

    def are_half_in(self, row: Sequence[str]) -> bool:
        return 2 * self._given(row) > (len(self.required) or 1)

    def _given(self, row: Sequence[str]) -> int:
        if self.required:
            return sum(_is_given(row, i) for i in self.required)
        # A note below totals may stand in the column of a value.
        return int(any(_is_given(row, i) and not _is_prose(row[i]) for i in self.values))


def _is_given(row: Sequence[str], place: int) -> bool:
    return place < len(row) and row[place].strip(BLANK_CHARACTERS).lower() not in MISSING


def header_key(text: str) -> str:
    """The form in which headers compare: without case, spaces, underscores and line breaks."""
    return "".join(sign for sign in text if sign != "_" and sign not in BLANK_CHARACTERS).lower()


def bare_header(text: str) -> str | None:
    """The column of a header that a database wrote: in quotes or brackets, after its table's name; None for others."""
    if "." not in text and not text.strip(BLANK_CHARACTERS).startswith(tuple(QUOTES)):
        return None
    parts = text.translate(WITHOUT_QUOTES).split(".")
    return parts[-1] if all(re.fullmatch(r"\s*\w+\s*", part) for part in parts) else None


def _locate(sheet: Sheet, specification: Specification) -> _Header:
    """The row that names the columns; where no single one does, two rows that do together."""
    keys = {header_key(text): column.name for column in specification.columns for text in column.spellings}
    best = _Header(0, [], list(specification.required_names) or ["every one"], 0, 0)
    rows = sheet.rows[:ROWS_SEARCHED_FOR_A_HEADER]
    for headers in (enumerate(rows), pairs_of_rows(rows, keys)):
        for index, header in headers:
            found = _header(index, header, keys, specification)
            if found.recognised > best.recognised:
                best = found
            if specification.required_names and not found.missing:
                return best
        if not best.missing:
            return best
    return best


def _header(index: int, row: Sequence[str], keys: dict[str, str], specification: Specification) -> _Header:
    fields = [keys.get(header_key(cell)) for cell in row]
    plain = set(fields)
    for place, cell in enumerate(row):
        bare = bare_header(cell) if fields[place] is None else None
        name = keys.get(header_key(bare)) if bare else None
        if name and name not in plain:
            fields[place] = name
    known = {name for name in fields if name}
    missing = [name for name in specification.required_names if name not in known]
    width = max(
        (number for number, cell in enumerate(row, start=1) if cell.strip(BLANK_CHARACTERS)),
        default=0,
    )
    return _Header(index, fields, missing, len(known), width)


def pairs_of_rows(
    rows: Sequence[Sequence[str]], keys: Mapping[str, str]
) -> Iterator[tuple[int, Sequence[str]]]:
    """A header broken over two rows, or words above that stand over several columns; the index is the lower row's.

    Column by column: the two words together, else the lower alone, else with the word that is spread over it.
    """
    for index, (upper, lower) in enumerate(itertools.pairwise(rows), start=1):
        width = max(len(upper), len(lower))
        if width > WIDEST_HEADER_OF_TWO_ROWS or not any(upper) or not any(lower):
            continue
        above = [*upper, *[""] * (width - len(upper))]
        below = [*lower, *[""] * (width - len(lower))]
        header, last = [], ""
        for one, two in zip(above, below, strict=True):
            last = one if one.strip(BLANK_CHARACTERS) else last
            written = (f"{one} {two}", two, f"{last} {two}")
            header.append(next((text for text in written if header_key(text) in keys), written[0]))
        yield index, header


def _missing_columns(place: str, where: _Header) -> str:
    names = ", ".join(where.missing)
    return f"{place}: required column{'s' if len(where.missing) > 1 else ''} missing: {names}"


def _table(sheet: Sheet, where: _Header, specification: Specification, place: str) -> Table:
    header = sheet.rows[where.index]
    body = sheet.rows[where.index + 1 :]
    sheet.rows.clear()
    first_number = where.index + 2
    columns = [column.name for column in specification.columns]
    positions = {name: [i for i, known in enumerate(where.fields) if known == name] for name in columns}
    twins = {name: places for name, places in positions.items() if len(places) > 1}
    width = len(where.fields) if sheet.is_text else where.width
    unknown = sum(
        1
        for cell, known in zip(header, where.fields, strict=False)
        if known is None and cell.strip(BLANK_CHARACTERS)
    )
    required = _Wanted(
        [positions[name][0] for name in specification.required_names],
        [positions[c.name][0] for c in specification.columns if not c.key and positions[c.name]],
    )
    beside = 0
    if not sheet.is_text:
        # In a text a cell too many has moved others; in a workbook it stands in a column without a header.
        beside = sum(any(cell.strip(BLANK_CHARACTERS) for cell in row[width:]) for row in body)
        body = [row[:width] for row in body]
    last = _last_data_row(body, required)
    if sheet.is_text:
        _refuse_if_cut_short(sheet, body, last, where.width, place)
    table = Table(
        columns, [], [], unknown_columns=unknown, serials_from=sheet.serials_from, is_text=sheet.is_text
    )
    table.found = frozenset(name for name in columns if positions[name])
    if beside:
        table.notices["rows_with_cells_beside_the_table"] = beside
    if where.index:
        table.notices["title_rows"] = where.index
    pick = [positions[name][0] if positions[name] else None for name in columns]
    plain = _plain_order(pick, width)
    shorter = 0
    for offset, row in enumerate(body):
        kind = _kind(row, required, offset > last)
        if kind != "data":
            table.notices[kind] = table.notices.get(kind, 0) + 1
            continue
        number = first_number + offset
        if len(row) > width and any(cell.strip(BLANK_CHARACTERS) for cell in row[width:]):
            table.overlong.add(number)
        # Empty ends left out look the same as a row that was broken off: it is read, and counted.
        shorter += sheet.is_text and len(row) < where.width
        if len(row) < width:
            row = row + [""] * (width - len(row))
        if twins:
            _refuse_if_twins_differ(row, twins, f"{place}, row {number}")
        table.rows.append(
            row if plain and len(row) == width else tuple([row[i] if i is not None else "" for i in pick])
        )
        table.row_numbers.append(number)
        # Of a long table the rows as they stood and as they are picked would otherwise be held together.
        body[offset] = NO_CELLS
    if shorter:
        table.notices["rows_shorter_than_the_header"] = shorter
    for index, column in enumerate(specification.columns):
        if column.type == "identifier":
            table.faults += turned_identifiers(column, (row[index] for row in table.rows), table.row_numbers)
    return table


def _refuse_if_twins_differ(row: Sequence[str], twins: Mapping[str, Sequence[int]], place: str) -> None:
    for name, places in twins.items():
        if len({row[i].strip(BLANK_CHARACTERS) for i in places}) > 1:
            raise Refused(f"{place}: two columns are headed {name} and differ")


def turned_identifiers(column: Column, cells: Iterable[str], row_numbers: Iterable[int]) -> Iterator[Fault]:
    """Identifiers that a workbook keeps as something else: what its sender typed, such as 3-4 or 12.10, is lost."""
    for cell, number in zip(cells, row_numbers, strict=True):
        if isinstance(cell, Turned):
            yield Fault(number, column.name, NOT_AS_TYPED, cell, column.expected)


def _plain_order(pick: list[int | None], width: int) -> bool:
    return pick == list(range(width))


def _kind(row: Sequence[str], required: _Wanted, is_after_data: bool) -> str:
    """data, blank_rows, total_rows or notes."""
    if (
        not is_after_data
        and required.are_written_in(row)
        and not row[0][:1].isspace()
        and not _starts_as_total(row)
    ):
        return "data"
    filled = [cell.strip(BLANK_CHARACTERS) for cell in row]
    filled = [cell for cell in filled if cell]
    if not filled:
        return "blank_rows"
    if TOTAL.match(filled[0]) and _lacks_something(row, required, filled[0]):
        return "total_rows"
    if is_after_data:
        return "notes"
    return "data"


def _starts_as_total(row: Sequence[str]) -> bool:
    first = next((cell for cell in row if cell), "")
    return TOTAL.match(first.strip(BLANK_CHARACTERS)) is not None


def _lacks_something(row: Sequence[str], required: _Wanted, first: str) -> bool:
    """A total row stands in for no record: a required cell is missing, or the word is its whole first cell."""
    return not required.are_whole_in(row) or TOTAL.fullmatch(first.rstrip(":")) is not None


def _last_data_row(body: list[list[str]], required: _Wanted) -> int:
    """Index of the last row that is data: what follows it are notes, totals and blanks."""
    for index in range(len(body) - 1, -1, -1):
        filled = [cell.strip(BLANK_CHARACTERS) for cell in body[index]]
        filled = [cell for cell in filled if cell]
        if not filled:
            continue
        if TOTAL.match(filled[0]) and _lacks_something(body[index], required, filled[0]):
            continue
        if _is_note(body, index, required, filled[0]):
            continue
        return index
    return -1


def _is_note(body: list[list[str]], index: int, required: _Wanted, first: str) -> bool:
    """A row that lacks something required and starts as notes do, or reads as words where no record does.

    The start of a record that was cut short is no note: its words stand as long as those in the records above,
    on a line of its own length, and right below them.
    """
    row = body[index]
    if NOTE.match(first) and sum(bool(cell.strip(BLANK_CHARACTERS)) for cell in row) == 1:
        # Where one column alone is required, a note in it would pass for a record.
        return True
    if required.are_whole_in(row):
        return False
    if NOTE.match(first):
        return True
    if not _reads_as_words(first) or required.are_half_in(row):
        return False
    records = [other for other in body[:index] if required.are_whole_in(other)]
    starts = [record[0].strip(BLANK_CHARACTERS) for record in records]
    if any(start.startswith(first) for start in starts):
        return False
    is_right_below = bool(records) and body[index - 1] is records[-1]
    is_whole_line = bool(records) and len(row) == len(records[-1])
    return is_whole_line or not is_right_below or not any(_reads_as_words(start) for start in starts)


def _is_prose(text: str) -> bool:
    return NOTE.match(text.strip(BLANK_CHARACTERS)) is not None or _reads_as_words(text)


def _reads_as_words(text: str) -> bool:
    return len(text.split()) > 2 or text.startswith(("(", "*"))


def _refuse_if_cut_short(sheet: Sheet, body: list[list[str]], last: int, width: int, place: str) -> None:
    """A last record with fewer fields than the header was cut off, unless the whole file leaves them out."""
    if last < 0:
        return
    final = body[last]
    if len(final) >= width:
        return
    others = [row for row in body[:last] if any(cell.strip(BLANK_CHARACTERS) for cell in row)]
    leaves_out_empty_ends = sheet.line_ended and any(len(row) < width for row in others)
    if not leaves_out_empty_ends:
        raise Refused(f"{place}: the last line has {len(final)} of {width} fields: the file was cut short")
