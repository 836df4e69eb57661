"""The demonstration's own preparation: a key for its data directory and the sample deliveries. Loads nothing."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass

from dagster_project.samples import write_samples
from dagster_project.settings import Settings, make_home, make_private


@dataclass(frozen=True)
class Prepared:
    """How many sample files lie in landing and how many of them this call wrote."""

    files: int
    changed: int


def prepare(settings: Settings) -> Prepared:
    """Afterwards the sample deliveries lie in landing and there is a key to load them with."""
    make_home(settings)
    if not settings.pseudonym_key_variable:
        _make_key(settings)
    make_private(settings.landing)
    before = {path: path.stat().st_mtime_ns for path in settings.landing.rglob("*") if path.is_file()}
    paths = write_samples(settings.home)
    changed = sum(path not in before or path.stat().st_mtime_ns != before[path] for path in paths)
    return Prepared(len(paths), changed)


def _make_key(settings: Settings) -> None:
    """A random key, readable by the owner only; one that is there is kept."""
    try:
        descriptor = os.open(settings.demo_key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_hex(32))
