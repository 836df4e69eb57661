"""Breaches as the marts hold them. Reads the verdict; decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Any

from dagster_project.alerts.breach import Breach, Correction
from dagster_project.reference import Reference
from dagster_project.settings import Settings
from dagster_project.told_figures import ToldFigure
from dagster_project.warehouse_file import reading_warehouse

LATEST = "select council, metric, max(month) as month from int_verdicts group by council, metric"
# What a correction took away is no state of the marts any more: it has the verdict that stands now.
BREACHES = """
with states as (
    select
        council, unit, level, month, as_at, metric, worker_key, value, rounded_value, band, band_label, severity,
        lower, upper, target, policy_id, source, months_in_breach, state, acknowledge_within_days, since_month,
        previous_value, trend
    from alert_states
    where state in ('new', 'worsened', 'continuing', 'eased', 'resolved')
    union all
    select
        council, unit, verdicts.level, month, verdicts.as_at, metric, verdicts.worker_key, verdicts.value,
        rounded_value, band, band_label, verdicts.severity, lower, upper, target, policy_id, source, 0, 'withdrawn',
        null, null, null, null
    from alert_corrections
    inner join int_verdicts as verdicts using (council, unit, month, metric)
    where state = 'withdrawn' and verdicts.worker_key is not distinct from alert_corrections.worker_key
)
select
    states.*, coalesce(is_complete, true) as is_complete, corrections.cause, corrections.extract,
    cast(corrections.received_at as date) as received_on, corrections.told_value, corrections.told_severity,
    corrections.deliveries - 1 as others
from states
left join (select council, month, bool_and(is_complete) as is_complete from caseload_bands group by all)
    using (council, month)
left join alert_corrections as corrections
    on
        corrections.council = states.council and corrections.unit = states.unit
        and corrections.month = states.month and corrections.metric = states.metric
        and corrections.worker_key is not distinct from states.worker_key
order by council, month, metric, unit, worker_key
"""
CLEAR = f"""
with latest as ({LATEST})
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
OVER = f"""
with latest as ({LATEST})
select distinct verdicts.council, verdicts.unit, verdicts.metric
from int_verdicts as verdicts
inner join latest using (council, metric, month)
where not exists (
    select 1 from alert_states as states
    where
        states.council = verdicts.council and states.unit = verdicts.unit and states.metric = verdicts.metric
        and states.month = verdicts.month
        and states.state in ('new', 'worsened', 'continuing', 'eased', 'recovering', 'unknown')
)
union
select states.council, states.unit, states.metric
from alert_states as states
inner join latest using (council, metric)
where states.state = 'ended' and states.month >= latest.month
"""


_CORRECTION = [field.name for field in fields(Correction)]


def read_breaches(
    settings: Settings, reference: Reference
) -> tuple[list[Breach], dict[tuple[str, str], date]]:
    """Every breach in the warehouse, and the last month in which each council's metric could be judged.

    A ledger that arrives before the cases of its month does not make the breaches of the month before history.
    """
    experience = {row["policy_id"]: row["experience"] for row in reference.rows("threshold_policy")}
    with reading_warehouse(settings) as warehouse:
        latest = {(row[0], row[1]): row[2] for row in warehouse.execute(LATEST).fetchall()}
        result = warehouse.execute(BREACHES)
        columns = [column[0] for column in result.description or []]
        rows = [dict(zip(columns, values, strict=True)) for values in result.fetchall()]
    breaches = [
        Breach(
            **{name: value for name, value in row.items() if name not in _CORRECTION},
            correction=Correction(**{name: row[name] for name in _CORRECTION}) if row["cause"] else None,
            council_name=reference.councils.get(row["council"], row["council"]),
            unit_name=reference.unit_titles.get((row["council"], row["unit"]), row["unit"].capitalize()),
            experience=experience.get(row["policy_id"], ""),
        )
        for row in rows
    ]
    return breaches, latest


def read_unknown(
    settings: Settings, reference: Reference, overdue: Collection[tuple[str, date, str]]
) -> list[Breach]:
    """What was open when it was last judged and is unknown since, at the first month of that; what is not yet due of
    the missing delivery is not spoken of, for it may come tomorrow.
    """
    with reading_warehouse(settings) as warehouse:
        result = warehouse.execute(UNKNOWN)
        columns = [column[0] for column in result.description or []]
        rows = [dict(zip(columns, values, strict=True)) for values in result.fetchall()]
    return [
        _unjudged(row, reference)
        for row in rows
        if row["missing"] is None or (row["council"], row["month"], row["missing"]) in overdue
    ]


def _unjudged(row: Mapping[str, Any], reference: Reference) -> Breach:
    missing = row["missing"]
    return Breach(
        **{name: value for name, value in row.items() if name != "missing"},
        value=None,
        rounded_value=None,
        band=None,
        band_label=None,
        lower=None,
        upper=None,
        target=None,
        source=None,
        council_name=reference.councils.get(row["council"], row["council"]),
        unit_name=reference.unit_titles.get((row["council"], row["unit"]), row["unit"].capitalize()),
        months_in_breach=0,
        state="unknown",
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


def read_over(settings: Settings) -> set[tuple[str, str, str]]:
    """Council, unit and metric of what was judged and stands no more, or is no longer measured.

    What could not be judged is not among them: a missing delivery ends nothing.
    """
    with reading_warehouse(settings) as warehouse:
        return {(row[0], row[1], row[2]) for row in warehouse.execute(OVER).fetchall()}


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
