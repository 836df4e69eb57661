"""The lines of a declared table from its mart's rows, in each layout. Selects and orders, computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dagster_project.reports.contracts import Contract
from dagster_project.reports.council_marts import CouncilMarts, Row, earlier
from dagster_project.reports.measures import month_words
from dagster_project.reports.paper.contents import Cell, Heading, Line
from dagster_project.reports.paper.sections import ShownColumn, ShownTable
from dagster_project.reports.paper.summary import RowFormatter
from dagster_project.reports.paper.wording import NOT_DELIVERED, Wording, are_empty, heading_of

MOST_COLUMNS = 8
UNIT_COLUMNS = ("unit", "unit_name")


@dataclass(frozen=True)
class Body:
    """Headings and lines of a table, the rows they are of, and notes that follow from its layout."""

    headings: Sequence[Heading]
    lines: Sequence[Line]
    rows: Sequence[Row]
    notes: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no line has a number or a suppressed cell: then nothing was delivered."""
        return not any(cell.kind in ("number", "suppressed") for line in self.lines for cell in line.cells)


@dataclass(frozen=True)
class TableMaker:
    """Makes the body of a table; `contract` is of its mart."""

    marts: CouncilMarts
    wording: Wording
    contract: Contract
    shown: ShownTable

    @property
    def columns_there(self) -> list[ShownColumn]:
        """The declared columns that this copy holds: the public one leaves some out."""
        known = self.marts.columns.get(self.shown.mart, ())
        return [column for column in self.shown.columns if column.column in known]

    def body(self) -> Body:
        make: dict[str, Callable[[], Body]] = {
            "list": self._list,
            "across": self._across,
            "grid": self._grid,
            "changes": self._changes,
        }
        return make[self.shown.layout]()

    def rows(self) -> list[Row]:
        """The rows that the table is of, in its order; of several months where it goes back."""
        shown, marts = self.shown, self.marts
        where: dict[str, Iterable[Any]] = dict(shown.where)
        if "month" in marts.columns.get(shown.mart, ()):
            where["month"] = marts.months_back(shown.months) if shown.months else [marts.month]
        rows = marts.rows(shown.mart, where, order_by=[name for name in shown.order_by if name != "unit"])
        if shown.first_of:
            rows = list(
                {tuple(row[name] for name in shown.first_of): row for row in reversed(rows)}.values()
            )[::-1]
        if shown.depth is not None:
            rows = [row for row in rows if len(self.wording.path(row["unit"])) - 1 <= shown.depth]
        if shown.months:
            rows = [row for row in rows if not all(are_empty([row], name) for name in self._measures)]
        return sorted(rows, key=self._place) if "unit" in shown.order_by else rows

    @property
    def _measures(self) -> list[str]:
        return [one.column for one in self.columns_there if self.contract.measure(one.column).is_number]

    def _place(self, row: Row) -> tuple[Any, ...]:
        """Units along their tree, in the place that the declared order gives to the column."""
        return tuple(
            self.wording.path(row[name]) if name == "unit" else ("" if row[name] is None else str(row[name]),)
            for name in self.shown.order_by
        )

    def _list(self) -> Body:
        rows = self.rows()
        first, others, notes = self.columns_there[0], *self._columns_with_something(rows)
        before, columns_before, notes_of_before = self._a_year_before(rows)
        lines = []
        for row in rows:
            cells = [self._cell(column, row, none_at_all=False) for column in others]
            then = before.get(row.get("unit"))
            cells += [self._cell(column, then, none_at_all=False) for column in columns_before]
            lines.append(
                Line(
                    self._text(first, row),
                    cells,
                    self._depth(first, row),
                    is_total=self._is_tree and row.get("level") == "council",
                )
            )
        headings = [self._heading(column) for column in (first, *others, *columns_before)]
        if len({line.depth for line in lines}) <= 1:
            lines = [Line(line.heading, line.cells) for line in lines]
        if self.shown.group:
            lines = self._grouped(self.shown.group, rows, lines)
        return Body(headings, lines, rows, [*notes, *notes_of_before])

    def _grouped(self, words: str, rows: Sequence[Row], lines: Sequence[Line]) -> list[Line]:
        """The lines, with one above each run of them that says what they share."""
        found: list[Line] = []
        before = None
        for row, line in zip(rows, lines, strict=True):
            shared = _capital(RowFormatter(self.wording, self.contract, row).vformat(words, (), {}))
            if shared != before:
                found.append(Line(shared, (), is_group=True))
                before = shared
            found.append(Line(line.heading, line.cells, 1))
        return found

    def _columns_with_something(self, rows: Sequence[Row]) -> tuple[list[ShownColumn], list[str]]:
        """The columns after the first that hold something, and notes that say what the others would have shown."""
        shown: list[ShownColumn] = []
        left_out: dict[str, list[str]] = {}
        for column in self.columns_there[1:]:
            if rows and are_empty(rows, column.column):
                why = column.none_at_all or (NOT_DELIVERED if column.missing is None else column.missing)
                left_out.setdefault(why, []).append(self._heading(column).text)
            else:
                shown.append(column)
        notes = [f"{', '.join(names)}: {why}." for why, names in left_out.items() if why]
        return shown, notes

    def _a_year_before(self, rows: Sequence[Row]) -> tuple[dict[Any, Row], list[ShownColumn], list[str]]:
        """The units' rows of twelve months before and the columns known of them; a note where there are none."""
        if not self.shown.year_before or not rows:
            return {}, [], []
        month = earlier(self.marts.month, 12)
        found = self.marts.rows(self.shown.mart, {**self.shown.where, "month": [month]})
        known = [column for column in self.shown.year_before if not are_empty(found, column.column)]
        notes = [] if known else [f"A year before: nothing was delivered for {month_words(month)}."]
        return {row["unit"]: row for row in found}, known, notes

    def _across(self) -> Body:
        """A line for each column, a column for each value of one of them."""
        across = str(self.shown.across)
        order = list(self.shown.across_order)
        rows = sorted(
            self.rows(), key=lambda row: order.index(row[across]) if row[across] in order else len(order)
        )
        names = [column.column for column in self.columns_there]
        if self.shown.leave_out_empty:
            rows = [row for row in rows if any(row.get(name) or name in row.suppressed for name in names)]
        lines = [
            Line(
                self._heading(column).text,
                [self._cell(column, row, none_at_all=are_empty(rows, column.column)) for row in rows],
            )
            for column in self.columns_there
        ]
        names_across = [self.wording.text(self.contract, across, row[across]) for row in rows]
        headings = [Heading("", is_number=False)] + [
            Heading(_capital(name), is_number=True) for name in names_across
        ]
        notes = []
        if self.shown.leave_out_empty and rows:
            notes.append("Roles without posts, people or offers are left out.")
        return Body(headings, lines, rows, notes)

    def _grid(self) -> Body:
        """A line for each value of `down`, a column for each of `across`: of many units those nearest the council."""
        down, across, column = str(self.shown.down), str(self.shown.across), self.columns_there[0]

        def path(row: Row) -> tuple[str, ...]:
            return self.wording.path(row["unit"]) if across in UNIT_COLUMNS else (str(row[across]),)

        rows = sorted(self.rows(), key=path)
        rows = [row for row in rows if not are_empty([row], column.column)]
        depths = {row[across]: len(path(row)) for row in rows}
        shown, notes = list(depths), []
        while len(shown) > MOST_COLUMNS and len({depths[name] for name in shown}) > 1:
            deepest = max(depths[name] for name in shown)
            shown = [name for name in shown if depths[name] < deepest]
        shown = shown[:MOST_COLUMNS]
        if len(shown) < len(depths) and across == "financial_year":
            notes.append(f"Years up to {shown[-1]} are shown; the pack holds all.")
        elif len(shown) < len(depths):
            notes.append("Only the units nearest the council are shown; the pack holds all.")
        by_place = {(row[down], row[across]): row for row in rows}
        lines = [
            Line(
                _capital(self.wording.text(self.contract, down, value)),
                [self._cell(column, by_place.get((value, name)), none_at_all=False) for name in shown],
            )
            for value in sorted({row[down] for row in rows})
        ]
        headings = [self._heading(ShownColumn(column=down))] + [
            Heading(name, is_number=True) for name in shown
        ]
        return Body(headings, lines, [row for row in rows if row[across] in shown], notes)

    def _changes(self) -> Body:
        """A line for each column: this month, one and two years before where loaded, and the changes the mart tells."""
        now = next(iter(self.marts.rows(self.shown.mart, {"month": [self.marts.month]})), None)
        headings = [
            Heading("Measure", is_number=False),
            Heading(month_words(self.marts.month), is_number=True),
        ]
        before: list[tuple[int, Row]] = []
        notes = []
        for years, words in ((1, "a year"), (2, "two years")):
            month = earlier(self.marts.month, 12 * years)
            found = self.marts.rows(self.shown.mart, {"month": [month]})
            if all(are_empty(found, column.column) for column in self.columns_there):
                notes.append(f"{_capital(words)} before: nothing was delivered for {month_words(month)}.")
                continue
            before.append((years, found[0]))
            headings += [
                Heading(month_words(month), is_number=True),
                Heading(f"Change on {words} (%)", is_number=True),
            ]
        lines = []
        for column in self.columns_there:
            cells = [self._cell(column, now, none_at_all=True)]
            for years, row in before:
                change = ShownColumn(column=f"{column.column}_change_{years}y", missing="not known")
                cells += [
                    self._cell(column, row, none_at_all=True),
                    self._cell(change, now, none_at_all=True),
                ]
            lines.append(Line(self._heading(column).text, cells))
        return Body(headings, lines, [now] if now else [], notes)

    def _cell(self, column: ShownColumn, row: Row | None, *, none_at_all: bool) -> Cell:
        cell = self.wording.cell(self.contract, column, row, none_at_all=none_at_all)
        if self.shown.severity and row and column.column in ("band", "band_label", self.shown.severity):
            return Cell(cell.text, cell.kind, row.get(self.shown.severity) or "")
        return cell

    def _text(self, column: ShownColumn, row: Row) -> str:
        value = row.get(column.column)
        if value is None or column.names_a_column:
            return _capital(self.wording.cell(self.contract, column, row, none_at_all=False).text)
        return _capital(self.wording.text(self.contract, column.column, value))

    def _heading(self, column: ShownColumn) -> Heading:
        measure = self.contract.measure(column.column)
        return Heading(heading_of(self.contract, column), measure.is_number)

    def _depth(self, column: ShownColumn, row: Row) -> int:
        return (
            len(self.wording.path(row["unit"])) - 1 if self._is_tree and column.column in UNIT_COLUMNS else 0
        )

    @property
    def _is_tree(self) -> bool:
        """Whether the lines stand along the tree of units."""
        return next(iter(self.shown.order_by), None) == "unit"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
