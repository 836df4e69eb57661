"""Commands on what is kept: purge, and an original given back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dagster_project.commands.options import Council, refuse_unregistered
from dagster_project.commands.terminal import make_console, progress_bar
from dagster_project.settings import load_settings


def purge(
    council: Council = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take it away; without it, only show.")] = False,
) -> None:
    """Show what has been kept for longer than retention.csv says; with --yes, take it away for good.

    Sealed originals, deliveries of months long past, mails, workbooks, older copies of the marts. The manifest keeps
    that a delivery came; what was taken away is logged in archive/purges.jsonl.

    Example: [bold]caseload purge[/], then [bold]caseload purge --yes[/]
    """
    from dagster_project.reference import load_reference
    from dagster_project.retention import kept_too_long, print_plan, print_purge
    from dagster_project.retention import purge as run_purge

    settings = load_settings()
    refuse_unregistered(settings, council)
    if not yes:
        print_plan(
            make_console(), kept_too_long(settings, load_reference(settings), datetime.now(UTC), council)
        )
        return
    with progress_bar() as told:
        done = run_purge(settings, council=council, progress=told)
    print_purge(make_console(), done)


def original(
    delivery: Annotated[str, typer.Argument(help="Its name, from caseload status --deliveries.")],
    to: Annotated[Path, typer.Option(help="The file to write; it must not be there yet.")],
    why: Annotated[str, typer.Option(help="The reason, kept: nothing personal belongs here.")],
) -> None:
    """Give back the sealed original of a delivery, the very bytes that landed; who asked and why is logged.

    Example: [bold]caseload original ambershire-2024-05-posts-20240603T060000-1a2b --to posts.csv --why "row 7"[/]
    """
    from dagster_project.retention import open_original, print_opened

    if not why.strip():
        raise typer.BadParameter("say why the original is opened", param_hint="--why")
    print_opened(make_console(), open_original(load_settings(), delivery, to, why))
