"""Which figures are published by unit and month, what they are called, and what they say. No rule of a mart here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from dagster_project.deliveries import month_days
from dagster_project.reference import Reference
from dagster_project.settings import Settings
from dagster_project.warehouse_file import named_rows

GRAIN = {"council", "unit", "month", "role_group"}
WHOLE = "total"
NUMBER_TYPE = re.compile(r"^(decimal\(\d+, ?(?P<scale>\d+)\)|integer|bigint)$", re.IGNORECASE)
PERCENTAGE = re.compile(r"(^|_)(rate|share)(_|$)")


@dataclass(frozen=True)
class Month:
    """A council's month: its first and last day."""

    council: str
    first: date

    @property
    def as_at(self) -> date:
        return month_days(self.first)[1]

    @property
    def before(self) -> date:
        return date(self.first.year - (self.first.month == 1), (self.first.month - 2) % 12 + 1, 1)

    @property
    def year_start(self) -> date:
        """The April of its financial year."""
        april = 4
        return date(self.first.year - (self.first.month < april), april, 1)


@dataclass(frozen=True)
class Measure:
    """A numeric column of a mart that has one row for each unit and month, or each month of the council."""

    mart: str
    column: str
    scale: int
    has_unit: bool

    @property
    def name(self) -> str:
        return f"{self.mart}.{self.column}"

    @property
    def is_percentage(self) -> bool:
        return PERCENTAGE.search(self.column) is not None


@dataclass(frozen=True)
class Published:
    """The figures of a month and of the month before, by unit and measure."""

    measures: Mapping[str, Measure]
    figures: Mapping[tuple[str, str], Decimal | None]
    before: Mapping[tuple[str, str], Decimal | None]
    units: frozenset[str]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def measures_named(self, text: str) -> tuple[str, ...]:
        """The measures a written name may mean; more than one where marts share a column's name."""
        return self.names.get(measure_key(text), ())


def measure_key(text: str) -> str:
    """The form in which names of measures are compared: words, without case, signs and underscores."""
    return " ".join(re.sub(r"[^\w.]|_", " ", text.lower()).split())


def declared_measures(settings: Settings) -> dict[str, Measure]:
    """The published measures of the project dbt last parsed: grain from a mart's test, type from its contract."""
    manifest = json.loads((settings.warehouse / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    grains: dict[str, set[str]] = {}
    for node in manifest["nodes"].values():
        test = node.get("test_metadata") or {}
        if test.get("name") == "one_row_per":
            grains[node["attached_node"]] = set(test["kwargs"]["columns"])
    found = {}
    for identity, grain in grains.items():
        model = manifest["nodes"].get(identity, {})
        if "mart" not in model.get("tags", ()) or not {"council", "month"} <= grain <= GRAIN:
            continue
        if model["config"]["meta"]["tier"] != "internal":
            continue
        for column in model["columns"].values():
            number = NUMBER_TYPE.match(column["data_type"] or "")
            if number:
                measure = Measure(
                    model["alias"], column["name"], int(number["scale"] or 0), "unit" in model["columns"]
                )
                found[measure.name] = measure
    return found


def names_of_measures(measures: Iterable[str], reference: Reference) -> dict[str, tuple[str, ...]]:
    """Every name a measure answers to: mart and column, an alias, and the column where no alias says otherwise."""
    names: dict[str, tuple[str, ...]] = {}
    published = list(measures)
    for name in published:
        column = measure_key(name.split(".", 1)[1])
        names[column] = (*names.get(column, ()), name)
        names[measure_key(name)] = (name,)
    for row in reference.rows("measure_names"):
        name = f"{row['mart']}.{row['measure']}"
        if name in published:
            names[measure_key(row["alias"])] = (name,)
    return names


def read_published(
    marts: duckdb.DuckDBPyConnection, measures: Mapping[str, Measure], month: Month, reference: Reference
) -> Published:
    """What the published marts say of the council's month."""
    whole = next(
        row["unit"]
        for row in reference.rows("org_units")
        if row["council"] == month.council and row["level"] == "council"
    )
    present = {
        (table, column)
        for table, column in marts.execute(
            "select table_name, column_name from information_schema.columns"
        ).fetchall()
    }
    known = {name: m for name, m in measures.items() if (m.mart, m.column) in present}
    figures: dict[date, dict[tuple[str, str], Decimal | None]] = {month.first: {}, month.before: {}}
    units = set()
    for mart in sorted({measure.mart for measure in known.values()}):
        of_mart = [measure for measure in known.values() if measure.mart == mart]
        for row in _rows(marts, mart, "role_group" if (mart, "role_group") in present else None, month):
            unit = row["unit"] if of_mart[0].has_unit else whole
            if row["month"] == month.first:
                units.add(unit)
            for measure in of_mart:
                value = row[measure.column]
                figures[row["month"]][unit, measure.name] = None if value is None else Decimal(value)
    return Published(
        known,
        figures[month.first],
        figures[month.before],
        frozenset(units),
        names_of_measures(known, reference),
    )


def _rows(
    marts: duckdb.DuckDBPyConnection, mart: str, group: str | None, month: Month
) -> list[dict[str, Any]]:
    only_whole = f" and {group} = '{WHOLE}'" if group else ""
    result = marts.execute(
        f"select * from {mart} where council = ? and month in (?, ?){only_whole}",
        [month.council, month.first, month.before],
    )
    return named_rows(result)
