"""The published marts opened for reading, by tier. A publication never changes: a new one lies beside it."""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.errors import PlainError
from dagster_project.settings import Settings, load_settings

MARTS_FILES = {
    "internal": Path("marts.duckdb"),
    "restricted": Path("restricted") / "marts.duckdb",
    "public": Path("public") / "marts.duckdb",
}


class PublishedMartsError(PlainError):
    """The marts of this tier cannot be opened here."""


def marts_file(settings: Settings, tier: str = "internal") -> Path:
    """The DuckDB file of one tier, of the publication that is current now.

    Raises PublishedMartsError where nothing is published, or the tier is closed to whoever asks.
    """
    current = settings.published / "current"
    file = current.resolve() / MARTS_FILES[tier]
    try:
        with file.open("rb"):
            return file
    except FileNotFoundError as error:
        raise PublishedMartsError(
            f"nothing is published yet under {settings.published}: run `caseload load` first"
        ) from error
    except PermissionError as error:
        raise PublishedMartsError(
            f"the {tier} tier under {current} is not for you to read: ask who runs Caseload, or take another --tier"
        ) from error


def marts(tier: str = "internal", settings: Settings | None = None) -> duckdb.DuckDBPyConnection:
    """A connection that can only read, to the current marts under CASELOAD_HOME. For notebooks and scripts."""
    return duckdb.connect(str(marts_file(settings or load_settings(), tier)), read_only=True)
