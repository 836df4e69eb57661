"""One load as one run: its lock, its name, its reference data and what it built. Steps of a run share it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from dagster_project import site, warehouse
from dagster_project.deliveries import Manifest, new_load_id, reseal
from dagster_project.errors import PlainError, words_of_the_unexpected
from dagster_project.load import only_load
from dagster_project.quality import SuiteError
from dagster_project.reference import Reference, ReferenceDataError, load_reference
from dagster_project.settings import Settings, SettingsError
from dagster_project.warehouse_file import check_warehouse_key

LONGEST_WAIT_SECONDS = 3600
"""A run waits this long for another load: the sensor may request many at once, and they take turns."""

OUR_ERRORS = (
    PlainError,
    ReferenceDataError,
    SettingsError,
    SuiteError,
    warehouse.PublishingError,
    warehouse.TransformationError,
)


@dataclass
class LoadSession:
    """What the steps of one run work with; `built` is set once the marts hold everything that arrived."""

    settings: Settings
    reference: Reference
    manifest: Manifest
    load_id: str
    now: datetime
    built: warehouse.Build | None = None
    pages: site.Built | None = None

    def require_whole_marts(self) -> None:
        """Raise dg.Failure when the warehouse may hold less, or worse, than what arrived: a build failed or is due."""
        if self.built is not None:
            return
        due = warehouse.months_due(self.settings, self.manifest, self.reference)
        if due.months or not self.settings.database.is_file():
            raise dg.Failure(
                "The marts are not built from everything that arrived. Materialise the dbt models together with this "
                "asset; what was published stays.",
                allow_retries=False,
            )


def load_session(settings: Settings) -> dg.ResourceDefinition:
    """A session for each run; it holds the installation's lock, as `caseload load` does, until the run ends."""

    @dg.resource(description="The installation, locked for one load.")
    def session(_context: dg.InitResourceContext) -> Iterator[LoadSession]:
        with only_load(settings, wait_seconds=LONGEST_WAIT_SECONDS):
            check_warehouse_key(settings)
            reseal(settings)
            now = datetime.now(UTC)
            reference = load_reference(settings)
            yield LoadSession(settings, reference, Manifest(settings.manifest), new_load_id(now), now)

    return session


@contextmanager
def told_plainly() -> Iterator[None]:
    """Our own errors fail the step in their own words; trying again would end the same way.

    Of any other only its kind and place are told, without its traceback: Dagster keeps what a step raises, and an
    error of a library may quote the value of a cell.
    """
    try:
        yield
    except dg.Failure:
        raise
    except OUR_ERRORS as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    except Exception as error:
        raise dg.Failure(words_of_the_unexpected(error)) from None
