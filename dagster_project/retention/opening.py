"""A landed original given back to a person who says why. Logged before it is written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.deliveries import Delivery, Manifest
from dagster_project.deliveries.originals import OriginalError, Originals, place_of, read_original
from dagster_project.retention.journal import openings, write_line
from dagster_project.settings import Settings


@dataclass(frozen=True)
class Opened:
    """Which delivery's original was written where."""

    delivery: Delivery
    path: Path
    bytes: int


def open_original(settings: Settings, name: str, to: Path, why: str, now: datetime | None = None) -> Opened:
    """Write the very bytes that landed to a new file that only its owner can read.

    Raises OriginalError where there is no such delivery, its original is not sealed yet or is gone, or the file exists.
    """
    found = [d for d in Manifest(settings.manifest).all() if d.delivery == name]
    if not found:
        raise OriginalError(
            f"no delivery is named {name}. `caseload status --deliveries` lists the names, newest last."
        )
    delivery = found[0]
    original = next((o for o in Originals(settings.manifest).all() if o.place == place_of(delivery)), None)
    if original is None:
        folder = settings.landing / delivery.council / f"{delivery.month:%Y-%m}"
        landed = folder / delivery.file_name
        raise OriginalError(
            f"the original of {name} is not sealed"
            + (
                f": it still lies in {folder}."
                if landed.is_file()
                else ", and nothing lies in landing either."
            )
        )
    if original.purged_at is not None:
        raise OriginalError(f"the original of {name} was purged on {original.purged_at[:10]}.")
    if to.exists():
        raise OriginalError(f"{to} is there already: an original is never written over another file.")
    plain = read_original(settings, original)
    write_line(
        openings(settings),
        now or datetime.now(UTC),
        {"event": "original opened", "delivery": name, "sha256": original.sha256, "why": why},
    )
    descriptor = os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(plain)
    return Opened(delivery, to, len(plain))
