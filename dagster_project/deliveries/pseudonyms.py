"""Identifiers of children and workers become keys. Nothing else is hashed, and no identifier leaves this module."""

from __future__ import annotations

import hmac
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from dagster_project.errors import PlainError

UNIT_SEPARATOR = "\x1f"


class CollisionError(PlainError):
    """Two identifiers of one council and kind share a key; both would be taken for one person."""


def pseudonym(secret: bytes, kind: str, council: str, identifier: str) -> int:
    """The key of an identifier: the first 8 bytes of HMAC-SHA256 as a signed big-endian integer."""
    hashed = _begun(secret, kind, council).copy()
    hashed.update(identifier.strip().encode("utf-8"))
    return int.from_bytes(hashed.finalize()[:8], "big", signed=True)


@lru_cache(maxsize=256)
def _begun(secret: bytes, kind: str, council: str) -> HMAC:
    """What all identifiers of a kind and council have before them, hashed once."""
    hashed = HMAC(secret, SHA256())
    hashed.update(UNIT_SEPARATOR.join((kind, council, "")).encode("utf-8"))
    return hashed


def fingerprint(secret: bytes) -> str:
    """Tells one secret from another without giving it away."""
    return hmac.digest(secret, b"fingerprint", "sha256")[:6].hex()
