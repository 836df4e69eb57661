"""The rows behind a month's figures, held in memory, and what any combination of rules makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import duckdb
import pyarrow as pa

from dagster_project.deliveries import Manifest
from dagster_project.deliveries.set_aside import rows_set_aside
from dagster_project.extracts import load_specifications
from dagster_project.reference import Reference
from dagster_project.settings import Settings
from dagster_project.shadow.measures import Month
from dagster_project.shadow.rules import Change, Rule, Rulebook, Term
from dagster_project.warehouse_file import reading_warehouse

EXTRACTS_SET_ASIDE = ("caseload",)
ASIDE = "aside_"
UNMAPPED = "unmapped"

Rules = tuple[Rule, ...]


@dataclass(frozen=True)
class Variant:
    """A term under some rules, as SQL over its rows: what counts, and how much."""

    rows: str
    condition: str
    amount: str
    once_per: str | None

    @property
    def total(self) -> str:
        if self.once_per:
            return f"count(distinct case when {self.condition} then {self.once_per} end)"
        return f"sum(case when {self.condition} then {self.amount} end)"

    @property
    def shares(self) -> str:
        """How much each row adds, in rows already narrowed to those of one unit."""
        if not self.once_per:
            return f"case when {self.condition} then {self.amount} else 0 end"
        first = (
            f"row_number() over (partition by {self.condition}, {self.once_per} order by item, worker_key)"
        )
        return f"case when {self.condition} and {self.once_per} is not null and {first} = 1 then 1 else 0 end"


@dataclass(frozen=True)
class Moved:
    """A row that two ways of counting treat differently, and how much it adds in each."""

    kind: str
    item: str
    worker_key: int | None
    month: str
    ours: Decimal
    theirs: Decimal


def variant(book: Rulebook, name: str, rules: Rules) -> Variant | None:
    """The term `name` under `rules`; None where two of them set the same thing."""
    term = book.terms[name]
    changes = [change for rule in rules for change in rule.changes_to(name, term.rows)]
    swaps = [change.term for change in changes if change.term]
    if len(swaps) > 1:
        return None
    if swaps and swaps[0]:
        other = swaps[0]
        rest = tuple(rule for rule in rules if not any(c.term for c in rule.changes_to(name, term.rows)))
        of_rest = [c for rule in rest for c in rule.changes_to(name, term.rows)]
        if book.terms[other].rows != term.rows and any(not _goes_anywhere(c) for c in of_rest):
            return None
        return variant(book, other, rest)
    places = [change.place for change in changes if change.place]
    if len(set(places)) < len(places):
        return None
    return _built(book, term, changes)


def _goes_anywhere(change: Change) -> bool:
    return change.facet in ("units", "month")


def _built(book: Rulebook, term: Term, changes: Sequence[Change]) -> Variant:
    facets = {**book.rows[term.rows].facets, **term.where}
    conditions = [term.keep] if term.keep else []
    amount, once_per = term.amount, term.once_per
    for change in changes:
        if change.facet and change.becomes:
            facets[change.facet] = change.becomes
        if change.keep:
            conditions.append(change.keep)
        if change.once_per:
            once_per = change.once_per
        if change.amount:
            amount, once_per = change.amount, None
    for change in changes:
        if change.facet and change.or_:
            facets[change.facet] = f"({facets[change.facet]}) or ({change.or_})"
    whole = " and ".join(f"coalesce(({condition}), false)" for condition in (*facets.values(), *conditions))
    return Variant(term.rows, whole, amount, once_per)


@dataclass
class Evidence:
    """Tables of rows in memory; nothing of the warehouse is open any more."""

    book: Rulebook
    connection: duckdb.DuckDBPyConnection
    units: tuple[str, ...]
    _totals: dict[Variant, dict[str, Fraction | None]] = field(default_factory=dict)

    def totals(self, wanted: Iterable[Variant]) -> Mapping[Variant, Mapping[str, Fraction | None]]:
        """What each variant comes to in every unit; None where nothing was sent for it."""
        missing = [one for one in dict.fromkeys(wanted) if one not in self._totals]
        for rows in sorted({one.rows for one in missing}):
            of_rows = [one for one in missing if one.rows == rows]
            sums = ", ".join(one.total for one in of_rows)
            found = self.connection.execute(f"select at_unit, {sums} from {rows} group by at_unit").fetchall()
            by_unit = {unit: values for unit, *values in found}
            nothing = Fraction(0) if self.book.rows[rows].none_is_zero else None
            for index, one in enumerate(of_rows):
                sums_of = {unit: values[index] for unit, values in by_unit.items()}
                self._totals[one] = {
                    unit: nothing if sums_of.get(unit) is None else Fraction(sums_of[unit])
                    for unit in self.units
                }
        return self._totals

    def moved(self, unit: str, ours: Variant, theirs: Variant) -> list[Moved]:
        """The rows that the two count differently in the unit."""
        if ours.rows == theirs.rows:
            return self._differing(unit, ours.rows, ours.shares, theirs.shares)
        return [
            *self._differing(unit, ours.rows, ours.shares, "0"),
            *self._differing(unit, theirs.rows, "0", theirs.shares),
        ]

    def _differing(self, unit: str, rows: str, ours: str, theirs: str) -> list[Moved]:
        found = self.connection.execute(
            f"with shared as (select item, worker_key, month, {ours} as ours, {theirs} as theirs "
            f"from (select * from {rows} where at_unit = ?)) "
            "select cast(item as varchar), worker_key, strftime(month, '%Y-%m'), ours, theirs from shared "
            "where ours is distinct from theirs order by all",
            [unit],
        ).fetchall()
        of = self.book.rows[rows].of
        return [
            Moved(of, item, worker, month, Decimal(mine), Decimal(other))
            for item, worker, month, mine, other in found
        ]


def gather(
    settings: Settings, reference: Reference, book: Rulebook, month: Month, wanted: Iterable[str]
) -> dict[str, pa.Table]:
    """The rows wanted of the council's month, and its tree of units, out of the warehouse file, which is closed again.

    Raises duckdb.Error where the file cannot be opened.
    """
    specifications = load_specifications()
    in_force = Manifest(settings.manifest).in_force()
    aside = {
        extract: rows_set_aside(
            settings,
            reference,
            specifications,
            month.council,
            month.first,
            extract,
            in_force.get((month.council, month.first, extract)),
        )
        for extract in EXTRACTS_SET_ASIDE
    }
    with reading_warehouse(settings) as warehouse:
        for name, value in (
            ("council", month.council),
            ("month", month.first),
            ("as_at", month.as_at),
            ("year_start", month.year_start),
        ):
            warehouse.execute(f"set variable {name} = ?", [value])
        for extract, rows in aside.items():
            warehouse.register(f"{ASIDE}{extract}", rows)
        tables = {
            rows: warehouse.execute(book.rows[rows].sql).to_arrow_table() for rows in sorted(set(wanted))
        }
        tables["unit_tree"] = warehouse.execute(
            "select unit, descendant from int_unit_tree where council = getvariable('council')"
        ).to_arrow_table()
    return tables


def lay_out(
    connection: duckdb.DuckDBPyConnection,
    book: Rulebook,
    month: Month,
    tables: Mapping[str, pa.Table],
    units: Iterable[str],
) -> Evidence:
    """Put before every unit the rows in and below it, and those of no known unit, each with which it is."""
    listed = tuple(sorted(set(units)))
    connection.execute("set variable month = ?", [month.first])
    connection.execute("set variable as_at = ?", [month.as_at])
    connection.execute("set variable year_start = ?", [month.year_start])
    connection.register("at_units", pa.table({"at_unit": pa.array(listed, pa.string())}))
    connection.register("unit_tree", tables["unit_tree"])
    for rows, table in tables.items():
        if rows == "unit_tree":
            continue
        connection.register(f"{rows}_fetched", table)
        flags = {"is_below": "unit", **book.rows[rows].below}
        selected = ", ".join(f"{flag}_tree.unit is not null as {flag}" for flag in flags)
        kept = " or ".join(f"{flag}_tree.unit is not null" for flag in flags)
        joins = " ".join(
            f"left join unit_tree as {flag}_tree on {flag}_tree.unit = at_units.at_unit "
            f"and {flag}_tree.descendant = fetched.{column}"
            for flag, column in flags.items()
        )
        connection.execute(
            f"create table {rows} as select fetched.*, at_units.at_unit, {selected} "
            f"from {rows}_fetched as fetched cross join at_units {joins} where fetched.unit = '{UNMAPPED}' or {kept}"
        )
    return Evidence(book, connection, listed)
