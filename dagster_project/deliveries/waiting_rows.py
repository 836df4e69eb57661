"""Rows of plain files that wait for the verdict on their deliveries: identifiers replaced, in memory, by month."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.deliveries.crosswalk import Crosswalk
from dagster_project.deliveries.manifest import Delivery
from dagster_project.deliveries.plain_rules import TypedFiles
from dagster_project.extracts import Specification

KEYS = pa.schema([("council", pa.string()), ("kind", pa.string()), ("key", pa.int64())])


class WaitingRows:
    """The rows of each delivery as they are archived, but for `delivery` and `council`."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, date], dict[str, tuple[str, pa.Table]]] = {}

    def add(
        self,
        typed: TypedFiles,
        deliveries: Mapping[int, Delivery],
        specification: Specification,
        crosswalk: Crosswalk,
    ) -> None:
        """Keep the rows of `deliveries`, by file number; whom they name is in the crosswalk afterwards.

        Raises CollisionError as the crosswalk does, and nothing is kept.
        """
        columns = {
            column.archived_name: _keys(typed, deliveries, column.name, column.pseudonym, crosswalk)
            if column.pseudonym
            else typed.columns[column.name]
            for column in specification.columns
        }
        whole = pa.table(columns)
        for number, start in typed.starts.items():
            delivery, length = deliveries[number], typed.rows[number]
            # A file's rows come after its header, one in a line.
            numbers = pa.arange(2, length + 2)
            rows = whole.slice(start, length).add_column(0, "row_number", numbers)
            of_month = self._rows.setdefault((delivery.extract, delivery.month), {})
            of_month[delivery.delivery] = (delivery.council, rows)

    def of(self, specification: Specification, month: date, deliveries: Collection[str]) -> pa.Table | None:
        """The rows of those of `deliveries` that wait here, as they are archived; None where there are none."""
        of_month = self._rows.get((specification.extract, month), {})
        parts = []
        for name in sorted(of_month.keys() & set(deliveries)):
            council, rows = of_month[name]
            dense = pa.table({one: _as_text(rows[one]) for one in rows.column_names})
            for place, (column, said) in enumerate((("delivery", name), ("council", council))):
                dense = dense.add_column(place, column, pa.repeat(said, rows.num_rows))
            parts.append(dense)
        return pa.concat_tables(parts) if parts else None

    def names(self) -> set[str]:
        """The deliveries whose rows wait here."""
        return {name for of_month in self._rows.values() for name in of_month}

    def keys_used(self, specifications: Sequence[Specification], deliveries: Collection[str]) -> pa.Table:
        """Council, kind and key of every person in the rows of those of `deliveries` that wait here."""
        kinds = {
            one.extract: [(c.archived_name, c.pseudonym) for c in one.columns if c.pseudonym]
            for one in specifications
        }
        parts = [
            pa.table(
                [pa.repeat(council, len(keys)), pa.repeat(str(kind), len(keys)), keys],
                schema=KEYS,
            )
            for (extract, _), of_month in self._rows.items()
            for name, (council, rows) in of_month.items()
            if name in deliveries
            for column, kind in kinds[extract]
            for keys in [rows[column].unique()]
        ]
        return pa.concat_tables(parts) if parts else KEYS.empty_table()

    def clear(self) -> None:
        self._rows = {}


def _keys(
    typed: TypedFiles, deliveries: Mapping[int, Delivery], column: str, kind: str | None, crosswalk: Crosswalk
) -> pa.Array:
    """The key of the identifier in each row; each person of a council is looked up once."""
    cells = typed.columns[column]
    words = len(cells.dictionary)
    councils = sorted({delivery.council for delivery in deliveries.values()})
    rows = typed.rows
    # An identifier is one person's within its council: the two together as one number.
    of_council = pa.concat_arrays(
        [pa.repeat(councils.index(deliveries[n].council) * words, length) for n, length in rows.items()]
    )
    people = pc.add(cells.indices.cast(pa.int64()), of_council).dictionary_encode()
    of_row = pa.concat_arrays(
        [pa.repeat(deliveries[n].month.toordinal(), length) for n, length in rows.items()]
    )
    seen = (
        pa.table({"person": people.indices, "month": of_row})
        .group_by("person")
        .aggregate([("month", "min")])
        .filter(pc.field("person").is_valid())
        .sort_by("person")
    )
    place = pc.divide(people.dictionary, words)
    found = pa.table(
        {
            "council": pa.array(councils, pa.string()).take(place),
            "kind": pa.repeat(pa.scalar(kind, pa.string()), len(place)),
            "identifier": cells.dictionary.take(pc.subtract(people.dictionary, pc.multiply(place, words))),
            "first_seen": pa.array(
                [f"{date.fromordinal(day):%Y-%m}" for day in seen["month_min"].to_pylist()], pa.string()
            ),
        }
    )
    return crosswalk.keys_of(found).take(people.indices)


def _as_text(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Words written out: a dictionary holds those of other files too."""
    return cells.cast(pa.string()) if pa.types.is_dictionary(cells.type) else cells
