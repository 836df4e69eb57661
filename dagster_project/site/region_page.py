"""The councils of a region side by side, where more than one of them is loaded."""

from __future__ import annotations

from collections import defaultdict

from dagster_project.page_addresses import region_page
from dagster_project.reference import Reference
from dagster_project.site.contents import Page, Section
from dagster_project.site.frame import crumbs
from dagster_project.site.index_page import CROSSED, Summary, summaries_table


def regions_of(summaries: list[Summary]) -> dict[str, list[Summary]]:
    """Regions of which several councils are loaded, by their code."""
    found: dict[str, list[Summary]] = defaultdict(list)
    for summary in summaries:
        if summary.region:
            found[summary.region].append(summary)
    return {code: councils for code, councils in sorted(found.items()) if len(councils) > 1}


def page_of_region(code: str, name: str, summaries: list[Summary]) -> Page:
    """One region: each council in its latest month."""
    address = region_page(code)
    return Page(
        address=address,
        title=name,
        caption="Region",
        lead="Each council stands in its own latest month with cases; policies and bands are each council's own.",
        crumbs=crumbs(address),
        topic="region",
        sections=[
            Section(
                "councils",
                "Councils of the region",
                tables=[
                    summaries_table(
                        summaries, address, f"Councils of {name}, each in its latest month with cases"
                    )
                ],
                notes=[CROSSED],
            )
        ],
    )


def region_name(reference: Reference, code: str) -> str:
    """A region's name as DfE's statistics have it, else its code."""
    return next(
        (
            row["name"]
            for row in reference.rows("dfe_benchmarks")
            if row["ons_code"] == code and row["geographic_level"] == "Regional"
        ),
        code,
    )
