"""Breaches as they would have been under other reference data, by the same models. Never touches the installation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dagster_project.deliveries import Controls, Manifest
from dagster_project.reference import Reference
from dagster_project.settings import Settings
from dagster_project.warehouse.scratch import build_in, scratch_of

MODEL = "threshold_breaches"


@contextmanager
def breaches_under(
    settings: Settings, reference: Reference, on_node: Callable[[str], None] | None = None
) -> Iterator[Settings]:
    """An installation beside this one, its threshold_breaches built of what is in force with this reference data.

    It is gone afterwards. Raises TransformationError.
    """
    manifest = Manifest(settings.manifest)
    with scratch_of(settings) as scratch:
        build_in(
            scratch,
            manifest.all(),
            manifest,
            list(Controls(settings.manifest).latest().values()),
            reference,
            only=[f"+{MODEL}"],
            on_node=on_node,
        )
        yield scratch
