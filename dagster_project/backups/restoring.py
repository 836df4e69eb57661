"""The way back: a backup into an empty home, proved whole before it counts, the marts built and compared."""

from __future__ import annotations

import dataclasses
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.backups.listed import BackupError, BackupList, Told, copy_checked, read_list
from dagster_project.deliveries import Manifest, archive_root
from dagster_project.deliveries.crosswalk import councils_in, read_council
from dagster_project.deliveries.pseudonyms import fingerprint
from dagster_project.durable import flush, flush_whole
from dagster_project.load import Progress, only_load
from dagster_project.rebuilding import Rebuilt, rebuild_held
from dagster_project.release import RELEASE, is_newer
from dagster_project.settings import Settings

PLACES = ("archive", "reference", "outbox", "warehouse", "published")
"""What a backup holds; landing, keys and locks of a home stay as they are."""


@dataclass(frozen=True)
class Restored:
    """What came back; `rebuilt` None where nothing was published, `set_aside` where what lay there before is now."""

    listed: BackupList
    rebuilt: Rebuilt | None
    set_aside: Path | None


def restore(
    settings: Settings,
    source: Path,
    *,
    replace: bool = False,
    told: Told = lambda done, total, what: None,
    progress: Progress = lambda phase, done, total, what: None,
) -> Restored:
    """Put a backup into a home that holds nothing yet, build every mart from its archive and compare.

    With `replace` what lies in the home is set aside, never deleted. Every file is compared with the list, and the
    keys are tried on the archive, before the first counts. Raises BackupError, SettingsError and what a build raises;
    cut off, it is begun again by the same command, and no load runs meanwhile.
    """
    source = source.expanduser().resolve()
    listed = read_list(source)
    if is_newer(listed.release):
        raise BackupError(
            f"{source} was made by a later release, {listed.release}, and this one is {RELEASE}: run the later one"
        )
    settings.pseudonym_key()
    with only_load(settings, "a restore", is_restoring=True):
        was_cut_off = settings.being_restored.exists()
        there = [name for name in PLACES if _holds_something(settings.home / name)]
        if there and not (replace or was_cut_off):
            raise BackupError(
                f"{settings.home} holds data already ({', '.join(there)}): restore into an empty folder, or set what "
                "lies there aside with --replace"
            )
        if not was_cut_off:
            settings.being_restored.mkdir(mode=0o700)
        files = settings.being_restored / "files"
        shutil.rmtree(files, ignore_errors=True)
        try:
            _copy(source, listed, files, told)
            _try_keys(settings, files)
        except BaseException:
            # Nothing of the home was touched yet, unless an earlier restore was cut off in the middle.
            shutil.rmtree(files, ignore_errors=True)
            if not was_cut_off:
                settings.being_restored.rmdir()
            raise
        set_aside = _put_in_place(settings, files, there)
        settings.being_restored.rmdir()
        flush(settings.home)
        has_marts = (settings.published / "current").exists()
        rebuilt = rebuild_held(settings, progress=progress) if has_marts else None
        return Restored(listed, rebuilt, set_aside)


def _copy(source: Path, listed: BackupList, files: Path, told: Told) -> None:
    files.mkdir(mode=0o700)
    for folder in listed.folders:
        (files / folder.path).mkdir(parents=True, mode=0o700)
    for number, file in enumerate(listed.files):
        told(number, len(listed.files), file.path)
        to = files / file.path
        copy_checked(source, file, to)
        to.chmod(file.mode)
    for link in listed.links:
        (files / link.path).symlink_to(link.to)
    flush_whole(files)
    # The deepest first: a folder that nobody may write to is filled by then.
    for folder in reversed(listed.folders):
        (files / folder.path).chmod(folder.mode)


def _try_keys(settings: Settings, files: Path) -> None:
    """The keys at hand are those that the archive was made with.

    Raises BackupError, or SealError where the storage key is another one.
    """
    restored = dataclasses.replace(settings, home=files)
    if not restored.manifest.is_file():
        return
    own = fingerprint(settings.pseudonym_key())
    for council, made_with in sorted(Manifest(restored.manifest).key_fingerprints().items()):
        if made_with != own:
            raise BackupError(
                f"CASELOAD_PSEUDONYM_KEY is not the key that the backup's archive of {council} was made with: set the "
                "key of that day; a backup never holds one"
            )
    root = archive_root(restored)
    for council in councils_in(root):
        read_council(root, council, settings.storage_key())


def _put_in_place(settings: Settings, files: Path, there: list[str]) -> Path | None:
    set_aside = None
    if there:
        set_aside = settings.home / f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
        set_aside.mkdir(mode=0o700)
        for name in there:
            _move(settings.home / name, set_aside / name)
    for name in PLACES:
        if (files / name).exists():
            if (settings.home / name).is_dir():
                (settings.home / name).rmdir()
            _move(files / name, settings.home / name)
    files.rmdir()
    flush(settings.home)
    return set_aside


def _move(folder: Path, to: Path) -> None:
    os.replace(folder, to)
    flush(to.parent)


def _holds_something(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
