"""The public marts as selects: values that are hidden are NULL and `suppressed` names their columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import duckdb
import pyarrow as pa

from dagster_project.disclosure.classes import Classes, Column, Source
from dagster_project.disclosure.hiding import Hidden, hidden_counts

HIDDEN = "memory.main.hidden_counts"
MEASURES = "memory.main.counts_of_measures"
SUPPRESSED = "suppressed"
BEFORE = "before"
SINCE = "since_"
"""Months from that of the column named after it up to the row's own."""
LOOKS_BACK = 12
"""Months before the first of a run of breaches in which a hidden figure hides the run: a month may be missing in it."""


def public_tables(
    connection: duckdb.DuckDBPyConnection,
    classes: Classes,
    limits: Iterable[Mapping[str, str]],
    tables: Mapping[str, str],
) -> dict[str, str]:
    """A select for each public mart over the selects of the internal tier.

    Works out what is hidden and leaves it in two tables of the connection's memory, which the selects read. A mart
    without classified columns is no public mart; a column without class is left out.
    """
    there = {mart: select for mart, select in tables.items() if mart in classes.marts}
    of_these = Classes(
        tuple(
            column for column in classes.columns if column.mart in there or column.mart not in classes.marts
        )
    )
    _keep(connection, hidden_counts(connection, of_these, limits) if there else [], classes)
    return {
        mart: _select(connection, of_these.by_mart[mart], select) for mart, select in sorted(there.items())
    }


def _keep(connection: duckdb.DuckDBPyConnection, hidden: list[Hidden], classes: Classes) -> None:
    council, unit, month, quantity = (
        pa.array([row[place] for row in hidden], type=pa.date32() if place == 2 else pa.string())
        for place in range(4)
    )
    rows = pa.table({"council": council, "unit": unit, "month": month, "quantity": quantity})
    connection.register("hidden_rows", rows)
    connection.execute(
        f"create or replace table {HIDDEN} as select council, unit, month, list(quantity) as counts "
        "from hidden_rows group by council, unit, month"
    )
    connection.unregister("hidden_rows")
    measures = classes.counts_of_measures
    connection.register(
        "measure_rows",
        pa.table(
            {
                "measure": pa.array(list(measures), pa.string()),
                "counts": pa.array(list(measures.values()), pa.list_(pa.string())),
            }
        ),
    )
    connection.execute(f"create or replace table {MEASURES} as select * from measure_rows")
    connection.unregister("measure_rows")


def _select(connection: duckdb.DuckDBPyConnection, columns: Mapping[str, Column], select: str) -> str:
    described = connection.execute(f"describe {select}").fetchall()
    names = [name for name, *_ in described if name in columns]
    types = {name: kind for name, kind, *_ in described}
    conditions = {name: _condition(columns[name]) for name in names}
    values = [
        f'case when {conditions[name]} then cast(null as {types[name]}) else mart."{name}" end as "{name}"'
        if conditions[name]
        else f'mart."{name}"'
        for name in names
    ]
    told = ", ".join(
        f"case when {condition} then '{name}' end"
        for name, condition in sorted(conditions.items())
        if condition
    )
    listed = (
        f"nullif(array_to_string(list_filter([{told}], lambda name: name is not null), ','), '')"
        if told
        else "cast(null as varchar)"
    )
    gone = [conditions[name] for name in names if columns[name].kind == "row"]
    rows = f" where not ({' or '.join(gone)})" if gone else ""
    sources = {source for name in names for source in columns[name].made_of}
    joins = "".join(sorted({join for source in sources for join in _joins(source)}, reverse=True))
    return f"select {', '.join(values)}, {listed} as {SUPPRESSED} from ({select}) as mart{joins}{rows}"


def _condition(column: Column) -> str:
    """True where a count the column is made of is hidden."""
    return " or ".join(_is_hidden(source) for source in column.made_of)


def _joins(source: Source) -> Iterator[str]:
    """What a select has to join to know of a source; of each council, unit and month there is one row at most."""
    if source.measure_column:
        yield f' left join {MEASURES} as measures on measures.measure = mart."{source.measure_column}"'
    if source.when != BEFORE and not source.when.startswith(SINCE):
        yield (
            f" left join {HIDDEN} as {_alias(source)} on {_alias(source)}.council = mart.council "
            f"and {_alias(source)}.unit = mart.unit and {_alias(source)}.month = {_month(source.when)}"
        )


def _is_hidden(source: Source) -> str:
    counts = "measures.counts" if source.measure_column else f"['{source.name}']"
    if source.when == BEFORE:
        condition = (
            f"exists (select 1 from {HIDDEN} as earlier where earlier.council = mart.council "
            "and earlier.unit = mart.unit and earlier.month <= mart.month and earlier.month >= "
            f"mart.month - to_months(cast(coalesce(mart.months_in_breach, 0) + {LOOKS_BACK} as integer)) "
            f"and list_has_any(earlier.counts, {counts}))"
        )
    elif source.when.startswith(SINCE):
        condition = (
            f"exists (select 1 from {HIDDEN} as earlier where earlier.council = mart.council "
            "and earlier.unit = mart.unit and earlier.month <= mart.month "
            f'and last_day(earlier.month) >= mart."{source.when.removeprefix(SINCE)}" '
            f"and list_has_any(earlier.counts, {counts}))"
        )
    else:
        condition = f"coalesce(list_has_any({_alias(source)}.counts, {counts}), false)"
    # A measure that nobody classified is hidden.
    return f"({condition} or measures.measure is null)" if source.measure_column else condition


def _alias(source: Source) -> str:
    return "hidden_" + re.sub(r"\W", "back_", source.when or "now")


def _month(when: str) -> str:
    if not when:
        return "mart.month"
    return f"mart.month - to_months({when[1:]})" if when.startswith("-") else f'mart."{when}"'
