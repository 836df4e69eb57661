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
    lower, upper, target, policy_id, source, months_in_breach, state, coalesce(is_complete, true) as is_complete
from threshold_breaches
left join (select council, month, bool_and(is_complete) as is_complete from caseload_bands group by all)
    using (council, month)
order by council, month, metric, unit, worker_key
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
