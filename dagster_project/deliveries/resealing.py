"""What was sealed before a storage key was given, sealed with it: an installation may get its key at any time."""

from __future__ import annotations

from dagster_project.deliveries.crosswalk import ENDING
from dagster_project.deliveries.crosswalk import PURPOSE as OF_CROSSWALK
from dagster_project.deliveries.generation import archive_root
from dagster_project.deliveries.manifest import Manifest
from dagster_project.deliveries.originals import PURPOSE as OF_ORIGINALS
from dagster_project.deliveries.pseudonyms import fingerprint
from dagster_project.sealing import SealError, read_sealed, write_sealed
from dagster_project.settings import Settings

MARK = "sealed_with"


def reseal(settings: Settings) -> int:
    """Seal with the storage key what the pseudonym key sealed; how many files. For who holds the lock.

    Each file is replaced whole, so it can be read with one of the two keys whenever this ends. Raises SealError for a
    file that neither key opens.
    """
    if not settings.has_storage_key or not settings.manifest.is_file():
        return 0
    secret, before = settings.storage_key(), settings.pseudonym_key()
    manifest = Manifest(settings.manifest)
    if manifest.mark(MARK) == fingerprint(secret):
        return 0
    root = archive_root(settings)
    sealed = [(path, OF_CROSSWALK) for path in sorted(root.glob(f"crosswalk/*/*{ENDING}"))]
    sealed += [(path, OF_ORIGINALS) for path in sorted(root.glob("originals/*/*/*.sealed"))]
    done = 0
    for path, purpose in sealed:
        try:
            read_sealed(secret, purpose, path)
        except SealError:
            write_sealed(secret, purpose, read_sealed(before, purpose, path), path)
            done += 1
    manifest.set_mark(MARK, fingerprint(secret))
    return done
