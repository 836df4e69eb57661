"""Lines that are only ever added: who opened an original and what was purged. Nothing of a row stands in them."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dagster_project.durable import put_in_place
from dagster_project.settings import Settings, make_private


def purges(settings: Settings) -> Path:
    """What was purged; never purged itself."""
    return settings.archive / "purges.jsonl"


def openings(settings: Settings) -> Path:
    """Which sealed originals were opened, by whom and why."""
    return settings.archive / "originals_opened.jsonl"


def look_up_logs(settings: Settings) -> list[Path]:
    """Logs of looking at what is personal; each line has its moment, UTC, as `at`."""
    return [path for path in (openings(settings), settings.archive / "lookups.jsonl") if path.is_file()]


def operating_system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def write_line(path: Path, now: datetime, entry: Mapping[str, Any]) -> None:
    """The line is on disk before this returns."""
    make_private(path.parent)
    at = now.astimezone(UTC).isoformat(timespec="microseconds")
    line = json.dumps({"at": at, "os_user": operating_system_user(), **entry}, ensure_ascii=False)
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def lines_before(path: Path, moment: datetime) -> list[datetime]:
    """The moments of the lines older than `moment`; a line that cannot be read is never old."""
    return [at for at, _ in _lines(path) if at is not None and at < moment]


def drop_lines_before(path: Path, moment: datetime) -> None:
    """The file without its older lines, replaced whole."""
    kept = [line for at, line in _lines(path) if at is None or at >= moment]
    being_written = path.with_name(f".{path.name}.writing")
    descriptor = os.open(being_written, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(kept)
    put_in_place(being_written, path)


def _lines(path: Path) -> list[tuple[datetime | None, str]]:
    with path.open(encoding="utf-8") as file:
        return [(_moment(line), line) for line in file]


def _moment(line: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(json.loads(line)["at"])
    except (ValueError, KeyError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
