"""What a page is made of, before it is written as HTML. No figure is looked up here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True)
class Tag:
    """A verdict as a word on a colour; `severity` chooses the colour, `words` say the same without it."""

    words: str
    severity: str


class Cell(NamedTuple):
    """One cell of a table. `kind`: empty, `missing` (no value) or `suppressed`."""

    text: str
    is_number: bool = False
    kind: str = ""
    href: str = ""
    tag: Tag | None = None
    depth: int = 0


@dataclass(frozen=True)
class Heading:
    text: str
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """A real table: its caption, headings, and rows whose first cell is the row's heading.

    One of prose has sentences in its cells: on a narrow screen its cells stand below one another.
    """

    caption: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[Cell]]
    is_prose: bool = False


class HeatCell(NamedTuple):
    """A unit in a month: the rounded figure that the band was chosen by, with the band in words."""

    text: str
    severity: str = ""
    sign: str = ""
    words: str = ""
    kind: str = ""


@dataclass(frozen=True)
class HeatRow:
    name: str
    href: str
    depth: int
    cells: Sequence[HeatCell]


@dataclass(frozen=True)
class HeatMap:
    caption: str
    months: Sequence[tuple[str, str]]
    rows: Sequence[HeatRow]
    key: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Tile:
    """One of the numbers of the month: what it is, the figure, its verdict, and how it moved."""

    title: str
    figure: str
    unit: str
    change: str
    as_at: str
    tag: Tag | None = None


@dataclass(frozen=True)
class Chart:
    """A drawing and what it says to those who do not see it; `legend` pairs a series' style with its name."""

    title: str
    svg: str
    alternative: str
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, eq=False)
class Section:
    """A part of a page. What is empty is left out, in the order in which the fields stand.

    One that is lasting is the same object on pages of many councils, which write it once.
    """

    key: str
    title: str
    about: str = ""
    inset: str = ""
    tiles: Sequence[Tile] = ()
    facts: Sequence[tuple[str, Cell]] = ()
    heat_map: HeatMap | None = None
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    is_lasting: bool = False


@dataclass(frozen=True)
class Page:
    """One page: where it lies below `site/`, its title, the way to it, and its parts."""

    address: str
    title: str
    caption: str
    sections: Sequence[Section]
    crumbs: Sequence[tuple[str, str]] = ()
    council: str = ""
    topic: str = ""
    tag: Tag | None = None
    lead: str = ""
    navigation: Sequence[tuple[str, str, str]] = field(default=())
