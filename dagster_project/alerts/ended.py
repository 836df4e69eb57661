"""Breaches of units and contracts that are measured no more, and why: decided on, closed, or without a policy.

Of workers nothing is read: who left is no news of the figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from dagster_project.alerts.breach import Breach
from dagster_project.alerts.calendar_words import day_words
from dagster_project.alerts.source import breach_without_figure
from dagster_project.reference import Reference
from dagster_project.settings import Settings
from dagster_project.warehouse_file import named_rows, reading_warehouse

ENDED = """
select
    council, unit, level, month, as_at, metric, severity_before as severity, policy_id, since_month, previous_value
from alert_states
where state = 'ended' and worker_key is null
order by all
"""
DECIDED = {"ends": "the contract ends", "replaced": "the contract is replaced"}


def read_ended(settings: Settings, reference: Reference) -> list[Breach]:
    """Each that was open when it was last judged and has ended since, as resolved in the month it ended in."""
    with reading_warehouse(settings) as warehouse:
        rows = named_rows(warehouse.execute(ENDED))
    return [ended_breach(row, reference) for row in rows]


def ended_breach(row: Mapping[str, Any], reference: Reference) -> Breach:
    """The end that a row of alert_states says, with its reason."""
    return breach_without_figure(
        {**row, "severity": "none", "worker_key": None},
        reference,
        "resolved",
        over_because=_because(row, reference),
    )


def _because(row: Mapping[str, Any], reference: Reference) -> str:
    day = row["as_at"].isoformat()
    if row["level"] == "contract":
        return _decision(row, day, reference) or "no contract of it runs on"
    closed = [
        unit["valid_to"]
        for unit in reference.rows("org_units")
        if (unit["council"], unit["unit"]) == (row["council"], row["unit"]) and unit["valid_to"]
    ]
    if closed and max(closed) <= day:
        last = date.fromisoformat(max(closed)) - timedelta(days=1)
        return f"the unit closed, its last day was {day_words(last)}"
    return "it is measured no more, or no policy holds for it"


def _decision(row: Mapping[str, Any], day: str, reference: Reference) -> str:
    """What was decided by then of a contract of the unit, the last decision; nothing where only its last day came."""
    contracts = {
        contract["contract_id"]
        for contract in reference.rows("managed_contracts")
        if (contract["council"], contract["unit"]) == (row["council"], row["unit"])
    }
    made = [
        (decision["decided_on"], DECIDED[decision["decision"]])
        for decision in reference.rows("contract_decisions")
        if decision["council"] == row["council"]
        and decision["contract_id"] in contracts
        and decision["decision"] in DECIDED
        and row["since_month"].isoformat() <= decision["decided_on"] <= day
    ]
    if not made:
        return ""
    decided_on, words = max(made)
    return f"decided on {day_words(date.fromisoformat(decided_on))}: {words}"
