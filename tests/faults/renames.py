"""Every rename a load makes, and whether a power cut right before or after it would have left less than a whole file.

A rename is safe where what gets the name was flushed before it, every file of a folder, and the folder around it after.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PLACES = ("archive", "outbox", "published", "reference")
"""What is not made again: the warehouse is, from the archive."""


@contextmanager
def told_of_renames(home: Path, told: Path) -> Iterator[None]:
    """Afterwards `told` holds the number of renames, and those that were not safe."""
    flushed: set[str] = set()
    waiting: dict[str, list[str]] = {}
    seen: list[str] = []
    unsafe: list[str] = []
    fsync, replace = os.fsync, os.replace

    def flushing(descriptor: Any) -> None:
        fsync(descriptor)
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        flushed.add(path)
        waiting.pop(path, None)

    def replacing(source: Any, target: Any) -> None:
        source, target = Path(source), Path(target)
        place = target.relative_to(home).parts[0] if target.is_relative_to(home) else ""
        counts = place in PLACES and not any(part.endswith(".writing") for part in target.parent.parts)
        if counts:
            seen.append(str(target))
            whole = [source, *source.rglob("*")] if source.is_dir() and not source.is_symlink() else [source]
            unsafe.extend(
                f"{path} before {target}"
                for path in whole
                if not path.is_symlink() and str(path) not in flushed
            )
            waiting.setdefault(str(target.parent), []).append(str(target))
        replace(source, target)

    setattr(os, "fsync", flushing)  # noqa: B010
    setattr(os, "replace", replacing)  # noqa: B010
    try:
        yield
    finally:
        os.fsync, os.replace = fsync, replace
        unsafe.extend(f"{target} after" for targets in waiting.values() for target in targets)
        told.write_text(json.dumps({"seen": len(seen), "unsafe": unsafe}), encoding="utf-8")
