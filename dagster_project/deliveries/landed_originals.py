"""Landed files that have been taken in leave landing: sealed, read back, recorded, and only then deleted.

The order holds at every crash: until the last step the file still lies in landing, under its name or hidden beside it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from dagster_project.deliveries.discovery import MONTH_FOLDER, Landed, discover
from dagster_project.deliveries.file_limits import file_limits
from dagster_project.deliveries.manifest import Delivery, Manifest
from dagster_project.deliveries.originals import (
    PURPOSE,
    Original,
    Originals,
    drop_left_over_readings,
    originals_folder,
    sealed_path,
)
from dagster_project.deliveries.packs import unpack
from dagster_project.durable import flush
from dagster_project.extracts import Specification
from dagster_project.reference import Reference
from dagster_project.sealing import SealError, read_sealed, write_sealed
from dagster_project.settings import Settings, make_private

HIDDEN = ".sealing"


@dataclass
class Sealed:
    """What was sealed, and sentences on what could not be."""

    originals: list[Original] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class LandedOriginal:
    """A file in landing whose deliveries are all recorded as accepted, and since when they are."""

    council: str
    month: date
    path: Path
    sha256s: frozenset[str]
    received_at: datetime


def landed_originals(
    settings: Settings,
    reference: Reference,
    specifications: Mapping[str, Specification],
    *,
    now: datetime,
    council: str | None = None,
    months: tuple[date | None, date | None] = (None, None),
) -> list[LandedOriginal]:
    """The files in landing that have lain there for as long as their council wants them to.

    A file is looked at as a whole: one refused or not yet loaded sheet keeps a month pack.
    """
    accepted: dict[tuple[str, date, str], list[Delivery]] = {}
    for delivery in Manifest(settings.manifest).all():
        if not delivery.is_refused:
            accepted.setdefault((delivery.council, delivery.month, delivery.extract), []).append(delivery)
    due_folders = {
        (place[0], place[1])
        for place, deliveries in accepted.items()
        if any(_is_due(delivery, reference, now) for delivery in deliveries)
    }
    if not due_folders:
        return []
    landing = discover(
        settings.landing,
        specifications,
        reference.councils,
        source_of=reference.source_of,
        council=council,
        months=months,
    )
    landing.packs = [pack for pack in landing.packs if (pack.council, pack.month) in due_folders]
    unpack(
        landing,
        specifications,
        file_limits(reference),
        source_of=reference.source_of,
        refuse_unreadable=True,
    )
    of_file: dict[Path, list[Landed]] = {}
    for landed in landing.deliveries:
        # A delivery of several files stays where it is: what is sealed is one file.
        if (landed.council, landed.month) in due_folders and not landed.parts:
            of_file.setdefault(landed.path, []).append(landed)
    found = []
    for path, parts in of_file.items():
        if any(part.refused_because for part in parts):
            continue
        recorded = [accepted.get((part.council, part.month, part.extract), []) for part in parts]
        shared = frozenset.intersection(*(frozenset(d.sha256 for d in group) for group in recorded))
        first_received = [
            min((_received(d) for d in group if d.sha256 in shared), default=None) for group in recorded
        ]
        moments = [moment for moment in first_received if moment is not None]
        if len(moments) < len(parts):
            continue
        if max(moments) + timedelta(days=reference.keep_days("landed_original", parts[0].council)) <= now:
            found.append(LandedOriginal(parts[0].council, parts[0].month, path, shared, max(moments)))
    return found


def seal_landed(
    settings: Settings,
    reference: Reference,
    specifications: Mapping[str, Specification],
    *,
    now: datetime,
    council: str | None = None,
    months: tuple[date | None, date | None] = (None, None),
) -> Sealed:
    """Afterwards every file in landing that has lain there long enough is sealed and gone from it.

    For who holds the lock. A file whose bytes are not those that were taken in is left alone, whenever it changed.
    """
    done = Sealed()
    drop_left_over_readings(settings)
    _finish_interrupted(settings, done, now)
    due = landed_originals(settings, reference, specifications, now=now, council=council, months=months)
    for landed in due:
        try:
            if _sha256(landed.path) not in landed.sha256s:
                continue
            hidden = landed.path.with_name(f".{landed.path.name}{HIDDEN}")
            if hidden.exists():
                continue
            os.replace(landed.path, hidden)
            _seal_hidden(settings, hidden, landed.council, landed.month, landed.sha256s, done, now)
        except OSError as error:
            done.problems.append(
                f"{landed.council} {landed.month:%Y-%m} {landed.path.name} stays in landing: {error.strerror}"
            )
    return done


def _finish_interrupted(settings: Settings, done: Sealed, now: datetime) -> None:
    """Files that a crash left hidden: sealed to the end, or given back their name."""
    accepted: dict[tuple[str, date], set[str]] = {}
    hidden_files = sorted(settings.landing.glob(f"*/*/.*{HIDDEN}"))
    if not hidden_files:
        return
    for delivery in Manifest(settings.manifest).all():
        if not delivery.is_refused:
            accepted.setdefault((delivery.council, delivery.month), set()).add(delivery.sha256)
    for hidden in hidden_files:
        match = MONTH_FOLDER.match(hidden.parent.name)
        if hidden.is_symlink() or not match:
            continue
        council, month = hidden.parent.parent.name, date(int(match[1]), int(match[2]), 1)
        try:
            known = frozenset(accepted.get((council, month), set()))
            _seal_hidden(settings, hidden, council, month, known, done, now)
        except OSError as error:
            done.problems.append(f"{council} {month:%Y-%m} {hidden.name} stays: {error.strerror}")


def _seal_hidden(
    settings: Settings,
    hidden: Path,
    council: str,
    month: date,
    sha256s: frozenset[str],
    done: Sealed,
    now: datetime,
) -> None:
    """Seal, read back, record, delete; a file that is not what was taken in gets its name back instead."""
    name = hidden.name.removeprefix(".").removesuffix(HIDDEN)
    before = hidden.stat()
    plain = hidden.read_bytes()
    sha256 = hashlib.sha256(plain).hexdigest()
    if sha256 not in sha256s:
        if hidden.with_name(name).exists():
            done.problems.append(
                f"{council} {month:%Y-%m} {name} was replaced twice while it was sealed: what came between lies "
                f"beside it as {hidden.name}"
            )
        else:
            os.replace(hidden, hidden.with_name(name))
        return
    place = (council, month, sha256)
    path = sealed_path(settings, place)
    secret = settings.storage_key()
    if not _holds(path, secret, plain):
        make_private(originals_folder(settings))
        make_private(path.parent.parent)
        make_private(path.parent)
        write_sealed(secret, PURPOSE, plain, path)
        flush(path.parent)
        if not _holds(path, secret, plain):
            done.problems.append(f"{council} {month:%Y-%m} {name} stays in landing: it was not sealed whole")
            os.replace(hidden, hidden.with_name(name))
            return
    original = Original(
        council, month, sha256, name, len(plain), now.astimezone(UTC).isoformat(timespec="microseconds")
    )
    Originals(settings.manifest).record(original)
    after = hidden.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        os.replace(hidden, hidden.with_name(name))
        return
    hidden.unlink()
    flush(hidden.parent)
    done.originals.append(original)


def _holds(path: Path, secret: bytes, plain: bytes) -> bool:
    """Whether the sealed file, read back from disk, gives these bytes."""
    try:
        return read_sealed(secret, PURPOSE, path) == plain
    except (OSError, SealError):
        return False


def _is_due(delivery: Delivery, reference: Reference, now: datetime) -> bool:
    return (
        _received(delivery) + timedelta(days=reference.keep_days("landed_original", delivery.council)) <= now
    )


def _received(delivery: Delivery) -> datetime:
    return datetime.fromisoformat(delivery.received_at)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refused_and_never_replaced(
    settings: Settings, deliveries: Sequence[Delivery]
) -> list[tuple[Delivery, Path]]:
    """Refused deliveries, the last of their place, whose file lies in landing with the bytes that were refused."""
    latest = {(d.council, d.month, d.extract): d for d in deliveries}
    found = []
    for delivery in latest.values():
        if not delivery.is_refused:
            continue
        path = settings.landing / delivery.council / f"{delivery.month:%Y-%m}" / delivery.file_name
        if path.is_file() and not path.is_symlink() and _sha256(path) == delivery.sha256:
            found.append((delivery, path))
    return found
