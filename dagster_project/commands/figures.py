"""The figures that the reports print, and where each comes from."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project.commands.options import DONE, FAILED
from dagster_project.commands.terminal import make_console
from dagster_project.settings import load_settings


def figures(
    figure: Annotated[
        str | None, typer.Argument(help="Show where this figure comes from, such as N10.")
    ] = None,
) -> None:
    """Show every figure the reports print beside what the marts compute, or the lineage of one.

    The exit code is 1 where a figure that can be computed differs from what is printed.

    Examples: [bold]caseload figures[/]  ·  [bold]caseload figures N10[/]
    """
    from dagster_project.reference import load_reference
    from dagster_project.reports.figures import lineage_of
    from dagster_project.reports.figures_terminal import print_all_figures, print_lineage
    from dagster_project.reports.published import readings_of, whole_figures

    settings = load_settings()
    console = make_console()
    if figure:
        lineage = lineage_of(settings, load_reference(settings), figure)
        print_lineage(console, lineage)
        differs = lineage.figure["matches"] is False
    else:
        rows = whole_figures(settings)
        print_all_figures(console, rows, readings_of(settings))
        differs = any(row["matches"] is False for row in rows)
    raise typer.Exit(FAILED if differs else DONE)
