"""Which files of the archive dbt sees: all of them, or while months are added those within their look-back.

A folder of links beside the build's inputs. The models name every file that lies there, so what is not offered is not
opened, however long the history.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_project.deliveries import EMPTY_MONTH, Delivery, archive_root, check_files, month_folder
from dagster_project.extracts import load_specifications
from dagster_project.settings import Settings, make_private
from dagster_project.warehouse.scope import CouncilMonth


def place_offered(settings: Settings) -> Path:
    """Where dbt looks for the archive, whatever is offered there: its parse is kept for one place."""
    return settings.run_inputs / "archive"


def offer_archive(settings: Settings) -> None:
    """The whole archive is offered, unless somebody offers some months of it meanwhile."""
    place = place_offered(settings)
    if not place.is_dir() or place.is_symlink():
        offer_whole_archive(settings)


def offer_whole_archive(settings: Settings) -> None:
    """Whatever is offered: a build that was killed has left its months. For who holds the installation's lock."""
    place = place_offered(settings)
    _clear(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(archive_root(settings).resolve(), target_is_directory=True)


@contextmanager
def only_months_offered(
    settings: Settings, deliveries: Iterable[Delivery], months: set[CouncilMonth] | None
) -> Iterator[None]:
    """Within, only files with deliveries in force of these council months, or of all, and those that tell the columns.

    What else lies there is nobody's: a copy that somebody made would count twice. Raises DamagedFileError where one of
    the files is not what was written.
    """
    deliveries = list(deliveries)
    check_files(settings, _named(deliveries, months))
    place = place_offered(settings)
    _clear(place)
    make_private(place)
    try:
        for path in sorted(_files(settings, deliveries, months)):
            link = place / path.relative_to(archive_root(settings))
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.resolve())
        yield
    finally:
        offer_whole_archive(settings)


def _named(deliveries: Iterable[Delivery], months: set[CouncilMonth] | None) -> set[str]:
    return {
        one.archive_file
        for one in deliveries
        if one.archive_file and one.is_in_force and (months is None or (one.council, one.month) in months)
    }


def _files(settings: Settings, deliveries: Iterable[Delivery], months: set[CouncilMonth] | None) -> set[Path]:
    root = archive_root(settings)
    columns = (
        month_folder(root, extract, EMPTY_MONTH).glob("*.parquet") for extract in load_specifications()
    )
    return {settings.archive / file for file in _named(deliveries, months)}.union(*columns)


def _clear(place: Path) -> None:
    """Nothing is offered; what the links lead to stays."""
    if place.is_symlink():
        place.unlink()
    else:
        shutil.rmtree(place, ignore_errors=True)
