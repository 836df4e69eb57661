"""The command for who edits recipients of alerts: lint a file before it is put in place."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dagster_project.commands.options import DONE, FAILED
from dagster_project.commands.terminal import make_console
from dagster_project.settings import load_settings

recipients = typer.Typer(
    no_args_is_help=True, help="Recipients of alerts before they are put in place: lint a file."
)


@recipients.callback()
def _group() -> None:
    """Keep `lint` a command of its own: further ones may follow."""


@recipients.command()
def lint(
    file: Annotated[
        Path | None,
        typer.Argument(
            exists=True, dir_okay=False, help="Rows in the form of alert_recipients.csv; else those in force."
        ),
    ] = None,
) -> None:
    """Find addresses and channels that cannot be used, unknown units and severities, rows that ended, and units of
    which nobody is told; and say how to mend each.

    The file is read as if it lay in the installation's reference folder, with this installation's secrets. The exit
    code is 1 where a load would stop or a row can never be told.

    Example: [bold]caseload recipients lint alert_recipients.csv[/]
    """
    from dagster_project.alerts.recipient_lint import lint_recipients
    from dagster_project.deliveries import Manifest
    from dagster_project.policies import print_checked
    from dagster_project.reference import check_table

    settings, today = load_settings(), datetime.now(UTC).date()
    loaded = Manifest(settings.manifest).councils_loaded() if settings.manifest.is_file() else set()
    checked = check_table(
        settings,
        "alert_recipients",
        file,
        lambda reference: lint_recipients(reference, settings.channels, today, loaded),
    )
    print_checked(make_console(), checked)
    raise typer.Exit(FAILED if checked.has_errors else DONE)
