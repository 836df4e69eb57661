"""The marts: what has to be built, dbt that builds it, and the published copy. The one writer of the warehouse."""

from dagster_project.warehouse.building import Build, build, confirm, months_due
from dagster_project.warehouse.publishing import PublishingError, copy_to, marts, publish
from dagster_project.warehouse.transformation import TransformationError

__all__ = [
    "Build",
    "PublishingError",
    "TransformationError",
    "build",
    "confirm",
    "copy_to",
    "marts",
    "months_due",
    "publish",
]
