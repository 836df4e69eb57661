"""From the archive to the marts in the warehouse file: scope, inputs, dbt. Publishing is the next module's work."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import duckdb

from dagster_project.deliveries import Controls, Manifest, Publication
from dagster_project.reference import Reference, keep
from dagster_project.settings import Settings, make_private
from dagster_project.steps import reached
from dagster_project.told_figures import read_told_figures
from dagster_project.warehouse.archive_offered import only_months_offered
from dagster_project.warehouse.compiled_project import (
    NotAsCompiledError,
    compiled_nodes,
    keep_compiled,
    run_compiled,
)
from dagster_project.warehouse.inputs import write_inputs
from dagster_project.warehouse.scope import CouncilMonth, ScopeRow, build_scope, months_read
from dagster_project.warehouse.spark_engine import build_with_spark, check_spark, clear_unfinished
from dagster_project.warehouse.transformation import NodeResult, invoke, project_fingerprint
from dagster_project.warehouse_file import reading_warehouse, taken_away_where_damaged


class Engine(StrEnum):
    """What runs the models; what they make is the same."""

    DUCKDB = "duckdb"
    SPARK = "spark"


def check_engine(settings: Settings, engine: Engine) -> None:
    """Nothing where a build can use the engine. Raises EngineError before anything is read or changed."""
    if engine == Engine.SPARK:
        check_spark(settings)


@dataclass
class Build:
    """What a build covered and what dbt said; `months` are the council months whose own deliveries changed.

    `is_whole_marts_due` when reference data changed that belongs to no month.
    """

    months: set[CouncilMonth]
    is_full: bool
    is_whole_marts_due: bool = False
    scope: list[ScopeRow] = field(default_factory=list)
    nodes: list[NodeResult] = field(default_factory=list)

    @property
    def is_needed(self) -> bool:
        return bool(self.months) or self.is_whole_marts_due

    @property
    def warnings(self) -> list[NodeResult]:
        return [node for node in self.nodes if node.status == "warn"]


def months_due(settings: Settings, manifest: Manifest, reference: Reference) -> Build:
    """What has to be built: months with new deliveries, and all months of councils whose reference data changed.

    Everything, where there is no warehouse yet, it holds other deliveries than were built, or the dbt project changed.
    """
    in_force = manifest.in_force()
    loaded = {(council, month) for council, month, _ in in_force}
    changed = manifest.months_to_build()
    is_full = not settings.database.is_file() or manifest.mark("dbt_project") != project_fingerprint(
        settings.dbt_project, with_tests=False
    )
    if is_full:
        return Build(loaded | changed, is_full=True)
    is_whole_marts_due = manifest.mark("reference_of_no_month") != reference.fingerprint_of_no_month()
    hashes = manifest.reference_hashes_built()
    restated = {
        council
        for council in {c for c, _ in loaded}
        if hashes.get(council) != reference.marts_fingerprint(council)
    }
    due = Build(
        changed | {(c, m) for c, m in loaded if c in restated},
        is_full=False,
        is_whole_marts_due=is_whole_marts_due,
    )
    built = {one.delivery for (council, month, _), one in in_force.items() if (council, month) not in changed}
    if due.is_needed and not _holds(settings, built, changed):
        return Build(loaded | changed, is_full=True)
    return due


def _holds(settings: Settings, built: set[str], changed: set[CouncilMonth]) -> bool:
    """Whether the warehouse was made of these deliveries, but for what months that changed were made of.

    An empty file in its place, or an older one that was copied there, was not: months built on it would be published
    without those that it lacks. One that cannot be read is for the build to tell of.
    """
    try:
        with reading_warehouse(settings) as warehouse:
            held = warehouse.execute(
                "select delivery, council, month from deliveries where is_in_force"
            ).fetchall()
    except duckdb.CatalogException:
        return False
    except duckdb.Error:
        return True
    return built == {delivery for delivery, council, month in held if (council, month) not in changed}


def build(
    settings: Settings,
    manifest: Manifest,
    reference: Reference,
    due: Build,
    on_node: Callable[[str], None] | None = None,
    engine: Engine = Engine.DUCKDB,
) -> Build:
    """Build and test the marts of the months due in the warehouse file.

    Raises TransformationError, DamagedFileError where a file of the archive that would be read is not what was written,
    DamagedWarehouseError where the warehouse file is not and was taken away, or EngineError where the engine cannot be
    used; then what is published stays as it was and the months stay due.
    """
    due.scope = build_scope(manifest.in_force(), due.months)
    make_private(settings.warehouse)
    reference.write(settings.merged_reference)
    reference.write(settings.dbt_seeds)
    controls = list(Controls(settings.manifest).latest().values())
    told = read_told_figures(settings.alert_ledger)
    deliveries = manifest.all()
    write_inputs(settings.run_inputs, deliveries, manifest, controls, due.scope, reference, told)
    seeds = _seeds_fingerprint(settings)
    with_seeds = due.is_full or manifest.mark("seeds") != seeds
    if due.is_full:
        # Until it is confirmed: a file that is there may by then hold less than all of it.
        manifest.set_mark("dbt_project", "")
    if with_seeds:
        # Until they are built with: one that fails leaves other reference data there than the last that did not.
        manifest.set_mark("seeds", "")
    clear_unfinished(settings)
    reached("the inputs are written")
    run = build_with_spark if engine == Engine.SPARK else build_with_duckdb
    months = None if due.is_full else months_read(due.scope)
    with only_months_offered(settings, deliveries, months), taken_away_where_damaged(settings):
        due.nodes = run(settings, is_full=due.is_full, with_seeds=with_seeds, on_node=on_node)
    reached("the marts are built")
    manifest.set_mark("seeds", seeds)
    return due


def build_with_duckdb(
    settings: Settings, *, is_full: bool, with_seeds: bool, on_node: Callable[[str], None] | None = None
) -> list[NodeResult]:
    """Build and test the marts of the months due, as dbt compiled them or by dbt. Raises TransformationError."""
    nodes = None if is_full or with_seeds else compiled_nodes(settings)
    if nodes:
        # Whatever does not go through is built by dbt from the beginning, which says what is the matter.
        with suppress(duckdb.Error, NotAsCompiledError):
            return run_compiled(settings, nodes, on_node)
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if is_full:
        arguments += ["--full-refresh"]
    elif not with_seeds:
        arguments += ["--exclude-resource-type", "seed"]
    results = invoke(settings, arguments, on_node)
    keep_compiled(settings)
    return results


def confirm(
    manifest: Manifest,
    reference: Reference,
    settings: Settings,
    done: Build,
    load_id: str,
    published_at: datetime,
) -> None:
    """Record that the marts of these months are published, and what they were made with."""
    councils = {row.council for row in done.scope if row.is_loaded}
    manifest.built(done.months, {council: reference.marts_fingerprint(council) for council in councils})
    project = project_fingerprint(settings.dbt_project, with_tests=False)
    manifest.set_mark("dbt_project", project)
    manifest.record_publication(
        Publication(
            load_id=load_id,
            published_at=published_at.astimezone(UTC).isoformat(timespec="microseconds"),
            reference=keep(reference, settings.kept_reference),
            dbt_project=project,
        )
    )
    manifest.set_mark("reference_of_no_month", reference.fingerprint_of_no_month())


def _seeds_fingerprint(settings: Settings) -> str:
    digest = hashlib.sha256()
    for path in sorted(settings.merged_reference.glob("*.csv")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
