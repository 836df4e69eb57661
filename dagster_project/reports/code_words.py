"""Words for the codes that marts hold, the same in a paper, on a page and in a terminal; by column, in order."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from dagster_project.reports.measures import slug_words

CODE_WORDS = Path(__file__).parent / "code_words.yml"


@cache
def code_words() -> Mapping[str, Mapping[str, str]]:
    """For each column that holds codes, the words of each code."""
    found: Mapping[str, Mapping[str, str]] = yaml.safe_load(CODE_WORDS.read_text(encoding="utf-8"))
    return found


def listed_words(column: str, value: str) -> str:
    """Codes that stand in one cell with commas between, each in its words; one without words as its slug reads."""
    known = code_words().get(column, {})
    return ", ".join(known.get(code) or slug_words(code) for code in value.split(", "))
