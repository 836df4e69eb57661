"""Looking up who stands behind a key, and changing the secret that keys are made with."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dagster_project.commands.options import DONE, FAILED, Council, refuse_unregistered
from dagster_project.commands.terminal import make_console, progress_bar
from dagster_project.settings import load_settings


def who(
    key: Annotated[
        int | None, typer.Argument(help="The key, such as the worker_key of a restricted mart.")
    ] = None,
    why: Annotated[str, typer.Option(help="The reason; it is kept in the log with your name.")] = "",
    council: Council = None,
    kind: Annotated[str | None, typer.Option(help="child, family, worker or registration.")] = None,
    reverse: Annotated[
        bool, typer.Option("--reverse", help="Read an identifier from standard input and show its key.")
    ] = False,
    log: Annotated[bool, typer.Option("--log", help="Show every look-up made so far instead.")] = False,
) -> None:
    """Show who stands behind a key: each look-up is logged with its reason before anything is shown.

    With --reverse the identifier is read from standard input, so that it does not stay in a shell's history.

    Examples: [bold]caseload who 8123456789012345678 --why "caseload review with the team manager"[/]  ·
    [bold]caseload who --reverse --council ambershire --why "caseload review with the team manager"[/]
    """
    from dagster_project.deliveries.lookups import KINDS, key_of, log_of
    from dagster_project.deliveries.lookups import who as look_up
    from dagster_project.reports.terminal import titled_table

    settings = load_settings()
    console = make_console()
    refuse_unregistered(settings, council)
    if kind and kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(KINDS)}", param_hint="--kind")
    if log:
        table = titled_table("Look-ups in the crosswalk")
        for heading in ("when (UTC)", "who", "what", "council", "kind", "keys", "shown", "why"):
            table.add_column(heading, overflow="fold")
        for entry in log_of(settings):
            keys = ", ".join(map(str, entry.keys))
            table.add_row(
                entry.at[:19].replace("T", " "),
                *(entry.who, entry.what, entry.council, entry.kind, keys, str(entry.found), entry.why),
            )
        console.print(table)
        return
    if reverse:
        if council is None:
            raise typer.BadParameter(
                "an identifier means somebody only in its council", param_hint="--council"
            )
        identifier = sys.stdin.readline().strip()
        if not identifier:
            raise typer.BadParameter("no identifier came on standard input", param_hint="--reverse")
        found_key = key_of(settings, identifier, why, council=council, kind=kind or "worker")
        console.print("nobody of that identifier has arrived" if found_key is None else str(found_key))
        raise typer.Exit(FAILED if found_key is None else DONE)
    if key is None:
        raise typer.BadParameter("give a key, --reverse or --log")
    found = look_up(settings, key, why, council=council, kind=kind)
    for person in found:
        console.print(
            f"{person.council}  {person.kind}  {person.identifier}  (first seen {person.first_seen})",
            markup=False,
            highlight=False,
        )
    if not found:
        console.print("Nobody in the crosswalk has that key.")
    raise typer.Exit(DONE if found else FAILED)


def rotate_key() -> None:
    """Give every child and worker another key, under the secret in CASELOAD_NEW_PSEUDONYM_KEY.

    Builds a new generation of the archive from the crosswalk, proves it, switches in one step and rebuilds the marts.
    Afterwards CASELOAD_PSEUDONYM_KEY has to be the new secret (and CASELOAD_STORAGE_KEY that of
    CASELOAD_NEW_STORAGE_KEY, where one was given). Interrupted, the old generation or the new one is whole: run
    `caseload load`, which finishes what was begun.
    """
    from dagster_project.key_rotation import rotate

    settings = load_settings()
    with progress_bar() as told:
        done = rotate(settings, progress=told)
    also = " and CASELOAD_STORAGE_KEY to the new one" if settings.new_storage_key_variable else ""
    console = make_console()
    console.print(
        f"{done.keys:,} keys of {done.councils} councils in {done.files} files are new; generation {done.generation} "
        "is in use and the marts are rebuilt. "
        f"Set CASELOAD_PSEUDONYM_KEY to the new secret{also} before the next load.",
        soft_wrap=True,
    )
