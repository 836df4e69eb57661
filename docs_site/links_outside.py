"""Links that leave docs/ (to code, tests, README.md) become plain words: the site stands without the repository."""

from __future__ import annotations

import re
from typing import Any

LEAVES = re.compile(r"\[([^\]]+)\]\(\.\./[^)\s]+\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by MkDocs for each page before it is rendered."""
    return LEAVES.sub(r"\1", markdown)
