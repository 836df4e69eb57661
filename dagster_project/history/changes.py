"""Which published values moved between two publications, by how much, and which delivery moved them."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from dagster_project.deliveries import Delivery, Manifest, Publication
from dagster_project.settings import Settings, make_private
from dagster_project.spreadsheets import csv_row
from dagster_project.warehouse import State, build_state, state_at
from dagster_project.warehouse_file import sql_text

# The manifest itself, which every delivery changes; and what was told, which is no part of a state.
NOT_COMPARED = {"alert_corrections", "deliveries"}
# Kept beside a value for people to read; another word for a unit is no change of a figure.
WORDS = {"source", "note", "meaning", "link", "step_label", "policy_id"}
REPLAYED_AT_MOST = 6

OnNode = Callable[[str], None] | None


class ChangesError(Exception):
    """The publications cannot be compared; the message says why."""


@dataclass(frozen=True)
class Mart:
    """A mart of both publications: its grain, the columns compared, and what reaches it.

    `reach` is None where any month may reach any other, as in a mart that is built whole.
    """

    name: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    extracts: frozenset[str]
    reach: int | None


@dataclass(frozen=True)
class Moved:
    """One value that is not what it was; `before` or `after` is None where the row was not there or said nothing."""

    mart: str
    keys: tuple[tuple[str, Any], ...]
    column: str
    before: Any
    after: Any
    moved_by: tuple[str, ...] = ()

    def key(self, name: str) -> Any:
        return dict(self.keys).get(name)

    @property
    def difference(self) -> Decimal | None:
        """After less before, where both are numbers."""
        if isinstance(self.before, bool) or isinstance(self.after, bool):
            return None
        if isinstance(self.before, (int, Decimal)) and isinstance(self.after, (int, Decimal)):
            return Decimal(self.after) - Decimal(self.before)
        return None


@dataclass(frozen=True)
class Shift:
    """A delivery whose being in force changed, and how."""

    delivery: Delivery
    how: str

    @property
    def words(self) -> str:
        return f"{self.delivery.delivery} ({self.how})"


@dataclass
class Changes:
    """Two publications and what moved between them; `is_exact` when every value was laid at the door of its movers."""

    before: Publication
    after: Publication
    shifts: list[Shift] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    other_causes: list[str] = field(default_factory=list)
    is_exact: bool = True

    @cached_property
    def by_column(self) -> dict[tuple[str, str], list[Moved]]:
        found: dict[tuple[str, str], list[Moved]] = {}
        for value in self.moved:
            found.setdefault((value.mart, value.column), []).append(value)
        return found


def compare_publications(
    settings: Settings,
    first: str | None = None,
    second: str | None = None,
    *,
    council: str | None = None,
    mart: str | None = None,
    on_node: OnNode = None,
) -> Changes:
    """What moved from publication `first` to `second`, named by load; the last two unless named.

    A publication that is no longer kept is rebuilt as it was known then. Where several deliveries could have moved a
    value, the states between them are built one after the other. Raises ChangesError, NothingKnownError,
    ReferenceDataError or TransformationError.
    """
    publications = Manifest(settings.manifest).publications()
    if len(publications) < 2 and (first is None or second is None):
        raise ChangesError("there are no two publications yet to compare")
    before = _publication(publications, first, publications[-2] if len(publications) > 1 else None)
    after = _publication(publications, second, publications[-1])
    if publications.index(before) >= publications.index(after):
        raise ChangesError(f"{before.load_id} was not published before {after.load_id}")
    states = (_state(settings, before), _state(settings, after))
    changes = Changes(before, after, shifts=_shifts(*states, council))
    if before.reference != after.reference:
        changes.other_causes.append("reference data that changed")
    if before.dbt_project != after.dbt_project:
        changes.other_causes.append("a change of the product")
    with ExitStack() as open_files:
        files = [open_files.enter_context(_files(settings, p, on_node)) for p in (before, after)]
        marts = [m for m in _marts(settings) if mart in (None, m.name)]
        moved = _compare(files[0], files[1], marts, council)
        changes.moved = [_attributed(value, marts, changes) for value in moved]
        is_whole = not changes.other_causes and not any(state.gone for state in states)
        if _is_ambiguous(changes) and is_whole and len(changes.shifts) <= REPLAYED_AT_MOST:
            changes.moved = _replayed(settings, states[0], changes, files[0], marts, council, on_node)
        else:
            changes.is_exact = not _is_ambiguous(changes)
    return changes


def _publication(
    publications: Sequence[Publication], name: str | None, otherwise: Publication | None
) -> Publication:
    if name is None and otherwise is not None:
        return otherwise
    found = [publication for publication in publications if publication.load_id == name]
    if not found:
        listed = "\n  ".join(
            f"{p.load_id}  {p.published_at[:16].replace('T', ' ')} UTC" for p in publications[-10:]
        )
        raise ChangesError(f"no publication is named {name}. The last ones:\n  {listed}")
    return found[0]


def _state(settings: Settings, publication: Publication) -> State:
    return state_at(settings, datetime.fromisoformat(publication.published_at))


def _shifts(before: State, after: State, council: str | None) -> list[Shift]:
    """Deliveries that came into force or went out of it, in the order they came."""
    was = {d.delivery: d for d in before.stood}
    now = {d.delivery: d for d in after.stood}
    purged = {d.delivery for d in after.deliveries if d.purged_at}
    withdrawn = {d.delivery for d in after.deliveries if d.withdrawn_at}
    replaced = {(d.council, d.month, d.extract) for d in was.values()}
    shifts = []
    for delivery in after.deliveries:
        if council not in (None, delivery.council):
            continue
        place = (delivery.council, delivery.month, delivery.extract)
        if delivery.delivery in now and delivery.delivery not in was:
            restored = any(d.delivery == delivery.delivery for d in before.deliveries)
            how = "in force again" if restored else "a correction" if place in replaced else "new"
            shifts.append(Shift(delivery, how))
        elif delivery.delivery in was and delivery.delivery in withdrawn:
            shifts.append(Shift(delivery, "withdrawn"))
        elif delivery.delivery in was and delivery.delivery not in now and delivery.delivery in purged:
            shifts.append(Shift(delivery, "purged"))
    return shifts


@contextmanager
def _files(settings: Settings, publication: Publication, on_node: OnNode) -> Iterator[Path]:
    """The restricted marts of a publication: the version that is kept, else rebuilt for as long as they are read."""
    kept = settings.published / "versions" / publication.load_id / "restricted" / "marts.duckdb"
    if kept.is_file():
        yield kept
        return
    state = _state(settings, publication)
    if state.gone:
        raise ChangesError(
            f"what was published by {publication.load_id} is no longer kept and cannot be built again: "
            f"{state.words_of_what_is_gone}"
        )
    with _built(settings, state, on_node) as path:
        yield path


@contextmanager
def _built(settings: Settings, state: State, on_node: OnNode) -> Iterator[Path]:
    make_private(settings.warehouse)
    with TemporaryDirectory(prefix="changes-", dir=settings.warehouse) as folder:
        yield build_state(settings, state, Path(folder) / "marts", on_node) / "restricted" / "marts.duckdb"


def _marts(settings: Settings) -> list[Mart]:
    """The marts with their grain, from the test that proves it, and their lineage, from dbt's own record."""
    manifest = json.loads((settings.warehouse / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    nodes, parents = manifest["nodes"], manifest["parent_map"]
    found = []
    for node_id, node in nodes.items():
        if node["resource_type"] != "model" or "mart" not in node["tags"] or node["alias"] in NOT_COMPARED:
            continue
        tests = [
            nodes[child]["test_metadata"]["kwargs"]
            for child in manifest["child_map"][node_id]
            if child in nodes and (nodes[child].get("test_metadata") or {}).get("name") == "one_row_per"
        ]
        keys = tuple(tests[0]["columns"])
        columns = tuple(name for name in node["columns"] if name not in keys and name not in WORDS)
        sources = _ancestors(node_id, parents)
        extracts = frozenset(
            s.rsplit(".", 1)[1] for s in sources if s.startswith("source.") and ".archive." in s
        )
        by_month = node["config"]["materialized"] == "incremental"
        reach = node["config"]["meta"].get("reach", 0) if by_month else None
        found.append(Mart(node["alias"], keys, columns, extracts, reach))
    return sorted(found, key=lambda mart: mart.name)


def _ancestors(node: str, parents: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        for parent in parents.get(waiting.pop(), []):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def _compare(before: Path, after: Path, marts: Sequence[Mart], council: str | None) -> list[Moved]:
    moved: list[Moved] = []
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach {sql_text(before)} as was (read_only)")
        connection.execute(f"attach {sql_text(after)} as now (read_only)")
        for mart in marts:
            if _has_table(connection, "was", mart.name) and _has_table(connection, "now", mart.name):
                moved += _compare_mart(connection, mart, council)
    return moved


def _compare_mart(connection: duckdb.DuckDBPyConnection, mart: Mart, council: str | None) -> Iterator[Moved]:
    """Rows of either that differ, in one pass over the mart; then their columns."""
    same_key = " and ".join(f'was."{key}" is not distinct from now."{key}"' for key in mart.keys)
    shared = [c for c in mart.columns if _has_column(connection, "was", mart.name, c)]
    differs = " or ".join(f'was."{column}" is distinct from now."{column}"' for column in shared)
    keys = ", ".join(f'coalesce(was."{key}", now."{key}") as "{key}"' for key in mart.keys)
    values = ", ".join(f'was."{c}", now."{c}"' for c in shared)
    here = ' and "council" = ?' if council and "council" in mart.keys else ""
    rows = connection.execute(
        f"select * from (select {keys}, {values} from was.main.{mart.name} as was "
        f"full outer join now.main.{mart.name} as now on {same_key} where {differs}) as moved "
        f"where true{here} order by {', '.join(str(n + 1) for n in range(len(mart.keys)))}",
        [council] if here else [],
    ).fetchall()
    width = len(mart.keys)
    for row in rows:
        place = tuple(zip(mart.keys, row[:width], strict=True))
        for number, column in enumerate(shared):
            was, now = row[width + 2 * number], row[width + 2 * number + 1]
            if was != now:
                yield Moved(mart.name, place, column, was, now)


def _has_table(connection: duckdb.DuckDBPyConnection, database: str, name: str) -> bool:
    return bool(
        connection.execute(
            "select 1 from duckdb_tables() where database_name = ? and table_name = ?", [database, name]
        ).fetchall()
    )


def _has_column(connection: duckdb.DuckDBPyConnection, database: str, table: str, column: str) -> bool:
    return bool(
        connection.execute(
            "select 1 from duckdb_columns() where database_name = ? and table_name = ? and column_name = ?",
            [database, table, column],
        ).fetchall()
    )


def _attributed(value: Moved, marts: Sequence[Mart], changes: Changes) -> Moved:
    """The value with everything that could have moved it."""
    mart = next(mart for mart in marts if mart.name == value.mart)
    names = [shift.words for shift in changes.shifts if _could_move(shift.delivery, mart, value)]
    return Moved(
        value.mart, value.keys, value.column, value.before, value.after, (*names, *changes.other_causes)
    )


def _could_move(delivery: Delivery, mart: Mart, value: Moved) -> bool:
    council, month = value.key("council"), value.key("month")
    if council is not None and council != delivery.council:
        return False
    # What was delivered, refused or left out is told by data_quality of any extract.
    if delivery.extract not in mart.extracts and mart.name != "data_quality":
        return False
    if mart.reach is None or not isinstance(month, date):
        return True
    distance = (month.year - delivery.month.year) * 12 + month.month - delivery.month.month
    return 0 <= distance <= {0: 0, 1: 12}.get(mart.reach, distance)


def _is_ambiguous(changes: Changes) -> bool:
    return any(len(value.moved_by) > 1 for value in changes.moved)


def _replayed(
    settings: Settings,
    start: State,
    changes: Changes,
    before: Path,
    marts: Sequence[Mart],
    council: str | None,
    on_node: OnNode,
) -> list[Moved]:
    """The same values, each with the deliveries at whose coming or going it moved, taken one after the other."""
    movers: dict[tuple[str, tuple[tuple[str, Any], ...], str], list[str]] = {}
    standing = {(d.council, d.month, d.extract): d for d in start.deliveries if d.is_in_force}
    with ExitStack() as built:
        last = before
        for shift in changes.shifts:
            place = (shift.delivery.council, shift.delivery.month, shift.delivery.extract)
            if shift.how != "withdrawn":
                standing[place] = shift.delivery
            elif standing.get(place) == shift.delivery:
                del standing[place]
            state = State(list(standing.values()), start.reference, controls=start.controls)
            path = built.enter_context(_built(settings, state, on_node))
            for value in _compare(last, path, marts, council):
                movers.setdefault((value.mart, value.keys, value.column), []).append(shift.words)
            last = path
    return [
        Moved(
            value.mart,
            value.keys,
            value.column,
            value.before,
            value.after,
            tuple(movers.get((value.mart, value.keys, value.column), value.moved_by)),
        )
        for value in changes.moved
    ]


def write_changes(changes: Changes, path: Path) -> Path:
    """Every value that moved, one line each, readable by the owner only: workers stand in it by their key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ["council", "unit", "month"]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["mart", *names, "other_keys", "column", "before", "after", "difference", "moved_by"])
        for value in changes.moved:
            others = "; ".join(f"{key}={part}" for key, part in value.keys if key not in names)
            writer.writerow(
                csv_row(
                    [
                        value.mart,
                        *(value.key(name) for name in names),
                        others,
                        value.column,
                        value.before,
                        value.after,
                        value.difference,
                        "; ".join(value.moved_by),
                    ]
                )
            )
    return path
