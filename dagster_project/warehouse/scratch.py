"""An installation beside the live one, to build in and throw away: same archive, own warehouse file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from dagster_project.deliveries import Control, Delivery, Manifest, archive_readable
from dagster_project.reference import Reference
from dagster_project.settings import Settings, make_private
from dagster_project.warehouse.archive_offered import only_months_offered
from dagster_project.warehouse.inputs import write_inputs
from dagster_project.warehouse.scope import build_scope
from dagster_project.warehouse.transformation import invoke
from dagster_project.warehouse_file import remove_warehouse


@contextmanager
def scratch_of(settings: Settings) -> Iterator[Settings]:
    """An installation of its own that sees the same archive. Its folder stays, for dbt's parse is most of the cost."""
    make_private(settings.warehouse)
    folder = settings.warehouse / "as-known"
    with archive_readable(settings):
        scratch = replace(settings, home=folder)
        make_private(scratch.warehouse)
        archive = folder / "archive"
        if not archive.is_symlink():
            archive.symlink_to(settings.archive.resolve(), target_is_directory=True)
        _empty(scratch)
        try:
            yield scratch
        finally:
            _empty(scratch)


def build_in(
    scratch: Settings,
    deliveries: Sequence[Delivery],
    manifest: Manifest,
    controls: Sequence[Control],
    reference: Reference,
    *,
    only: Sequence[str] = (),
    on_node: Callable[[str], None] | None = None,
) -> None:
    """Build everything, or what `only` selects, from these deliveries and this reference data.

    Without tests: what is rebuilt was tested when it was first built, with these rows or with rows that differ from
    them. Raises TransformationError, and DamagedFileError where a file of the archive is not what was written.
    """
    in_force = {(d.council, d.month, d.extract): d for d in deliveries if d.is_in_force}
    loaded = {(council, month) for council, month, _ in in_force}
    reference.write(scratch.merged_reference)
    reference.write(scratch.dbt_seeds)
    write_inputs(scratch.run_inputs, deliveries, manifest, controls, build_scope(in_force, loaded), reference)
    without_tests = ["--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"]
    selected = ["--select", *only] if only else []
    with only_months_offered(scratch, deliveries, None):
        invoke(scratch, ["build", *without_tests, "--full-refresh", *selected], on_node)


def _empty(scratch: Settings) -> None:
    """Nothing of a child, a worker or a month is left in it."""
    shutil.rmtree(scratch.published, ignore_errors=True)
    shutil.rmtree(scratch.run_inputs, ignore_errors=True)
    remove_warehouse(scratch)
