"""The marts as they were known at the end of a day, published beside the current ones. Compares nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from dagster_project.settings import Settings
from dagster_project.warehouse import State, build_state, state_at


@dataclass(frozen=True)
class AsKnown:
    """Where the marts of a day lie and what they were made from."""

    day: date
    folder: Path
    state: State


def as_known(
    settings: Settings,
    day: date,
    *,
    council: str | None = None,
    on_node: Callable[[str], None] | None = None,
) -> AsKnown:
    """Rebuild every mart as it was known at the end of the day (UTC) into `published/as-known/<day>`.

    The same call later gives the same marts, but for a product that was changed in between. Raises NothingKnownError,
    ReferenceDataError or TransformationError; what is published stays as it is.
    """
    state = state_at(settings, datetime.combine(day, time.max, UTC), council)
    folder = settings.published / "as-known" / day.isoformat()
    return AsKnown(day, build_state(settings, state, folder, on_node), state)
