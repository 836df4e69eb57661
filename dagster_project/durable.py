"""What is written stays written when the power goes: a file or a folder on disk before a name tells of it."""

from __future__ import annotations

import os
from pathlib import Path


def flush(path: Path) -> None:
    """The file's bytes, or the folder's names, are on disk and not only in a cache."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_whole(folder: Path) -> None:
    """Everything in the folder, and it itself, is on disk; links are names and no more."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            flush(path)
    flush(folder)


def put_in_place(being_written: Path, path: Path) -> None:
    """`path` is what was written aside, whole: after a power cut it is the old one or the new one, never less.

    Of a folder the caller has flushed what lies in it.
    """
    flush(being_written)
    os.replace(being_written, path)
    flush(path.parent)
