"""Teams bought from a supplier: what they took on, what they cost, and when a decision is due."""

from __future__ import annotations

from dagster_project.reports.measures import day_words
from dagster_project.site.contents import Page, Section
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import by_month
from dagster_project.site.topic_page import page_of_topic

MART = "managed_teams"


def managed_teams(data: CouncilData, tier: str) -> Page:
    """Every contract of the council, month by month."""
    contracts = sorted({row["contract_id"] for row in data.rows(MART)})
    return page_of_topic(
        data,
        tier,
        "managed-teams",
        "Managed teams",
        "Teams bought from a supplier: what they took on since their contract began, and what it cost.",
        [_contract(data, contract) for contract in contracts],
    )


def _contract(data: CouncilData, contract: str) -> Section | None:
    rows = sorted(
        (row for row in data.rows(MART) if row["contract_id"] == contract), key=lambda row: row["month"]
    )
    last = rows[-1]
    name = data.unit_name(last["unit"])
    ends = f"It ends on {day_words(last['ends_on'])}." if last.get("ends_on") else ""
    other = last.get("ends_on_alternative")
    if other:
        ends += f" Another passage of its paper says {day_words(other)}."
    due = " A decision is due." if last.get("decision_due") else ""
    tables = [
        by_month(
            data,
            MART,
            f"Cases of {name} since the contract began",
            [
                "received",
                "closed",
                "transferred",
                "open",
                "cost_per_case_received_gbp",
                "cost_per_case_closed_gbp",
            ],
            rows,
        ),
        by_month(
            data,
            MART,
            f"Cost of {name} against its budget, and the days that are left",
            ["cost_to_date_gbp", "budget_gbp", "variance_gbp", "days_to_end", "decision_due"],
            rows,
        ),
    ]
    return Section(
        f"contract-{rows[0]['contract_id']}".replace("_", "-"),
        name,
        about=f"Supplied by: {last['supplier']}." if last.get("supplier") else "",
        inset=f"{ends}{due}".strip(),
        tables=[found for found in tables if found is not None],
    )
