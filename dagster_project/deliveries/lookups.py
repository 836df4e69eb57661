"""Looking somebody up in the crosswalk, and the log of who did. The log holds keys and reasons, no identifier."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.deliveries.crosswalk import councils_in, read_council
from dagster_project.deliveries.generation import archive_root
from dagster_project.deliveries.pseudonyms import pseudonym
from dagster_project.errors import PlainError
from dagster_project.settings import Settings, make_private

SHORTEST_REASON = 10
KINDS = ("child", "family", "worker", "registration")


class LookupRefusedError(PlainError):
    """The look-up was not made; the message says why."""


@dataclass(frozen=True)
class Person:
    """Who stands behind a key: for the eyes of the one who gave a reason."""

    council: str
    kind: str
    key: int
    identifier: str
    first_seen: str


@dataclass(frozen=True)
class LookUp:
    """One line of the log; `found` counts the people that were shown."""

    at: str
    who: str
    what: str
    council: str
    kind: str
    keys: Sequence[int]
    why: str
    found: int


def who(
    settings: Settings, key: int, why: str, *, council: str | None = None, kind: str | None = None
) -> list[Person]:
    """Everybody behind a key, once the look-up stands in the log.

    Raises LookupRefusedError without a reason worth the name, SealError for another storage key, OSError when the log
    cannot be written: then nobody is shown.
    """
    _refuse_without_reason(why)
    found = _people(settings, council, kind, [key])
    _log(settings, LookUp(_now(), _user(), "key", council or "", kind or "", [key], why, len(found)))
    return found


def key_of(
    settings: Settings, identifier: str, why: str, *, council: str, kind: str = "worker"
) -> int | None:
    """The key of an identifier that has arrived, or None; logged with the key found, never the identifier.

    Raises as `who` does, and SettingsError without the pseudonym key.
    """
    _refuse_without_reason(why)
    key = pseudonym(settings.pseudonym_key(), kind, council, identifier)
    found = bool(_people(settings, council, kind, [key]))
    keys = [key] if found else []
    _log(settings, LookUp(_now(), _user(), "identifier", council, kind, keys, why, int(found)))
    return key if found else None


def own_references(settings: Settings, council: str, keys: Iterable[int], purpose: str) -> dict[int, str]:
    """The workers' own references of keys, for what a manager of theirs may see; logged once with its purpose."""
    found = {p.key: p.identifier for p in _people(settings, council, "worker", list(keys))}
    _log(settings, LookUp(_now(), _user(), "references", council, "worker", [], purpose, len(found)))
    return found


def log_of(settings: Settings) -> list[LookUp]:
    """Every look-up, oldest first; of a line that was cut off as it was written, that it was.

    Nobody was shown anything by such a look-up: it was not in the log yet.
    """
    path = log_file(settings)
    if not path.is_file():
        return []
    lines = path.read_bytes().decode("utf-8", errors="replace").split("\n")
    return [_entry(line) for line in lines if line]


def _entry(line: str) -> LookUp:
    try:
        return LookUp(**json.loads(line))
    except (ValueError, TypeError):
        return LookUp("", "", "cut off", "", "", [], "the line was cut off as it was written", 0)


def log_file(settings: Settings) -> Path:
    """Beside the generations, for a look-up of an old key stays a look-up."""
    return settings.archive / "lookups.jsonl"


def _people(settings: Settings, council: str | None, kind: str | None, keys: Sequence[int]) -> list[Person]:
    root, storage_key = archive_root(settings), settings.storage_key()
    people = []
    for name in councils_in(root):
        if council not in (None, name):
            continue
        table = read_council(root, name, storage_key)
        table = table.filter(pc.is_in(table["key"], value_set=pa.array(keys, pa.int64())))
        if kind:
            table = table.filter(pc.equal(table["kind"], kind))
        people += [
            Person(name, row["kind"], row["key"], row["identifier"], row["first_seen"])
            for row in table.to_pylist()
        ]
    return people


def _refuse_without_reason(why: str) -> None:
    if len(why.strip()) < SHORTEST_REASON:
        raise LookupRefusedError(
            f"say why, in at least {SHORTEST_REASON} characters: the reason is kept in the log. Nothing was looked up."
        )


def _log(settings: Settings, entry: LookUp) -> None:
    path = log_file(settings)
    make_private(path.parent)
    begin = "" if _ends_whole(path) else "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(begin + json.dumps(asdict(entry), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _ends_whole(path: Path) -> bool:
    """Whether the log's last line is whole: one that a crash cut off would take the next one with it."""
    if not path.is_file() or not path.stat().st_size:
        return True
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
