"""A council's marts as one workbook: contents, definitions from the contracts, one sheet for each mart."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.metadata import version
from textwrap import wrap
from typing import Any

from dagster_project.reference import Reference, load_reference
from dagster_project.reports.charts import TINTS
from dagster_project.reports.contracts import Contract, contracts
from dagster_project.reports.council_marts import Copy, CouncilMarts, Row, council_marts, earlier
from dagster_project.reports.measures import (
    SUPPRESSED,
    TOLD_AMOUNTS,
    Measure,
    amount_words,
    measure_of,
    month_words,
)
from dagster_project.settings import Settings
from dagster_project.spreadsheets import Cells, new_workbook

MONTHS_BACK = 24
LINE_HEIGHT = 15
# Letters of a heading's width that bold letters, the indent and the filter's button take.
HEADING_MARGIN = 4
# Letters across that a landscape A4 page still shows legibly; wider sheets are set for A3.
WIDEST_ON_A4 = 190
A3, A4 = 8, 9
LONGEST_SHEET_NAME = 31
SUBJECTS = ("caseload", "workforce", "cost", "demand", "governance")
SEVERITIES = ("breach", "warning", "info")
# Cells of these columns take the colour of the row's severity; the word stands in the severity column.
TINTED = ("average_caseload_rounded", "band", "band_label", "severity", "rounded_value")
WIDE = {
    "meaning": 60,
    "source": 60,
    "note": 60,
    "rule": 40,
    "delivery": 44,
    "measure": 44,
    "link": 40,
    "detail": 44,
}
UNIT_NAME = "unit_name"
COPIES = {
    Copy.PUBLIC: "Public copy: small numbers are suppressed and shown as c.",
    Copy.INTERNAL: "Internal copy: exact figures, not for publication.",
}


@dataclass(frozen=True)
class Sheet:
    """One mart's rows of the council, and the columns they are shown in; names of units beside their slugs."""

    name: str
    contract: Contract
    columns: Sequence[Measure]
    rows: Sequence[Row]


class PackWriter:
    """Writes the sheets of one workbook."""

    def __init__(self, book: Any, marts: CouncilMarts, reference: Reference) -> None:
        self._book, self._marts, self._reference = book, marts, reference
        self._cells = Cells(book)
        style = self._cells.style
        self._title = style(bold=True, font_size=16)
        # Texts stand a little in, for a number may end right before them.
        self._head = style(
            bold=True, bg_color="#D9E2EC", bottom=1, text_wrap=True, valign="top", align="left", indent=1
        )
        self._head_number = style(
            bold=True, bg_color="#D9E2EC", bottom=1, text_wrap=True, valign="top", align="right"
        )
        self._text = style(valign="top", align="left", indent=1)
        self._wrapped = style(valign="top", text_wrap=True, align="left", indent=1)
        self._suppressed = style(valign="top", align="right", font_color="#505A5F")
        self._link = style(font_color="#1A65A6", underline=1, valign="top", indent=1)
        self._date = style(valign="top", num_format="dd mmm yyyy", align="left", indent=1)
        self._month = style(valign="top", num_format="mmm yyyy", align="left", indent=1)
        self._moment = style(valign="top", num_format="dd mmm yyyy hh:mm", align="left", indent=1)
        self._tints = {
            severity: book.add_format({"bg_color": TINTS[severity], "font_color": "#0B0C0C"})
            for severity in SEVERITIES
        }
        self._numbers: dict[str, Any] = {}

    def write(self, title: str, sheets: Sequence[Sheet]) -> None:
        self._contents(title, sheets)
        self._definitions(sheets)
        for sheet in sheets:
            self._mart(sheet)

    def _contents(self, title: str, sheets: Sequence[Sheet]) -> None:
        page = self._book.add_worksheet("contents")
        page.hide_gridlines(2)
        self._cells.write(page, 0, 0, title, self._title)
        first_month = month_words(earlier(self._marts.month, MONTHS_BACK))
        lines = [
            COPIES[self._marts.copy],
            f"Months from {first_month} to {month_words(self._marts.month)}, as far as loaded.",
            "An empty cell has no value: not delivered, or nothing to divide by or to compare with.",
            f"Made from load {self._marts.load_id} by caseload {version('caseload')}.",
        ]
        for number, line in enumerate(lines, start=1):
            self._cells.write(page, number, 0, line)
        first = len(lines) + 2
        headings = (("Sheet", 26), ("Rows", 8), ("What it holds", 110))
        self._headings(
            page, first, [(text, width, number == 1) for number, (text, width) in enumerate(headings)]
        )
        rows = [
            (
                "definitions",
                sum(len(s.columns) for s in sheets),
                "Every column of every sheet: its meaning and unit.",
            )
        ]
        rows += [(sheet.name, len(sheet.rows), sheet.contract.description) for sheet in sheets]
        for number, (name, count, about) in enumerate(rows, start=first + 1):
            page.write_url(number, 0, f"internal:'{name}'!A1", self._link, name)
            self._cells.write(page, number, 1, count, self._number("#,##0"))
            self._cells.write(page, number, 2, about, self._wrapped)
            page.set_row(number, _height(about, headings[2][1]))
        page.freeze_panes(first + 1, 0)
        _printable(page, first)

    def _definitions(self, sheets: Sequence[Sheet]) -> None:
        page = self._book.add_worksheet("definitions")
        headings = (
            ("Sheet", 24),
            ("Heading", 30),
            ("Column of the mart", 30),
            ("Unit", 9),
            ("Type", 16),
            ("Meaning", 100),
        )
        self._headings(page, 0, [(text, width, False) for text, width in headings])
        row = 1
        for sheet in sheets:
            for measure in sheet.columns:
                column = sheet.contract.columns.get(measure.column)
                meaning = column.meaning if column else "The unit's name."
                values = (
                    sheet.name, measure.heading, measure.column, measure.unit,
                    column.data_type if column else "varchar", meaning,
                )  # fmt: skip
                for place, value in enumerate(values):
                    self._cells.write(page, row, place, value, self._wrapped)
                page.set_row(row, _height(meaning, headings[-1][1]))
                row += 1
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, max(row - 1, 1), len(headings) - 1)
        _printable(page, 0)

    def _mart(self, sheet: Sheet) -> None:
        page = self._book.add_worksheet(sheet.name)
        self._headings(
            page,
            0,
            [(measure.heading, self._width(sheet, measure), measure.is_number) for measure in sheet.columns],
        )
        for number, row in enumerate(sheet.rows, start=1):
            for place, measure in enumerate(sheet.columns):
                self._value(page, number, place, measure, row)
        last = max(len(sheet.rows), 1)
        page.freeze_panes(1, _columns_that_name_the_row(sheet.columns))
        page.autofilter(0, 0, last, max(len(sheet.columns) - 1, 0))
        self._tint(page, sheet, last)
        is_wide = sum(self._width(sheet, measure) for measure in sheet.columns) > WIDEST_ON_A4
        _printable(page, 0, A3 if is_wide else A4)

    def _value(self, page: Any, row: int, column: int, measure: Measure, values: Row) -> None:
        value = self._unit_name(values) if measure.column == UNIT_NAME else values.get(measure.column)
        if value is None and measure.column in values.suppressed:
            self._cells.write(page, row, column, SUPPRESSED, self._suppressed)
        elif isinstance(value, datetime):
            page.write_datetime(row, column, value, self._moment)
        elif isinstance(value, date):
            page.write_datetime(row, column, value, self._month if measure.column == "month" else self._date)
        elif isinstance(value, bool):
            self._cells.write(page, row, column, "yes" if value else "no", self._text)
        elif isinstance(value, int | Decimal):
            self._cells.write(page, row, column, value, self._number(measure.spreadsheet_format))
        elif measure.column in TOLD_AMOUNTS and value is not None:
            self._cells.write(page, row, column, amount_words(value), self._text)
        else:
            self._cells.write(page, row, column, value, self._text)

    def _unit_name(self, row: Row) -> Any:
        if row.get(UNIT_NAME) is not None or row.get("unit") is None:
            return row.get(UNIT_NAME)
        return self._reference.unit_titles.get((self._marts.council, row["unit"]))

    def _tint(self, page: Any, sheet: Sheet, last: int) -> None:
        """Colours by the severity that stands in the row as a word; the colour follows when the word is changed."""
        names = [measure.column for measure in sheet.columns]
        if "severity" not in names or not sheet.rows:
            return
        letter = _letters(names.index("severity"))
        for place, name in enumerate(names):
            if name in TINTED:
                for severity, tint in self._tints.items():
                    page.conditional_format(
                        1, place, last, place,
                        {"type": "formula", "criteria": f'=${letter}2="{severity}"', "format": tint},
                    )  # fmt: skip

    def _headings(self, page: Any, row: int, headings: Sequence[tuple[str, float, bool]]) -> None:
        # Some programs leave a wrapped heading in a row of one line.
        lines = max(
            (len(wrap(text, max(int(width) - HEADING_MARGIN, 1))) for text, width, _ in headings), default=1
        )
        page.set_row(row, LINE_HEIGHT * max(lines, 1))
        for column, (text, width, is_number) in enumerate(headings):
            page.set_column(column, column, width)
            self._cells.write(page, row, column, text, self._head_number if is_number else self._head)

    def _width(self, sheet: Sheet, measure: Measure) -> float:
        if measure.column in WIDE:
            return WIDE[measure.column]
        longest_word = max(len(word) for word in measure.heading.split())
        if measure.is_number:
            return max(longest_word + 3, 15 if measure.unit == "£" else 11)
        shown = [
            str(self._unit_name(row) if measure.column == UNIT_NAME else row.get(measure.column) or "")
            for row in sheet.rows
        ]
        return min(max(longest_word + 3, 12, max((len(text) for text in shown), default=0) + 3), 60)

    def _number(self, number_format: str) -> Any:
        if number_format not in self._numbers:
            self._numbers[number_format] = self._cells.style(valign="top", num_format=number_format)
        return self._numbers[number_format]


def make_pack(settings: Settings, council: str, month: date, copy: Copy) -> bytes:
    """The workbook of a council up to a month, as bytes that are the same each time.

    Raises NothingPublishedError or NotLoadedError where there is nothing to draw it from.
    """
    marts = council_marts(settings, council, month, copy)
    reference = load_reference(settings)
    title = f"{reference.councils.get(council, council)}: marts to {month_words(month)}"
    stream = io.BytesIO()
    with new_workbook(stream) as book:
        book.set_properties(
            {
                "title": title,
                "subject": f"{council}, {month:%Y-%m}, {copy} copy",
                "author": "Caseload",
                "comments": f"Made from load {marts.load_id}. Holds no row of a child or worker.",
                "created": datetime.strptime(marts.load_id[:15], "%Y%m%dT%H%M%S"),  # noqa: DTZ007
            }
        )
        PackWriter(book, marts, reference).write(title, _sheets(marts, reference))
    return stream.getvalue()


def _sheets(marts: CouncilMarts, reference: Reference) -> list[Sheet]:
    """Every mart that knows councils, by subject; rows of up to two years back."""
    known = {
        name: contract for name, contract in contracts().items() if "council" in marts.columns.get(name, ())
    }
    ordered = sorted(known.values(), key=lambda contract: (SUBJECTS.index(contract.subject), contract.mart))
    units = {unit for council, unit in reference.unit_titles if council == marts.council}
    return [_sheet(marts, contract, units) for contract in ordered]


def _sheet(marts: CouncilMarts, contract: Contract, units: Collection[str]) -> Sheet:
    """A mart's columns and rows. In some marts a unit is what a value is counted in: there is nothing to name then."""
    rows = _rows(marts, contract)
    names_units = any(row.get("unit") in units for row in rows)
    return Sheet(
        contract.mart[:LONGEST_SHEET_NAME], contract, _columns(marts, contract, names_units=names_units), rows
    )


def _columns(marts: CouncilMarts, contract: Contract, *, names_units: bool) -> list[Measure]:
    found = [contract.measure(name) for name in marts.columns[contract.mart] if name in contract.columns]
    names = [measure.column for measure in found]
    if names_units and UNIT_NAME not in names:
        found.insert(names.index("unit") + 1, measure_of(UNIT_NAME, "varchar"))
    return [measure for measure in found if measure.column != "council"]


def _rows(marts: CouncilMarts, contract: Contract) -> list[Row]:
    names = marts.columns[contract.mart]
    months: Mapping[str, Sequence[date]] = (
        {"month": marts.months_back(MONTHS_BACK)}
        if "month" in names and contract.columns["month"].data_type == "date"
        else {}
    )
    order = [name for name in ("month", "unit") if name in names and "month" in names]
    rows = marts.rows(
        contract.mart, months, order_by=[*order, *(name for name in names if name not in order)]
    )
    return [
        row for row in rows if row.get("taken_on") is None or row["taken_on"].replace(day=1) <= marts.month
    ]


def _columns_that_name_the_row(columns: Sequence[Measure]) -> int:
    names = [measure.column for measure in columns]
    return names.index(UNIT_NAME) + 1 if UNIT_NAME in names[:3] else 1


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _height(text: str, width: int) -> int:
    """Points for a text that wraps in a column so many letters wide: not every program finds the height itself."""
    return LINE_HEIGHT * max(1, -(-len(text) // width))


def _printable(page: Any, heading_row: int, paper: int = A4) -> None:
    page.set_landscape()
    page.set_paper(paper)
    page.fit_to_pages(1, 0)
    page.repeat_rows(heading_row)
    page.set_footer("&L&A&RPage &P of &N")
