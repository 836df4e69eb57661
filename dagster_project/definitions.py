"""The code location: what there is to run in Dagster, put together. Loads with no data and without network."""

from __future__ import annotations

import warnings

import dagster as dg

from dagster_project.assets.extract_assets import extract_assets, pack_asset
from dagster_project.assets.load_session import load_session
from dagster_project.assets.mart_assets import MART_TAG, model_assets, outside_specs, team_of
from dagster_project.assets.outcome_assets import outcome_assets
from dagster_project.assets.parsed_project import parsed_project
from dagster_project.assets.partitions import council_months
from dagster_project.assets.quality_checks import policy_checks
from dagster_project.assets.run_turn import load_executor
from dagster_project.assets.schedules import monthly_schedule
from dagster_project.assets.sensors import landing_sensor
from dagster_project.assets.service_watch import failed_runs, service_checks, service_watch
from dagster_project.reference import load_reference
from dagster_project.settings import Settings, load_settings


def build_defs(settings: Settings | None = None) -> dg.Definitions:
    """Fresh definitions for one installation; the environment's where none is given."""
    with warnings.catch_warnings():
        # That a range is loaded in one run is called beta, at every asset that says so.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return _definitions(settings or load_settings())


def _definitions(settings: Settings) -> dg.Definitions:
    reference = load_reference(settings)
    manifest = parsed_project(settings)
    partitions = council_months(reference.councils)
    models = model_assets(settings, manifest, partitions)
    marts = [spec.key for spec in models.specs if MART_TAG in spec.tags]
    month = dg.define_asset_job(
        "month",
        selection=dg.AssetSelection.all(),
        description="Everything for one council month, or for a range of months in one run: archive, marts, checks, "
        "published copy, alerts.",
        # What a lost run archived and built, the one in its place finds done.
        tags={"dagster/retry_strategy": "ALL_STEPS"},
    )
    engineers, analysts = [team_of(manifest, "landing")], [team_of(manifest, "marts")]
    return dg.Definitions(
        assets=[
            *extract_assets(settings, partitions, engineers),
            pack_asset(settings, partitions, engineers),
            *outside_specs(settings, manifest),
            models,
            *outcome_assets(settings, marts, partitions, analysts),
        ],
        asset_checks=[policy_checks(reference), *service_checks(settings)],
        jobs=[month],
        schedules=[monthly_schedule(settings, month)],
        sensors=[landing_sensor(settings, month, partitions), service_watch(settings), failed_runs(settings)],
        resources={"session": load_session(settings)},
        executor=load_executor(settings),
    )


defs = build_defs()
