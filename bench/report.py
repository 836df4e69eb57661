"""One result as a table: what each contender took, and how many times that the program takes. Measures nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.contenders import CONTENDERS, EVERYTHING, SAME_MARTS

CPU, WALL, PEAK = "cpu_seconds", "wall_seconds", "peak_mib"
HEADINGS = ("program", "CPU s", "wall s", "peak MiB", "the same marts: CPU ratio", "everything: CPU ratio")


def table(result: Mapping[str, Any]) -> list[list[str]]:
    """A row for each contender that took part: medians of what it took, then the program's CPU over its CPU."""
    rounds = result["rounds"]
    names = [one.name for one in CONTENDERS if one.name in rounds[0]]
    return [
        [
            name,
            *(number(median(one[name][what] for one in rounds)) for what in (CPU, WALL, PEAK)),
            spread(ratios(rounds, SAME_MARTS, name)),
            spread(ratios(rounds, EVERYTHING, name)),
        ]
        for name in names
    ]


def ratios(rounds: Sequence[Mapping[str, Any]], ours: str, theirs: str, what: str = CPU) -> list[float]:
    """Ours over theirs, round by round: both had the same machine."""
    return [one[ours][what] / one[theirs][what] for one in rounds]


def spread(values: Sequence[float]) -> str:
    """The median, and in brackets the least and the most."""
    return f"{number(median(values))} ({number(min(values))} to {number(max(values))})"


def number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def show(result: Mapping[str, Any], console: Console) -> None:
    console.print(drawn(f"{len(result['rounds'])} rounds", HEADINGS, table(result)))


def drawn(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Rows of figures for the terminal: what stands before the seconds to the left, figures to the right."""
    made = Table(title=title, title_justify="left")
    for place, heading in enumerate(headings):
        made.add_column(heading, justify="left" if place <= headings.index("program") else "right")
    for row in rows:
        made.add_row(*row)
    return made
