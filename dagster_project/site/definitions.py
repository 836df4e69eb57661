"""What each figure means: the sentences of the contracts, and the thresholds in force with the papers they are from."""

from __future__ import annotations

from functools import cache

from dagster_project.reports.contracts import contracts, plain_words
from dagster_project.reports.measures import day_words
from dagster_project.reports.policies import policies_in_force
from dagster_project.site.contents import Cell, Heading, Page, Section, Table
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import HEADINGS, capitalised
from dagster_project.site.topic_page import page_of_topic

EVERYWHERE = ("council", "unit", "unit_name", "level", "month", "as_at", "grain", "suppressed")


def definitions(data: CouncilData, tier: str) -> Page:
    """Every mart of this tier with the meaning of its columns, and the policies in force."""
    return page_of_topic(
        data,
        tier,
        "definitions",
        "Definitions",
        "Each figure's rule as its contract says it, and each threshold's source.",
        [_policies(data), *_marts(data)],
    )


def _policies(data: CouncilData) -> Section:
    words = {row["metric"]: row["words"] for row in data.reference.rows("metrics")}
    lines = [
        [Cell(name), Cell(policy.words), Cell(policy.source)]
        for metric, name in sorted(words.items(), key=lambda item: item[1])
        for policy in policies_in_force(data.reference, data.council, metric, data.as_at)
    ]
    return Section(
        "thresholds",
        "Thresholds in force",
        inset="" if lines else "No threshold is in force.",
        tables=[
            Table(
                f"Thresholds of {data.name} in force on {day_words(data.as_at)}",
                [Heading("Measure"), Heading("Bands"), Heading("Source")],
                lines,
                is_prose=True,
            )
        ]
        if lines
        else [],
    )


def _marts(data: CouncilData) -> list[Section]:
    return [
        _mart(mart, tuple(known))
        for mart in sorted(contracts())
        if (known := data.marts.measures.get(mart)) is not None and "council" in known
    ]


@cache
def _mart(mart: str, known: tuple[str, ...]) -> Section:
    """What the columns of a mart mean that a copy holds: the same for every council."""
    contract = contracts()[mart]
    lines = [
        [
            Cell(HEADINGS.get(name, column.measure.heading)),
            Cell(plain_words(column.meaning)),
            Cell(name),
        ]
        for name, column in contract.columns.items()
        if name in known and name not in EVERYWHERE
    ]
    return Section(
        mart.replace("_", "-"),
        capitalised(mart).replace("Dfe ", "DfE "),
        about=plain_words(contract.description),
        tables=[
            Table(
                f"Figures of {mart}",
                [Heading("Figure"), Heading("Rule"), Heading("Column")],
                lines,
                is_prose=True,
            )
        ],
        is_lasting=True,
    )
