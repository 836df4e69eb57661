"""The dbt models as assets, drawn by dagster-dbt and built by the warehouse in this process. No second way to build."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs, dbt_assets

from dagster_project import warehouse
from dagster_project.assets.links import model_links
from dagster_project.assets.load_session import LoadSession, told_plainly
from dagster_project.assets.partitions import CouncilMonth, asked_months
from dagster_project.settings import Settings
from dagster_project.warehouse.transformation import NodeResult
from dagster_project.warehouse_file import reading_warehouse

UNIQUE_ID = "dagster_dbt/unique_id"
MART_TAG = "mart"
Result = dg.MaterializeResult[None] | dg.AssetCheckResult


class ModelTranslator(DagsterDbtTranslator):
    """Layers as groups, marts by their folder; names, descriptions and owners as dbt's yml says; and links."""

    def __init__(self, installation: Settings) -> None:
        super().__init__()
        self._installation = installation

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "model":
            return dg.AssetKey(dbt_resource_props["alias"])
        return super().get_asset_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        if dbt_resource_props["resource_type"] == "seed":
            return "reference"
        if dbt_resource_props["resource_type"] == "source":
            return str(dbt_resource_props["source_name"])
        _project, layer, *folders, _name = dbt_resource_props["fqn"]
        return "_".join([layer, *folders])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props["description"]).strip()

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        found = super().get_metadata(dbt_resource_props)
        if dbt_resource_props["resource_type"] != "model":
            return found
        mart = dbt_resource_props["alias"] if MART_TAG in dbt_resource_props["tags"] else None
        return {**found, **model_links(self._installation, dbt_resource_props["unique_id"], mart)}

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str]:
        group = dbt_resource_props.get("group")
        return [team(group)] if isinstance(group, Mapping) else []


def team(group: Mapping[str, Any]) -> str:
    """The owner of one of dbt's groups, as Dagster writes a team."""
    return "team:" + re.sub(r"[^a-z0-9]+", "-", str(group["owner"]["name"]).lower()).strip("-")


def team_of(manifest: Mapping[str, Any], group: str) -> str:
    return team(next(found for found in manifest["groups"].values() if found["name"] == group))


def outside_specs(settings: Settings, manifest: Mapping[str, Any]) -> list[dg.AssetSpec]:
    """What models read that no step makes: the reference data people keep, and what a load hands to dbt."""
    translator = ModelTranslator(settings)
    seeds = build_dbt_asset_specs(
        manifest=manifest, dagster_dbt_translator=translator, select="resource_type:seed"
    )
    handed = [
        dg.AssetSpec(
            translator.get_asset_key(source),
            group_name=translator.get_group_name(source),
            description=translator.get_description(source),
            kinds={"python", "parquet"},
        )
        for source in manifest["sources"].values()
        if source["source_name"] == "run"
    ]
    return [*(spec.replace_attributes(kinds={"csv"}) for spec in seeds), *handed]


def model_assets(
    settings: Settings, manifest: Mapping[str, Any], partitions: dg.PartitionsDefinition[str]
) -> dg.AssetsDefinition:
    """Every model as an asset and every data test as a check on it."""

    @dbt_assets(
        manifest=manifest,
        name="dbt_models",
        exclude="resource_type:seed resource_type:unit_test",
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        dagster_dbt_translator=ModelTranslator(settings),
        required_resource_keys={"session"},
    )
    def models(context: dg.AssetExecutionContext) -> Iterator[Result]:
        session: LoadSession = context.resources.session
        asked = asked_months(context)
        due = warehouse.months_due(session.settings, session.manifest, session.reference)
        loaded = {(council, month) for council, month, _ in session.manifest.in_force()}
        due.months |= loaded & set(asked)
        if not due.is_needed:
            context.log.info(
                "Nothing is loaded of the months asked for and nothing else is due: no mart is built."
            )
            return
        shown = _Shown(context)
        with told_plainly():
            try:
                built = warehouse.build(session.settings, session.manifest, session.reference, due)
            except warehouse.TransformationError as error:
                yield from shown.checks(error.nodes)
                raise
        session.is_built(built)
        counts = row_counts(session, shown.marts, asked)
        for node in built.nodes:
            yield from shown.model(node, counts)
            yield from shown.checks([node])

    return models


class _Shown:
    """dbt's nodes as the assets and checks this run was asked for."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        definition = context.assets_def
        self._specs = {
            spec.metadata[UNIQUE_ID]: spec
            for spec in definition.specs
            if spec.key in context.selected_asset_keys
        }
        self._checks = {
            spec.metadata[UNIQUE_ID]: spec
            for spec in definition.check_specs
            if spec.key in context.selected_asset_check_keys
        }
        self.marts = [spec.key.path[-1] for spec in definition.specs if MART_TAG in spec.tags]

    def model(self, node: NodeResult, counts: Mapping[str, dict[str, int]]) -> Iterator[Result]:
        spec = self._specs.get(node.unique_id)
        if spec:
            metadata: dict[str, Any] = {
                "seconds": round(node.seconds, 3),
                **counts.get(spec.key.path[-1], {}),
            }
            yield dg.MaterializeResult(asset_key=spec.key, metadata=metadata)

    def checks(self, nodes: Sequence[NodeResult]) -> Iterator[Result]:
        for node in nodes:
            spec = self._checks.get(node.unique_id)
            if spec and node.status != "skipped":
                yield dg.AssetCheckResult(
                    asset_key=spec.asset_key,
                    check_name=spec.name,
                    passed=node.status == "pass",
                    severity=dg.AssetCheckSeverity.WARN
                    if node.status == "warn"
                    else dg.AssetCheckSeverity.ERROR,
                    metadata={
                        "status": node.status,
                        "message": node.message,
                        "seconds": round(node.seconds, 3),
                    },
                )


def row_counts(
    session: LoadSession, marts: Sequence[str], asked: Sequence[CouncilMonth]
) -> dict[str, dict[str, int]]:
    """Rows of each mart in the warehouse: all of them, and those of the months asked for."""
    counts = {}
    places = [f"{council} {month}" for council, month in asked]
    of_months = "select count(*) filter (list_contains(?, council || ' ' || month)), count(*) from "
    with reading_warehouse(session.settings) as connection:
        for mart in marts:
            if {"council", "month"} <= set(connection.table(mart).columns):
                here, everywhere = connection.execute(of_months + mart, [places]).fetchall()[0]
                counts[mart] = {"dagster/row_count": everywhere, "dagster/partition_row_count": here}
            else:
                counts[mart] = {
                    "dagster/row_count": connection.execute(f"select count(*) from {mart}").fetchall()[0][0]
                }
    return counts
