"""The comparison for a terminal: a line for each cell, what explains it beneath. No colour carries a meaning alone."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from dagster_project.reports.terminal import titled_table
from dagster_project.shadow.comparison import Compared, Comparison, summary
from dagster_project.shadow.wording import others_words, rules_words

SIGNS = {"explained": "cyan", "unexplained": "bold red", "not compared": "yellow"}


def print_comparison(
    console: Console, comparison: Comparison, titles: Mapping[tuple[str, str], str], private_file: Path | None
) -> None:
    """Print every cell, the rules found, what could not be read, and a line that sums it up."""
    month = comparison.month
    reasons: dict[str, list[Compared]] = {}
    table = titled_table(f"{escape(month.council)}, {month.first:%B %Y}: the spreadsheet beside the marts")
    table.add_column("row", justify="right")
    table.add_column("unit", overflow="fold")
    table.add_column("measure", overflow="fold")
    for heading in ("theirs", "ours", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict")
    for heading in ("cases", "workers"):
        table.add_column(heading, justify="right")
    for cell in comparison.cells:
        table.add_row(*_line(cell, titles, month.council, reasons))
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


def _line(
    cell: Compared, titles: Mapping[tuple[str, str], str], council: str, reasons: dict[str, list[Compared]]
) -> list[str]:
    words = rules_words(cell)
    verdict: str = cell.verdict
    if words:
        reasons.setdefault(words, []).append(cell)
        verdict += f" ({list(reasons).index(words) + 1})"
    style = SIGNS.get(cell.verdict)
    # A name nobody knows may be a person's: the row number leads its writer back to it.
    unit = titles.get((council, cell.cell.unit or ""), cell.cell.unit or "?")
    return [
        str(cell.cell.row_number),
        escape(unit),
        escape(cell.measure.column if cell.measure else "?"),
        _number(cell.theirs if cell.theirs is not None else cell.cell.number),
        _number(cell.ours),
        _number(cell.difference, signed=True) if cell.difference else "",
        f"[{style}]{verdict}[/]" if style else verdict,
        str(cell.cases_moved) if cell.answer.rules or cell.answer.nearest else "",
        str(cell.workers_moved) if cell.answer.rules or cell.answer.nearest else "",
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
