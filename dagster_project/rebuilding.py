"""Every mart anew from the archive, and whether it says what it said before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project import warehouse
from dagster_project.load import LoadReport, Progress, close_to_others, finish_rotation, only_load, rebuild
from dagster_project.reference import load_reference
from dagster_project.settings import Settings
from dagster_project.warehouse_file import remove_warehouse


@dataclass(frozen=True)
class Rebuilt:
    """What a build of everything gave; `differing` are the marts with other rows, None where nothing was published
    that could be read.
    """

    report: LoadReport | None
    differing: list[str] | None


def rebuild_whole(
    settings: Settings,
    *,
    progress: Progress = lambda phase, done, total, what: None,
    engine: warehouse.Engine = warehouse.Engine.DUCKDB,
) -> Rebuilt:
    """Delete the warehouse file, build every mart from the archive and publish; landing is not looked at.

    What was published stays readable throughout. Raises as `load` does.
    """
    settings.pseudonym_key()
    with only_load(settings, "a rebuild"):
        return rebuild_held(settings, progress=progress, engine=engine)


def rebuild_held(
    settings: Settings,
    *,
    progress: Progress = lambda phase, done, total, what: None,
    engine: warehouse.Engine = warehouse.Engine.DUCKDB,
) -> Rebuilt:
    """As `rebuild_whole`, for who holds the lock."""
    warehouse.check_engine(settings, engine)
    reference = load_reference(settings)
    finish_rotation(settings, progress=progress)
    published = settings.published / "current"
    before = _whole(published.resolve()) if published.exists() else None
    remove_warehouse(settings)
    report = rebuild(settings, reference, progress=progress, engine=engine)
    close_to_others(settings)
    if not (before and report and report.published):
        return Rebuilt(report, None)
    try:
        return Rebuilt(report, warehouse.marts_that_differ(before, _whole(report.published)))
    except duckdb.Error:
        # What was published before is damaged itself.
        return Rebuilt(report, None)


def _whole(version: Path) -> Path:
    """The file with every mart and row, workers too."""
    return version / "restricted" / "marts.duckdb"
