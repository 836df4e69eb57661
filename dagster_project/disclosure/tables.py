"""The public marts as selects: values that are hidden are NULL and `suppressed` names their columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb
import pyarrow as pa

from dagster_project.disclosure.classes import INTERNAL, Classes, Column
from dagster_project.disclosure.conditions import FIRST_HIDDEN, HIDDEN, MEASURES, condition_of, joins_of
from dagster_project.disclosure.hiding import Hidden, hidden_counts

SUPPRESSED = "suppressed"


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
        mart: _select(connection, mart, of_these.by_mart[mart], select)
        for mart, select in sorted(there.items())
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
    connection.execute(
        f"create or replace table {FIRST_HIDDEN} as select council, unit, month, list(quantity) as counts from ("
        "select council, unit, quantity, min(month) as month from hidden_rows group by council, unit, quantity"
        ") as first_rows group by council, unit, month"
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


def _select(
    connection: duckdb.DuckDBPyConnection, mart: str, columns: Mapping[str, Column], select: str
) -> str:
    described = connection.execute(f"describe {select}").fetchall()
    names = [name for name, *_ in described if name in columns and columns[name].kind != INTERNAL]
    types = {name: kind for name, kind, *_ in described}
    conditions = {name: condition_of(columns[name]) for name in names}
    # Many columns of a mart are hidden together: what hides them is asked once for each row.
    asked = {
        condition: f'"is hidden {number}"'
        for number, condition in enumerate(sorted(set(conditions.values()) - {""}))
    }
    is_hidden = {name: asked[condition] for name, condition in conditions.items() if condition}
    values = [
        f'case when {is_hidden[name]} then cast(null as {types[name]}) else mart."{name}" end as "{name}"'
        if name in is_hidden
        else f'mart."{name}"'
        for name in names
    ]
    told = ", ".join(f"case when {hidden} then '{name}' end" for name, hidden in sorted(is_hidden.items()))
    listed = (
        f"nullif(array_to_string(list_filter([{told}], lambda name: name is not null), ','), '')"
        if told
        else "cast(null as varchar)"
    )
    gone = sorted({is_hidden[name] for name in names if columns[name].kind == "row" and name in is_hidden})
    rows = f" where not ({' or '.join(gone)})" if gone else ""
    sources = {source for name in names for source in columns[name].made_of}
    joins = "".join(sorted({join for source in sources for join in joins_of(mart, source)}, reverse=True))
    answers = "".join(f", {condition} as {name}" for condition, name in asked.items())
    return (
        f"select {', '.join(values)}, {listed} as {SUPPRESSED} "
        f"from (select mart.*{answers} from ({select}) as mart{joins}) as mart{rows}"
    )
