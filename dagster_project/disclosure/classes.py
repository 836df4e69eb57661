"""What `public_columns.csv` says of each column, read once. Nothing that has no row here becomes public."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

MEASURE = "measure"
"""Stands in the place of a mart for measures that are named in a cell and are no column."""
INTERNAL = "internal"
"""A column that was thought of and is not public."""
TOKEN = re.compile(r"(?P<name>\w+|\[\w+\])(?:@(?P<when>-\d+|\w+))?")


@dataclass(frozen=True)
class Source:
    """What a figure is made of: a count, or `[column]` that names a measure; `when` says of which months."""

    name: str
    when: str = ""

    @property
    def measure_column(self) -> str | None:
        return self.name[1:-1] if self.name.startswith("[") else None


@dataclass(frozen=True)
class Column:
    """A column of a public mart: free, a count, derived, printed, or one whose suppression takes the row away.

    `printed` is shown where it repeats what a committee paper printed, else as derived ones; `internal` is left out.
    """

    mart: str
    name: str
    kind: str
    made_of: tuple[Source, ...]


class ClassificationError(Exception):
    """A row of `public_columns.csv` cannot be read."""


@dataclass(frozen=True)
class Classes:
    """Every classified column."""

    columns: tuple[Column, ...]

    @cached_property
    def by_mart(self) -> dict[str, dict[str, Column]]:
        found: dict[str, dict[str, Column]] = {}
        for column in self.columns:
            found.setdefault(column.mart, {})[column.name] = column
        return found

    @property
    def marts(self) -> list[str]:
        return sorted(set(self.by_mart) - {MEASURE})

    @cached_property
    def homes(self) -> dict[str, tuple[str, str]]:
        """Mart and column from which a count is read; of several the first."""
        homes: dict[str, tuple[str, str]] = {}
        for column in sorted(self.columns, key=lambda column: (column.mart, column.name)):
            if column.kind == "count":
                homes.setdefault(column.made_of[0].name, (column.mart, column.name))
        return homes

    @cached_property
    def counts_of_measures(self) -> dict[str, list[str]]:
        """The counts that a measure is made of, by the names cells use: of columns, and of `measure` rows."""
        found: dict[str, set[str]] = {}
        for column in self.columns:
            if column.kind == INTERNAL:
                continue
            plain = [source.name for source in column.made_of if source.measure_column is None]
            if len(plain) == len(column.made_of):
                found.setdefault(column.name, set()).update(plain)
        return {name: sorted(counts) for name, counts in found.items()}


def read_classes(rows: Iterable[Mapping[str, str]]) -> Classes:
    """The rows of `public_columns.csv`. Raises ClassificationError, naming mart and column."""
    columns = []
    for row in rows:
        where = f"public_columns.csv: {row['mart']}.{row['column_name']}"
        sources = []
        for token in row["made_of"].split():
            match = TOKEN.fullmatch(token)
            if match is None:
                raise ClassificationError(f"{where}: made_of: {token!r} is neither a count nor [a column]")
            sources.append(Source(match["name"], match["when"] or ""))
        if (row["kind"] in {"free", INTERNAL}) != (not sources) or (
            row["kind"] == "count" and len(sources) != 1
        ):
            raise ClassificationError(f"{where}: free is made of nothing, a count of one, others of some")
        columns.append(Column(row["mart"], row["column_name"], row["kind"], tuple(sources)))
    classes = Classes(tuple(columns))
    for column in columns:
        for source in column.made_of:
            if source.measure_column is None and source.name not in classes.homes:
                raise ClassificationError(
                    f"public_columns.csv: {column.mart}.{column.name}: made_of: no column is the count {source.name!r}"
                )
    return classes
