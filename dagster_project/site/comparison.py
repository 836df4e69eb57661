"""The council beside England, its region and its neighbours, over the years of DfE's published statistics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dagster_project.reports.council_marts import Row
from dagster_project.site.contents import Cell, Chart, Heading, Page, Section, Table
from dagster_project.site.drawing import Series, lines
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import described, has_values, shown, table
from dagster_project.site.topic_page import page_of_topic
from dagster_project.site.waterfalls import bridge_section

MART = "dfe_comparison"
MEASURES = (
    ("caseload", "Average caseload by DfE's definition", "cases per FTE social worker"),
    ("agency_rate", "Agency rate", "per cent"),
    ("vacancy_rate", "Vacancy rate", "per cent"),
    ("turnover_rate", "Turnover rate", "per cent"),
    ("absence_rate", "Absence rate", "per cent"),
)
WHOSE = (
    ("own", "own rows, 30 September"),
    ("published", "published by DfE"),
    ("england", "England"),
    ("region", "region"),
)
# What DfE's rates are called in dfe_rates, by the name they have here.
NAMES_IN_RATES = {"agency_rate": "agency_rate_fte", "turnover_rate": "turnover_rate_fte"}


def comparison(data: CouncilData, tier: str) -> Page:
    """Each measure over the years: the council's own rows, what is published of it, England, its region, neighbours."""
    rows = sorted(data.rows(MART), key=lambda row: row["year"])
    return page_of_topic(
        data,
        tier,
        "comparison",
        "Comparison",
        "By DfE's definitions, as at 30 September of each year.",
        [*(_measure(data, rows, *measure) for measure in MEASURES), bridge_section(data)],
    )


def _measure(data: CouncilData, rows: Sequence[Row], name: str, title: str, unit: str) -> Section | None:
    columns = [f"{whose}_{name}" for whose, _ in WHOSE]
    known = [
        (column, words)
        for column, (_, words) in zip(columns, WHOSE, strict=True)
        if has_values(rows, [column])
    ]
    found = table(
        data,
        MART,
        f"{title} of {data.name} by year",
        [("Year", lambda row: Cell(str(row["year"])))],
        columns,
        list(reversed(rows)),
        keep_empty=True,
    )
    if found is None or not known:
        return None
    said = [words[:1].upper() + words[1:] for _, words in WHOSE]
    found = Table(
        found.caption, [Heading("Year"), *(Heading(words, is_number=True) for words in said)], found.rows
    )
    charts = []
    if has_values(rows, [column for column, _ in known], least=2):
        years = [date(row["year"], 9, 1) for row in rows]
        charts.append(
            Chart(
                f"{title}, {unit}",
                lines(
                    years,
                    # One without values too, so that whose figure a line is has one colour on the page.
                    [
                        Series(words, [row.get(column) for row in rows])
                        for column, (_, words) in zip(columns, WHOSE, strict=True)
                    ],
                    is_yearly=True,
                ),
                "Lines over years. "
                + "; ".join(
                    described(
                        words[:1].upper() + words[1:], rows, column, data.measure(MART, column), by_year=True
                    )
                    for column, words in known
                )
                + ".",
                [
                    (f"line s{number}", words)
                    for number, (column, (_, words)) in enumerate(zip(columns, WHOSE, strict=True))
                    if (column, words) in known
                ],
            )
        )
    measure = NAMES_IN_RATES.get(name, name)
    rates = [row for row in data.neighbour_rates if row["measure"] == measure]
    return Section(
        name.replace("_", "-"),
        title,
        charts=charts,
        tables=[found, *([_neighbours(data, rates, title)] if rates else [])],
        notes=_not_loaded(data, rates),
    )


def _not_loaded(data: CouncilData, rates: Sequence[Row]) -> list[str]:
    """Says of which statistical neighbours nothing is known; by name where DfE's figures of anything have it."""
    names = {row["ons_code"]: row["name"] for row in data.neighbour_rates}
    absent = data.neighbours - {row["ons_code"] for row in rates}
    said = sorted(f"{names[code]} ({code})" if code in names else code for code in absent)
    return (
        [f"Statistical neighbours of whom no figures by DfE are loaded: {', '.join(said)}."] if said else []
    )


def _neighbours(data: CouncilData, rates: Sequence[Row], title: str) -> Table:
    """What DfE publishes of the council's statistical neighbours."""
    years = sorted({row["year"] for row in rates}, reverse=True)
    names = sorted({(row["name"], row["ons_code"]) for row in rates})
    by_place = {(row["ons_code"], row["year"]): row for row in rates}
    published = data.measure("dfe_rates", "published")

    def figure(code: str, year: int) -> Cell:
        text, kind = shown(by_place.get((code, year)), "published", published)
        return Cell(text, is_number=True, kind=kind)

    return Table(
        f"{title} of the statistical neighbours of {data.name}, as DfE publishes it",
        [Heading("Council"), *(Heading(str(year), is_number=True) for year in years)],
        [[Cell(name), *(figure(code, year) for year in years)] for name, code in names],
    )
