"""One council's rows of the published marts, of the internal copy or the public one. Selects and orders only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.errors import PlainError
from dagster_project.reports.published import NothingPublishedError, published_file
from dagster_project.settings import Settings


class Copy(StrEnum):
    """For whom something is written: `public` has small numbers suppressed."""

    PUBLIC = "public"
    INTERNAL = "internal"


class NotLoadedError(PlainError):
    """The council's month was never loaded."""


@dataclass(slots=True)
class Row:
    """One row of a mart: its values by column, and the columns whose value is suppressed in this copy."""

    values: Mapping[str, Any]
    suppressed: frozenset[str] = field(default=frozenset())

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    def get(self, column: str) -> Any:
        return self.values.get(column)


@dataclass(frozen=True)
class CouncilMarts:
    """What is published of one council, seen from one month."""

    file: Path
    copy: Copy
    council: str
    month: date

    @property
    def load_id(self) -> str:
        """The load that published these marts."""
        folder = self.file.resolve().parent
        return folder.parent.name if self.copy is Copy.PUBLIC else folder.name

    @cached_property
    def columns(self) -> Mapping[str, Sequence[str]]:
        """The columns of every published mart of this copy."""
        found: dict[str, list[str]] = {}
        for mart, column in self._fetch(
            "select table_name, column_name from information_schema.columns "
            "where table_schema = 'main' and table_catalog = current_database() "
            "order by table_name, ordinal_position",
            [],
        ):
            found.setdefault(mart, []).append(column)
        return found

    def rows(
        self,
        mart: str,
        where: Mapping[str, Iterable[Any]] | None = None,
        *,
        order_by: Sequence[str] = (),
    ) -> list[Row]:
        """The rows of a mart that hold one of the given values in each named column; none without such a column."""
        known = self.columns.get(mart, ())
        if not {"council", *(where or {})} <= set(known):
            return []
        order_by = [column for column in order_by if column in known]
        conditions, values = ["council = ?"], [self.council]
        for column, wanted in (where or {}).items():
            listed = list(wanted)
            conditions.append(f'"{column}" in ({", ".join("?" * len(listed))})' if listed else "false")
            values += listed
        order = ", ".join(f'"{column}"' for column in order_by) or "all"
        sql = f"select * from {mart} where {' and '.join(conditions)} order by {order}"
        return [self._row(mart, cells) for cells in self._fetch(sql, values)]

    def of_month(self, mart: str, where: Mapping[str, Iterable[Any]] | None = None) -> list[Row]:
        """The rows of this month; of a mart that knows no month all rows."""
        months = {"month": [self.month]} if "month" in self.columns.get(mart, ()) else {}
        return self.rows(mart, {**months, **(where or {})})

    @cached_property
    def months(self) -> Sequence[date]:
        """Every month of the council that is loaded."""
        return [
            month
            for (month,) in self._fetch(
                "select distinct month from caseload_bands where council = ? order by 1", [self.council]
            )
        ]

    def months_back(self, months: int) -> list[date]:
        """The months loaded, from so many calendar months before this one up to it."""
        first = earlier(self.month, months)
        return [month for month in self.months if first <= month <= self.month]

    def _row(self, mart: str, cells: Sequence[Any]) -> Row:
        values = dict(zip(self.columns[mart], cells, strict=True))
        named = values.pop("suppressed", None) if self.copy is Copy.PUBLIC else None
        return Row(values, frozenset(name.strip() for name in (named or "").split(",") if name.strip()))

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.file), read_only=True)

    def _fetch(self, sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, parameters).fetchall()


def council_marts(settings: Settings, council: str, month: date, copy: Copy) -> CouncilMarts:
    """The published marts of a council as one month sees them.

    Raises NothingPublishedError where this copy was never published and NotLoadedError where the month was not loaded.
    """
    internal = published_file(settings)
    file = internal.parent / "public" / internal.name if copy is Copy.PUBLIC else internal
    if not file.is_file():
        raise NothingPublishedError(
            f"no {copy} copy of the marts is published yet under {settings.published}: run `caseload load` first"
        )
    marts = CouncilMarts(file, copy, council, month)
    if month not in marts.months:
        loaded = f"{marts.months[0]:%Y-%m} to {marts.months[-1]:%Y-%m}" if marts.months else "none"
        raise NotLoadedError(f"{council} {month:%Y-%m} is not loaded; months loaded: {loaded}")
    return marts


def earlier(month: date, months: int) -> date:
    """The first of the month so many calendar months before."""
    count = month.year * 12 + month.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)
