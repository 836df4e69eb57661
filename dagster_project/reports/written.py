"""Files written for people, each replaced whole: an internal copy is for its owner only. Knows no contents."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from dagster_project.durable import put_in_place
from dagster_project.errors import PlainError
from dagster_project.reports.council_marts import Copy
from dagster_project.settings import Settings, make_private

MODES = {Copy.PUBLIC: 0o644, Copy.INTERNAL: 0o600}


class CannotWriteError(PlainError):
    """A folder or file could not be written."""


def folder_of(settings: Settings, council: str, month: date) -> Path:
    """Where papers and packs of a council's month lie unless another folder is named."""
    make_private(settings.outbox)
    return settings.papers / council / f"{month:%Y-%m}"


def write_whole(folder: Path, files: Mapping[str, bytes], copy: Copy) -> list[Path]:
    """Afterwards the folder holds each file whole; one that stood there before is replaced by a single rename.

    Raises CannotWriteError where the folder cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            being_written = folder / f".{name}.writing"
            being_written.unlink(missing_ok=True)
            descriptor = os.open(being_written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODES[copy])
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            put_in_place(being_written, folder / name)
            written.append(folder / name)
    except OSError as error:
        raise CannotWriteError(f"cannot write to {folder}: {error.strerror}") from error
    return written
