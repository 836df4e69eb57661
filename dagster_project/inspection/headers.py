"""Which row of an unknown sheet names its columns, and what other systems call a column of ours. Places nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import yaml

from dagster_project.deliveries.cells import Sheet
from dagster_project.deliveries.layout import (
    ROWS_SEARCHED_FOR_A_HEADER,
    bare_header,
    header_key,
    pairs_of_rows,
)
from dagster_project.deliveries.mapped_cells import plain

CLOSE = 0.8
MORE_BY_TWO_ROWS = 2


@cache
def likely_words() -> Mapping[str, tuple[str, ...]]:
    """Columns of the canonical form, each with headers that other systems write for it."""
    text = Path(__file__).with_name("likely_headers.yml").read_text(encoding="utf-8")
    return {column: tuple(words) for column, words in yaml.safe_load(text).items()}


def by_key(headers: Iterable[str]) -> dict[str, str]:
    """Headers by the form in which they compare; of twins the first. One after its table's name is found without it."""
    listed = list(headers)
    found = {header_key(header): header for header in reversed(listed)}
    for header in listed:
        found.setdefault(header_key(bare_header(header) or header), header)
    return found


def likely_headers(columns: Sequence[str], headers: Sequence[str]) -> dict[str, str]:
    """A header for each column that may be meant by one, no header twice; the known words of all go before likeness."""
    free = {header_key(header): header for header in reversed(headers)}
    likely: dict[str, str] = {}
    for column in columns:
        for word in likely_words().get(column, ()):
            if header_key(word) in free:
                likely[column] = free.pop(header_key(word))
                break
    for column in columns:
        if column not in likely and (key := _close(column, list(free))):
            likely[column] = free.pop(key)
    return likely


def _close(column: str, keys: Sequence[str]) -> str | None:
    """A header that begins with the canonical name, or is nearly it."""
    begins = [key for key in keys if key.startswith(header_key(column))]
    close = begins or get_close_matches(header_key(column), keys, n=1, cutoff=CLOSE)
    return close[-1] if close else None


def header_of(sheet: Sheet, known: set[str]) -> tuple[int, Sequence[str]] | None:
    """The row that names the columns, by its index, and the names; of two rows together the index of the lower.

    It is the row with most known headers. Without any, the first of the widest rows that hold words only and none of
    the words below them: a row of data must not be taken for names, for names are shown.
    """
    rows = sheet.rows[:ROWS_SEARCHED_FOR_A_HEADER]
    best: tuple[int, Sequence[str]] | None = None
    most: tuple[int, int] = (1, 0)
    for index, row in enumerate(rows):
        filled = [cell for cell in map(plain, row) if cell]
        if len(filled) > 1 and len({header_key(cell) for cell in filled}) == len(filled):
            score = (_recognised(row, known), len(filled))
            if score[0] > 1 and score > most:
                best, most = (index, row), score
    named = dict.fromkeys(known, "")
    for index, joined in pairs_of_rows(rows, named):
        if _recognised(joined, known) >= most[0] + MORE_BY_TWO_ROWS:
            best, most = (index, joined), (_recognised(joined, known), 0)
    return best or _row_of_words(sheet, rows)


def _recognised(row: Sequence[str], known: set[str]) -> int:
    return len(by_key(cell for cell in row if plain(cell)).keys() & known)


def _row_of_words(sheet: Sheet, rows: Sequence[Sequence[str]]) -> tuple[int, Sequence[str]] | None:
    best: tuple[int, Sequence[str]] | None = None
    widest = 1
    for index, row in enumerate(rows):
        filled = [cell for cell in map(plain, row) if cell]
        if len(filled) > widest and all(map(_may_name, filled)) and _names_nothing_below(sheet, index, row):
            best, widest = (index, row), len(filled)
    return best


def _may_name(cell: str) -> bool:
    """A header has no digits, and no comma as a person's name in a list has."""
    return not any(sign.isdigit() or sign in ",@" for sign in cell)


def _names_nothing_below(sheet: Sheet, index: int, row: Sequence[str]) -> bool:
    """Some rows follow, and none repeats a cell of this one in its place."""
    below = [other for other in sheet.rows[index + 1 :] if any(plain(cell) for cell in other)]
    cells = {place: plain(cell) for place, cell in enumerate(row) if plain(cell)}
    repeats = any(
        plain(other[place]) == cell for other in below for place, cell in cells.items() if place < len(other)
    )
    return len(below) > 1 and not repeats
