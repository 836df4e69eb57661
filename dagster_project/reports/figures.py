"""Where a printed figure comes from: its rule, the model that answers it, the extracts and files behind that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from dagster_project.deliveries import Delivery, Manifest
from dagster_project.errors import PlainError
from dagster_project.reference import Reference
from dagster_project.reports.lineage import behind, built_nodes
from dagster_project.reports.published import readings_of, whole_figures
from dagster_project.settings import Settings

MODELS = Path(__file__).with_name("figure_models.yml")


class NoSuchFigureError(PlainError):
    """No report prints a figure of that name."""


@dataclass(frozen=True)
class Lineage:
    """One printed figure and everything it was made from.

    `inputs` are those its paper prints; `looked_up` is its row of report_figure_measures.csv; `models` are dbt models
    from the answering one down to staging, each with its depth; `files` are the deliveries in force of the extracts
    they read, of the months that the figure may look at.
    """

    figure: Mapping[str, Any]
    inputs: str
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

    Raises NoSuchFigureError when no report prints it and NothingBuiltError when there is no build to look at.
    """
    figures = {row["figure_id"]: row for row in whole_figures(settings)}
    figure = figures.get(figure_id.upper())
    if figure is None:
        raise NoSuchFigureError(
            f"no report prints a figure named {figure_id}; `caseload figures` lists all {len(figures)}."
        )
    looked_up, printed = (
        next(row for row in reference.rows(name) if row["figure_id"] == figure["figure_id"])
        for name in ("report_figure_measures", "report_figures")
    )
    nodes = built_nodes(settings)
    start = model_of()[looked_up["measure"]]
    models, extracts, seeds = behind(nodes, start)
    looks_back = bool(nodes.get(start, {}).get("config", {}).get("meta", {}).get("reach"))
    readings = [row for row in readings_of(settings) if row["figure_id"] == figure["figure_id"]]
    return Lineage(
        figure,
        printed["inputs"],
        looked_up,
        readings,
        models,
        extracts,
        seeds,
        _files(settings, looked_up, extracts, looks_back=looks_back),
    )


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
