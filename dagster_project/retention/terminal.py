"""What is kept too long and what was taken away, as tables for a terminal. Counts, never a name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from dagster_project.reports.terminal import print_sealed, titled_table
from dagster_project.retention.kept_too_long import Item
from dagster_project.retention.opening import Opened
from dagster_project.retention.purging import Purge


def print_plan(console: Console, items: Sequence[Item]) -> None:
    """What a purge would take away."""
    if not items:
        console.print("Nothing is kept for longer than retention.csv says.")
        return
    _print_items(console, items, "Kept too long")
    if any(item.delivery for item in items):
        console.print(
            "With deliveries go their rows in the marts and every older copy of the marts; the marts are built anew."
        )
    console.print("[bold]Nothing was taken away: that needs --yes.[/]")


def print_purge(console: Console, done: Purge) -> None:
    """What a purge took away."""
    print_sealed(console, done.sealed)
    if done.items:
        _print_items(console, done.items, "Taken away")
    if done.finished:
        console.print(f"{done.finished} deliveries of a purge that had died were taken away to the end.")
    if done.leftovers:
        console.print(f"{done.leftovers} files of the archive that no delivery names were taken away.")
    if not done.items and not done.finished and not done.leftovers:
        console.print("Nothing is kept for longer than retention.csv says.")
    if done.report:
        console.print("The marts were built anew from what is kept.")


def print_opened(console: Console, opened: Opened) -> None:
    console.print(
        f"{opened.bytes:,} bytes of {opened.delivery.file_name} ({opened.delivery.delivery}) are in {opened.path}. "
        "They hold identifiers of children and workers: delete them when you are done. The opening is logged.",
        markup=False,
        highlight=False,
    )


def _print_items(console: Console, items: Sequence[Item], title: str) -> None:
    groups: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in items:
        groups[item.what, item.council].append(item)
    table = titled_table(title)
    table.add_column("what")
    table.add_column("council")
    table.add_column("oldest")
    for heading in ("count", "bytes"):
        table.add_column(heading, justify="right")
    for (what, council), group in groups.items():
        oldest = min(item.since for item in group)
        table.add_row(
            what,
            escape(council) or "(all)",
            f"{oldest:%Y-%m-%d}",
            f"{len(group):,}",
            f"{sum(item.bytes for item in group):,}",
        )
    console.print(table)
