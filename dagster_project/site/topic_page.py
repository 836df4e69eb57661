"""What the pages about one topic have in common: their frame, and lines of charts over months."""

from __future__ import annotations

from collections.abc import Sequence

from dagster_project.page_addresses import council_page, link, topic_page, unit_page
from dagster_project.reports.council_marts import Row
from dagster_project.site.contents import Cell, Chart, Page, Section
from dagster_project.site.drawing import Series, columns, lines
from dagster_project.site.frame import crumbs, navigation
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import Lead, described, has_values, values


def page_of_topic(
    data: CouncilData, tier: str, topic: str, title: str, lead: str, sections: Sequence[Section | None]
) -> Page:
    """A page of a council about one thing."""
    address = topic_page(data.council, topic)
    return Page(
        address=address,
        title=title,
        caption=data.name,
        lead=lead,
        crumbs=crumbs(address, (data.name, council_page(data.council))),
        council=data.council,
        topic=topic,
        navigation=navigation(data, address, tier),
        sections=[section for section in sections if section is not None],
    )


def unit_cell(data: CouncilData, row: Row, href: str = "") -> Cell:
    """The unit of a row by its name, as deep as it lies in the tree."""
    unit = data.units.get(row["unit"])
    return Cell(data.unit_name(row["unit"]), href=href, depth=unit.depth if unit else 0)


def unit_lead(data: CouncilData, address: str) -> Lead:
    """The first column of a table of units on the page `address`: each as deep as it lies, with a link to its page."""
    return "Unit", lambda row: unit_cell(data, row, link(unit_page(data.council, row["unit"]), address))


def unit_link(data: CouncilData, unit: str, topic: str) -> Cell:
    """A unit by its name on the page of a topic, with a link where it has a page."""
    address = topic_page(data.council, topic)
    href = link(unit_page(data.council, unit), address) if unit in data.units else ""
    return Cell(data.unit_name(unit), href=href)


def line_chart(
    data: CouncilData, mart: str, rows: Sequence[Row], title: str, named: Sequence[tuple[str, str]]
) -> Chart | None:
    """Lines of a mart's columns over the months shown; None where there is nothing to draw."""
    known = [(column, name) for column, name in named if has_values(rows, [column], least=2)]
    if not known:
        return None
    return Chart(
        title,
        lines(data.months, [Series(name, values(rows, data.months, column)) for column, name in known]),
        f"Lines over months. {_said(data, mart, rows, known)}",
        [(f"line s{number}", name) for number, (_, name) in enumerate(known)],
    )


def column_chart(
    data: CouncilData, mart: str, rows: Sequence[Row], title: str, named: Sequence[tuple[str, str]]
) -> Chart | None:
    """Columns of a mart's columns for each month shown; None where there is nothing to draw."""
    known = [(column, name) for column, name in named if has_values(rows, [column])]
    if not known:
        return None
    return Chart(
        title,
        columns(data.months, [Series(name, values(rows, data.months, column)) for column, name in known]),
        f"Columns by month. {_said(data, mart, rows, known)}",
        [(f"column s{number}", name) for number, (_, name) in enumerate(known)] if len(known) > 1 else (),
    )


def _said(data: CouncilData, mart: str, rows: Sequence[Row], known: Sequence[tuple[str, str]]) -> str:
    words = [
        described(name[:1].upper() + name[1:], rows, column, data.measure(mart, column))
        for column, name in known
    ]
    return f"{'; '.join(words)}."
