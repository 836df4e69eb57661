"""A DuckDB in memory for rows in plain: what does not fit is written to disk encrypted, under a key nobody keeps."""

from __future__ import annotations

import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from uuid import uuid4

import duckdb


def in_memory() -> duckdb.DuckDBPyConnection:
    """An empty database in memory, to be closed by its user; what it spills goes with it."""
    connection = duckdb.connect(":memory:")
    spill_encrypted(connection, Path(tempfile.gettempdir()) / f"caseload-{uuid4().hex}")
    return connection


def spill_encrypted(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Afterwards what does not fit in memory goes to `folder`, encrypted."""
    load_cipher(connection)
    connection.execute("set temp_directory = '" + str(folder).replace("'", "''") + "'")
    connection.execute("set temp_file_encryption = true")


def load_cipher(connection: duckdb.DuckDBPyConnection) -> None:
    """DuckDB writes encrypted files with the cipher of its httpfs extension only; nothing is fetched with it here."""
    folder = files("duckdb_extension_httpfs") / "extensions" / f"v{duckdb.__version__}"
    with as_file(folder / "httpfs.duckdb_extension") as path:
        connection.execute("load '" + str(path).replace("'", "''") + "'")
