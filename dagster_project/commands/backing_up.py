"""A backup taken, proved and brought back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.commands.terminal import make_console, progress_bar
from dagster_project.settings import load_settings

if TYPE_CHECKING:
    from dagster_project.backups import BackupList


def backup(
    target: Annotated[Path, typer.Argument(help="Folder to write to: new or empty, on another disk.")],
    wait: Annotated[int, typer.Option(min=0, help="Minutes to wait for a load that is under way.")] = 60,
) -> None:
    """Copy what cannot be made again to a folder, with a list of checksums, and read it back to prove it.

    Archive, crosswalk (as sealed as it lies), reference rows, who was told of what, and the published marts. Never a
    key, and nothing that still lies in landing. Holds the lock of a load meanwhile.

    Example: [bold]caseload backup /mnt/backup/caseload/2024-06-03[/]
    """
    from dagster_project.backups import take

    settings = load_settings()
    with progress_bar() as told:
        listed = take(
            settings,
            target,
            wait_seconds=wait * 60,
            told=lambda done, total, what: told("backup", done, total, what),
        )
    console = make_console()
    console.print(f"{_size(listed)} copied to {target} and read back: whole.", markup=False, highlight=False)
    if listed.left_in_landing:
        console.print(
            f"Not in it: {listed.left_in_landing:,} files under {settings.landing}, which hold identifiers in clear.",
            markup=False,
            highlight=False,
        )
    console.print("Keep the keys elsewhere: without them nobody can load on from it.", markup=False)


def restore(
    source: Annotated[Path, typer.Argument(help="Folder that caseload backup wrote.")],
    check: Annotated[bool, typer.Option("--check", help="Only prove that the backup is whole.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Set aside what the data folder holds; without it, refuse.")
    ] = False,
) -> None:
    """Bring a backup back into an empty data folder, build every mart from its archive and compare.

    Every file is compared with the backup's list before the first counts. Nobody is mailed, and the next load tells
    nobody again who was told by the day of the backup. Landing is left as it is.

    Example: [bold]CASELOAD_HOME=/srv/new caseload restore /mnt/backup/caseload/2024-06-03[/]
    """
    from dagster_project.backups import check as check_backup
    from dagster_project.backups import restore as run_restore
    from dagster_project.reference import load_reference
    from dagster_project.retention import kept_too_long

    settings = load_settings()
    console = make_console()
    with progress_bar() as told:
        if check:
            listed = check_backup(source, lambda done, total, what: told("restore", done, total, what))
        else:
            restored = run_restore(
                settings,
                source,
                replace=replace,
                told=lambda done, total, what: told("restore", done, total, what),
                progress=told,
            )
            listed = restored.listed
    made = f"made {listed.made_at[:16].replace('T', ' ')} UTC by release {listed.release}"
    if check:
        console.print(f"Whole: {_size(listed)}, {made}.", markup=False, highlight=False)
        return
    words = [f"{_size(listed)} restored to {settings.home}, {made}."]
    if restored.set_aside:
        words.append(
            f"What lay there before is in {restored.set_aside}; no purge reaches it, delete it in time."
        )
    if restored.rebuilt is None:
        words.append("Nothing was published when it was made.")
    elif restored.rebuilt.differing:
        words.append(
            "Marts with other rows than were published: "
            + ", ".join(restored.rebuilt.differing)
            + ". A load had been "
            "cut off, reference rows had changed, or this release computes them differently; see `caseload changes`."
        )
    else:
        words.append("Built anew from the archive: every mart holds the rows that were published.")
    too_long = kept_too_long(settings, load_reference(settings), datetime.now(UTC), None)
    if too_long:
        words.append(f"{len(too_long):,} things in it are kept for too long by now: see `caseload purge`.")
    for line in words:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _size(listed: BackupList) -> str:
    return f"{len(listed.files):,} files, {listed.bytes / 1_000_000:,.1f} MB"
