"""Pages of two copies share the sections whose rows are the same in both, and no other; a page is what it was alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import duckdb
import pytest
from test_newest_month import BANDS, BREACHES

from dagster_project.reference import load_reference
from dagster_project.reports.council_marts import Row
from dagster_project.settings import Settings
from dagster_project.site.contents import Section
from dagster_project.site.reading import CouncilData, opened
from dagster_project.site.rendering import html_of, section_html
from dagster_project.site.shared import Shared
from dagster_project.site.unit_page import page_of_unit

ANOTHER_BREACH = """
insert into threshold_breaches by name
select * replace ('agency_share' as metric, 'warning' as severity) from threshold_breaches where unit = 'east'
"""


@pytest.fixture
def copies(tmp_path: Path) -> Iterator[tuple[CouncilData, CouncilData]]:
    """Two copies of the same month; the second has one breach of one team more."""
    files = [tmp_path / f"{number}.duckdb" for number in range(2)]
    for number, file in enumerate(files):
        with duckdb.connect(str(file)) as marts:
            marts.execute(BANDS)
            marts.execute(BREACHES)
            if number:
                marts.execute(ANOTHER_BREACH)
    reference = load_reference(Settings(home=tmp_path))
    with ExitStack() as kept:
        one, other = (
            CouncilData(kept.enter_context(opened(file)), reference, "northshire") for file in files
        )
        yield one, other


def sections(data: CouncilData, shared: Shared) -> dict[str, Section]:
    page = page_of_unit(data, data.units["east"], "internal", partial(shared.section, data, "east"))
    return {section.key: section for section in page.sections}


def test_only_sections_of_the_same_rows_are_taken_over(copies: tuple[CouncilData, CouncilData]) -> None:
    shared = Shared()
    first, second = (sections(data, shared) for data in copies)

    assert {key for key in first if first[key] is second[key]} == first.keys() - {"crossed"}
    assert [len(one["crossed"].tables[0].rows) for one in (first, second)] == [1, 2]


def test_a_page_with_sections_taken_over_is_the_page_drawn_alone(
    copies: tuple[CouncilData, CouncilData],
) -> None:
    shared = Shared()
    for data in copies:
        unit = data.units["east"]
        alone = html_of(page_of_unit(data, unit, "internal"), "internal", has_project=False)
        page = page_of_unit(data, unit, "internal", partial(shared.section, data, unit.unit))
        assert html_of(page, "internal", has_project=False, section_html=shared.html_of) == alone


def test_another_units_section_of_the_same_name_is_its_own(copies: tuple[CouncilData, CouncilData]) -> None:
    data, shared = copies[0], Shared()
    pages = [
        page_of_unit(data, data.units[unit], "internal", partial(shared.section, data, unit))
        for unit in ("east", "all")
    ]
    facts = [page.sections[0] for page in pages]

    assert facts[0] != facts[1]
    assert [shared.html_of(one) for one in facts] == [section_html(one) for one in facts]


def test_rows_that_two_copies_hold_are_read_once_and_others_from_each(
    copies: tuple[CouncilData, CouncilData],
) -> None:
    shared, read = Shared(), list[tuple[str, int]]()
    for number, data in enumerate(copies):
        for mart in ("caseload_bands", "threshold_breaches"):

            def rows(mart: str = mart, number: int = number, data: CouncilData = data) -> list[Row]:
                read.append((mart, number))
                return data.marts.rows(mart, data.council)

            assert shared.rows(data, mart, "all", rows) == data.marts.rows(mart, data.council)

    assert read == [("caseload_bands", 0), ("threshold_breaches", 0), ("threshold_breaches", 1)]
