"""The outbox: prepared messages as .eml files. A file is there whole or not at all."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from dagster_project.durable import put_in_place


def write(path: Path, message: bytes, before_the_rename: Callable[[], None] = lambda: None) -> None:
    """Afterwards `path` holds the message, readable by its owner only, on disk and not only in a cache."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A name of its own: two loads may be writing the same message.
    handle, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".unfinished", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(message)
    before_the_rename()
    try:
        put_in_place(Path(unfinished), path)
    except FileNotFoundError:
        # Another load wrote the same message meanwhile, and took ours for what a crash had left.
        if not path.is_file():
            raise
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.unfinished"):
        left.unlink(missing_ok=True)
