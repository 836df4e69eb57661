"""A source's columns made canonical ones, a column at a time: codes, words, dates, numbers. Rejects nothing itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from dagster_project.deliveries.layout import BLANK_CHARACTERS, MISSING
from dagster_project.deliveries.refusal import Refused
from dagster_project.extracts import Column
from dagster_project.extracts.source_system import DateOrder, Headers, SourceColumn, SourceSystem

DAY_IN_DIGITS = re.compile(r"^(\d{1,4})([/.-])(\d{1,2})\2(\d{4}|\d{1,2})((?:[\sT].*)?)$")
NUMBER = re.compile(r"^([+-]?)\s*£?\s*([+-]?)((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)$")
SWAPPED = str.maketrans(",.", ".,")
ColumnReader = Callable[["Cells"], Sequence[str]]


@dataclass(frozen=True)
class Cells:
    """The source's columns, by the first of their headers, and what their reading needs to know."""

    source: SourceSystem
    columns: Mapping[str, Sequence[str]]
    length: int
    is_text: bool
    facts: Mapping[str, str]
    place: str

    def column(self, headers: Headers) -> Sequence[str]:
        return self.columns[headers[0]]

    def numbers(self, headers: Headers) -> list[str]:
        """A column's cells with `.` as their decimal sign, whatever the source's is."""
        return _by_word(self.column(headers), self._with_point)

    def _with_point(self, text: str) -> str:
        """A number cell of a workbook has its point already; a text with a comma is the source's own."""
        if self.source.decimal == "comma" and (self.is_text or "," in text):
            return text.translate(SWAPPED)
        return text


def plain(text: str) -> str:
    """A cell without the blanks around it; empty where it says that nothing is known."""
    text = text.strip(BLANK_CHARACTERS)
    return "" if text.lower() in MISSING else text


def _by_word(cells: Sequence[str], change: Callable[[str], str]) -> list[str]:
    """Each different cell is changed once: a column has many rows and few words."""
    changed = {cell: change(cell) for cell in set(cells)}
    return [changed[cell] for cell in cells]


def reader_of(given: SourceColumn, column: Column) -> ColumnReader:
    """How a canonical column is made of the source's."""

    def read(cells: Cells) -> Sequence[str]:
        return _in_canonical_words(_picked(cells, given, column), given, column, cells.source)

    return read


def _picked(cells: Cells, given: SourceColumn, column: Column) -> Sequence[str]:
    if given.constant is not None:
        return [given.constant] * cells.length
    if given.part:
        separator, place = given.part.separator, {"first": 0, "last": -1}[given.part.take]
        return _by_word(cells.column(given.part.headers), lambda text: text.split(separator)[place])
    if given.together:
        return [
            given.together.separator.join(parts) if parts[0] else ""
            for parts in zip(*(map(plain, cells.column(h)) for h in given.together.columns), strict=True)
        ]
    if given.share:
        return _shares(cells, given, column)
    if given.difference:
        pairs = zip(cells.numbers(given.difference.of), cells.numbers(given.difference.minus), strict=True)
        return [_difference(one, other) for one, other in pairs]
    if given.signed:
        signs = {word.strip().lower(): 1 for word in given.signed.positive}
        signs |= {word.strip().lower(): -1 for word in given.signed.negative}
        pairs = zip(cells.numbers(given.signed.of), cells.column(given.signed.by), strict=True)
        return [_signed(amount, sign, signs) for amount, sign in pairs]
    if given.headers:
        return (
            cells.numbers(given.headers)
            if column.type in ("decimal", "money")
            else cells.column(given.headers)
        )
    return [""] * cells.length


def _in_canonical_words(
    cells: Sequence[str], given: SourceColumn, column: Column, source: SourceSystem
) -> Sequence[str]:
    if given.codes:
        codes = {word.strip().lower(): code for word, code in given.codes.items()}
        cells = _by_word(cells, lambda text: codes.get(text.strip(BLANK_CHARACTERS).lower(), text))
    if column.type == "boolean":
        true = given.true_words or source.true_words
        words = {word.strip().lower(): "true" for word in true}
        words |= {word.strip().lower(): "false" for word in given.false_words or source.false_words}
        if words:
            cells = _by_word(cells, lambda text: words.get(text.strip(BLANK_CHARACTERS).lower(), text))
    order = given.date_order or source.date_order
    if column.type == "date" and order:
        cells = _by_word(cells, lambda text: as_iso(text, order))
    return cells


def as_iso(text: str, order: DateOrder) -> str:
    """A day written in digits, in the declared order, as YYYY-MM-DD with the time it had; other text as it is.

    A day in another order than the declared one becomes no date at all, so that it is rejected and never another day.
    """
    match = DAY_IN_DIGITS.match(text.strip(BLANK_CHARACTERS))
    if not match:
        return text
    one, sign, two, three, rest = match.groups()
    if len(one) == len("YYYY"):
        return text if sign == "-" else f"{one}-{two:0>2}-{three:0>2}{rest}"
    if order == "iso" or len(three) != len("YYYY"):
        return f"{one}.{two}.{three}{rest}"
    day, month = (one, two) if order == "day_first" else (two, one)
    return f"{three}-{month:0>2}-{day:0>2}{rest}"


def number_of(text: str) -> Fraction | None:
    """The number a cell says, in the forms the canonical form takes; None where it says none."""
    text = plain(text)
    negative = bool(text) and ((text[0] == "(" and text[-1] == ")") or text[-1] == "-")
    if negative:
        text = text.strip("()").removesuffix("-")
    match = NUMBER.match(text.strip())
    if not match or (match[1] and match[2]) or (negative and (match[1] or match[2])):
        return None
    number = Fraction(match[3].replace(",", "").rstrip(".") or "0")
    return -number if negative or "-" in (match[1], match[2]) else number


def _difference(one: str, other: str) -> str:
    if not plain(one) and not plain(other):
        return ""
    numbers = [number_of(text) if plain(text) else Fraction(0) for text in (one, other)]
    for text, number in zip((one, other), numbers, strict=True):
        if number is None:
            return text
    first, second = numbers
    return exactly(first - second) if first is not None and second is not None else ""


def _signed(amount: str, sign: str, signs: Mapping[str, int]) -> str:
    """Beside an unknown sign the amount is no number: which way it goes is not guessed."""
    number = number_of(amount)
    if number is None:
        return amount
    factor = signs.get(plain(sign).lower())
    return f"{amount} {plain(sign) or '?'}" if factor is None else exactly(number * factor)


def _shares(cells: Cells, given: SourceColumn, column: Column) -> list[str]:
    share = given.share
    if share is None:
        return []
    whole = _fact(cells, share.by_council) if share.by_council else ""
    minus = cells.numbers(share.minus) if share.minus else [""] * cells.length
    by = cells.numbers(share.by) if share.by else [whole] * cells.length
    triples = list(zip(cells.numbers(share.of), minus, by, strict=True))
    made = {triple: _share(*triple, column.scale) for triple in set(triples)}
    return [made[triple] for triple in triples]


def _fact(cells: Cells, name: str) -> str:
    if not cells.facts.get(name):
        raise Refused(f"{cells.place}: {name} of the council is needed and not given in councils.csv")
    return cells.facts[name]


def _share(of: str, minus: str, by: str, decimals: int) -> str:
    if not plain(of) and not plain(minus):
        return ""
    part = _difference(of, minus)
    number, whole = number_of(part), number_of(by)
    if number is None or whole is None:
        return part if number is None else by
    # Over nothing there is no share; what was to be divided stays, and is no share either unless it is nothing.
    return exactly(number / whole, decimals) if whole else f"{part}/{by}"


def exactly(number: Fraction, decimals: int | None = None) -> str:
    """The number in digits; one without an end is rounded half up, away from nothing, at `decimals` places."""
    sign, rest = ("-" if number < 0 else ""), abs(number)
    if decimals is None:
        decimals = 0
        while (rest * 10**decimals).denominator != 1:
            decimals += 1
    scaled = int(rest * 10**decimals + Fraction(1, 2))
    digits = str(scaled).rjust(decimals + 1, "0")
    whole, tail = (digits[:-decimals], digits[-decimals:].rstrip("0")) if decimals else (digits, "")
    return f"{sign if scaled else ''}{whole}{'.' if tail else ''}{tail}"
