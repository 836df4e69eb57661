"""A search of everything that was written for values that must not be there. Opens what is packed; asserts nothing.

Values are told by their form, which is why those of the samples and of the tests are odd ones: a plain `1047` would be
found in any count. The form is looked for in the text of each file and in its bytes as they lie on the disk.
"""

from __future__ import annotations

import codecs
import io
import re
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import duckdb

MARK = "Zqxjkvor"
"""Stands in every personal value that a test lands."""
MARKED = re.compile(rf"{MARK}[A-Za-z0-9-]*", re.IGNORECASE)
SAMPLE_IDENTIFIER = re.compile(r"\bEX[TW]?-(?:[A-Z]+[0-9]{3}|WP[0-9])[0-9]+|\bSW[0-9]{10}\b")
"""Long enough never to turn up by chance in what is sealed: a shorter form (`EX-4`) did, in its base64."""
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Leak:
    """A value and where it stands: the file, and which table, part or member of it."""

    path: str
    part: str
    value: str


def leaks_in_text(text: str, forms: Sequence[re.Pattern[str]], values: frozenset[str] | None) -> set[str]:
    """What in the text has one of the forms and, where they are given, is one of the values."""
    plain = ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "\\u" in text else text
    found = {match for form in forms for one in {text, plain} for match in form.findall(one)}
    return {value for value in found if values is None or value in values}


def leaks_in_files(
    root: Path,
    forms: Sequence[re.Pattern[str]],
    values: frozenset[str] | None = None,
    without: Sequence[Path] = (),
) -> list[Leak]:
    """Every value in every file under `root`, its name included, but for what lies under `without`."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or any(path.is_relative_to(other) for other in without):
            continue
        name = str(path.relative_to(root))
        found += [Leak(name, "name", value) for value in sorted(leaks_in_text(name, forms, values))]
        if path.is_file():
            for part, text in texts_of(path):
                found += [Leak(name, part, value) for value in sorted(leaks_in_text(text, forms, values))]
    return found


def texts_of(path: Path) -> Iterator[tuple[str, str]]:
    """The contents of a file as text, once for each way of reading it."""
    data = path.read_bytes()
    yield from texts_of_bytes(data)
    if data.startswith(b"SQLite format 3"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            yield "sqlite", "\n".join(database.iterdump())
            for (table,) in database.execute(
                "select name from sqlite_master where type = 'table'"
            ).fetchall():
                for row in database.execute(f'select * from "{table}"'):
                    for cell in row:
                        if isinstance(cell, bytes):
                            yield from ((f"{table} {p}", text) for p, text in texts_of_bytes(cell))
    elif data[:4] == b"PAR1":
        yield from _duckdb_texts([("parquet", f"read_parquet('{_quoted(path)}', hive_partitioning = false)")])
    elif data[8:12] == b"DUCK":
        yield from _duckdb_file(path)


def texts_of_bytes(data: bytes) -> Iterator[tuple[str, str]]:
    """As they are, decoded, taken out of a zip (a workbook is one) or out of a mail."""
    yield "bytes", data.decode("latin-1")
    if any(byte > 127 for byte in data[:100_000]):
        yield "utf-8", data.decode("utf-8", errors="ignore")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or data[:200].count(0) > 20:
        yield "utf-16-le", data.decode("utf-16-le", errors="ignore")
        yield "utf-16-be", data.decode("utf-16-be", errors="ignore")
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for member in packed.namelist():
                for part, text in texts_of_bytes(packed.read(member)):
                    yield f"{member} {part}", text
    elif re.match(rb"[A-Za-z-]+: ", data) and b"MIME-Version" in data[:4000]:
        message = message_from_bytes(data, policy=policy.default)
        yield "mail headers", "\n".join(f"{name}: {value}" for name, value in message.items())
        for inside in message.walk():
            if not inside.is_multipart():
                content = inside.get_payload(decode=True)
                assert isinstance(content, bytes)
                for inner, text in texts_of_bytes(content):
                    yield f"mail {inside.get_content_type()} {inner}", text


def _duckdb_file(path: Path) -> Iterator[tuple[str, str]]:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{_quoted(path)}' as looked_at (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'looked_at'"
        ).fetchall()
        for schema, table in tables:
            yield from _rows(connection, table, f'looked_at."{schema}"."{table}"')


def _duckdb_texts(relations: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    with duckdb.connect(":memory:") as connection:
        for name, relation in relations:
            yield from _rows(connection, name, relation)


def _rows(connection: duckdb.DuckDBPyConnection, name: str, relation: str) -> Iterator[tuple[str, str]]:
    """Column by column, so that a leak names its column; each distinct value once."""
    for column, kind, *_ in connection.execute(f"describe select * from {relation}").fetchall():
        if kind.startswith(("VARCHAR", "BLOB", "JSON")) or "VARCHAR" in kind:
            values = connection.execute(
                f'select distinct cast("{column}" as varchar) from {relation} where "{column}" is not null'
            ).fetchall()
            yield f"{name}.{column}", "\n".join(value for (value,) in values)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
