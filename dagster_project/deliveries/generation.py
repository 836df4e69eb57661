"""Which generation of the archive is in use. Every key in one generation was made with the same secret."""

from __future__ import annotations

from pathlib import Path

from dagster_project.deliveries.manifest import Manifest
from dagster_project.settings import Settings

MARK = "generation"
FIRST = 1


def generation(settings: Settings) -> int:
    """The number of the generation that deliveries are read from and written to; the manifest alone says it."""
    if not settings.manifest.is_file():
        return FIRST
    return int(Manifest(settings.manifest).mark(MARK) or FIRST)


def root_of(settings: Settings, number: int) -> Path:
    """Where a generation lies: the first in the archive itself, each later one in a folder of its own."""
    return settings.archive if number == FIRST else settings.archive / f"generation-{number}"


def archive_root(settings: Settings) -> Path:
    """Where the Parquet, the crosswalk and the originals in use lie."""
    return root_of(settings, generation(settings))
