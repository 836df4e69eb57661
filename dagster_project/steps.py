"""The steps of a load by name, in their order: where it can die, and what its log tells of. Does nothing by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

STEPS = (
    "the lock is held",
    "the files are read",
    "the crosswalk is sealed",
    "an archive file is written aside",
    "the rows are archived",
    "the deliveries are recorded",
    "the workbooks are written",
    "the inputs are written",
    "the marts are built",
    "the checks are written",
    "a version is begun",
    "the marts are copied",
    "the pages are drawn",
    "the version is whole",
    "the version is published",
    "the months are confirmed",
    "the breaches are entered",
    "the message is recorded",
    "the file is begun",
    "the file lies in the outbox",
    "the file is recorded",
    "the alerts are told",
    "the originals are sealed",
)
"""Of a load with something to read and a message for the outbox; a mail server adds steps of `alerts.delivery`."""

Watcher = Callable[[str], None]
_watchers: list[Watcher] = []


def reached(step: str) -> None:
    """Whoever watches is told that the load has come this far."""
    for watcher in _watchers:
        watcher(step)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """The watcher is told of every step reached within."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)
