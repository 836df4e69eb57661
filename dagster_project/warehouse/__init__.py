"""The marts: what has to be built, dbt that builds it, and the published copy. The one writer of the warehouse."""

from dagster_project.warehouse.as_known import NothingKnownError, State, build_state, state_at
from dagster_project.warehouse.building import Build, Engine, build, check_engine, confirm, months_due
from dagster_project.warehouse.project_docs import project_docs
from dagster_project.warehouse.publishing import PublishingError, Tier, copy_to, marts, publish, sum_of_marts
from dagster_project.warehouse.sameness import marts_that_differ
from dagster_project.warehouse.spark_engine import EngineError
from dagster_project.warehouse.transformation import TransformationError
from dagster_project.warehouse.trial import breaches_under
from dagster_project.warehouse.what_if import PricedOptions, price_options

__all__ = [
    "Build",
    "Engine",
    "EngineError",
    "NothingKnownError",
    "PricedOptions",
    "PublishingError",
    "State",
    "Tier",
    "TransformationError",
    "breaches_under",
    "build",
    "build_state",
    "check_engine",
    "confirm",
    "copy_to",
    "marts",
    "marts_that_differ",
    "months_due",
    "price_options",
    "project_docs",
    "publish",
    "state_at",
    "sum_of_marts",
]
