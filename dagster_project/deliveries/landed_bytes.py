"""The bytes of a file as it landed: from the disk, or of a sealed original, unsealed in memory while it is read.

Whoever reads deliveries reads them here, so no plain copy of an original is ever written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Unsealed:
    """How many bytes an original has, and how they are had."""

    size: int
    read: Callable[[], bytes]


_STANDS_FOR: dict[Path, Unsealed] = {}


@contextmanager
def standing_for(originals: Mapping[Path, Unsealed]) -> Iterator[None]:
    """For a while each of these paths, of empty files, reads as the original that it stands for."""
    _STANDS_FOR.update(originals)
    try:
        yield
    finally:
        for path in originals:
            _STANDS_FOR.pop(path, None)


def size_of(path: Path) -> int:
    """Raises OSError where the file cannot be had."""
    original = _STANDS_FOR.get(path)
    return original.size if original else path.stat().st_size


def bytes_of(path: Path) -> bytes:
    """Raises OSError where the file cannot be read."""
    original = _STANDS_FOR.get(path)
    return original.read() if original else path.read_bytes()


def digest_of(path: Path) -> str:
    """SHA-256 of the bytes; a file of any size is never held whole.

    Raises OSError where it cannot be read.
    """
    original = _STANDS_FOR.get(path)
    if original:
        return hashlib.sha256(original.read()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
