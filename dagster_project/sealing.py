"""Files encrypted at rest: AES-256-GCM in chunks, the key derived from a secret for one purpose. Knows no contents."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dagster_project.durable import put_in_place
from dagster_project.errors import PlainError

SIGNATURE = b"caseload-sealed-1\n"
SALT_BYTES = 16
TAG_BYTES = 16
CHUNK_BYTES = 1 << 20


class SealError(PlainError):
    """A sealed file was made with another secret, changed, or cut short; the message names the file."""


def seal(secret: bytes, purpose: str, plain: bytes) -> bytes:
    """`plain` encrypted: signature, salt, then chunks that hold only in this order and number."""
    salt = os.urandom(SALT_BYTES)
    cipher = _cipher(secret, purpose, salt)
    chunks = [plain[start : start + CHUNK_BYTES] for start in range(0, len(plain), CHUNK_BYTES)] or [b""]
    sealed = [SIGNATURE, salt]
    for number, chunk in enumerate(chunks):
        sealed.append(cipher.encrypt(_nonce(number, is_last=number == len(chunks) - 1), chunk, None))
    return b"".join(sealed)


def unseal(secret: bytes, purpose: str, sealed: bytes, name: str) -> bytes:
    """What `seal` was given.

    Raises SealError, naming `name`, for another secret or purpose and for bytes that were changed or cut short.
    """
    if not sealed.startswith(SIGNATURE):
        raise SealError(f"{name}: not a sealed file")
    start = len(SIGNATURE) + SALT_BYTES
    cipher = _cipher(secret, purpose, sealed[len(SIGNATURE) : start])
    size = CHUNK_BYTES + TAG_BYTES
    starts = range(start, len(sealed), size)
    try:
        return b"".join(
            cipher.decrypt(_nonce(number, is_last=at + size >= len(sealed)), sealed[at : at + size], None)
            for number, at in enumerate(starts)
        )
    except InvalidTag:
        raise SealError(f"{name}: sealed with another secret, changed, or cut short") from None


def write_sealed(secret: bytes, purpose: str, plain: bytes, path: Path) -> None:
    """The sealed file appears whole or not at all, readable by its owner only, and survives a power cut."""
    being_written = path.with_name(f".{path.name}.writing")
    with being_written.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(seal(secret, purpose, plain))
    put_in_place(being_written, path)


def read_sealed(secret: bytes, purpose: str, path: Path) -> bytes:
    """Raises SealError as `unseal` does, and OSError where there is no such file."""
    return unseal(secret, purpose, path.read_bytes(), path.name)


def _cipher(secret: bytes, purpose: str, salt: bytes) -> AESGCM:
    key = HKDF(SHA256(), 32, salt, b"caseload " + purpose.encode()).derive(secret)
    return AESGCM(key)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return struct.pack(">QI", number, int(is_last))
