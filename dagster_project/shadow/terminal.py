"""The comparison for a terminal: a line for each cell, what explains it beneath. No colour carries a meaning alone."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from dagster_project.reports.terminal import titled_table
from dagster_project.shadow.comparison import Compared, Comparison, summary
from dagster_project.shadow.wording import moved_words, others_words, rules_words

SIGNS = {"explained": "cyan", "unexplained": "bold red", "not compared": "yellow"}
NARROWER = 100
LONGEST_WORD = 11


def print_comparison(
    console: Console, comparison: Comparison, titles: Mapping[tuple[str, str], str], private_file: Path | None
) -> None:
    """Print every cell, the rules found, what could not be read, and a line that sums it up."""
    month = comparison.month
    reasons: dict[str, list[Compared]] = {}
    table = titled_table(f"{escape(month.council)}, {month.first:%B %Y}: the spreadsheet beside the marts")
    table.add_column("row", justify="right", no_wrap=True)
    is_narrow = console.width < NARROWER
    for heading in ["unit and measure"] if is_narrow else ["unit", "measure"]:
        table.add_column(heading, overflow="fold")
    for heading in ("theirs", "ours", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", min_width=LONGEST_WORD)
    table.add_column("moves", min_width=LONGEST_WORD)
    for cell in comparison.cells:
        unit, measure = _names(cell, titles, month.council)
        names = [f"{unit}\n{measure}"] if is_narrow else [unit, measure]
        table.add_row(str(cell.cell.row_number), *names, *_line(cell, reasons))
    console.print(table)
    for number, (words, cells) in enumerate(reasons.items(), start=1):
        # Another rule may stand for this one only where it fits every cell that this one explains.
        others = [rules for rules in cells[0].answer.also if all(rules in cell.answer.also for cell in cells)]
        console.print(f"({number}) {words}{others_words(others)}", markup=False, highlight=False)
    _print_unread(console, comparison)
    _print_summary(console, comparison)
    if private_file:
        console.print(
            f"Which cases and workers: {private_file} (only you can open it)",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _names(cell: Compared, titles: Mapping[tuple[str, str], str], council: str) -> tuple[str, str]:
    """A name nobody knows may be a person's and stays in the sheet: the row number leads its writer back to it."""
    unit = titles.get((council, cell.cell.unit or ""), cell.cell.unit or "?")
    return escape(unit), escape(cell.measure.column.replace("_", " ") if cell.measure else "?")


def _line(cell: Compared, reasons: dict[str, list[Compared]]) -> list[str]:
    words = rules_words(cell)
    verdict: str = cell.verdict
    if words:
        reasons.setdefault(words, []).append(cell)
        verdict += f" ({list(reasons).index(words) + 1})"
    style = SIGNS.get(cell.verdict)
    differs = cell.difference is not None and cell.verdict in ("explained", "unexplained")
    return [
        _number(cell.theirs if cell.theirs is not None else cell.cell.number),
        _number(cell.ours),
        _number(cell.difference, signed=True) if differs else "",
        f"[{style}]{verdict}[/]" if style else verdict,
        moved_words(cell),
    ]


def _number(value: Decimal | None, *, signed: bool = False) -> str:
    return "" if value is None else f"{value:{'+' if signed else ''},f}"


def _print_unread(console: Console, comparison: Comparison) -> None:
    for cell in comparison.sheet.unreadable:
        shape = f", found {cell.shape}" if cell.shape else ""
        console.print(
            f"Not read: {comparison.sheet.file}, row {cell.row_number}, column {cell.column}: {cell.rule}, "
            f"expected {cell.expected}{shape}",
            markup=False,
            highlight=False,
        )
    if comparison.sheet.left_out:
        kinds = ", ".join(
            f"{kind.replace('_', ' ')} {count}" for kind, count in sorted(comparison.sheet.left_out.items())
        )
        console.print(f"Left out of the sheet: {kinds}", markup=False, highlight=False)


def _print_summary(console: Console, comparison: Comparison) -> None:
    counts = summary(comparison)
    console.print(
        f"[bold]{counts['compared']} cells compared: {counts['agree']} agree, {counts['explained']} explained, "
        f"{counts['unexplained']} unexplained[/]; {counts['not compared']} not compared.",
        highlight=False,
    )
