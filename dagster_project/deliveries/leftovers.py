"""What a run that was killed left in the archive: rows and keys that no delivery has and no retention would end."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dagster_project.deliveries.generation import archive_root
from dagster_project.deliveries.manifest import Manifest
from dagster_project.durable import flush
from dagster_project.extracts import load_specifications
from dagster_project.settings import Settings

BEGUN = (".*.writing", ".*-together.parquet.ready")
"""Files that were begun and never got their name."""


def clear_begun(settings: Settings) -> int:
    """No file of the archive is half written; how many were. For who holds the lock, once compaction is finished."""
    return _remove(path for pattern in BEGUN for path in settings.archive.rglob(pattern))


def clear_unnamed(settings: Settings) -> int:
    """No file of rows lies in the generation in use that no delivery names; how many did. For who holds the lock.

    A load leaves one that is killed before it records its deliveries; a copy that somebody made is one as well. A file
    of a later load than the manifest knows stays: where an older manifest was put back, only it has those rows.
    """
    if not settings.manifest.is_file():
        return 0
    root, named = archive_root(settings), Manifest(settings.manifest).archive_files()
    last = max((_load_of(Path(name)) for name in named), default="")
    return _remove(
        path
        for extract in load_specifications()
        for path in (root / extract).glob("month=*/*.parquet")
        if not path.name.startswith("columns-")
        and str(path.relative_to(settings.archive)) not in named
        and _load_of(path) <= last
    )


def _load_of(path: Path) -> str:
    """When the load was that wrote the file, as its name says."""
    return path.name.partition("-")[0]


def _remove(found: Iterable[Path]) -> int:
    paths = list(found)
    for path in paths:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in paths}:
        flush(folder)
    return len(paths)
