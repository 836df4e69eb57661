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
        self._people: list[tuple[frozenset[str], pa.Table]] = []

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
        columns, people = {}, []
        for column in specification.columns:
            cells = typed.columns[column.name]
            if column.pseudonym:
                cells, named = _keys(typed, deliveries, column.name, column.pseudonym, crosswalk)
                people.append(named)
            columns[column.archived_name] = cells
        whole = pa.table(columns)
        for number, start in typed.starts.items():
            delivery, length = deliveries[number], typed.rows[number]
            # A file's rows come after its header, one in a line.
            numbers = pa.arange(2, length + 2)
            rows = whole.slice(start, length).add_column(0, "row_number", numbers)
            of_month = self._rows.setdefault((delivery.extract, delivery.month), {})
            of_month[delivery.delivery] = (delivery.council, rows)
        names = frozenset(deliveries[number].delivery for number in typed.rows)
        self._people += [(names, named) for named in people]

    def of(self, specification: Specification, month: date, deliveries: Collection[str]) -> pa.Table | None:
        """The rows of those of `deliveries` that wait here, as they are archived; None where there are none."""
        of_month = self._rows.get((specification.extract, month), {})
        names = sorted(of_month.keys() & set(deliveries))
        if not names:
            return None
        parts = [of_month[name][1] for name in names]
        whole = pa.concat_tables(parts)
        of_part = pa.concat_arrays(
            [pa.repeat(pa.scalar(place, pa.int32()), rows.num_rows) for place, rows in enumerate(parts)]
        )
        said = {"delivery": names, "council": [of_month[name][0] for name in names]}
        return pa.table(
            {
                **{column: pa.array(words, pa.string()).take(of_part) for column, words in said.items()},
                **{column: _as_text(whole[column]) for column in whole.column_names},
            }
        )

    def names(self) -> set[str]:
        """The deliveries whose rows wait here."""
        return {name for of_month in self._rows.values() for name in of_month}

    def keys_used(self, specifications: Sequence[Specification], deliveries: Collection[str]) -> pa.Table:
        """Council, kind and key of every person in the rows of those of `deliveries` that wait here."""
        kinds = {
            one.extract: [(c.archived_name, c.pseudonym) for c in one.columns if c.pseudonym]
            for one in specifications
        }
        # Where all that came together is let in, whom it names is known: only the others are gone through.
        together = [(names, people) for names, people in self._people if names <= set(deliveries)]
        known = {name for names, _ in together for name in names}
        parts = [people for _, people in together]
        parts += [
            pa.table(
                [pa.repeat(council, len(keys)), pa.repeat(str(kind), len(keys)), keys],
                schema=KEYS,
            )
            for (extract, _), of_month in self._rows.items()
            for name, (council, rows) in of_month.items()
            if name in deliveries and name not in known
            for column, kind in kinds[extract]
            for keys in [rows[column].unique()]
        ]
        return pa.concat_tables(parts) if parts else KEYS.empty_table()

    def clear(self) -> None:
        self._rows, self._people = {}, []


def _keys(
    typed: TypedFiles, deliveries: Mapping[int, Delivery], column: str, kind: str | None, crosswalk: Crosswalk
) -> tuple[pa.Array, pa.Table]:
    """The key of the identifier in each row, and whom they name; each person of a council is looked up once."""
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
            "first_seen": _months(seen["month_min"].combine_chunks()),
        }
    )
    keys = crosswalk.keys_of(found)
    named = pa.table([found["council"], found["kind"], keys], schema=KEYS)
    return keys.take(people.indices), named


def _months(days: pa.Array) -> pa.Array:
    """The month of each day as text; there are many people and few months."""
    told = days.dictionary_encode()
    words = [f"{date.fromordinal(day):%Y-%m}" for day in told.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(told.indices)


def _as_text(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Words written out: a dictionary holds those of other files too."""
    return cells.cast(pa.string()) if pa.types.is_dictionary(cells.type) else cells
