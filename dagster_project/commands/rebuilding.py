"""Building the warehouse anew from the archive."""

from __future__ import annotations

from dagster_project.commands.options import EngineName
from dagster_project.commands.terminal import make_console, progress_bar
from dagster_project.settings import load_settings


def rebuild(engine: EngineName = "duckdb") -> None:
    """Throw the warehouse file away and build every mart anew from the archive, without reading the landing area.

    For a damaged file, or to prove that the marts say what the archive says. What is published stays until the new
    marts are whole; then it is said which of them hold other rows than before. Nobody is mailed.
    """
    from dagster_project.rebuilding import rebuild_whole
    from dagster_project.warehouse import Engine

    settings = load_settings()
    with progress_bar() as told:
        rebuilt = rebuild_whole(settings, progress=told, engine=Engine(engine))
    console = make_console()
    if rebuilt.differing is None:
        words = (
            "Built anew from the archive and published; there was nothing published that could be compared."
        )
    elif rebuilt.differing:
        names = ", ".join(rebuilt.differing)
        words = f"Built anew from the archive and published. Other rows than before: {names}; see `caseload changes`."
    else:
        words = "Built anew from the archive and published: every mart holds the rows it held before."
    console.print(words, markup=False, highlight=False)
