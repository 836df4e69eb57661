"""The first page: every council that is loaded, how it stands, and since when it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dagster_project.page_addresses import DICTIONARY, INDEX, council_page, link, region_page
from dagster_project.reports.measures import day_words
from dagster_project.site.contents import Cell, Heading, Page, Section, Table
from dagster_project.site.frame import tier_words
from dagster_project.site.overview import latest_crossed
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import band_tag, shown

# What the counts of a line are of.
CROSSED = "Breaches and warnings are thresholds crossed in each unit's newest month with cases."


@dataclass(frozen=True)
class Summary:
    """A council in one line of the index."""

    council: str
    name: str
    region: str
    cells: tuple[Cell, ...]


def summary_of(data: CouncilData) -> Summary:
    """The council's line: its latest month, its average and band, how many thresholds are crossed."""
    row = data.row_of("caseload_bands", data.top) if data.top else None
    measures = data.marts.measures["caseload_bands"]

    def figure(column: str) -> Cell:
        text, kind = shown(row, column, measures[column])
        return Cell(text, is_number=True, kind=kind)

    crossed = latest_crossed(data)
    counts = [sum(found["severity"] == severity for found in crossed) for severity in ("breach", "warning")]
    tag = band_tag(row)
    region = next(
        (
            found["region_code"]
            for found in data.reference.rows("councils")
            if found["council"] == data.council
        ),
        "",
    )
    return Summary(
        data.council,
        data.name,
        region,
        (
            Cell(day_words(data.as_at)),
            figure("open_cases"),
            figure("fte_social_workers"),
            figure("average_caseload"),
            Cell("", tag=tag) if tag else Cell("", kind="missing"),
            *(Cell(f"{count:,}", is_number=True) for count in counts),
        ),
    )


def index_page(summaries: list[Summary], tier: str, regions: Mapping[str, str]) -> Page:
    """The page that opens the site."""
    return Page(
        address=INDEX,
        title="Councils",
        caption="Children's social care: caseloads, workforce and agency cost",
        lead=tier_words(tier),
        topic="index",
        sections=[
            Section(
                "councils",
                "Councils loaded",
                inset="" if summaries else "No council has any months yet.",
                tables=[summaries_table(summaries, INDEX, "Each council in its latest month with cases")]
                if summaries
                else [],
                notes=[CROSSED] if summaries else [],
            ),
            *(_regions(regions) if regions else []),
            _data(),
        ],
    )


def _data() -> Section:
    return Section(
        "data",
        "The data behind the pages",
        facts=[("Data dictionary", Cell("every table and column of this copy", href=DICTIONARY))],
    )


def _regions(regions: Mapping[str, str]) -> list[Section]:
    found = Table(
        "Regions of which several councils are loaded",
        [Heading("Region")],
        [[Cell(name, href=link(region_page(code), INDEX))] for code, name in sorted(regions.items())],
    )
    return [Section("regions", "Regions", tables=[found])]


def summaries_table(summaries: list[Summary], address: str, caption: str) -> Table:
    """Councils side by side, each a link to its overview."""
    return Table(
        caption,
        [
            Heading("Council"),
            Heading("As at"),
            Heading("Open cases", is_number=True),
            Heading("Social workers (FTE)", is_number=True),
            Heading("Average caseload", is_number=True),
            Heading("Band of the whole council"),
            Heading("Breaches", is_number=True),
            Heading("Warnings", is_number=True),
        ],
        [
            [Cell(one.name, href=link(council_page(one.council), address)), *one.cells]
            for one in sorted(summaries, key=lambda one: one.name)
        ],
    )
