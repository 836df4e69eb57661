"""Identifiers of children and workers become keys. Nothing else is hashed, and no identifier leaves this module."""

from __future__ import annotations

import hmac

import duckdb
import pyarrow as pa

from dagster_project.extracts import Specification

UNIT_SEPARATOR = "\x1f"


class CollisionError(Exception):
    """Two identifiers of one council and kind share a key; both would be taken for one person."""


def pseudonym(secret: bytes, kind: str, council: str, identifier: str) -> int:
    """The key of an identifier: the first 8 bytes of HMAC-SHA256 as a signed big-endian integer."""
    message = UNIT_SEPARATOR.join((kind, council, identifier.strip())).encode("utf-8")
    return int.from_bytes(hmac.digest(secret, message, "sha256")[:8], "big", signed=True)


def fingerprint(secret: bytes) -> str:
    """Tells one secret from another without giving it away."""
    return hmac.digest(secret, b"fingerprint", "sha256")[:6].hex()


def register_keys(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    specification: Specification,
    council: str,
    secret: bytes,
) -> None:
    """Make temp table `pseudonyms` (kind, identifier, key) for every distinct identifier in `relation`.

    Raises CollisionError where two identifiers of one kind share a key.
    """
    parts = [
        f"select distinct '{column.pseudonym}' as kind, \"{column.name}\" as identifier "
        f'from {relation} where "{column.name}" is not null'
        for column in specification.columns
        if column.pseudonym
    ]
    rows = connection.execute(" union ".join(parts)).fetchall() if parts else []
    keys = [pseudonym(secret, kind, council, identifier) for kind, identifier in rows]
    if len({(kind, key) for (kind, _), key in zip(rows, keys, strict=True)}) < len(rows):
        raise CollisionError("two identifiers of one kind have the same key: change CASELOAD_PSEUDONYM_KEY")
    connection.register(
        "new_pseudonyms",
        pa.table(
            {
                "kind": pa.array([kind for kind, _ in rows], pa.string()),
                "identifier": pa.array([identifier for _, identifier in rows], pa.string()),
                "key": pa.array(keys, pa.int64()),
            }
        ),
    )
    connection.execute("create or replace temp table pseudonyms as select * from new_pseudonyms")
    connection.unregister("new_pseudonyms")
