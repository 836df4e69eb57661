"""What stands in quarantine, as tables for a terminal. No value of a row is known here."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from dagster_project.quarantine.rules import rule
from dagster_project.quarantine.standing import Standing, is_kept
from dagster_project.reports.terminal import titled_table

ROWS_SHOWN = 200


def print_standing(console: Console, found: Sequence[Standing]) -> None:
    """By council, month, extract, column and rule: how many rows, the first of them, and how to mend each rule."""
    if not found:
        console.print("Nothing is in quarantine.")
        return
    table = titled_table("In quarantine, newest month first")
    for heading in ("council", "month", "extract", "column", "rule"):
        table.add_column(heading, no_wrap=heading == "month", overflow="fold")
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("first rows")
    table.add_column("of the delivery")
    for one in found:
        place = (escape(one.delivery.council), f"{one.delivery.month:%Y-%m}", one.delivery.extract)
        for number, broken in enumerate(one.broken):
            first = [c.row_number for c in one.cells if (c.column, c.rule) == (broken.column, broken.rule)][
                :4
            ]
            table.add_row(
                *(place if number == 0 else ("", "", "")),
                broken.column,
                broken.rule + (" (kept)" if is_kept(broken) and not one.delivery.is_refused else ""),
                f"{broken.rows:,}",
                ", ".join(map(str, first)) + (", ..." if broken.rows > len(first) else ""),
                _became(one) if number == 0 else "",
            )
        if not one.broken:
            table.add_row(*place, "", "", "", "", _became(one))
    console.print(table)
    for one in found:
        if one.delivery.is_refused:
            console.print(f"Refused: {one.delivery.refused_because}", markup=False, highlight=False)
    _print_mending(console, found)


def print_rows(console: Console, found: Sequence[Standing]) -> None:
    """The single rows: number, column, rule, the cell's shape, what was expected."""
    left = ROWS_SHOWN
    for one in found:
        if not one.cells:
            continue
        table = titled_table(
            f"{escape(one.delivery.council)} {one.delivery.month:%Y-%m} {escape(one.delivery.told_name)}"
        )
        for heading in ("row", "column", "rule", "looks like", "expected"):
            table.add_column(heading, justify="right" if heading == "row" else "left", overflow="fold")
        for cell in one.cells[:left]:
            table.add_row(
                str(cell.row_number), cell.column, cell.rule, escape(cell.shape), escape(cell.expected)
            )
        console.print(table)
        left -= len(one.cells[:left])
        if left <= 0:
            console.print("More rows stand in the workbooks: --to-folder FOLDER.")
            return


def _became(one: Standing) -> str:
    if one.delivery.is_refused:
        return "[bold red]refused[/]"
    against = f"{one.rows_against_limit:,} of {one.delivery.rows_read:,} rows"
    return f"{against}; refused above {one.allowed.normalize():,f}"


def _print_mending(console: Console, found: Sequence[Standing]) -> None:
    names = sorted({broken.rule for one in found for broken in one.broken})
    if not names:
        return
    table = titled_table("How to mend it")
    table.add_column("rule", no_wrap=True)
    table.add_column("what is wrong")
    table.add_column("what to do")
    for name in names:
        words = rule(name)
        table.add_row(name, escape(words.says.replace("`", "")), escape(words.mend.replace("`", "")))
    console.print(table)
