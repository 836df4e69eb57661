"""The sections of the paper as they are declared in sections.yml, read strictly. A further table is a further entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

SECTIONS = Path(__file__).with_name("sections.yml")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShownColumn(Strict):
    """A column of the mart: its heading where its own name says too little, what an empty cell of it says, and what is
    said where every cell is empty.

    `is_any_measure`: it holds values of many measures, so zeros at the end say nothing; `names_a_column`: its text is
    the name of a metric or of a column of some mart; `with_unit`: the row's unit follows it, the council aside;
    `otherwise`: the column that speaks where this one is empty.
    """

    column: str
    heading: str | None = None
    missing: str | None = None
    none_at_all: str | None = None
    is_any_measure: bool = False
    names_a_column: bool = False
    with_unit: bool = False
    otherwise: str | None = None

    @property
    def instead(self) -> ShownColumn:
        """The column that speaks where this one is empty, shown alike."""
        return self.model_copy(update={"column": self.otherwise, "otherwise": None})


class Chart(Strict):
    """A picture of the table's rows: `bars` by unit, `columns` by year (estimates hollow), `lines` over months."""

    kind: Literal["bars", "columns", "lines"]
    values: Sequence[str]
    title: str
    label: str | None = None
    words: str | None = None
    policy: str | None = None


class Sentence(Strict):
    """A sentence of the summary for each row of the table's mart that fits; left out where a value is not there."""

    text: str
    where: Mapping[str, Sequence[Any]] = {}
    last_only: bool = False


class ShownTable(Strict):
    """One numbered table.

    `list`: a line for each row. `across`: a line for each column, a column for each value of `across`. `grid`: a line
    for each value of `down`, a column for each of `across`, one value in each cell. `changes`: a line for each column
    of one row, beside the rows one and two years before and the changes that the mart tells.

    `depth`: only units so many steps below the council, for a mart that does not say their level. `first_of`: of the
    rows in order only the first for each value of these columns. `year_before`: columns whose values of twelve months
    before stand beside the month's. `group`: words, with columns in braces, that stand once over the lines that
    share them. `is_of_words`:
    its lines say something without a number.
    """

    key: str
    title: str
    mart: str
    layout: Literal["list", "across", "grid", "changes"] = "list"
    columns: Sequence[ShownColumn]
    where: Mapping[str, Sequence[Any]] = {}
    order_by: Sequence[str] = ()
    across: str | None = None
    across_order: Sequence[Any] = ()
    down: str | None = None
    months: int = 0
    depth: int | None = None
    first_of: Sequence[str] = ()
    year_before: Sequence[ShownColumn] = ()
    severity: str | None = None
    leave_out_empty: bool = False
    group: str | None = None
    is_of_words: bool = False
    nothing: str | None = None
    rules: Sequence[str] = ()
    policy: str | None = None
    chart: Chart | None = None
    sentences: Sequence[Sentence] = ()


class ShownSection(Strict):
    title: str
    about: str = ""
    tables: Sequence[ShownTable]


class Sections(Strict):
    sections: Sequence[ShownSection]


@cache
def declared_sections(path: Path = SECTIONS) -> Sections:
    """Every declared section, in the order of the paper."""
    return Sections.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
