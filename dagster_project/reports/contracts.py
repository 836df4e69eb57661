"""What each mart and each of its columns means: the contracts of the dbt project, read where they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from dagster_project.reports.measures import Measure, measure_of
from dagster_project.settings import PROJECT_ROOT

# The parser in C reads the contracts in a tenth of the time, where it is there; both are safe.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MARTS = PROJECT_ROOT / "dbt" / "models" / "marts"


@dataclass(frozen=True)
class Column:
    """One column: its measure and its meaning, as the contract says it."""

    measure: Measure
    data_type: str
    meaning: str


@dataclass(frozen=True)
class Contract:
    """One mart as it is published, and the dbt model that makes it."""

    mart: str
    model: str
    subject: str
    tier: str
    description: str
    columns: Mapping[str, Column]

    def measure(self, column: str) -> Measure:
        return self.columns[column].measure


@cache
def contracts(folder: Path = MARTS) -> Mapping[str, Contract]:
    """Every mart's contract by the name it is published under."""
    found = {}
    for path in sorted(folder.rglob("*.yml")):
        declared = yaml.load(path.read_text(encoding="utf-8"), LOADER)  # noqa: S506 (both loaders are safe)
        for model in declared.get("models", []):
            mart = model.get("config", {}).get("alias", model["name"])
            found[mart] = Contract(
                mart=mart,
                model=model["name"],
                subject=path.parent.name,
                tier=model["config"]["meta"]["tier"],
                description=" ".join(model["description"].split()),
                columns={
                    column["name"]: Column(
                        measure_of(column["name"], column["data_type"]),
                        column["data_type"],
                        " ".join(column["description"].split()),
                    )
                    for column in model["columns"]
                },
            )
    return found


def plain_words(meaning: str) -> str:
    """A contract's sentence for readers who write no SQL."""
    words = re.sub(r"\bNULL\b", "no value", meaning).replace("`", "")
    return re.sub(r"(?<=[a-z0-9])_(?=[a-z0-9])", " ", words)
