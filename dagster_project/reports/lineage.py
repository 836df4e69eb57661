"""What a dbt model is made from, as the last build knew it: models, extracts, reference files."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from dagster_project.errors import PlainError
from dagster_project.extracts import load_specifications
from dagster_project.settings import Settings

# The frame of units and months that every figure stands in; what it is made from says nothing of one figure.
FRAME = ("int_unit_months", "int_unit_tree")
# Every measure that policies judge: that one is judged says nothing of what the others are made from.
MEASURED = "int_metric_values"


class NothingBuiltError(PlainError):
    """There is no build to look at yet."""


def built_nodes(settings: Settings) -> dict[str, Any]:
    """The models and seeds of the last build by name, a seed's after the word seed.

    Raises NothingBuiltError before the first.
    """
    path = settings.warehouse / "dbt" / "manifest.json"
    if not path.is_file():
        raise NothingBuiltError(f"nothing was built yet under {settings.home}: run `caseload load` first")
    nodes: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["nodes"]
    return {node["name"]: node for key, node in nodes.items() if key.startswith("model.")} | {
        f"seed {node['name']}": node for key, node in nodes.items() if key.startswith("seed.")
    }


def extracts_behind(nodes: Mapping[str, Any], mart: str) -> list[str]:
    """The extracts that a mart's figures are made from; of a mart that only judges, those of all it judges."""
    return behind(nodes, mart, end_at=(MEASURED,))[1] or behind(nodes, mart)[1]


def behind(
    nodes: Mapping[str, Any], start: str, *, end_at: Collection[str] = ()
) -> tuple[list[tuple[int, str]], list[str], list[str]]:
    """Models from `start` down, each once at its least depth; the extracts and reference files they end in.

    `end_at`: models behind which nothing is looked for.
    """
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
            for parent in [] if name in FRAME or name in end_at else node["depends_on"]["nodes"]:
                kind, _, parent_name = parent.split(".", 2)
                if kind == "seed":
                    seeds.add(parent_name)
                elif kind == "model" and parent_name not in seen:
                    seen.add(parent_name)
                    below.append(parent_name)
        level, depth = sorted(below), depth + 1
    return models, sorted(extracts), sorted(seeds)
