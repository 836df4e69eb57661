"""What the cells of a column look like, in counts and shapes. No value of a cell leaves here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dagster_project.deliveries.checking import shape_of
from dagster_project.deliveries.mapped_cells import plain

FEW_WORDS = 12
COMMON_SHAPES = 3
SHARE_TO_CALL_IT = 0.9
LAST_MONTH = 12
SLASHED = re.compile(r"^(\d{1,2})[/.](\d{1,2})[/.]\d{4}(\s.*)?$")
FORMS = (
    ("date as YYYY-MM-DD", re.compile(r"^\d{4}-\d{2}-\d{2}([ T].*)?$")),
    ("date as DD-Mon-YYYY", re.compile(r"^\d{1,2}-[A-Za-z]{3}-\d{2,4}$")),
    ("number with decimal comma", re.compile(r"^[+-]?£?\d{1,3}(\.\d{3})+(,\d+)?$|^[+-]?£?\d+,\d{1,2}$")),
    ("whole number", re.compile(r"^[+-]?\d+$")),
    ("number", re.compile(r"^\(?[+-]?\s*£?\s*[+-]?(\d{1,3}(,\d{3})+|\d*)(\.\d*)?\)?-?$")),
    ("percentage", re.compile(r"^\d+(\.\d+)?\s?%$")),
    ("yes or no", re.compile(r"^(y|n|yes|no|true|false|t|f)$", re.IGNORECASE)),
)


@dataclass(frozen=True)
class Column:
    """A column of an unknown file: header, kind, how many cells are filled and differ, and its commonest shapes."""

    header: str
    kind: str
    filled: int
    distinct: int
    shapes: tuple[tuple[str, int], ...]
    date_order: str | None = None


def column_of(header: str, cells: Sequence[str]) -> Column:
    """What the cells of a column are, said without any of them."""
    words = [word for word in map(plain, cells) if word]
    shapes = Counter(shape_of(word) for word in words).most_common(COMMON_SHAPES)
    kind, order = _kind(words)
    return Column(header, kind, len(words), len(set(words)), tuple(shapes), order)


def _kind(words: Sequence[str]) -> tuple[str, str | None]:
    if not words:
        return "empty", None
    days = [match for match in map(SLASHED.match, words) if match]
    if len(days) >= SHARE_TO_CALL_IT * len(words):
        order = _order(days)
        return {
            "day_first": "date, day first",
            "month_first": "date, month first",
            "mixed": "dates in both orders",
        }.get(order, "date, day or month first"), order
    for kind, form in FORMS:
        if sum(1 for word in words if form.match(word)) >= SHARE_TO_CALL_IT * len(words):
            return kind, "iso" if kind == "date as YYYY-MM-DD" else None
    distinct = len(set(words))
    if distinct <= FEW_WORDS and distinct * 2 <= len(words):
        return "code", None
    if distinct == len(words) and all(re.search(r"\d", word) for word in words):
        return "identifier", None
    return "text", None


def _order(days: Sequence[re.Match[str]]) -> str:
    """Which number is the day; only one past 12 tells."""
    first = any(int(day[1]) > LAST_MONTH for day in days)
    second = any(int(day[2]) > LAST_MONTH for day in days)
    if first and second:
        return "mixed"
    return "day_first" if first else "month_first" if second else "unsure"
