"""Breaches as they would have been under other reference data, by the same models. Never touches the installation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_project.deliveries import Manifest
from dagster_project.reference import Reference
from dagster_project.settings import Settings
from dagster_project.warehouse.as_known import build_in, scratch_installation

MODEL = "threshold_breaches"


@contextmanager
def breaches_under(
    settings: Settings, reference: Reference, on_node: Callable[[str], None] | None = None
) -> Iterator[Path]:
    """A database whose threshold_breaches were built of the deliveries in force with this reference data.

    It is gone afterwards. Raises TransformationError.
    """
    manifest = Manifest(settings.manifest)
    with scratch_installation(settings) as scratch:
        build_in(
            scratch, manifest.all(), reference, manifest.all_notices(), only=[f"+{MODEL}"], on_node=on_node
        )
        yield scratch.database
