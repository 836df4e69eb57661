"""Sealed originals, for a while, as if they lay in landing: found by name and taken apart as landed files are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from dagster_project.deliveries.discovery import Landed, discover
from dagster_project.deliveries.file_limits import file_limits
from dagster_project.deliveries.file_names import printable
from dagster_project.deliveries.manifest import Delivery
from dagster_project.deliveries.originals import laid_out
from dagster_project.deliveries.packs import unpack
from dagster_project.extracts import Specification
from dagster_project.reference import Reference
from dagster_project.settings import Settings


@contextmanager
def sealed_as_landed(
    settings: Settings,
    reference: Reference,
    specifications: Mapping[str, Specification],
    deliveries: Sequence[Delivery],
    problems: list[str],
) -> Iterator[list[Landed]]:
    """The deliveries' own files as they landed, for a while; one that cannot be had is told in `problems`."""
    if not deliveries:
        yield []
        return
    wanted = {(d.council, d.month, d.extract, d.file_name) for d in deliveries}
    with laid_out(settings, deliveries, problems) as folder:
        landing = discover(folder, specifications, reference.councils, source_of=reference.source_of)
        unpack(
            landing,
            specifications,
            file_limits(reference),
            source_of=reference.source_of,
            refuse_unreadable=False,
        )
        yield [
            landed
            for landed in landing.deliveries
            if (landed.council, landed.month, landed.extract, printable(landed.file_name)) in wanted
        ]
