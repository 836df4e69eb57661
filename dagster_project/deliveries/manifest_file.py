"""The manifest's file, as every record kept in it opens it: made when it is not there, one transaction a change."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from dagster_project.settings import make_private


class ManifestFile:
    """A record in the manifest's file; who keeps one says which tables are its own."""

    schema: ClassVar[str]

    def __init__(self, path: Path) -> None:
        make_private(path.parent)
        self._path = path
        with self._connect() as connection:
            connection.executescript(self.schema)

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=60)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("pragma synchronous = full")
            with connection:
                yield connection
        finally:
            connection.close()
