"""Which release of the product this is, and which made what lies in a data folder."""

from __future__ import annotations

from importlib.metadata import version

RELEASE = version("caseload")


def is_newer(release: str, than: str = RELEASE) -> bool:
    """Whether one release came after the other; a part that is no number counts as none."""
    return _numbers(release) > _numbers(than)


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in release.split("."))
