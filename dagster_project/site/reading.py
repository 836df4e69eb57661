"""Rows of one tier's published file, a council at a time. Reads nothing else: no page shows more than its tier."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from dagster_project.alerts.known import Knowledge
from dagster_project.reference import Reference
from dagster_project.reports.council_marts import Row, earlier
from dagster_project.reports.measures import Measure, measure_of

T = TypeVar("T")
MONTHS_SHOWN = 24
NOTHING_SUPPRESSED: frozenset[str] = frozenset()
COLUMNS = """
select table_name, column_name, data_type from information_schema.columns
where table_schema = 'main' and table_catalog = current_database()
order by table_name, ordinal_position
"""


ReferencesOf = Callable[[str, Sequence[int]], Mapping[int, str]]
"""The workers' own references by key, of a council; asked for by the restricted copy alone."""


class TierMarts:
    """The marts of one tier: which there are, what their columns hold, and their rows."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.measures: dict[str, dict[str, Measure]] = {}
        for mart, column, kind in connection.execute(COLUMNS).fetchall():
            self.measures.setdefault(mart, {})[column] = measure_of(column, kind)

    def has(self, mart: str) -> bool:
        return mart in self.measures

    def rows(
        self,
        mart: str,
        council: str | None = None,
        month: date | None = None,
        *,
        since: date | None = None,
    ) -> list[Row]:
        """A mart's rows, of one council or all, of one month or all; none where the tier does not hold the mart.

        With `since` those of earlier months are left out, where the mart has months.
        """
        columns = self.measures.get(mart)
        wanted = {"council": council, "month": month}
        named = {column: value for column, value in wanted.items() if value is not None}
        if columns is None or not named.keys() <= columns.keys():
            return []
        conditions = [f"{column} = ?" for column in named]
        values = list(named.values())
        if since is not None and "month" in columns:
            conditions.append("(month >= ? or month is null)")
            values.append(since)
        where = f" where {' and '.join(conditions)}" if conditions else ""
        # They lie in order: a mart is published sorted by all of its columns.
        result = self._connection.execute(f"select * from {mart}{where}", values)
        names, found = list(columns), result.fetchall()
        if "suppressed" in columns:
            return [_row(names, cells) for cells in found]
        return [Row(dict(zip(names, cells, strict=True))) for cells in found]

    def newest(self, mart: str, column: str, council: str, span: tuple[date, date]) -> date | None:
        """The latest month of a span of which the council has a value in the column, be it suppressed."""
        columns = self.measures.get(mart, {})
        if column not in columns:
            return None
        hidden = f" or contains(suppressed, '{column}')" if "suppressed" in columns else ""
        found = self.query(
            f"select max(month) from {mart} where council = ? and month between ? and ?"
            f" and ({column} is not null{hidden})",
            [council, *span],
        )
        month: date | None = found[0][0]
        return month

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, list(parameters)).fetchall()

    @property
    def councils(self) -> list[str]:
        """The councils that have months."""
        if not self.has("caseload_bands"):
            return []
        return [slug for (slug,) in self.query("select distinct council from caseload_bands order by 1")]

    @cached_property
    def prints(self) -> Mapping[str, Mapping[str, str]]:
        """For each council and each of its marts a text that changes when a row of it does."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for mart, columns in self.measures.items():
            if "council" in columns:
                for council, rows, total in self.query(
                    f"select council, count(*), sum(hash(m)::hugeint) from {mart} as m group by council"
                ):
                    found[council or ""][mart] = f"{mart}:{rows}:{total}"
        return found

    def fingerprints(self) -> dict[str, str]:
        """For each council a text that changes when a row of any of its marts does."""
        return {council: " ".join(parts.values()) for council, parts in self.prints.items()}


def _row(names: Sequence[str], cells: Sequence[Any]) -> Row:
    values = dict(zip(names, cells, strict=True))
    named = values.pop("suppressed")
    return Row(values, _columns_named(named) if named else NOTHING_SUPPRESSED)


@cache
def _columns_named(suppressed: str) -> frozenset[str]:
    return frozenset(name.strip() for name in suppressed.split(",") if name.strip())


@contextmanager
def opened(file: Path) -> Iterator[TierMarts]:
    """The marts of one published file; closed afterwards."""
    # A council's rows of a mart are few: a second thread costs more than it takes over.
    with duckdb.connect(str(file), read_only=True, config={"threads": 1}) as connection:
        yield TierMarts(connection)


ReadOnce = Callable[["CouncilData", str, str, Callable[[], list[Row]]], list[Row]]
"""Reads rows of a mart, said which, or takes them from a copy that has the same ones."""


@dataclass(frozen=True)
class Unit:
    unit: str
    name: str
    level: str
    depth: int
    parent: str | None


class CouncilData:
    """One council's rows of a tier, each mart read once, and its units in the order of the tree."""

    def __init__(
        self,
        marts: TierMarts,
        reference: Reference,
        council: str,
        references_of: ReferencesOf = lambda council, keys: {},
        knowledge: Knowledge | None = None,
        read: ReadOnce = lambda data, mart, what, make: make(),
    ) -> None:
        self.marts, self.reference, self.council = marts, reference, council
        self.knowledge = knowledge or Knowledge()
        self._references_of = references_of
        self._rows: dict[str, list[Row]] = {}
        self._shown: dict[str, list[Row]] = {}
        self._of_month: dict[tuple[str, date], list[Row]] = {}
        self._by_unit: dict[str, dict[str, list[Row]]] = {}
        self._by_place: dict[str, dict[tuple[str, date | None], Row]] = {}
        self._worked_out: dict[str, tuple[Any, set[str]]] = {}
        self._newest: dict[tuple[str, str], date | None] = {}
        self._asked: set[str] = set()
        self._read = read

    def _once(self, mart: str, what: str, make: Callable[[], list[Row]]) -> list[Row]:
        return self._read(self, mart, what, make) if self.has_rows(mart) else []

    @contextmanager
    def noting(self) -> Iterator[set[str]]:
        """The marts that are asked for within, and those that units and months always come from."""
        self._asked = {"caseload_bands"}
        yield self._asked

    def worked_out(self, what: str, make: Callable[[], T]) -> T:
        """What is made of the rows, made once however many sections ask for it: each asks for its marts too."""
        if what not in self._worked_out:
            before, self._asked = self._asked, set()
            made = make()
            self._worked_out[what] = (made, self._asked)
            self._asked = before
        found, asked = self._worked_out[what]
        self._asked |= asked
        result: T = found
        return result

    def print_of(self, mart: str) -> str:
        """A text that differs where two copies have other rows of the council in the mart, or other columns."""
        names = " ".join(self.marts.measures.get(mart, ()))
        return f"{names} {self.marts.prints.get(self.council, {}).get(mart, '')}"

    @property
    def name(self) -> str:
        return self.reference.councils.get(self.council, self.council)

    @cached_property
    def references(self) -> Mapping[int, str]:
        """Each worker's own reference by key, of those this tier holds in the latest month; looked up once."""
        keys = {row["worker_key"] for row in self.of_month("worker_caseloads")}
        return self._references_of(self.council, sorted(keys)) if keys else {}

    @property
    def ons_code(self) -> str:
        return next(
            (row["ons_code"] for row in self.reference.rows("councils") if row["council"] == self.council), ""
        )

    @cached_property
    def neighbours(self) -> frozenset[str]:
        """The codes of the council's statistical neighbours, where it names any."""
        return frozenset(
            row["neighbour_ons_code"]
            for row in self.reference.tables.get("statistical_neighbours", ())
            if row["ons_code"] == self.ons_code
        )

    @cached_property
    def neighbour_rates(self) -> list[Row]:
        """What DfE publishes of them: rows of other councils, which no mart of this one counts as its own."""
        found = self.marts.rows("dfe_rates") if self.neighbours else []
        return [row for row in found if row["ons_code"] in self.neighbours]

    def rows(self, mart: str) -> list[Row]:
        """All rows of a mart, of months that no page shows too; `shown` is less to read where they are not needed."""
        self._asked.add(mart)
        if mart not in self._rows:
            self._rows[mart] = self._once(mart, "all", lambda: self.marts.rows(mart, self.council))
        return self._rows[mart]

    def shown(self, mart: str) -> list[Row]:
        """A mart's rows since the first month that pages show, and those of no month."""
        self._asked.add(mart)
        if mart not in self._shown:
            since = self.first_month
            self._shown[mart] = self._once(
                mart, f"since {since}", lambda: self.marts.rows(mart, self.council, since=since)
            )
        return self._shown[mart]

    def has_rows(self, mart: str) -> bool:
        """Whether the mart has any row of the council, of whatever month."""
        return mart in self.marts.prints.get(self.council, {})

    def of_month(self, mart: str, month: date | None = None) -> list[Row]:
        """A mart's rows of one month alone, of the latest unless another is given, of marts that are large."""
        self._asked.add(mart)
        wanted = month or self.month
        if (mart, wanted) not in self._of_month:
            self._of_month[mart, wanted] = self._once(
                mart, f"of {wanted}", lambda: self.marts.rows(mart, self.council, wanted)
            )
        return self._of_month[mart, wanted]

    def newest(self, mart: str, column: str) -> date | None:
        """The latest month shown of which a column of the mart is known; None where there is none."""
        self._asked.add(mart)
        if (mart, column) not in self._newest:
            self._newest[mart, column] = self.marts.newest(
                mart, column, self.council, (self.first_month, self.month)
            )
        return self._newest[mart, column]

    def of_unit(self, mart: str, unit: str) -> list[Row]:
        """A unit's rows in the order of the months, of those that pages show."""
        self._asked.add(mart)
        if mart not in self._by_unit:
            found: dict[str, list[Row]] = defaultdict(list)
            for row in self.shown(mart):
                found[row["unit"]].append(row)
            for rows in found.values():
                rows.sort(key=lambda row: row.get("month") or date.min)
            self._by_unit[mart] = found
        return self._by_unit[mart].get(unit, [])

    def _of_place(self, mart: str) -> Mapping[tuple[str, date | None], Row]:
        """The first row of each unit and month."""
        self._asked.add(mart)
        if mart not in self._by_place:
            found: dict[tuple[str, date | None], Row] = {}
            for row in self.shown(mart):
                found.setdefault((row["unit"], row["month"]), row)
            self._by_place[mart] = found
        return self._by_place[mart]

    def measure(self, mart: str, column: str) -> Measure:
        return self.marts.measures[mart][column]

    @cached_property
    def month(self) -> date:
        """The latest month with cases; totals of posts or demand alone do not make a month the latest one."""
        months = [row["month"] for row in self.rows("caseload_bands")]
        with_cases = [
            row["month"]
            for row in self.rows("caseload_bands")
            if row["open_cases"] is not None or "open_cases" in row.suppressed
        ]
        latest: date = max(with_cases or months)
        return latest

    @cached_property
    def _months_of_units(self) -> Mapping[str, date]:
        found: dict[str, date] = {}
        for row in self.rows("caseload_bands"):
            has_cases = row["open_cases"] is not None or "open_cases" in row.suppressed
            if has_cases and self.first_month <= row["month"] <= self.month:
                found[row["unit"]] = max(row["month"], found.get(row["unit"], row["month"]))
        return found

    def month_of(self, unit: str) -> date:
        """A unit's newest month with cases: a month's totals may name some units and be silent of those below."""
        return self._months_of_units.get(unit, self.month)

    @cached_property
    def as_at(self) -> date:
        day: date = max(row["as_at"] for row in self.rows("caseload_bands") if row["month"] == self.month)
        return day

    @cached_property
    def first_month(self) -> date:
        return earlier(self.month, MONTHS_SHOWN - 1)

    @cached_property
    def months(self) -> list[date]:
        """The months that pages show, oldest first: those loaded in two years up to the latest."""
        loaded = {row["month"] for row in self.rows("caseload_bands")}
        return sorted(month for month in loaded if self.first_month <= month <= self.month)

    @cached_property
    def months_with_cases(self) -> list[date]:
        """Those of the months shown in which any unit has cases."""
        known = {
            row["month"]
            for row in self.rows("caseload_bands")
            if row["open_cases"] is not None or "open_cases" in row.suppressed
        }
        return [month for month in self.months if month in known] or self.months

    @cached_property
    def units(self) -> Mapping[str, Unit]:
        """Units with a row in the months shown, each below the one it belongs to."""
        found: dict[str, Row] = {}
        for row in self.rows("caseload_bands"):
            if row["month"] in self.months:
                found[row["unit"]] = row
        below: dict[str | None, list[str]] = defaultdict(list)
        for unit in found:
            below[self._parent(unit, found)].append(unit)
        ordered: dict[str, Unit] = {}

        def walk(parent: str | None, depth: int) -> None:
            for unit in sorted(
                below[parent], key=lambda unit: (found[unit]["level"] == "team", _name(found[unit]))
            ):
                if unit not in ordered:
                    row = found[unit]
                    ordered[unit] = Unit(unit, _name(row), row["level"], depth, parent)
                    walk(unit, depth + 1)

        walk(None, 0)
        return ordered

    def _parent(self, unit: str, known: Mapping[str, Row]) -> str | None:
        """The nearest unit above that has rows."""
        parent = self.reference.parent_units.get((self.council, unit))
        seen = {unit}
        while parent is not None and parent not in known and parent not in seen:
            seen.add(parent)
            parent = self.reference.parent_units.get((self.council, parent))
        return parent if parent in known and parent not in seen else None

    @cached_property
    def top(self) -> str | None:
        """The council's own unit."""
        return next((unit.unit for unit in self.units.values() if unit.level == "council"), None)

    def unit_name(self, unit: str | None) -> str:
        if unit is None:
            return self.name
        if unit in self.units:
            return self.units[unit].name
        return self.reference.unit_titles.get((self.council, unit), unit.replace("_", " "))

    def row_of(self, mart: str, unit: str, month: date | None = None) -> Row | None:
        """A unit's row of a month, of the latest unless another is given."""
        return self._of_place(mart).get((unit, month or self.month))

    def before_crossing(self, unit: str, since: date) -> Row | None:
        """A unit's bands of the month before `since`; where that month has no average, of `since` itself."""
        before = self.row_of("caseload_bands", unit, earlier(since, 1))
        has_average = before is not None and before.get("average_caseload") is not None
        return before if has_average else self.row_of("caseload_bands", unit, since)


def _name(row: Row) -> str:
    return str(row.get("unit_name") or row["unit"].replace("_", " "))
