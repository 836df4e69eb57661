"""Commands for who edits threshold policies: lint a file, and try it on history before it is adopted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dagster_project.commands.options import (
    DONE,
    FAILED,
    Council,
    From,
    To,
    month_range,
    refuse_unregistered,
)
from dagster_project.commands.terminal import make_console, progress_bar
from dagster_project.settings import load_settings

policy = typer.Typer(
    no_args_is_help=True, help="Threshold policies before they are adopted: lint a file, try it on history."
)
File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Rows in the form of threshold_policy.csv.")
]


@policy.command()
def lint(
    file: Annotated[
        Path | None,
        typer.Argument(
            exists=True, dir_okay=False, help="Rows in the form of threshold_policy.csv; else those in force."
        ),
    ] = None,
) -> None:
    """Find gaps, overlaps, unknown metrics and units, ended policies, and say how to mend each.

    The file is read as if it lay in the installation's reference folder. The exit code is 1 where a load would stop.

    Example: [bold]caseload policy lint threshold_policy.csv[/]
    """
    from dagster_project.policies import check_file, print_checked

    checked = check_file(load_settings(), file)
    print_checked(make_console(), checked)
    raise typer.Exit(FAILED if checked.has_errors else DONE)


@policy.command(name="try")
def try_policy(
    file: File,
    first: From = None,
    last: To = None,
    council: Council = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write every change to this file.")] = None,
) -> None:
    """Show which breaches a changed file would have raised over history, beside those there are. Changes nothing.

    The marts' own models are built of the archive, beside the installation. The exit code is 1 where the file has
    errors.

    Example: [bold]caseload policy try threshold_policy.csv --from 2018-01 --to 2018-05[/]
    """
    from dagster_project.policies import check_file, print_checked, print_trial, try_file, write_trial

    settings = load_settings()
    months = month_range(None, first, last)
    refuse_unregistered(settings, council)
    console = make_console()
    checked = check_file(settings, file)
    if checked.findings:
        print_checked(console, checked)
    if checked.reference is None:
        raise typer.Exit(FAILED)
    with progress_bar() as told:
        done: list[str] = []

        def on_node(name: str) -> None:
            done.append(name)
            told("build", len(done), 0, name)

        trial = try_file(settings, checked.reference, months=months, council=council, on_node=on_node)
    print_trial(console, trial)
    if csv:
        write_trial(trial, csv)
        console.print(f"{csv} holds every change.", markup=False)
