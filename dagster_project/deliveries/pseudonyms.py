"""Identifiers of children and workers become keys. Nothing else is hashed, and no identifier leaves this module."""

from __future__ import annotations

import hmac

from dagster_project.errors import PlainError

UNIT_SEPARATOR = "\x1f"


class CollisionError(PlainError):
    """Two identifiers of one council and kind share a key; both would be taken for one person."""


def pseudonym(secret: bytes, kind: str, council: str, identifier: str) -> int:
    """The key of an identifier: the first 8 bytes of HMAC-SHA256 as a signed big-endian integer."""
    message = UNIT_SEPARATOR.join((kind, council, identifier.strip())).encode("utf-8")
    return int.from_bytes(hmac.digest(secret, message, "sha256")[:8], "big", signed=True)


def fingerprint(secret: bytes) -> str:
    """Tells one secret from another without giving it away."""
    return hmac.digest(secret, b"fingerprint", "sha256")[:6].hex()
