"""Taking a backup: what an installation cannot make again, copied while no load is at work. Changes nothing at home."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.backups.listed import (
    FILES,
    FORM,
    NAME,
    BackupError,
    BackupList,
    ListedFile,
    ListedFolder,
    ListedLink,
    Told,
    check,
    digest_of,
    write_text,
)
from dagster_project.deliveries import Manifest, check_files
from dagster_project.deliveries.generation import generation
from dagster_project.durable import flush_whole, put_in_place
from dagster_project.load import only_load
from dagster_project.release import RELEASE
from dagster_project.settings import PROJECT_ROOT, Settings

WAIT_SECONDS = 3600.0
CURRENT = "published/current"


def take(
    settings: Settings,
    target: Path,
    *,
    wait_seconds: float = WAIT_SECONDS,
    told: Told = lambda done, total, what: None,
    now: datetime | None = None,
) -> BackupList:
    """Copy the installation to `target`, read it back and compare; the list is returned.

    Waits for a load that is under way. Raises BackupError, DamagedFileError, LoadInProgressError and OSError; without
    its list, which comes last, what was written is no backup.
    """
    target = target.expanduser().resolve()
    if not settings.home.is_dir():
        raise BackupError(f"{settings.home} is not there: CASELOAD_HOME names the data folder to be copied")
    for folder, what in ((settings.home, "the data folder"), (PROJECT_ROOT, "the repository")):
        if target.is_relative_to(folder):
            raise BackupError(f"{target} lies in {what}: a backup belongs elsewhere, on another disk")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} holds something: a backup goes into a folder that is new or empty")
    with only_load(settings, "a backup", wait_seconds):
        if settings.manifest.is_file():
            # It would take the place of an earlier backup that has them whole.
            in_force = Manifest(settings.manifest).in_force().values()
            check_files(settings, [one.archive_file for one in in_force if one.archive_file])
        listed = _copy(settings, target, told, now or datetime.now(UTC))
    flush_whole(target)
    being_written = target / f".{NAME}.writing"
    being_written.write_text(write_text(listed), encoding="utf-8")
    being_written.chmod(0o600)
    put_in_place(being_written, target / NAME)
    return check(target, told)


def _copy(settings: Settings, target: Path, told: Told, now: datetime) -> BackupList:
    home = settings.home
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(0o700)
    (target / FILES).mkdir(mode=0o700)
    folders, files, links = [], [], []
    found = list(_contents(home))
    for number, path in enumerate(found):
        name = path.relative_to(home).as_posix()
        told(number, len(found), name)
        copy = target / FILES / name
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            links.append(ListedLink(path=name, to=str(path.readlink())))
        elif path.is_dir():
            copy.mkdir(parents=True, mode=0o700)
            folders.append(ListedFolder(path=name, mode=mode))
        else:
            if path.suffix == ".sqlite":
                _snapshot(path, copy)
                size, digest = digest_of(copy, None)
            else:
                size, digest = digest_of(path, copy)
            files.append(ListedFile(path=name, bytes=size, sha256=digest, mode=mode))
    return BackupList(
        form=FORM,
        release=RELEASE,
        made_at=now.astimezone(UTC).isoformat(timespec="seconds"),
        generation=generation(settings),
        left_in_landing=sum(1 for path in settings.landing.rglob("*") if path.is_file()),
        folders=folders,
        files=files,
        links=links,
    )


def _contents(home: Path) -> Iterator[Path]:
    """Folders before what lies in them."""
    for name in ("archive", "reference", "outbox"):
        if (home / name).is_dir():
            yield from _walk(home / name)
    if (home / "warehouse" / "checks").is_dir():
        yield home / "warehouse"
        yield from _walk(home / "warehouse" / "checks")
    current = home / CURRENT
    if current.is_symlink() and current.is_dir():
        yield home / "published"
        yield home / "published" / "versions"
        yield from _walk(current.resolve(), with_hidden=True)
        yield current


def _walk(folder: Path, *, with_hidden: bool = False) -> Iterator[Path]:
    """Hidden names are scratch of a load, or of some other program; a published version has only its own."""
    yield folder
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or (path.name.startswith(".") and not with_hidden):
            continue
        if path.is_dir():
            yield from _walk(path, with_hidden=with_hidden)
        elif path.is_file() and not path.name.endswith(("-journal", "-wal", "-shm")):
            yield path


def _snapshot(path: Path, copy: Path) -> None:
    """One state of the database, though somebody acknowledges an alert meanwhile.

    Raises BackupError where it is damaged: a copy of it would be no backup.
    """
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=60)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            whole = target.execute("pragma integrity_check").fetchone()[0] == "ok"
    except sqlite3.DatabaseError:
        whole = False
    if not whole:
        raise BackupError(f"{path} is damaged, and no backup is made of it: go back to an earlier one")
