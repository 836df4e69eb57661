"""Single workers on the restricted copy's page of a unit, by their own reference; no other copy comes here."""

from __future__ import annotations

from collections.abc import Callable

from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import month_words
from dagster_project.site.contents import Cell, Section
from dagster_project.site.reading import CouncilData, Unit
from dagster_project.site.tables import table

MART = "worker_caseloads"
NOBODY = "not known any more"


def workers_section(data: CouncilData, unit: Unit) -> Section | None:
    """The workers of a unit and of those below it in the latest month, the heaviest caseload first."""
    within = {unit.unit}
    for one in data.units.values():
        if one.parent in within:
            within.add(one.unit)
    rows = sorted(
        (row for row in data.of_month(MART) if row["unit"] in within),
        key=lambda row: (row["cases_per_fte"] is None, -(row["cases_per_fte"] or 0), row["worker_key"]),
    )
    named: list[tuple[str, Callable[[Row], Cell]]] = [
        ("Worker", lambda row: Cell(data.references.get(row["worker_key"], NOBODY)))
    ]
    if any(row["unit"] != unit.unit for row in rows):
        named.append(("Unit", lambda row: Cell(data.unit_name(row["unit"]))))
    if any(not _limit(row).kind for row in rows):
        named.append(("Their limit", _limit))
    found = table(
        data,
        MART,
        f"Workers of {unit.name} by their own reference, {month_words(data.month)}, the heaviest caseload first",
        named,
        ["role", "employment", "fte", "open_cases", "cases_per_fte", "caseload_cap", "is_asye",
         "months_since_qualified", "changes_of_worker_12m"],
        rows,
    )  # fmt: skip
    if found is None:
        return None
    return Section(
        "workers",
        "Workers",
        about="For the managers of these workers. A reference is the council's own, as HR sends it; no name is kept.",
        tables=[found],
    )


def _limit(row: Row) -> Cell:
    """Over or within; nothing is said of a worker for whom no policy sets a limit."""
    if row.get("over_cap"):
        return Cell("over")
    return Cell("within") if row.get("caseload_cap") is not None else Cell("", kind="missing")
