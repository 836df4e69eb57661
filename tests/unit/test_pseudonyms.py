"""Keys of identifiers: the same on any machine, another for another kind, council or secret."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from dagster_project.deliveries.pseudonyms import fingerprint, pseudonym

SECRET = b"a made-up key, not a secret"


# Made with: printf 'child\x1fnorthshire\x1fC-0042' | openssl dgst -sha256 -hmac 'a made-up key, not a secret'
@pytest.mark.parametrize(
    ("kind", "council", "identifier", "first_eight_bytes"),
    [
        ("child", "northshire", "C-0042", "e43a91ad69ae1307"),
        ("worker", "northshire", "C-0042", "74518a783bbc446f"),
        ("family", "southshire", "Zoë 7", "aa7726b4277b48ca"),
    ],
)
def test_a_key_is_the_first_eight_bytes_of_the_keyed_hash_signed_and_big_endian(
    kind: str, council: str, identifier: str, first_eight_bytes: str
) -> None:
    expected = int.from_bytes(bytes.fromhex(first_eight_bytes), "big", signed=True)

    assert pseudonym(SECRET, kind, council, identifier) == expected


def test_the_known_key_is_the_one_written_in_the_archives_there_are() -> None:
    assert pseudonym(SECRET, "child", "northshire", "C-0042") == -2001126910424378617
    message = b"child\x1fnorthshire\x1fC-0042"
    by_hand = hmac.new(SECRET, message, hashlib.sha256).digest()[:8]
    assert int.from_bytes(by_hand, "big", signed=True) == -2001126910424378617


def test_the_identifier_is_trimmed_and_otherwise_taken_as_it_is() -> None:
    key = pseudonym(SECRET, "child", "northshire", "C-0042")

    assert pseudonym(SECRET, "child", "northshire", "  C-0042\t") == key
    for other in ("c-0042", "C-042", "C 0042", "C-0042.0"):
        assert pseudonym(SECRET, "child", "northshire", other) != key


def test_kind_council_and_secret_make_another_key() -> None:
    keys = {
        pseudonym(secret, kind, council, "1")
        for secret in (SECRET, b"another")
        for kind in ("child", "family", "worker", "registration")
        for council in ("northshire", "southshire")
    }

    assert len(keys) == 16


def test_a_separator_in_an_identifier_cannot_stand_for_another_council() -> None:
    assert pseudonym(SECRET, "child", "north", "shire\x1f1") != pseudonym(SECRET, "child", "northshire", "1")


def test_a_fingerprint_tells_secrets_apart_and_gives_none_away() -> None:
    assert fingerprint(SECRET) == fingerprint(SECRET) != fingerprint(b"another")
    assert "made-up" not in fingerprint(SECRET) and len(fingerprint(SECRET)) == 12
