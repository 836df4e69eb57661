"""What is so now of what was told before: what is over, what can no longer be judged, and the figures as they are told
now. Reads the marts; decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from dagster_project.alerts.breach import Breach
from dagster_project.alerts.source import breach_without_figure
from dagster_project.reference import Reference
from dagster_project.reports.judged import LATEST_JUDGED
from dagster_project.settings import Settings
from dagster_project.told_figures import ToldFigure
from dagster_project.warehouse_file import named_rows, reading_warehouse

CLEAR = f"""
with latest as ({LATEST_JUDGED})
select council, metric, worker_key, unit from int_verdicts inner join latest using (council, metric, month)
where not exists (
    select 1 from alert_states as states
    where
        states.council = int_verdicts.council and states.metric = int_verdicts.metric
        and states.month = int_verdicts.month and states.unit = int_verdicts.unit
        and states.worker_key is not distinct from int_verdicts.worker_key
        and states.state in ('new', 'worsened', 'continuing', 'eased', 'recovering', 'unknown')
)
"""
# What was open and could not be judged, with an extract that the metric is made of and that did not come.
UNKNOWN = """
with judged as (
    select council, metric, unit, worker_key, max(month) as judged_month from int_verdicts group by all
), first_unknown as (
    select states.*, row_number() over (
        partition by states.council, states.metric, states.unit, states.worker_key order by states.month
    ) as place, judged_month
    from alert_states as states
    inner join judged
        on
            judged.council = states.council and judged.metric = states.metric and judged.unit = states.unit
            and judged.worker_key is not distinct from states.worker_key
    where states.state = 'unknown' and states.month > judged_month
)
select
    unknown.council, unknown.unit, unknown.level, unknown.month, unknown.as_at, unknown.metric, unknown.worker_key,
    unknown.severity_before as severity, unknown.policy_id, unknown.since_month, unknown.previous_value,
    (
        select min(came.extract) from deliveries as came
        inner join int_mart_extracts as lineage on lineage.extract = came.extract and lineage.mart = metrics.mart
        where
            came.council = unknown.council and came.month = unknown.judged_month and came.is_in_force
            and not exists (
                select 1 from deliveries as now
                where
                    now.council = unknown.council and now.month = unknown.month and now.extract = came.extract
                    and now.is_in_force
            )
    ) as missing
from first_unknown as unknown
inner join reference.metrics as metrics on metrics.metric = unknown.metric
where place = 1
order by all
"""
# A team that has workers and not one case where it had cases when it was last judged: rather its rows did not come.
WITHOUT_ROWS = """
select distinct states.council, states.unit, states.metric, states.month
from alert_states as states
inner join reference.metrics as metrics on metrics.metric = states.metric and metrics.mart = 'caseload_bands'
inner join caseload_bands as bands
    on bands.council = states.council and bands.unit = states.unit and bands.month = states.month
where states.state = 'resolved' and states.worker_key is null and bands.open_cases = 0 and bands.grain = 'rows'
"""
FIGURES = """
select council, unit, level, metric, cast(month as varchar), worker_key, value, severity from int_verdicts
where worker_key is null or severity_rank > 0
"""


def read_unknown(
    settings: Settings, reference: Reference, overdue: Collection[tuple[str, date, str]]
) -> list[Breach]:
    """What was open when it was last judged and is unknown since, at the first month of that; what is not yet due of
    the missing delivery is not spoken of, for it may come tomorrow.
    """
    with reading_warehouse(settings) as warehouse:
        rows = named_rows(warehouse.execute(UNKNOWN))
    return [
        _unjudged(row, reference)
        for row in rows
        if row["missing"] is None or (row["council"], row["month"], row["missing"]) in overdue
    ]


def _unjudged(row: Mapping[str, Any], reference: Reference) -> Breach:
    missing = row["missing"]
    return breach_without_figure(
        {name: value for name, value in row.items() if name != "missing"},
        reference,
        "unknown",
        unjudged_because=f"{missing.replace('_', ' ')} was not delivered"
        if missing
        else "what was delivered gives no figure for it",
    )


def read_without_rows(settings: Settings) -> set[tuple[str, str, str, date]]:
    """Council, unit, metric and month of what seems to be over only because no row of the unit came."""
    with reading_warehouse(settings) as warehouse:
        return {(row[0], row[1], row[2], row[3]) for row in warehouse.execute(WITHOUT_ROWS).fetchall()}


def as_unknown(breach: Breach) -> Breach:
    """An end that only the lack of rows makes, as what is known of it: nothing."""
    return replace(
        breach,
        state="unknown",
        value=None,
        rounded_value=None,
        correction=None,
        unjudged_because="the delivery has no case of this unit; if it has none, the next month will say so",
    )


def read_clear(settings: Settings) -> set[tuple[str, str, str]]:
    """Subjects that were judged in the latest month of their metric and are outside no threshold there."""
    with reading_warehouse(settings) as warehouse:
        rows = warehouse.execute(CLEAR).fetchall()
    return {
        (council, metric, f"unit {unit}" if key is None else str(key)) for council, metric, key, unit in rows
    }


def read_figures(settings: Settings) -> list[ToldFigure]:
    """Every figure that is told by this: of each unit, and that a worker is flagged, without the worker's figure."""
    with reading_warehouse(settings) as warehouse:
        rows = warehouse.execute(FIGURES).fetchall()
    return [
        ToldFigure(
            council,
            unit,
            level,
            metric,
            month,
            "" if key is None else str(key),
            None if key is not None or value is None else str(value),
            severity,
        )
        for council, unit, level, metric, month, key, value, severity in rows
    ]
