"""The keyed hash of domain.md that stands for an identifier."""

from __future__ import annotations

import hashlib
import hmac

SEPARATOR = "\x1f"


def worker_key(key: str, council: str, worker_id: str) -> int:
    """The first 8 bytes of HMAC-SHA256 as a signed big-endian integer, over kind, council and identifier."""
    message = SEPARATOR.join(("worker", council, worker_id.strip()))
    digest = hmac.new(key.encode("utf-8"), message.encode("utf-8"), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
