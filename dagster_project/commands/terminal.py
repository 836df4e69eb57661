"""Where commands print, and how they show that work goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from dagster_project.unseen_signs import without_unseen

if TYPE_CHECKING:
    from dagster_project.load import Progress

WIDTH_WITHOUT_TERMINAL = 120


class PlainConsole(Console):
    """Text that came from elsewhere moves no cursor and turns no line; colours and bars are the console's own."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable() or segment.text == "\n":
                yield segment
            else:
                yield Segment(without_unseen(segment.text), segment.style)


def make_console(*, stderr: bool = False) -> Console:
    """Wide enough for its tables where no terminal sets the width, as in a log or a pipe."""
    console = PlainConsole(stderr=stderr)
    return console if console.is_terminal or stderr else PlainConsole(width=WIDTH_WITHOUT_TERMINAL)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A live bar in a terminal; one line a phase elsewhere."""
    console = make_console(stderr=True)
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
    "backup": "copying and reading back",
    "restore": "copying and comparing with the list",
}
