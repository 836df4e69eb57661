"""What a control file says: the totals its sender counted, found in whatever plain form they stand. Compares nothing.

No sentence written here holds a value of the file: what stands there is not known to be a total.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from dagster_project.deliveries.cells import TextFile, is_workbook
from dagster_project.deliveries.layout import BLANK_CHARACTERS, MISSING
from dagster_project.deliveries.refusal import Refused

ROWS = "rows"
MOST_COLUMNS = 200
MOST_LINES = 1_000
NUMBER = re.compile(r"^(?P<whole>\d{1,3}(,\d{3})+|\d{1,20})?(\.(?P<part>\d{0,15}))?$")

Totals = dict[tuple[str, str], Decimal]


@dataclass
class Stated:
    """The totals of one file by extract and measure, and a sentence on each thing that could not be read."""

    totals: Totals = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Words:
    """How totals and extracts may be called (as `word_key` writes them), and which measures each extract has."""

    measures: Mapping[str, str]
    extracts: Mapping[str, str]
    measures_of: Mapping[str, frozenset[str]]
    decimal_comma: bool = False


def word_key(text: str) -> str:
    """The form in which words of a control file compare: letters and digits only."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())


def read_totals(data: bytes, name: str, own: Sequence[str], words: Words) -> Stated:
    """The totals in the bytes of a control file called `name` that speaks of the extracts `own`, or of any that it
    names where these are not one.

    Two forms are known: a header of measures with one line of totals below it for each extract, and one line for each
    total, its measure and then its value.
    """
    if is_workbook(data):
        return Stated(problems=["a workbook: a text file with separators is wanted"])
    try:
        sheets = TextFile(data, name, MOST_COLUMNS).heads(MOST_LINES + 1)
    except Refused as refused:
        return Stated(problems=[str(refused).removeprefix(f"{name}: ")])
    readings = [_Reading(own, words).read(sheet.rows) for sheet in sheets.values()]
    best = max(readings, key=lambda stated: (len(stated.totals), -len(stated.problems)))
    if not best.totals and not best.problems:
        known = ", ".join(sorted(set(words.measures.values())))
        best.problems.append(f"no total is named; the names known are those of {known}")
    return best


class _Reading:
    """One way to take a file apart; each line adds what it states."""

    def __init__(self, own: Sequence[str], words: Words) -> None:
        self._own = own
        self._words = words
        self._stated = Stated()
        self._places: dict[tuple[str, str], int] = {}

    def read(self, rows: Sequence[Sequence[str]]) -> Stated:
        if len(rows) > MOST_LINES:
            self._stated.problems.append(f"more than {MOST_LINES:,} lines: this is no file of totals")
            return self._stated
        header: dict[int, str] = {}
        for number, row in enumerate(rows, start=1):
            cells = [cell.strip(BLANK_CHARACTERS) for cell in row]
            measures = {
                i: m for i, cell in enumerate(cells) if (m := self._words.measures.get(word_key(cell)))
            }
            pair = self._pair(cells, measures)
            if pair is not None:
                self._add(number, cells[: pair + 1], measures[pair], cells[pair + 1])
            elif measures and not any(self._number(cell) is not None for cell in cells):
                header = measures
            elif header:
                for place, measure in header.items():
                    if place < len(cells):
                        others = [cell for i, cell in enumerate(cells) if i not in header]
                        self._add(number, others, measure, cells[place])
        return self._stated

    def _pair(self, cells: Sequence[str], measures: Mapping[int, str]) -> int | None:
        """Where the only measure of a line stands that its value follows."""
        if len(measures) != 1:
            return None
        place = next(iter(measures))
        has_value = place + 1 < len(cells) and cells[place + 1].lower() not in MISSING
        return place if has_value else None

    def _add(self, number: int, beside: Sequence[str], measure: str, cell: str) -> None:
        if cell.lower() in MISSING:
            return
        value = self._number(cell)
        if value is None or (measure == ROWS and value != value.to_integral_value()):
            wanted = "a whole number" if measure == ROWS else "a number"
            self._stated.problems.append(f"line {number}, {measure}: {wanted} is wanted")
            return
        extract = self._extract(number, beside)
        if extract is None:
            return
        if measure != ROWS and measure not in self._words.measures_of.get(extract, frozenset()):
            if value:
                self._stated.problems.append(f"line {number}, {measure}: {extract} has no such column")
            return
        known = self._stated.totals.get((extract, measure))
        if known is not None and known != value:
            first = self._places[extract, measure]
            self._stated.problems.append(f"lines {first} and {number} state different {measure} of {extract}")
            return
        self._stated.totals[extract, measure] = value
        self._places[extract, measure] = number

    def _extract(self, number: int, beside: Sequence[str]) -> str | None:
        """The extract that a line names, else the file's own."""
        named = {extract for cell in beside if (extract := self._words.extracts.get(word_key(cell)))}
        if len(named) == 1:
            extract = named.pop()
            if len(self._own) == 1 and extract != self._own[0]:
                self._stated.problems.append(f"line {number} names {extract}, the file is of {self._own[0]}")
                return None
            return extract
        if len(self._own) == 1:
            return self._own[0]
        self._stated.problems.append(f"line {number} does not say of which extract it is")
        return None

    def _number(self, text: str) -> Decimal | None:
        """An exact number as people write them; None for anything else."""
        bare = re.sub(r"[\s\u00a0\u202f£]+", "", text)
        if self._words.decimal_comma:
            bare = bare.replace(".", "").replace(",", ".")
        sign = 1
        if bare.startswith("(") and bare.endswith(")"):
            bare, sign = bare[1:-1], -1
        elif bare[:1] in ("-", "+", "\u2212"):
            bare, sign = bare[1:], 1 if bare[0] == "+" else -1
        elif bare.endswith("-"):
            bare, sign = bare[:-1], -1
        match = NUMBER.match(bare)
        if not match or not (match["whole"] or match["part"]):
            return None
        return sign * Decimal(f"{(match['whole'] or '0').replace(',', '')}.{match['part'] or '0'}")


def half_of_last_decimal(stated: Decimal) -> Decimal:
    """How far from a stated total the exact one may lie: half of its last decimal, of which there are at least two."""
    exponent = stated.as_tuple().exponent
    decimals = max(2, -exponent if isinstance(exponent, int) else 2)
    return Decimal(5).scaleb(-decimals - 1)


def stated_lines(totals: Totals) -> Iterator[tuple[str, str, Decimal]]:
    """Extract, measure and value of each total, in one order."""
    for (extract, measure), value in sorted(totals.items()):
        yield extract, measure, value
