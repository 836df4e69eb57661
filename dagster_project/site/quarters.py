"""The average caseload of each unit by quarter, as analysts get it from the metric of that name."""

from __future__ import annotations

from datetime import date

from dagster_project.page_addresses import link, unit_page
from dagster_project.site.contents import Cell, Heading, Section, Table
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import NO_VALUE, shown

MART = "caseload_quarters"


def quarters_section(data: CouncilData, address: str) -> Section | None:
    """Units by quarters, the newest first; a quarter of which months are missing says how many it has."""
    rows = [row for row in data.rows(MART) if data.first_month <= row["last_month"] <= data.month]
    if not rows:
        return None
    quarters = sorted({row["quarter_from"] for row in rows}, reverse=True)
    months = {
        quarter: max(row["months_counted"] for row in rows if row["quarter_from"] == quarter)
        for quarter in quarters
    }
    figures = {(row["unit"], row["quarter_from"]): row for row in rows}
    measure = data.measure(MART, "average_caseload")

    def figure(unit: str, quarter: date) -> Cell:
        row = figures.get((unit, quarter))
        text, kind = shown(row, "average_caseload", measure) if row is not None else (NO_VALUE, "missing")
        return Cell(text, is_number=True, kind=kind)

    return Section(
        "quarters",
        "Average caseload by quarter",
        about="Open cases at the month ends of a quarter, added up, over the FTE of social workers at them.",
        tables=[
            Table(
                f"Average caseload of each unit of {data.name} by quarter of the calendar, the newest first",
                [
                    Heading("Unit"),
                    *(
                        Heading(
                            f"{quarter:%b} to {_end(quarter.month)} {quarter:%Y}"
                            + ("" if months[quarter] == 3 else f" ({months[quarter]} of 3 months)"),
                            is_number=True,
                        )
                        for quarter in quarters
                    ),
                ],
                [
                    [
                        Cell(
                            unit.name,
                            href=link(unit_page(data.council, unit.unit), address),
                            depth=unit.depth,
                        ),
                        *(figure(unit.unit, quarter) for quarter in quarters),
                    ]
                    for unit in data.units.values()
                ],
            )
        ],
    )


def _end(first: int) -> str:
    return {1: "Mar", 4: "Jun", 7: "Sep", 10: "Dec"}[first]
