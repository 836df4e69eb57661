"""One load as one run: its lock, its name, its reference data and what it built. Steps of a run share it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from dagster_project import site, warehouse
from dagster_project.assets.partitions import only_its_range
from dagster_project.assets.run_turn import (
    LONGEST_WAIT_SECONDS,
    hand_on,
    handed_on,
    say_for_whom,
    words_of_run,
)
from dagster_project.deliveries import Manifest, new_load_id, reseal
from dagster_project.errors import PlainError, words_of_the_unexpected
from dagster_project.installation_lock import Holder, holder_now, holding_for_step
from dagster_project.load import only_load
from dagster_project.quality import SuiteError
from dagster_project.reference import Reference, ReferenceDataError, load_reference
from dagster_project.settings import Settings, SettingsError
from dagster_project.warehouse_file import check_warehouse_key

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
    """What the steps of one run work with; `built` is set once the marts hold everything that arrived.

    `turn` is the run that holds the installation for its steps, where each is a process of its own.
    """

    settings: Settings
    reference: Reference
    manifest: Manifest
    load_id: str
    now: datetime
    built: warehouse.Build | None = None
    pages: site.Built | None = None
    turn: Holder | None = None

    def is_built(self, built: warehouse.Build) -> None:
        """Keep what was built for the run's later steps."""
        self.built = built
        if self.turn:
            hand_on(self.settings, self.turn, built)

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
    """A session for each run; it holds the installation's lock, as `caseload load` does, until the run ends.

    Where steps are processes of their own the run holds the lock, and each step in its turn what is held under it.
    """

    @dg.resource(description="The installation, locked for one load.")
    def session(context: dg.InitResourceContext) -> Iterator[LoadSession]:
        if context.run:
            only_its_range(context.run)
        run_id = context.run.run_id if context.run else ""
        turn = holder_now(settings)
        if turn and run_id and turn.run == run_id:
            with holding_for_step(settings, turn, LONGEST_WAIT_SECONDS):
                yield _session(settings, turn.load_id, turn)
            return
        with only_load(
            settings,
            words_of_run(run_id),
            LONGEST_WAIT_SECONDS,
            on_wait=lambda holder: say_for_whom(context.log, holder),
        ):
            yield _session(settings, new_load_id(datetime.now(UTC)))

    return session


def _session(settings: Settings, load_id: str, turn: Holder | None = None) -> LoadSession:
    check_warehouse_key(settings)
    reseal(settings)
    built = handed_on(settings, turn) if turn else None
    return LoadSession(
        settings,
        load_reference(settings),
        Manifest(settings.manifest),
        load_id,
        datetime.now(UTC),
        built,
        turn=turn,
    )


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
