"""Where a printed figure comes from: its rule, the model that answers it, the extracts and files behind that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from dagster_project.deliveries import Delivery, Manifest
from dagster_project.errors import PlainError
from dagster_project.extracts import load_specifications
from dagster_project.reference import Reference
from dagster_project.reports.published import readings_of, whole_figures
from dagster_project.settings import Settings

MODELS = Path(__file__).with_name("figure_models.yml")
# The frame of units and months that every figure stands in; what it is made from says nothing of one figure.
FRAME = ("int_unit_months", "int_unit_tree")


class NoSuchFigureError(PlainError):
    """No report prints a figure of that name, or nothing is published yet."""


@dataclass(frozen=True)
class Lineage:
    """One printed figure and everything it was made from.

    `looked_up` is its row of report_figure_measures.csv; `models` are dbt models from the answering one down to
    staging, each with its depth; `files` are the deliveries in force of the extracts they read, of the months that the
    figure may look at.
    """

    figure: Mapping[str, Any]
    looked_up: Mapping[str, str]
    readings: Sequence[Mapping[str, Any]]
    models: Sequence[tuple[int, str]]
    extracts: Sequence[str]
    reference_files: Sequence[str]
    files: Sequence[Delivery] = field(default=())


@cache
def model_of() -> Mapping[str, str]:
    """The dbt model (or reference file) that answers each measure."""
    import yaml

    listed = yaml.safe_load(MODELS.read_text(encoding="utf-8"))
    return {measure: model for model, measures in listed.items() for measure in measures}


def lineage_of(settings: Settings, reference: Reference, figure_id: str) -> Lineage:
    """Everything behind one figure, as the last build made it.

    Raises NoSuchFigureError when no report prints it or there is no build to look at.
    """
    figures = {row["figure_id"]: row for row in whole_figures(settings)}
    figure = figures.get(figure_id.upper())
    if figure is None:
        raise NoSuchFigureError(
            f"no report prints a figure named {figure_id}; `caseload figures` lists all {len(figures)}."
        )
    looked_up = next(
        row for row in reference.rows("report_figure_measures") if row["figure_id"] == figure["figure_id"]
    )
    nodes = _nodes(settings)
    start = model_of()[looked_up["measure"]]
    models, extracts, seeds = _behind(nodes, start)
    looks_back = bool(nodes.get(start, {}).get("config", {}).get("meta", {}).get("reach"))
    readings = [row for row in readings_of(settings) if row["figure_id"] == figure["figure_id"]]
    return Lineage(
        figure,
        looked_up,
        readings,
        models,
        extracts,
        seeds,
        _files(settings, looked_up, extracts, looks_back=looks_back),
    )


def _nodes(settings: Settings) -> dict[str, Any]:
    path = settings.warehouse / "dbt" / "manifest.json"
    if not path.is_file():
        raise NoSuchFigureError(f"nothing was built yet under {settings.home}: run `caseload load` first")
    nodes: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["nodes"]
    return {node["name"]: node for key, node in nodes.items() if key.startswith("model.")} | {
        f"seed {node['name']}": node for key, node in nodes.items() if key.startswith("seed.")
    }


def _behind(nodes: Mapping[str, Any], start: str) -> tuple[list[tuple[int, str]], list[str], list[str]]:
    """Models from `start` down, each once at its least depth; the extracts and reference files they end in."""
    specifications = load_specifications()
    models: list[tuple[int, str]] = []
    extracts: set[str] = set()
    seeds: set[str] = set()
    seen = {start}
    level = [start]
    depth = 0
    while level:
        below: list[str] = []
        for name in level:
            node = nodes.get(name)
            if node is None:
                seeds.add(name)
                continue
            models.append((depth, name))
            if name.removeprefix("stg_") in specifications:
                extracts.add(name.removeprefix("stg_"))
            for parent in [] if name in FRAME else node["depends_on"]["nodes"]:
                kind, _, parent_name = parent.split(".", 2)
                if kind == "seed":
                    seeds.add(parent_name)
                elif kind == "model" and parent_name not in seen:
                    seen.add(parent_name)
                    below.append(parent_name)
        level, depth = sorted(below), depth + 1
    return models, sorted(extracts), sorted(seeds)


def _files(
    settings: Settings, looked_up: Mapping[str, str], extracts: Sequence[str], *, looks_back: bool
) -> list[Delivery]:
    """Deliveries in force of the months a figure names, of a period all between, and where it looks back the year."""
    council, named = looked_up["council"], [looked_up[name] for name in ("month", "from_on", "to_on")]
    days = [date.fromisoformat(text) for text in named if text]
    if not council or not days:
        return []
    first, last = min(days).replace(day=1), max(days)
    wanted = {day.replace(day=1) for day in days}
    inside = bool(looked_up["from_on"] and looked_up["to_on"])
    if looks_back:
        inside, first = True, first.replace(year=first.year - 1)
    return sorted(
        (
            delivery
            for (of_council, month, extract), delivery in Manifest(settings.manifest).in_force().items()
            if of_council == council
            and extract in extracts
            and (month in wanted or (inside and first <= month <= last))
        ),
        key=lambda delivery: (delivery.month, delivery.extract),
    )
