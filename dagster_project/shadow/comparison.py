"""A council's month beside its spreadsheet: every cell with a verdict, every difference with what explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal

import duckdb

from dagster_project.load import only_load
from dagster_project.reference import Reference
from dagster_project.scratch import in_memory
from dagster_project.settings import Settings
from dagster_project.shadow.evidence import Moved, gather, lay_out
from dagster_project.shadow.measures import (
    Measure,
    Month,
    Published,
    declared_measures,
    names_of_measures,
    read_published,
)
from dagster_project.shadow.rounding import half_up, is_written_as
from dagster_project.shadow.rules import Rulebook, load_rulebook
from dagster_project.shadow.search import Answer, Question, Search, units_below
from dagster_project.shadow.spreadsheet import Cell, ShadowError, Sheet, read_spreadsheet

Verdict = Literal["agrees", "agrees as rounded", "explained", "unexplained", "not compared"]
SHARES = 100


@dataclass(frozen=True)
class Compared:
    """One cell: their figure beside ours, and what was found. `why` says why a cell could not be compared."""

    cell: Cell
    verdict: Verdict
    measure: Measure | None = None
    theirs: Decimal | None = None
    ours: Decimal | None = None
    answer: Answer = field(default_factory=Answer)
    moved: tuple[Moved, ...] = ()
    why: str = ""

    @property
    def difference(self) -> Decimal | None:
        return None if self.theirs is None or self.ours is None else self.theirs - self.ours

    @property
    def kinds_moved(self) -> list[str]:
        """What the rules count differently besides workers: cases, posts, ledger lines."""
        return sorted({row.kind for row in self.moved} - {"worker"})

    @property
    def cases_moved(self) -> int:
        return len({row.item for row in self.moved if row.kind == "case"})

    @property
    def workers_moved(self) -> int:
        return len({row.worker_key for row in self.moved if row.worker_key is not None})


@dataclass(frozen=True)
class Comparison:
    """All cells of a spreadsheet in the order of its rows."""

    month: Month
    sheet: Sheet
    cells: list[Compared]

    def count(self, *verdicts: Verdict) -> int:
        return sum(cell.verdict in verdicts for cell in self.cells)

    @property
    def is_understood(self) -> bool:
        """Every cell was read, agrees or is explained."""
        return not self.sheet.unreadable and not self.count("unexplained", "not compared")


def compare(settings: Settings, reference: Reference, path: Path, council: str, first: date) -> Comparison:
    """Every cell of the spreadsheet at `path` beside what was last published of the council's month.

    Raises ShadowError where there is nothing to compare with or the file cannot be read, and LoadInProgressError
    while a load is at work.
    """
    month, book = Month(council, first), load_rulebook()
    published = _published(settings, reference, month)
    names = names_of_measures(published.measures, reference)
    sheet = read_spreadsheet(path, month, reference, names)
    first_look = [_first_look(cell, published) for cell in sheet.cells]
    asked = [
        index for index, one in enumerate(first_look) if one.verdict in ("unexplained", "agrees as rounded")
    ]
    if asked:
        _explain(settings, reference, book, month, published, first_look, asked)
    return Comparison(month, sheet, first_look)


def _published(settings: Settings, reference: Reference, month: Month) -> Published:
    current = settings.published / "current" / "marts.duckdb"
    if not current.is_file():
        raise ShadowError(f"nothing is published yet under {settings.published}: run `caseload load` first")
    measures = declared_measures(settings)
    with duckdb.connect(str(current.resolve()), read_only=True) as marts:
        loaded = [
            f"{found:%Y-%m}"
            for (found,) in marts.execute(
                "select distinct month from caseload_bands where council = ? order by 1", [month.council]
            ).fetchall()
        ]
        if f"{month.first:%Y-%m}" not in loaded:
            span = (
                f"loaded are {len(loaded)} months, {loaded[0]} to {loaded[-1]}" if loaded else "no month is"
            )
            raise ShadowError(f"{month.first.isoformat()[:7]} of {month.council} is not loaded: {span}")
        return read_published(marts, measures, month, reference)


def _first_look(cell: Cell, published: Published) -> Compared:
    """Agreement as far as published figures tell, or what keeps the cell from being compared."""
    found = published.measures_named(cell.measure)
    if not found:
        return Compared(cell, "not compared", why="no measure is known by this name")
    if len(found) > 1:
        return Compared(cell, "not compared", why=f"the name can mean {' or '.join(found)}")
    measure = published.measures[found[0]]
    if cell.unit is None or cell.unit not in published.units:
        return Compared(cell, "not compared", measure, why="no unit is known by this name")
    if (cell.unit, measure.name) not in published.figures:
        return Compared(cell, "not compared", measure, why="published for the whole council only")
    ours = published.figures[cell.unit, measure.name]
    if ours is None:
        return Compared(cell, "not compared", measure, cell.number, why="we have no figure for this month")
    exact, theirs, decimals = Fraction(ours), cell.number, cell.decimals
    if not is_written_as(exact, theirs, decimals) and _is_share(cell, measure, exact):
        theirs, decimals = theirs * SHARES, max(0, decimals - 2)
    if theirs == ours:
        return Compared(cell, "agrees", measure, theirs, ours)
    # A mart keeps few decimals: whether more of theirs, or a tie, agree is for the rows to say.
    rounded = is_written_as(exact, theirs, decimals) or half_up(Fraction(theirs), measure.scale) == ours
    return Compared(cell, "agrees as rounded" if rounded else "unexplained", measure, theirs, ours)


def _is_share(cell: Cell, measure: Measure, ours: Fraction) -> bool:
    """A workbook keeps 28.8% as 0.288 and does not say so."""
    if not measure.is_percentage or cell.is_percent or abs(cell.number) > 1 or cell.decimals < 2:
        return False
    return abs(Fraction(cell.number) * SHARES - ours) < abs(Fraction(cell.number) - ours)


def _explain(
    settings: Settings,
    reference: Reference,
    book: Rulebook,
    month: Month,
    published: Published,
    cells: list[Compared],
    asked: list[int],
) -> None:
    """Put an answer, and the rows it is about, to every cell asked for; cells that agree by their rows are said so."""
    measures = {cell.measure for cell in (cells[index] for index in asked) if cell.measure}
    terms = {name for m in measures if m.name in book.formulas for name in book.formulas[m.name].terms}
    rows = _rows_of(book, terms)
    try:
        with only_load(settings, "a shadow run"):
            tables = gather(settings, reference, book, month, rows)
    except duckdb.IOException as error:
        raise ShadowError(
            "the warehouse cannot be opened: another program has it open for writing, or a load is at work. "
            "Try again when it has ended."
        ) from error
    teams, right_below = units_below(reference, month, published.units)
    of_cells = {cells[index].cell.unit or "" for index in asked}
    units = of_cells | {unit for one in of_cells for unit in (*teams.get(one, ()), *right_below.get(one, ()))}
    with in_memory() as connection:
        evidence = lay_out(connection, book, month, tables, units)
        search = Search(book, evidence, published, teams, right_below)
        open_questions = {}
        for index in asked:
            cells[index] = _second_look(cells[index], search)
            if cells[index].verdict == "unexplained":
                open_questions[index] = _question(cells[index])
        answers = search.answers(list(open_questions.values()))
        for index, answer in zip(open_questions, answers, strict=True):
            cells[index] = _answered(cells[index], answer, search)


def _rows_of(book: Rulebook, terms: set[str]) -> set[str]:
    """The kinds of rows that the terms, and those that may take their place, are made of."""
    swapped = {
        change.term
        for rule in book.rules
        for term in terms
        for change in rule.changes_to(term, book.terms[term].rows)
        if change.term
    }
    return {book.terms[term].rows for term in terms | swapped}


def _decimals(cell: Compared) -> int:
    exponent = cell.theirs.as_tuple().exponent if cell.theirs is not None else 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _second_look(cell: Compared, search: Search) -> Compared:
    """The published figure is rounded itself: the exact one decides where the rows give it."""
    if cell.measure is None or cell.cell.unit is None or cell.theirs is None:
        return cell
    if not search.has_rows(cell.cell.unit, cell.measure):
        return cell
    exact = search.value(cell.cell.unit, cell.measure, ())
    if exact is None:
        return cell
    agrees = is_written_as(exact, cell.theirs, _decimals(cell))
    return Compared(
        cell.cell, "agrees as rounded" if agrees else "unexplained", cell.measure, cell.theirs, cell.ours
    )


def _question(cell: Compared) -> Question:
    if cell.measure is None or cell.theirs is None or cell.cell.unit is None:
        raise ValueError("only a cell with a unit and a measure is asked about")
    return Question(cell.cell.unit, cell.measure, cell.theirs, _decimals(cell))


def _answered(cell: Compared, answer: Answer, search: Search) -> Compared:
    rules = answer.rules or answer.nearest
    moved: list[Moved] = []
    if rules and cell.measure and cell.cell.unit and cell.measure.name in search.book.formulas:
        ours = search.terms(cell.measure, ()) or {}
        theirs = search.terms(cell.measure, tuple(r for r in rules if not r.mean_over and not r.is_)) or {}
        for name in ours:
            if name in theirs and ours[name] != theirs[name]:
                moved += search.evidence.moved(cell.cell.unit, ours[name], theirs[name])
    return Compared(
        cell.cell,
        "explained" if answer.rules else "unexplained",
        cell.measure,
        cell.theirs,
        cell.ours,
        answer,
        tuple(dict.fromkeys(moved)),
        "" if answer.has_rows else "our figure is made of monthly totals, or in no way that could be tried",
    )


def summary(comparison: Comparison) -> Mapping[str, int]:
    """How many cells were read, agree, are explained, are not, and could not be compared."""
    return {
        "compared": len(comparison.cells) - comparison.count("not compared"),
        "agree": comparison.count("agrees", "agrees as rounded"),
        "explained": comparison.count("explained"),
        "unexplained": comparison.count("unexplained"),
        "not compared": comparison.count("not compared") + len(comparison.sheet.unreadable),
    }
