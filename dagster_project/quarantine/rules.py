"""What each rule says, why it is there and how to mend what breaks it: rules.yml, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Rule(BaseModel):
    """One rule in the words of the one who has to mend a row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: str
    example: str
    why: str
    mend: str


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by its name, in the order in which they are explained."""
    import yaml

    text = Path(__file__).with_name("rules.yml").read_text(encoding="utf-8")
    return {name: Rule(**words) for name, words in yaml.safe_load(text).items()}


def rule(name: str) -> Rule:
    """The words of a rule; of one that an older version gave and this one no longer knows, its name."""
    words = name.replace("_", " ")
    return rules().get(name) or Rule(says=words, example="", why="", mend="correct it at the source")
