"""Which release of the product this is, and which made what lies in a data folder."""

from __future__ import annotations

from importlib.metadata import version

from packaging.version import Version

RELEASE = version("caseload")


def is_newer(release: str, than: str = RELEASE) -> bool:
    """Whether one release came after the other."""
    return Version(release) > Version(than)
