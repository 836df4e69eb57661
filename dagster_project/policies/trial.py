"""Which breaches a changed file of policies would have raised: the same models over history, then compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from dagster_project.errors import PlainError
from dagster_project.reference import Reference
from dagster_project.settings import Settings
from dagster_project.warehouse import breaches_under
from dagster_project.warehouse_file import attach_warehouse, named_rows, sql_text

Months = tuple[date | None, date | None]
COMPARED = """
with now as (select * from current_marts.threshold_breaches where severity <> 'none'),
changed as (select * from tried.threshold_breaches where severity <> 'none')
select
    coalesce(changed.council, now.council) as council,
    coalesce(changed.unit, now.unit) as unit,
    coalesce(changed.level, now.level) as level,
    coalesce(changed.metric, now.metric) as metric,
    coalesce(changed.month, now.month) as month,
    case
        when now.metric is null then 'new'
        when changed.metric is null then 'gone'
        when now.severity <> changed.severity then 'severity'
        else 'band'
    end as change,
    coalesce(changed.rounded_value, now.rounded_value) as value,
    now.band as band_now,
    now.severity as severity_now,
    changed.band as band_tried,
    changed.severity as severity_tried,
    changed.policy_id as policy_tried,
    count(*) as count
from changed
full join now
    on
        now.council = changed.council and now.month = changed.month and now.metric = changed.metric
        and (now.unit = changed.unit or now.worker_key is not null)
        and now.worker_key is not distinct from changed.worker_key
where
    (now.metric is null or changed.metric is null or now.band is distinct from changed.band
        or now.severity <> changed.severity)
    and ($council is null or coalesce(changed.council, now.council) = $council)
    and ($first is null or coalesce(changed.month, now.month) >= $first)
    and ($last is null or coalesce(changed.month, now.month) <= $last)
group by all
order by council, metric, unit, month, change
"""
TOLD = """
select $which as which, council, level, state, count(*) as count
from {marts}.threshold_breaches
where state in ('new', 'worsened', 'resolved')
    and ($council is null or council = $council)
    and ($first is null or month >= $first)
    and ($last is null or month <= $last)
group by all
"""


class NothingToTryError(PlainError):
    """No history to try a policy on."""


@dataclass(frozen=True)
class Trial:
    """What would be otherwise: a row for each unit, metric and month that changes, workers counted by unit.

    `told` counts what recipients are told of each level of unit, under the current policies and the changed ones.
    """

    changes: tuple[dict[str, Any], ...]
    told: tuple[dict[str, Any], ...]

    def number(self, change: str) -> int:
        return sum(row["count"] for row in self.changes if row["change"] == change)


def try_file(
    settings: Settings,
    reference: Reference,
    *,
    months: Months = (None, None),
    council: str | None = None,
    on_node: Callable[[str], None] | None = None,
) -> Trial:
    """Compare the breaches published now with those under the changed reference data, from rows of the archive.

    The installation stays as it is. Raises NothingToTryError and TransformationError.
    """
    published = settings.published / "current" / "restricted" / "marts.duckdb"
    if not published.is_file():
        raise NothingToTryError("nothing is published yet: run `caseload load` first")
    asked = {"council": council, "first": months[0], "last": months[1]}
    with (
        breaches_under(settings, reference, on_node) as scratch,
        duckdb.connect(":memory:") as connection,
    ):
        connection.execute(f"attach {sql_text(published)} as current_marts (read_only)")
        attach_warehouse(connection, scratch, "tried", read_only=True)
        changes = _rows(connection, COMPARED, asked)
        told = [
            row
            for which, marts in (("now", "current_marts"), ("tried", "tried"))
            for row in _rows(connection, TOLD.format(marts=marts), {**asked, "which": which})
        ]
    return Trial(tuple(changes), tuple(told))


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    return named_rows(connection.execute(sql, asked))
