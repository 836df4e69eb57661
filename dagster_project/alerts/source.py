"""Breaches as the marts hold them. Reads the verdict; decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from dagster_project.alerts.breach import Breach, Correction
from dagster_project.reference import Reference
from dagster_project.reports.judged import LATEST_JUDGED
from dagster_project.settings import Settings
from dagster_project.warehouse_file import named_rows, reading_warehouse

# What a correction took away is no state of the marts any more: it has the verdict that stands now.
BREACHES = """
with states as (
    select
        council, unit, level, month, as_at, metric, worker_key, value, rounded_value, band, band_label, severity,
        lower, upper, target, policy_id, source, months_in_breach, state, acknowledge_within_days, since_month,
        previous_value, trend, fewer_to_target, fewer_of, more_to_target, more_of
    from alert_states
    where state in ('new', 'worsened', 'continuing', 'eased', 'resolved')
    union all
    select
        council, unit, verdicts.level, month, verdicts.as_at, metric, verdicts.worker_key, verdicts.value,
        rounded_value, band, band_label, verdicts.severity, lower, upper, target, policy_id, source, 0, 'withdrawn',
        null, null, null, null, null, null, null, null
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
# The year up to the latest month of each unit's figure that is outside a threshold in it; of workers, how many were.
HISTORIES = f"""
with latest as ({LATEST_JUDGED}),
told as (
    select distinct council, unit, metric, month, worker_key is not null as is_of_workers
    from alert_states
    inner join latest using (council, metric, month)
    where state in ('new', 'worsened', 'continuing', 'eased')
)
select
    told.council, told.unit, told.metric, told.is_of_workers, verdicts.month,
    case when told.is_of_workers then cast(count_if(severity_rank > 0) as decimal(18, 4)) else min(verdicts.value) end
from told
inner join int_verdicts as verdicts
    on
        told.council = verdicts.council and told.unit = verdicts.unit and told.metric = verdicts.metric
        and told.is_of_workers = (verdicts.worker_key is not null)
        and verdicts.month between told.month - interval 11 month and told.month
group by told.council, told.unit, told.metric, told.is_of_workers, verdicts.month
order by all
"""
OVER = f"""
with latest as ({LATEST_JUDGED})
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
where
    states.state = 'ended' and states.month >= latest.month
    -- Of several workers all have to be gone.
    and not exists (
        select 1 from alert_states as others
        where
            others.council = states.council and others.unit = states.unit and others.metric = states.metric
            and others.month >= states.month
            and others.state in ('new', 'worsened', 'continuing', 'eased', 'recovering', 'unknown')
    )
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
        latest = {(row[0], row[1]): row[2] for row in warehouse.execute(LATEST_JUDGED).fetchall()}
        rows = named_rows(warehouse.execute(BREACHES))
        histories: dict[tuple[object, ...], list[tuple[date, Decimal]]] = defaultdict(list)
        for council, unit, name, is_of_workers, month, value in warehouse.execute(HISTORIES).fetchall():
            histories[council, unit, name, is_of_workers].append((month, value))
    breaches = [
        Breach(
            **{name: value for name, value in row.items() if name not in _CORRECTION},
            correction=Correction(**{name: row[name] for name in _CORRECTION}) if row["cause"] else None,
            **_names(row, reference),
            experience=experience.get(row["policy_id"], ""),
            history=_history(row, histories, latest),
        )
        for row in rows
    ]
    return breaches, latest


def breach_without_figure(
    row: Mapping[str, Any],
    reference: Reference,
    state: str,
    *,
    unjudged_because: str = "",
    over_because: str = "",
) -> Breach:
    """What was judged before and is not now: the subject and the severity of `row`, and why there is no figure."""
    return Breach(
        **row,
        **_names(row, reference),
        value=None,
        rounded_value=None,
        band=None,
        band_label=None,
        lower=None,
        upper=None,
        target=None,
        source=None,
        months_in_breach=0,
        state=state,
        unjudged_because=unjudged_because,
        over_because=over_because,
    )


def _names(row: Mapping[str, Any], reference: Reference) -> dict[str, Any]:
    council, unit = row["council"], row["unit"]
    return {
        "council_name": reference.councils.get(council, council),
        "unit_name": reference.unit_titles.get((council, unit), unit.capitalize()),
    }


def _history(
    row: Mapping[str, Any],
    histories: Mapping[tuple[object, ...], list[tuple[date, Decimal]]],
    latest: Mapping[tuple[str, str], date],
) -> tuple[tuple[date, Decimal], ...]:
    """Only what is told now has one: a chart of an older month would never be seen."""
    if row["month"] != latest.get((row["council"], row["metric"])):
        return ()
    is_of_workers = row["worker_key"] is not None
    return tuple(histories.get((row["council"], row["unit"], row["metric"], is_of_workers), ()))


def read_over(settings: Settings) -> set[tuple[str, str, str]]:
    """Council, unit and metric of what was judged and stands no more, or is no longer measured.

    What could not be judged is not among them: a missing delivery ends nothing.
    """
    with reading_warehouse(settings) as warehouse:
        return {(row[0], row[1], row[2]) for row in warehouse.execute(OVER).fetchall()}
