"""Originals that were sealed: where they lie, their record in the manifest, and their bytes again. Moves nothing."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from dagster_project.deliveries.generation import archive_root
from dagster_project.deliveries.landed_bytes import Unsealed, standing_for
from dagster_project.deliveries.manifest import Delivery
from dagster_project.deliveries.manifest_file import ManifestFile
from dagster_project.errors import PlainError
from dagster_project.sealing import SealError, read_sealed
from dagster_project.settings import Settings, make_private

PURPOSE = "original"
BEING_READ = ".reading-"
LONGEST_READING_SECONDS = 3600

SCHEMA = """
create table if not exists originals (
    council text not null,
    month text not null,
    sha256 text not null,
    file_name text not null,
    bytes integer not null,
    sealed_at text not null,
    purged_at text,
    primary key (council, month, sha256)
);
"""


class OriginalError(PlainError):
    """A sealed original cannot be had; the message says which and why."""


@dataclass(frozen=True)
class Original:
    """A landed file that was sealed: the bytes of one delivery, or of all that came in one month pack."""

    council: str
    month: date
    sha256: str
    file_name: str
    bytes: int
    sealed_at: str
    purged_at: str | None = None

    @property
    def place(self) -> tuple[str, date, str]:
        return (self.council, self.month, self.sha256)


def place_of(delivery: Delivery) -> tuple[str, date, str]:
    """What tells the original of a delivery from others."""
    return (delivery.council, delivery.month, delivery.sha256)


class Originals(ManifestFile):
    """The record of sealed originals, in the manifest's file. Every change is one transaction."""

    schema = SCHEMA

    def all(self) -> list[Original]:
        """Every original ever sealed, in the order of sealing, those that were purged too."""
        with self._connect() as connection:
            rows = connection.execute("select * from originals order by rowid").fetchall()
        return [Original(**{**dict(row), "month": date.fromisoformat(row["month"])}) for row in rows]

    def kept(self) -> dict[tuple[str, date, str], Original]:
        """Originals that can be read, by council, month and content."""
        return {original.place: original for original in self.all() if original.purged_at is None}

    def record(self, original: Original) -> None:
        """The original is sealed; one that was purged before and came again is kept from its new sealing on."""
        with self._connect() as connection:
            connection.execute(
                "insert into originals values (?, ?, ?, ?, ?, ?, null) on conflict (council, month, sha256) "
                "do update set sealed_at = excluded.sealed_at, purged_at = null where purged_at is not null",
                (
                    original.council,
                    original.month.isoformat(),
                    original.sha256,
                    original.file_name,
                    original.bytes,
                    original.sealed_at,
                ),
            )

    def mark_purged(self, originals: Iterable[Original], at: str) -> None:
        with self._connect() as connection:
            connection.executemany(
                "update originals set purged_at = ? where council = ? and month = ? and sha256 = ?",
                [(at, o.council, o.month.isoformat(), o.sha256) for o in originals],
            )


def originals_folder(settings: Settings) -> Path:
    """Landed files that were taken in, sealed with the key of the generation in use."""
    return archive_root(settings) / "originals"


def sealed_path(settings: Settings, original: tuple[str, date, str]) -> Path:
    council, month, sha256 = original
    return originals_folder(settings) / council / f"{month:%Y-%m}" / f"{sha256}.sealed"


def read_original(settings: Settings, original: Original) -> bytes:
    """The very bytes that landed.

    Raises OriginalError where the sealed file is gone, was changed or was made with another secret.
    """
    path = sealed_path(settings, original.place)
    named = f"the original of {original.council} {original.month:%Y-%m} {original.file_name}"
    try:
        plain = read_sealed(settings.storage_key(), PURPOSE, path)
    except SealError as error:
        raise OriginalError(f"{named} cannot be read: {error}") from None
    except OSError as error:
        raise OriginalError(f"{named} cannot be read: {path.name}: {error.strerror}") from None
    if hashlib.sha256(plain).hexdigest() != original.sha256:
        raise OriginalError(f"{named} cannot be read: {path.name} holds other bytes than its name says")
    return plain


@contextmanager
def laid_out(settings: Settings, deliveries: Sequence[Delivery], problems: list[str]) -> Iterator[Path]:
    """A folder laid out like landing with the names of these deliveries' originals in it, gone again afterwards.

    The files are empty: `landed_bytes` unseals what each stands for when it is read. Nobody but the owner may enter
    the folder. What a crash left of it is taken away by `drop_left_over_readings`. An original that cannot be had is
    left out and told in `problems`.
    """
    originals = make_private(originals_folder(settings))
    folder = Path(tempfile.mkdtemp(prefix=BEING_READ, dir=originals))
    try:
        kept = Originals(settings.manifest).kept() if deliveries else {}
        stands_for: dict[Path, Unsealed] = {}
        for original in {place: kept[place] for place in map(place_of, deliveries) if place in kept}.values():
            try:
                size = len(read_original(settings, original))
            except OriginalError as error:
                problems.append(str(error))
                continue
            path = folder / original.council / f"{original.month:%Y-%m}" / original.file_name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            stands_for[path] = Unsealed(size, partial(read_original, settings, original))
        with standing_for(stands_for):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def drop_left_over_readings(settings: Settings) -> None:
    """Folders of names that a killed process left behind are taken away."""
    for folder in originals_folder(settings).glob(f"{BEING_READ}*"):
        if time.time() - folder.stat().st_mtime > LONGEST_READING_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
