"""The manifest's file, as every record kept in it opens it: made when it is not there, one transaction a change."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from dagster_project.record_file import MANIFEST_BACK, DamagedRecordError, opened_whole
from dagster_project.settings import make_private


class ManifestFile:
    """A record in the manifest's file; who keeps one says which tables are its own."""

    schema: ClassVar[str]

    def __init__(self, path: Path) -> None:
        make_private(path.parent)
        self._path = path
        if not (path.is_file() and path.stat().st_size) and _holds_rows(path.parent):
            raise DamagedRecordError(f"{path} is gone or empty, though rows lie beside it: {MANIFEST_BACK}")
        with self._connect() as connection:
            connection.executescript(self.schema)

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=60)
        try:
            connection.row_factory = sqlite3.Row
            with opened_whole(self._path, MANIFEST_BACK):
                connection.execute("pragma synchronous = full")
                with connection:
                    yield connection
        finally:
            connection.close()


def _holds_rows(archive: Path) -> bool:
    """Whether an archive has rows of some month, in whichever generation; files without rows stand for year 1."""
    return any(archive.glob("**/month=[!0]*/*.parquet"))
