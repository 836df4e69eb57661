"""What the pages of two copies have in common: rows read once, and a section of them made once, that both hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from dagster_project.reports.council_marts import Row
from dagster_project.site.contents import Section
from dagster_project.site.reading import CouncilData
from dagster_project.site.rendering import section_html

Place = tuple[str, str]
"""A unit and one of the sections of its page."""


class Shared:
    """Rows of one council and sections of its units, each with the fingerprints of the marts that it was made from.

    For copies that name the same columns and know the same of who was told; not for the public one. Holds what it was
    asked for until it is thrown away.
    """

    def __init__(self) -> None:
        self._made: dict[Place, list[tuple[Mapping[str, str], Section | None]]] = defaultdict(list)
        self._html: dict[int, str] = {}
        self._rows: dict[tuple[str, str, str], list[Row]] = {}

    def rows(self, data: CouncilData, mart: str, what: str, make: Callable[[], list[Row]]) -> list[Row]:
        """The rows as another copy read them, where the mart holds the same ones; else as `make` reads them."""
        key = (mart, what, data.print_of(mart))
        if key not in self._rows:
            self._rows[key] = make()
        return self._rows[key]

    def section(
        self, data: CouncilData, unit: str, name: str, make: Callable[[], Section | None]
    ) -> Section | None:
        """The section as it was made for another copy, where that had the same rows; else as `make` makes it."""
        made = self._made[unit, name]
        for prints, section in made:
            if all(data.print_of(mart) == one for mart, one in prints.items()):
                return section
        with data.noting() as asked:
            section = make()
        made.append(({mart: data.print_of(mart) for mart in asked}, section))
        if section is not None:
            self._html[id(section)] = ""
        return section

    def html_of(self, section: Section) -> str:
        """The section as HTML, written once where it may be asked for again."""
        if id(section) not in self._html:
            return section_html(section)
        if not self._html[id(section)]:
            self._html[id(section)] = section_html(section)
        return self._html[id(section)]
