"""Where each page of the manager's site lies, as a path below `site/`. The only place that knows; draws nothing.

Public interface: digests and other documents link to these paths, so a change of one breaks their links.
"""

from __future__ import annotations

import re

INDEX = "index.html"
STYLE = "style.css"
DICTIONARY = "dictionary.html"
"""Every mart and column of the tier."""
PROJECT = "dbt-docs.html"
"""dbt's documentation of the project; in the internal copy alone."""
PLAIN = re.compile(r"[A-Za-z0-9_-]+")


def council_page(council: str) -> str:
    """A council's overview."""
    return f"{_name(council)}/index.html"


def unit_page(council: str, unit: str) -> str:
    """The page of one unit."""
    return f"{_name(council)}/units/{_name(unit)}.html"


def topic_page(council: str, topic: str) -> str:
    """One of a council's other pages: `alerts`, `agency`, `definitions` and so on."""
    return f"{_name(council)}/{_name(topic)}.html"


def region_page(region_code: str) -> str:
    """The councils of a region side by side."""
    return f"regions/{_name(region_code)}.html"


def link(target: str, source: str) -> str:
    """From one page to another, relative, so that it holds in any folder and from a file share."""
    there, here = target.split("/"), source.split("/")[:-1]
    shared = 0
    while shared < len(here) and here[shared] == there[shared]:
        shared += 1
    return "/".join([".."] * (len(here) - shared) + there[shared:])


def _name(slug: str) -> str:
    """The slug where every file system takes it as it is, else with what is not letters and digits spelt out."""
    if PLAIN.fullmatch(slug):
        return slug
    return "".join(letter if PLAIN.fullmatch(letter) else f"~{ord(letter):x}~" for letter in slug)
