"""What moved between two publications, as tables for a terminal. No worker and no case is shown."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from dagster_project.history.changes import Changes, Moved
from dagster_project.reports.terminal import titled_table

ROWS_SHOWN = 40


def print_changes(console: Console, changes: Changes, *, everything: bool = False) -> None:
    """What came and went, how many values of each column moved, and the values of units."""
    console.print(
        f"From {changes.before.load_id} ({_moment(changes.before.published_at)}) "
        f"to {changes.after.load_id} ({_moment(changes.after.published_at)})",
        markup=False,
        highlight=False,
    )
    numbers = {words: number for number, words in enumerate(_causes(changes), start=1)}
    for words, number in numbers.items():
        console.print(f"  {number}  {words}", markup=False, highlight=False)
    if not changes.moved:
        console.print("[bold]No published value moved.[/]")
        return
    _print_columns(console, changes)
    shown = [
        value
        for value in changes.moved
        if value.key("worker_key") is None and value.mart != "worker_caseloads"
    ]
    _print_values(console, shown if everything else shown[:ROWS_SHOWN], numbers)
    if len(shown) > ROWS_SHOWN and not everything:
        console.print(
            f"... and {len(shown) - ROWS_SHOWN:,} more values: --all, or --to-file for all of them."
        )
    if len(shown) < len(changes.moved):
        console.print(
            f"{len(changes.moved) - len(shown):,} values of workers moved: --to-file has them by key."
        )
    if not changes.is_exact:
        console.print("Where several causes are named, each could have moved the value.")


def _causes(changes: Changes) -> list[str]:
    return [*(shift.words for shift in changes.shifts), *changes.other_causes]


def _print_columns(console: Console, changes: Changes) -> None:
    table = titled_table("Values that moved")
    for heading in ("mart", "column", "values", "largest difference"):
        table.add_column(heading, justify="left" if heading in ("mart", "column") else "right")
    for (mart, column), values in sorted(
        changes.by_column.items(), key=lambda item: (-len(item[1]), item[0])
    ):
        differences = [abs(v.difference) for v in values if v.difference is not None]
        table.add_row(mart, column, f"{len(values):,}", f"{max(differences):,}" if differences else "")
    console.print(table)


def _print_values(console: Console, values: list[Moved], numbers: dict[str, int]) -> None:
    table = titled_table("Before and after")
    for heading in ("mart", "where", "month", "column", "before", "after", "difference", "by"):
        right = heading in ("before", "after", "difference")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for value in values:
        where = " ".join(str(part) for key, part in value.keys if key != "month" and part is not None)
        month = value.key("month")
        table.add_row(
            value.mart,
            where,
            f"{month:%Y-%m}" if month else "",
            value.column,
            _cell(value.before),
            _cell(value.after),
            "" if value.difference is None else f"{value.difference:+,}",
            " ".join(str(numbers[words]) for words in value.moved_by),
        )
    console.print(table)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _moment(text: str) -> str:
    return text[:16].replace("T", " ") + " UTC"
