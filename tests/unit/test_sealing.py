"""What is sealed comes back only with its secret and purpose, and only whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.sealing import CHUNK_BYTES, SealError, read_sealed, seal, unseal, write_sealed

SECRET = b"a secret"


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_what_was_sealed_comes_back(size: int) -> None:
    plain = bytes(number % 251 for number in range(size))
    sealed = seal(SECRET, "test", plain)
    assert unseal(SECRET, "test", sealed, "it") == plain
    assert seal(SECRET, "test", plain) != sealed


@pytest.mark.parametrize(("secret", "purpose"), [(b"another", "test"), (SECRET, "other")])
def test_another_secret_or_purpose_opens_nothing(secret: bytes, purpose: str) -> None:
    with pytest.raises(SealError, match="it: sealed with another secret"):
        unseal(secret, purpose, seal(SECRET, "test", b"plain"), "it")


def test_a_changed_or_shortened_file_is_noticed() -> None:
    plain = b"x" * (2 * CHUNK_BYTES)
    sealed = seal(SECRET, "test", plain)
    first = len(sealed) - (CHUNK_BYTES + 16)
    flipped = bytearray(sealed)
    flipped[-1] ^= 1
    for spoilt in (sealed[:first], sealed[:-1], bytes(flipped), sealed + b"x"):
        with pytest.raises(SealError):
            unseal(SECRET, "test", spoilt, "it")
    with pytest.raises(SealError, match="not a sealed file"):
        unseal(SECRET, "test", plain, "it")


def test_a_sealed_file_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "file.sealed"
    write_sealed(SECRET, "test", b"AB1234567890", path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"AB1234567890" not in path.read_bytes()
    assert read_sealed(SECRET, "test", path) == b"AB1234567890"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.sealed"]
