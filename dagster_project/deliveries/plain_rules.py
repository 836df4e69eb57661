"""Many plain files typed together: cells in the strictest form of their type only, by the rules of `cell_rules`.

A column has many rows and few words: each word is typed once. What is not plain here is not wrong: its whole file is
read with care afterwards. What is plain has one reading, and careful reading gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.deliveries.cell_rules import listed, quoted, rule_broken
from dagster_project.deliveries.checking import numbers_of
from dagster_project.deliveries.layout import MISSING
from dagster_project.deliveries.plain_files import PlainFile
from dagster_project.deliveries.source_kinds import month_days
from dagster_project.extracts import Column, Specification
from dagster_project.warehouse_file import sql_text

# With a digit, and no exponent; so it is no sign for a missing value and no error cell either.
IDENTIFIER = "[A-Za-z_][A-Za-z0-9_/-]*[0-9][A-Za-z0-9_/-]*|[0-9]+([A-DF-Za-df-z_/-][A-Za-z0-9_/-]*)?"
# A record's first cell: one that no word for a total or a note can start.
FIRST_CELL = "[A-Za-z]{0,2}[0-9].*|[A-Za-z0-9_]+"
TEXT = "[A-Za-z0-9]([A-Za-z0-9 &.'()/-]*[A-Za-z0-9)])?"
EARLIEST, LATEST = "date '1900-01-01'", "date '9999-12-31'"
NAMED = ("unit", "role")
# Of these the cell itself is what is archived.
AS_WRITTEN = ("identifier", "text")
MANY_WORDS = 5_000
"""Columns of more different cells than that are typed apart from those of fewer."""
KEPT_AS_WORDS = (*AS_WRITTEN, "code", *NAMED)

Names = Iterable[tuple[str, str]]
"""Each name key with the slug it stands for."""
NamesOf = Callable[[str, date], tuple[Names, Names]]
"""The units and roles of a council in a month."""


@dataclass(frozen=True)
class TypedFiles:
    """Typed rows of files, one file after the other, by column; each file is known by its number.

    `sound` holds, of each file all of whose rows are sound and no key twice, its columns of numbers added up. Words
    are dictionaries.
    """

    columns: dict[str, pa.Array]
    rows: dict[int, int]
    sound: dict[int, dict[str, Decimal]]

    @property
    def starts(self) -> dict[int, int]:
        """The place of each file's first row."""
        return dict(zip(self.rows, accumulate(self.rows.values(), initial=0), strict=False))

    def only(self, kept: Iterable[int]) -> TypedFiles:
        """The rows of these files and no other's."""
        wanted = set(kept)
        files = [number for number in self.rows if number in wanted]
        if len(files) == len(self.rows):
            return self
        starts = self.starts
        return TypedFiles(
            {
                name: pa.concat_arrays([cells.slice(starts[n], self.rows[n]) for n in files])
                for name, cells in (self.columns.items() if files else ())
            },
            {number: self.rows[number] for number in files},
            {number: self.sound[number] for number in files if number in self.sound},
        )


def type_plain(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[PlainFile],
    specification: Specification,
    names_of: NamesOf,
) -> TypedFiles:
    """Type the rows of `files`, which may be of several councils and months; a file's number is its place."""
    rows = {number: file.rows.num_rows for number, file in enumerate(files)}
    of_file = pa.concat_arrays(
        [pa.repeat(pa.scalar(number, pa.int32()), length) for number, length in rows.items()]
    )
    landed = pa.concat_tables(file.rows for file in files)
    cells = {c.name: landed[c.name].combine_chunks().dictionary_encode() for c in specification.columns}
    words = _typed_words(connection, {name: one.dictionary for name, one in cells.items()}, specification)
    columns: dict[str, pa.Array] = {}
    left: set[int] = set()
    for column in specification.columns:
        typed_words, odd = words[column.name]
        indices = cells[column.name].indices
        if len(odd):
            is_odd = pc.is_in(indices, value_set=odd.cast(pa.int32()))
            left |= set(of_file.filter(is_odd).unique().to_pylist())
        columns[column.name] = _by_word(typed_words, indices, column)
    typed = TypedFiles(columns, rows, {})
    for place, type_ in enumerate(NAMED):
        known = [
            {key for key, _ in names_of(file.landed.council, file.landed.month)[place] if key not in MISSING}
            for file in files
        ]
        for column in specification.columns:
            if column.type == type_:
                left |= _with_unknown_names(typed, column, known)
    left |= _with_a_key_twice(connection, typed, of_file, specification.key)
    totals = _judged(connection, typed, of_file, files, specification)
    return TypedFiles(columns, rows, {number: sums for number, sums in totals.items() if number not in left})


def _typed_words(
    connection: duckdb.DuckDBPyConnection, words: dict[str, pa.Array], specification: Specification
) -> dict[str, tuple[pa.Array, pa.Array]]:
    """The different cells of each column as its type, NULL where empty; and the places of those that are not plain."""
    long = {name: cells for name, cells in words.items() if len(cells) > MANY_WORDS}
    short = {name: cells for name, cells in words.items() if name not in long}
    read: dict[str, tuple[pa.Array, pa.Array]] = {}
    for some in (long, short):
        if some:
            read |= _typed_side_by_side(connection, some, specification)
    return read


def _typed_side_by_side(
    connection: duckdb.DuckDBPyConnection, words: dict[str, pa.Array], specification: Specification
) -> dict[str, tuple[pa.Array, pa.Array]]:
    """As `_typed_words`, of columns that are filled up to the length of the longest.

    So many small queries would take longer than their work.
    """
    most = max(map(len, words.values()))
    filled = {
        name: pa.concat_arrays([cells, pa.nulls(most - len(cells), pa.string())])
        for name, cells in words.items()
    }
    connection.register("plain_words", pa.table({"place": pa.arange(0, most), **filled}))
    asked = []
    columns = [column for column in specification.columns if column.name in words]
    for column in columns:
        name, typed = quoted(column.name), _typed(column)
        is_sound = f"({name} is null or {typed} is not null)"
        if column == specification.columns[0]:
            is_sound += f" and coalesce(regexp_full_match({name}, '{FIRST_CELL}'), false)"
        asked.append(f"{is_sound} as {quoted(column.name + '_is_sound')}")
        if column.type not in AS_WRITTEN:
            asked.append(f"{typed} as {quoted(column.name + '_typed')}")
    emptied = ", ".join(f"nullif({quoted(name)}, '') as {quoted(name)}" for name in words)
    found = connection.execute(
        f"select place, {', '.join(asked)} from (select place, {emptied} from plain_words) as cells"
    ).to_arrow_table()
    connection.unregister("plain_words")
    if not found["place"].combine_chunks().equals(pa.arange(0, most)):
        found = found.sort_by("place")
    read = {}
    for column in columns:
        cells = words[column.name]
        is_sound = found[column.name + "_is_sound"].combine_chunks().slice(0, len(cells))
        typed = (
            pc.if_else(pc.equal(cells, ""), None, cells)
            if column.type in AS_WRITTEN
            else found[column.name + "_typed"].combine_chunks().slice(0, len(cells))
        )
        read[column.name] = (typed, pc.indices_nonzero(pc.invert(is_sound)))
    return read


def _by_word(words: pa.Array, indices: pa.Array, column: Column) -> pa.Array:
    """The cells of all rows: of days and numbers each its own, of words where in the dictionary it stands."""
    if column.type not in KEPT_AS_WORDS:
        return words.take(indices)
    places = pa.arange(0, len(words)).cast(pa.int32())
    return pa.DictionaryArray.from_arrays(
        pc.if_else(words.is_valid(), places, None).take(indices), words.cast(pa.string())
    )


def _with_unknown_names(typed: TypedFiles, column: Column, known: Sequence[set[str]]) -> set[int]:
    """The files in which a unit or role is named that their council does not have in their month."""
    cells = typed.columns[column.name]
    keys = cells.dictionary.to_pylist()
    starts = typed.starts
    return {
        number
        for number, length in typed.rows.items()
        if any(
            place is not None and keys[place] not in known[number]
            for place in cells.indices.slice(starts[number], length).unique().to_pylist()
        )
    }


def _with_a_key_twice(
    connection: duckdb.DuckDBPyConnection, typed: TypedFiles, of_file: pa.Array, key: Sequence[Column]
) -> set[int]:
    parts = {f"part_{number}": _comparable(typed.columns[one.name], one) for number, one in enumerate(key)}
    if len(parts) == 1:
        (only,) = parts.values()
        starts = typed.starts
        return {n for n, length in typed.rows.items() if len(only.slice(starts[n], length).unique()) < length}
    connection.register("plain_keys", pa.table({"file_number": of_file, **parts}))
    found = connection.execute(
        "select distinct file_number from (select file_number from plain_keys "
        f"group by file_number, {', '.join(parts)} having count(*) > 1)"
    ).fetchall()
    connection.unregister("plain_keys")
    return {number for (number,) in found}


def _comparable(cells: pa.Array, column: Column) -> pa.Array:
    """Numbers are quicker compared than words; of names two words may have become one."""
    if column.type in NAMED:
        return cells.dictionary.dictionary_encode().indices.take(cells.indices)
    return cells.indices if pa.types.is_dictionary(cells.type) else cells


def _judged(
    connection: duckdb.DuckDBPyConnection,
    typed: TypedFiles,
    of_file: pa.Array,
    files: Sequence[PlainFile],
    specification: Specification,
) -> dict[int, dict[str, Decimal]]:
    """Of each file whose cells break no rule, were they all plain: its columns of numbers, added up."""
    months = [month_days(file.landed.month) for file in files]
    numbers = numbers_of(specification)
    rules = [rule for rule in (rule_broken(column, None) for column in specification.columns) if rule]
    given = "".join(
        f", {quoted(c.name)}, {quoted(c.name)} as {quoted(c.name + '_typed')}, "
        f"false as {quoted(c.name + '_is_error')}"
        + (f", {quoted(c.name)} as {quoted(c.name + '_' + c.type)}" if c.type in NAMED else "")
        for c in specification.columns
    )
    is_sound = " and ".join(f"{rule} is null" for rule in rules) or "true"
    sums = "".join(f", coalesce(sum({quoted(name)}), 0)" for name in numbers)
    connection.register(
        "plain_rows",
        pa.table(
            {
                "file_number": of_file,
                "month_start": pa.array([first for first, _ in months], pa.date32()).take(of_file),
                "month_end": pa.array([last for _, last in months], pa.date32()).take(of_file),
                **typed.columns,
            }
        ),
    )
    found = connection.execute(
        f"with typed as (select file_number, month_start, month_end{given} from plain_rows) "
        f"select file_number, bool_and({is_sound}){sums} from typed group by file_number order by file_number"
    ).fetchall()
    connection.unregister("plain_rows")
    return {
        number: {name: Decimal(total) for name, total in zip(numbers, totals, strict=True)}
        for number, is_right, *totals in found
        if is_right
    }


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
            # Written back as it came, it was written in the one strict form; a pattern would take twice as long.
            is_read = f"{read} between {EARLIEST} and {LATEST} and cast({read} as varchar) = {name}"
            return f"case when {is_read} then {read} end"
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
