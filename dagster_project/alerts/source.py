"""Breaches as the marts hold them. Reads the verdict; decides nothing."""

from __future__ import annotations

from datetime import date

from dagster_project.alerts.breach import Breach
from dagster_project.reference import Reference
from dagster_project.settings import Settings
from dagster_project.warehouse_file import reading_warehouse

LATEST = "select council, metric, max(month) as month from int_verdicts group by council, metric"
BREACHES = """
select
    council, unit, level, month, as_at, metric, worker_key, value, rounded_value, band, band_label, severity,
    lower, upper, target, policy_id, source, months_in_breach, state, coalesce(is_complete, true) as is_complete,
    acknowledge_within_days, since_month, previous_value, trend
from alert_states
left join (select council, month, bool_and(is_complete) as is_complete from caseload_bands group by all)
    using (council, month)
where state in ('new', 'worsened', 'continuing', 'eased', 'resolved')
order by council, month, metric, unit, worker_key
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
            **row,
            council_name=reference.councils.get(row["council"], row["council"]),
            unit_name=reference.unit_titles.get((row["council"], row["unit"]), row["unit"].capitalize()),
            experience=experience.get(row["policy_id"], ""),
        )
        for row in rows
    ]
    return breaches, latest


def read_over(settings: Settings) -> set[tuple[str, str, str]]:
    """Council, unit and metric of what was judged and stands no more, or is no longer measured.

    What could not be judged is not among them: a missing delivery ends nothing.
    """
    with reading_warehouse(settings) as warehouse:
        return {(row[0], row[1], row[2]) for row in warehouse.execute(OVER).fetchall()}
