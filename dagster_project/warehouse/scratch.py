"""An installation beside the live one, to build in and throw away: same archive, own warehouse file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from filelock import FileLock

from dagster_project.settings import Settings, make_private
from dagster_project.warehouse_file import remove_warehouse


@contextmanager
def scratch_of(settings: Settings) -> Iterator[Settings]:
    """An installation of its own that sees the same archive. Its folder stays, for dbt's parse is most of the cost."""
    make_private(settings.warehouse)
    folder = settings.warehouse / "as-known"
    with FileLock(settings.warehouse / ".as-known.lock"):
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


def _empty(scratch: Settings) -> None:
    """Nothing of a child, a worker or a month is left in it."""
    shutil.rmtree(scratch.published, ignore_errors=True)
    shutil.rmtree(scratch.run_inputs, ignore_errors=True)
    remove_warehouse(scratch)
