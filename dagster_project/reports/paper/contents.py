"""What a paper holds, ready to be drawn as DOCX or HTML: words and numbers, no mart and no layout of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from dagster_project.reports.charts import Drawing

Kind = Literal["text", "number", "missing", "suppressed"]


@dataclass(frozen=True)
class Cell:
    """A cell as it is printed; `severity` colours it, but the words say everything."""

    text: str
    kind: Kind = "text"
    severity: str = ""


@dataclass(frozen=True)
class Line:
    """A line of a table: its heading with its depth in the tree of units, and its cells."""

    heading: str
    cells: Sequence[Cell]
    depth: int = 0
    is_total: bool = False
    is_group: bool = False
    """It says over the whole width what the lines beneath it share; it has no cells."""


@dataclass(frozen=True)
class Heading:
    text: str
    is_number: bool


@dataclass(frozen=True)
class Picture:
    """A chart: its title, what it says in words for those who do not see it, and the drawing."""

    number: int
    title: str
    alternative: str
    drawing: Drawing


@dataclass(frozen=True)
class Table:
    """A numbered table with everything a reader needs to check it."""

    key: str
    number: int
    title: str
    as_at: str
    headings: Sequence[Heading]
    lines: Sequence[Line]
    rules: Sequence[tuple[str, str]]
    source: str
    notes: Sequence[str] = field(default=())
    picture: Picture | None = None

    @property
    def caption(self) -> str:
        return f"Table {self.number}: {self.title}, {self.as_at}"


@dataclass(frozen=True)
class Section:
    """A section; `absent` says of each of its tables that has nothing to show why."""

    title: str
    about: str
    tables: Sequence[Table]
    absent: Sequence[str]


@dataclass(frozen=True)
class Paper:
    """The whole paper. `facts` stand on its head, `left_out` are the titles of tables that this copy may not hold;
    `made_at` is when its marts were published.
    """

    title: str
    council: str
    month: str
    copy: str
    facts: Sequence[tuple[str, str]]
    summary: Sequence[str]
    not_delivered: Sequence[str]
    sections: Sequence[Section]
    made_at: datetime
    left_out: Sequence[str] = ()
    language: str = "en-GB"
