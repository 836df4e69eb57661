"""One at a time: the installation's lock, and who holds it. Knows nothing of what the holder does."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from filelock import FileLock, Timeout

from dagster_project.settings import Settings

AT_ONCE = 0.05
"""Seconds for which nobody is told that there is a wait."""


class LoadInProgressError(Exception):
    """Another load holds the lock."""


@dataclass(frozen=True)
class Holder:
    """Who holds the lock: what it does, its process, and since when.

    `run` where it is a run whose steps are processes of their own, with the name of its one load.
    """

    what: str
    process: int
    user: str
    host: str
    since: str
    run: str = ""
    load_id: str = ""

    @property
    def words(self) -> str:
        return f"{self.what}, process {self.process} of {self.user} on {self.host}, since {self.since}"

    @property
    def is_alive(self) -> bool:
        """Whether its process runs; of another machine that cannot be told, and it is taken to."""
        if self.host != socket.gethostname():
            return True
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


@contextmanager
def holding(
    settings: Settings,
    what: str,
    wait_seconds: float = 0,
    *,
    run: str = "",
    load_id: str = "",
    on_wait: Callable[[str], None] = lambda words: None,
) -> Iterator[Holder]:
    """Hold the installation; `what` is told to who comes meanwhile, `on_wait` who is waited for.

    The lock ends with the process, however that ends. A step of a run that outlives its run holds it too. Raises
    LoadInProgressError when another has it and keeps it for longer than `wait_seconds`.
    """
    until = monotonic() + wait_seconds
    with (
        _locked(settings, settings.lock_file, until, on_wait),
        _locked(settings, settings.step_lock, until, on_wait) as step,
    ):
        holder = Holder(
            what,
            os.getpid(),
            _user(),
            socket.gethostname(),
            datetime.now(UTC).strftime("%d %B %Y %H:%M:%S UTC").lstrip("0"),
            run,
            load_id,
        )
        try:
            _write(settings.lock_holder, holder)
        except OSError:
            # A disk that is full or read-only is for the work itself to find; only steps of a run need the record.
            if run:
                raise
        try:
            if run:
                # Its steps take this one, one after the other.
                step.release()
            yield holder
        finally:
            # What the work met is what is told; a record that stays behind names a process that has ended.
            with suppress(OSError):
                settings.lock_holder.unlink()


@contextmanager
def holding_for_step(settings: Settings, holder: Holder, wait_seconds: float) -> Iterator[None]:
    """Hold the installation for one step of the run that `holder` is; its other steps wait.

    Raises LoadInProgressError when they keep it for longer, or when the run has lost the lock meanwhile.
    """
    with _locked(settings, settings.step_lock, monotonic() + wait_seconds, lambda words: None):
        if holder_now(settings) != holder:
            raise LoadInProgressError(
                f"the run {holder.run[:8]} does not hold {settings.lock_file.name} any more: its process has ended. "
                "Start it again."
            )
        yield


def holder_now(settings: Settings) -> Holder | None:
    """Who holds the lock; None where nobody does, or has not said so yet."""
    try:
        holder = Holder(**json.loads(settings.lock_holder.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return holder if holder.is_alive else None


@contextmanager
def _locked(
    settings: Settings, path: Path, until: float, on_wait: Callable[[str], None]
) -> Iterator[FileLock]:
    lock = FileLock(path)
    try:
        try:
            lock.acquire(timeout=min(AT_ONCE, max(until - monotonic(), 0)))
        except Timeout:
            if monotonic() >= until:
                raise
            on_wait(_words(settings))
            lock.acquire(timeout=max(until - monotonic(), 0))
    except Timeout:
        raise LoadInProgressError(
            f"another load is at work on {settings.home}; it holds {settings.lock_file.name}: {_words(settings)}. Wait "
            "for it to end."
        ) from None
    try:
        yield lock
    finally:
        lock.release()


def _words(settings: Settings) -> str:
    holder = holder_now(settings)
    return holder.words if holder else "a process that has not said which it is"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _write(path: Path, holder: Holder) -> None:
    """Whole or not at all; for the account that loads, as the folders it keeps are."""
    being_written = path.with_name(f"{path.name}.writing")
    being_written.touch(mode=0o600)
    being_written.write_text(json.dumps(asdict(holder)), encoding="utf-8")
    os.replace(being_written, path)
