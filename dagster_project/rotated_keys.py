"""What a change of key leaves to do once it counts: the ledger of alerts, what was published before, leftovers."""

from __future__ import annotations

import io
import shutil
import sqlite3
from pathlib import Path

import pyarrow.parquet as pq

from dagster_project.deliveries import Manifest
from dagster_project.deliveries.generation import generation, root_of
from dagster_project.deliveries.pseudonyms import fingerprint
from dagster_project.extracts import load_specifications
from dagster_project.sealing import read_sealed
from dagster_project.settings import Settings, SettingsError

ROTATION = "rotation.sealed"
PURPOSE = "rotation"
UNFINISHED = "rotation_unfinished"


def is_unfinished(settings: Settings) -> bool:
    """Whether a change of key counts already and was interrupted after that."""
    return settings.manifest.is_file() and Manifest(settings.manifest).mark(UNFINISHED) == "true"


def map_ledger(settings: Settings) -> None:
    """The ledger of alerts knows workers by their new keys, so that nobody is told again. May be done twice.

    Raises SettingsError where the key is still the old one.
    """
    known = Manifest(settings.manifest).key_fingerprints()
    if known and fingerprint(settings.pseudonym_key()) not in known.values():
        raise SettingsError(
            "the key was changed: set CASELOAD_PSEUDONYM_KEY to the new secret, and CASELOAD_STORAGE_KEY if it was "
            "changed too. What is left to do is done then."
        )
    _map_ledger(settings, root_of(settings, generation(settings)), settings.storage_key())


def clear_up(settings: Settings) -> None:
    """The marts are rebuilt: nothing that holds an old key is kept, and the change of key is over."""
    number = generation(settings)
    _drop_old_publications(settings)
    clear_leftovers(settings, number)
    (root_of(settings, number) / ROTATION).unlink(missing_ok=True)
    Manifest(settings.manifest).set_mark(UNFINISHED, "false")


def clear_leftovers(settings: Settings, in_use: int) -> None:
    """Generations that are not in use: one that was never taken up, or the one before."""
    for path in settings.archive.glob("generation-*"):
        if path != root_of(settings, in_use):
            shutil.rmtree(path)
    if in_use > 1:
        for name in (*load_specifications(), "crosswalk", "originals"):
            shutil.rmtree(settings.archive / name, ignore_errors=True)


def _map_ledger(settings: Settings, root: Path, storage_key: bytes) -> None:
    """The ledger of alerts knows workers by their new keys, so that nobody is told again."""
    path = root / ROTATION
    if not settings.alert_ledger.is_file() or not path.is_file():
        return
    data = read_sealed(storage_key, PURPOSE, path)
    if not data:
        return
    table = pq.read_table(io.BytesIO(data))
    with sqlite3.connect(settings.alert_ledger, timeout=60) as connection:
        connection.execute(
            "create temp table new_keys (council text, worker text, new_key text, primary key (council, worker))"
        )
        connection.executemany(
            "insert into new_keys values (?,?,?)",
            [(row["council"], str(row["key"]), str(row["new_key"])) for row in table.to_pylist()],
        )
        for name in ("items", "told_figures"):
            # A ledger of an earlier version has no figures.
            if connection.execute("select 1 from sqlite_master where name = ?", (name,)).fetchone():
                connection.execute(
                    f"update {name} set worker = new_keys.new_key from new_keys"
                    f" where new_keys.council = {name}.council and new_keys.worker = {name}.worker"
                )
    connection.close()


def _drop_old_publications(settings: Settings) -> None:
    """Published versions from before hold the old keys."""
    current = settings.published / "current"
    for path in (settings.published / "versions").glob("*"):
        if not (current.exists() and path.resolve() == current.resolve()):
            shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(settings.published / "as-known", ignore_errors=True)
    shutil.rmtree(settings.warehouse / "as-known", ignore_errors=True)
    shutil.rmtree(settings.warehouse / "shadow", ignore_errors=True)
