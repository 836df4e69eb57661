"""dbt in this process: one parse, one build, its results as rows. No SQL of marts here."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dagster_project.settings import Settings
from dagster_project.warehouse.archive_offered import offer_archive, place_offered


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test."""

    unique_id: str
    name: str
    kind: str
    status: str
    seconds: float
    message: str

    @property
    def failed(self) -> bool:
        return self.status in {"error", "fail", "runtime error"}


class TransformationError(Exception):
    """dbt could not build or test the marts; `failures` says which and why. The published marts are untouched.

    `nodes` holds what became of each node, as far as dbt came.
    """

    def __init__(self, failures: list[str], nodes: Sequence[NodeResult] = ()) -> None:
        self.failures = failures
        self.nodes = tuple(nodes)
        super().__init__("\n".join(failures))


@cache
def project_fingerprint(folder: Path, *, with_tests: bool = True) -> str:
    """Changes when the dbt project changes; without tests, only when something changes that a mart is made from."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        is_test = place.parts[0] == "tests" or path.name.endswith(".unit_tests.yml")
        if path.suffix in {".sql", ".yml"} and "target" not in place.parts and (with_tests or not is_test):
            digest.update(str(place).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def dbt_arguments(settings: Settings, target: str | None = None) -> list[str]:
    """Where dbt finds the project and may write, for this installation; `target` is another engine than DuckDB."""
    chosen = target or ("encrypted" if settings.has_storage_key else None)
    folder = settings.warehouse / (f"dbt-{target}" if target else "dbt")
    return [
        "--project-dir",
        str(settings.dbt_project),
        "--profiles-dir",
        str(settings.dbt_project),
        "--target-path",
        str(folder),
        "--log-path",
        str(folder / "logs"),
        *(["--target", chosen] if chosen else []),
    ]


def set_dbt_environment(settings: Settings) -> None:
    """Tell dbt which installation it works on: it reads its paths from the environment."""
    os.environ["CASELOAD_HOME"] = str(settings.home)
    os.environ["CASELOAD_ARCHIVE"] = str(place_offered(settings))
    os.environ["CASELOAD_REFERENCE"] = str(settings.dbt_seeds)
    os.environ["CASELOAD_MEMORY_LIMIT"] = settings.memory_limit
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"


def invoke(
    settings: Settings,
    arguments: Sequence[str],
    on_node: Callable[[str], None] | None = None,
    *,
    target: str | None = None,
) -> list[NodeResult]:
    """Run one dbt command in this process, by DuckDB or by the engine of another target.

    Raises TransformationError when dbt itself or a node fails; warnings of tests are in the results.
    """
    from dbt.cli.main import dbtRunner

    from dagster_project.warehouse.encrypted_file import offer

    set_dbt_environment(settings)
    offer_archive(settings)
    offer(settings)
    callbacks = [_node_callback(on_node)] if on_node else []
    outcome = dbtRunner(callbacks=callbacks).invoke(
        [
            arguments[0],
            "--quiet",
            "--no-print",
            "--log-level",
            "none",
            "--log-level-file",
            "info",
            *arguments[1:],
            *dbt_arguments(settings, target),
        ]
    )
    close_connections()
    results = [_node_result(result) for result in getattr(outcome.result, "results", None) or []]
    failures = [f"{r.kind} {r.name}: {r.message}" for r in results if r.failed]
    if outcome.exception is not None:
        failures.append(f"dbt: {_first_line(outcome.exception)}")
    if failures or not outcome.success:
        raise TransformationError(failures or ["dbt did not finish"], results)
    return results


def table_models(settings: Settings) -> tuple[list[str], list[str]]:
    """The models that are tables, by name, and those of them that are marts, as dbt last parsed the project."""
    manifest = json.loads((settings.warehouse / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    kinds = {
        node["alias"]: node["config"]["materialized"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    tables = sorted(name for name, kind in kinds.items() if kind in {"table", "incremental"})
    return tables, [name for name in tables if kinds[name] == "incremental"]


def close_connections() -> None:
    """Let go of the warehouse file, which dbt's adapter keeps open in this process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def _node_callback(on_node: Callable[[str], None]) -> Callable[[Any], None]:
    def told(event: Any) -> None:
        if event.info.name == "NodeFinished" and event.data.node_info.resource_type in ("model", "seed"):
            on_node(event.data.node_info.node_name)

    return told


def _node_result(result: Any) -> NodeResult:
    return NodeResult(
        unique_id=result.node.unique_id,
        name=result.node.name,
        kind=str(result.node.resource_type.value),
        status=str(result.status.value),
        seconds=float(result.execution_time or 0),
        message=str(result.message or ""),
    )


def _first_line(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
