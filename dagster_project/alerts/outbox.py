"""The outbox: prepared messages as .eml files. A file is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, message: bytes) -> None:
    """Afterwards `path` holds the message, readable by its owner only, on disk and not only in a cache."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f".{path.name}.unfinished")
    handle = os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(message)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
