"""Where commands print, and how they show that work goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from dagster_project.load import Progress

WIDTH_WITHOUT_TERMINAL = 120


def make_console() -> Console:
    """Wide enough for its tables where no terminal sets the width, as in a log or a pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_WITHOUT_TERMINAL)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A live bar in a terminal; one line a phase elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        phases: set[str] = set()

        def tell(phase: str, done: int, total: int, what: str) -> None:
            if phase not in phases:
                phases.add(phase)
                console.print(f"... {PHASE_WORDS.get(phase, phase)}", markup=False)

        yield tell
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<32}"),
        BarColumn(),
        TextColumn("{task.fields[what]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bars:
        tasks: dict[str, int] = {}

        def show(phase: str, done: int, total: int, what: str) -> None:
            if phase not in tasks:
                for task in tasks.values():
                    bars.remove_task(task)  # type: ignore[arg-type]
                tasks.clear()
                tasks[phase] = bars.add_task(PHASE_WORDS.get(phase, phase), total=total or None, what=what)
            bars.update(tasks[phase], completed=done, total=total or None, what=what)  # type: ignore[arg-type]

        yield show


PHASE_WORDS = {
    "arrive": "reading what landed",
    "build": "building the marts",
    "check": "checking",
    "publish": "publishing",
}
