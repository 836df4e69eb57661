"""The warehouse file: opened by whoever reads or builds it, encrypted where a key for data at rest was given.

The key that DuckDB is handed is derived from the secret, and no message of DuckDB about it is passed on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dagster_project.errors import PlainError, said_by_the_system
from dagster_project.scratch import spill_encrypted
from dagster_project.settings import Settings, SettingsError

CATALOG = "caseload"
"""What the database is called in SQL: the file's name, encrypted or not."""
CHUNK_BYTES = 1 << 20
DAMAGED = (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException)
SAYS_DAMAGED = ("Corrupt database file", "Failed to deserialize", "not a valid DuckDB database file")
"""Words of DuckDB's, by themselves or as dbt hands them on, of a file that is not what was written."""
WRONG_KEY = (
    "CASELOAD_STORAGE_KEY is not the key that the warehouse file was encrypted with. Set the one that was used before; "
    "caseload rotate-key changes it."
)
NO_KEY = (
    "The warehouse file is encrypted and CASELOAD_STORAGE_KEY is not set. Set the key that it was encrypted with; to "
    "do without one, delete the warehouse folder, and the next load builds a plain file from the archive."
)


class DamagedWarehouseError(PlainError):
    """The warehouse file was no database any more, or a part of it; it was taken away."""


@contextmanager
def reading_warehouse(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse for reading, its tables under their plain names.

    Raises SettingsError where the key is missing or another, and duckdb.Error where the file cannot be opened.
    """
    if not settings.has_storage_key:
        with _opened_plain(settings.database) as connection:
            yield connection
        return
    with duckdb.connect(":memory:") as connection:
        attach_warehouse(connection, settings, CATALOG, read_only=True)
        connection.execute(f"use {CATALOG}.main")
        yield connection


@contextmanager
def held_open(settings: Settings) -> Iterator[None]:
    """Within, whoever reads the warehouse in this process shares what is open: each opening reads the whole catalogue.

    For who reads it often while nobody writes it. One that is encrypted is opened each time, and what is the matter
    with one that cannot be opened is for who reads it to tell.
    """
    with ExitStack() as held:
        if settings.database.is_file() and not settings.has_storage_key:
            with suppress(duckdb.Error, SettingsError):
                held.enter_context(_opened_plain(settings.database))
        yield


def attach_warehouse(
    connection: duckdb.DuckDBPyConnection, settings: Settings, name: str, *, read_only: bool
) -> None:
    """Afterwards the warehouse is a database of the connection, called `name`, and what does not fit goes to disk.

    Raises as `reading_warehouse` does.
    """
    options = ["read_only"] if read_only else []
    connection.execute(f"set memory_limit = {sql_text(settings.memory_limit)}")
    if settings.has_storage_key:
        options.append(f"encryption_key '{_key(settings)}'")
        spill_encrypted(connection, settings.warehouse / ".spilled")
    else:
        connection.execute(f"set temp_directory = {sql_text(settings.warehouse / '.spilled')}")
    listed = f" ({', '.join(options)})" if options else ""
    try:
        connection.execute(f"attach {sql_text(settings.database)} as {name}{listed}")
    except duckdb.InvalidInputException:
        raise SettingsError(WRONG_KEY) from None
    except duckdb.CatalogException:
        raise SettingsError(NO_KEY if not settings.has_storage_key else _is_plain(settings)) from None


def check_warehouse_key(settings: Settings) -> None:
    """Nothing where the warehouse can be opened or is not there; a plain one is taken away where a key was given.

    For who holds the lock. It holds nothing that the archive does not: it is built again, encrypted. Raises
    SettingsError where the key is missing or another, DamagedWarehouseError where the file was no database any more and
    was taken away.
    """
    if not settings.database.is_file():
        return
    try:
        if settings.has_storage_key and not _is_encrypted(settings.database):
            remove_warehouse(settings)
            return
        with reading_warehouse(settings):
            pass
    except DAMAGED as error:
        # A file that another program holds, or that the system gives nobody, is for the build to tell of.
        is_held = any(words in str(error) for words in ("Could not set lock", "Cannot open file"))
        if not (is_held or said_by_the_system(error)) and os.access(settings.database, os.R_OK | os.W_OK):
            raise _taken_away(settings, "cannot be opened as a database: it is damaged") from None


@contextmanager
def taken_away_where_damaged(settings: Settings) -> Iterator[None]:
    """A part of the warehouse that turns out damaged within ends with a DamagedWarehouseError and without the file.

    Else every later build would meet the same part. For who holds the lock.
    """
    try:
        yield
    except Exception as error:
        if any(words in str(error) for words in SAYS_DAMAGED):
            raise _taken_away(settings, "is damaged") from None
        raise


def _taken_away(settings: Settings, what: str) -> DamagedWarehouseError:
    """The file is gone, for it holds nothing that the archive does not; the error to raise."""
    remove_warehouse(settings)
    return DamagedWarehouseError(
        f"{settings.database.name} {what}. It was taken away: the next load, or `caseload rebuild`, makes it anew from "
        "the archive; what was published stays."
    )


def remove_warehouse(settings: Settings) -> None:
    """The file and what DuckDB keeps beside it are written over and deleted; the next build makes everything anew."""
    for path in settings.warehouse.glob(f"{settings.database.name}*"):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("r+b") as file:
            left = path.stat().st_size
            while left > 0:
                left -= file.write(bytes(min(left, CHUNK_BYTES)))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


def _is_encrypted(path: Path) -> bool:
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"attach {sql_text(path)} as looked_at (read_only)")
    except duckdb.CatalogException:
        return True
    return False


@contextmanager
def _opened_plain(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.CatalogException:
        raise SettingsError(NO_KEY) from None
    with connection:
        yield connection


def _is_plain(settings: Settings) -> str:
    return (
        f"CASELOAD_STORAGE_KEY is set and {settings.database.name} is plain: run `caseload load`, which builds it "
        "anew, encrypted."
    )


def _key(settings: Settings) -> str:
    return HKDF(SHA256(), 32, None, b"caseload warehouse").derive(settings.storage_key()).hex()


def named_rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """All rows of what was just executed, each value by its column's name."""
    columns = [column[0] for column in result.description or []]
    return [dict(zip(columns, values, strict=True)) for values in result.fetchall()]


def sql_text(value: object) -> str:
    """The value as SQL writes a text, for statements that take no parameters: files attached, copied and read."""
    return "'" + str(value).replace("'", "''") + "'"
