"""The installation's SQLite files, which cannot be made again: damage is told with the file's name and the way back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_project.errors import PlainError

DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

MANIFEST_BACK = (
    "it says which rows count, and is not made again. Bring a backup back (`caseload restore FOLDER --replace`), land "
    "again what came since, and load"
)
LEDGER_BACK = (
    "it says who was told of what. Bring it back from a backup; or move it elsewhere, and the next load tells "
    "everybody again what stands"
)
"""What to do without the one and the other."""


class DamagedRecordError(PlainError):
    """The manifest or the ledger is no database any more, or lost what it held."""


@contextmanager
def opened_whole(path: Path, way_back: str) -> Iterator[None]:
    """What is done with the file within; raises DamagedRecordError, which tells the way back, where it is damaged."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # The low byte is the error, the others say more of it.
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE:
            raise DamagedRecordError(f"{path} is damaged and no database any more: {way_back}") from None
        raise
