"""What every page of a council has around it: the way to it, the other pages, and for whom the tier is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dagster_project.page_addresses import INDEX, council_page, link, topic_page
from dagster_project.site.contents import Page
from dagster_project.site.reading import CouncilData

TIERS = {
    "internal": ("Internal", "Exact figures for managers and analysts of the council. Not for publication."),
    "restricted": (
        "Restricted",
        "Shows single workers by their own reference. Only for those allowed to see them.",
    ),
    "public": (
        "Public",
        "Small numbers are suppressed and shown as c, and with them what would give them back.",
    ),
}


def tier_words(tier: str) -> str:
    """Which copy a reader has before them."""
    return TIERS[tier][1]


@dataclass(frozen=True)
class Topic:
    """One of a council's pages: its slug, its name in the navigation, what makes it, and where there is one."""

    slug: str
    name: str
    make: Callable[[CouncilData, str], Page]
    has: Callable[[CouncilData], bool]


_TOPICS: list[Topic] = []


def named(topics: Sequence[Topic]) -> Sequence[Topic]:
    """The topics that every navigation names from now on; their pages import this module, so it cannot import them."""
    _TOPICS[:] = topics
    return topics


def crumbs(address: str, *steps: tuple[str, str]) -> list[tuple[str, str]]:
    """The way from the index to a page; the page itself is not in it."""
    return [("Councils", link(INDEX, address)), *((name, link(to, address)) for name, to in steps)]


def navigation(data: CouncilData, address: str, tier: str) -> list[tuple[str, str, str]]:
    """The pages of a council as slug, name and link."""
    folder = address.rpartition("/")[0]
    return data.worked_out(f"navigation from {folder}", lambda: _navigation(data, address))


def _navigation(data: CouncilData, address: str) -> list[tuple[str, str, str]]:
    return [
        ("overview", "Overview", link(council_page(data.council), address)),
        *(
            (topic.slug, topic.name, link(topic_page(data.council, topic.slug), address))
            for topic in _TOPICS
            if topic.has(data)
        ),
    ]
