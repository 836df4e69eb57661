"""Metrics and their numbers in words, from metrics.csv. No metric is named here and no number is rounded."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path

from dagster_project.settings import Settings


@dataclass(frozen=True)
class Metric:
    """The words for one metric. `workers` is experience -> now/resolved -> one/many -> sentence."""

    words: str
    unit: str = ""
    unit_of_one: str = ""
    decimals: int = 0
    workers: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)

    def number(self, value: Decimal) -> str:
        """The value's own digits: never fewer decimals than the metric has, never rounded, no idle zeros."""
        whole, _, fraction = f"{value:f}".partition(".")
        fraction = fraction.rstrip("0").ljust(self.decimals, "0")
        shown = f"{whole}.{fraction}" if fraction else whole
        return shown.replace("-", "\N{MINUS SIGN}")

    def measure(self, value: Decimal) -> str:
        """The number with its unit, such as `26 cases per FTE social worker` or `2.0%`."""
        if self.unit == "%":
            return f"{self.number(value)}%"
        unit = self.unit_of_one if value == 1 and self.unit_of_one else self.unit
        return f"{self.number(value)} {unit}".strip()

    def about_workers(self, count: int, unit_name: str, experience: str, resolved: bool) -> str:
        """A sentence that counts workers of a unit and says nothing of any one of them."""
        sentences = self.workers.get(experience) or self.workers.get("any")
        if not sentences:
            workers = "1 worker" if count == 1 else f"{count} workers"
            return f"{workers} in {unit_name}: {self.words}"
        sentence = sentences["resolved" if resolved else "now"]["one" if count == 1 else "many"]
        return sentence.format(count=count, unit=unit_name)


class Metrics:
    """The metrics of one installation, by name."""

    def __init__(self, listed: Mapping[str, Metric]) -> None:
        self._listed = listed

    def __getitem__(self, name: str) -> Metric:
        """The metric's words; one that metrics.csv does not list is said by its own name."""
        return self._listed.get(name) or Metric(words=name.replace("_", " ").capitalize())


def read_metrics(settings: Settings) -> Metrics:
    """The product's metrics and the council's own, in whose words they win; before a first load the product's."""
    merged = settings.merged_reference / "metrics.csv"
    return Metrics(_listed(merged if merged.is_file() else settings.seeds / "metrics.csv"))


def _listed(path: Path) -> Mapping[str, Metric]:
    with path.open(encoding="utf-8", newline="") as rows:
        return {
            row["metric"]: Metric(
                words=row["words"],
                unit=row["unit"],
                unit_of_one=row["unit_of_one"],
                decimals=int(row["decimals"] or 0),
                workers=_sentences().get(row["metric"], {}),
            )
            for row in csv.DictReader(rows)
        }


@cache
def _sentences() -> Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]]:
    import yaml

    read: Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]] = yaml.safe_load(
        Path(__file__).with_name("metrics.yml").read_text(encoding="utf-8")
    )
    return read
