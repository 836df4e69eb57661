"""Faults at points that nobody listed: the n-th change of a file below some folder of the home, drawn by chance."""

from __future__ import annotations

import errno
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from faults.system_calls import KILL, TAKES_ROOM, TEAR, WRITES, Change, Outcome
from faults.tried import BY_CHANCE, SIGNALS

KINDS = tuple(one.kind for one in BY_CHANCE)


def place_of(path: Path, home: Path) -> str:
    """The part of the home that a path belongs to; empty for what is no part of it.

    A database is one place with what lies beside it.
    """
    if not path.is_relative_to(home):
        return ""
    parts = path.relative_to(home).parts
    for part in parts[:2]:
        for database in ("manifest.sqlite", "ledger.sqlite", "caseload.duckdb"):
            if part.startswith(database):
                return database
    if len(parts) > 1 and parts[0] in {"warehouse", "archive", "published"}:
        return "/".join(parts[:2])
    return parts[0] if len(parts) > 1 else "the home"


@dataclass(frozen=True)
class Point:
    """The n-th change in a place, and what happens there."""

    place: str
    number: int
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} at change {self.number} in {self.place}"


@dataclass
class Meeting:
    """Decides what becomes of each change of a run that meets a point; `met` says at which call it did."""

    home: Path
    point: Point | None = None
    counted: Counter[str] = field(default_factory=Counter)
    met: Change | None = None

    def __call__(self, change: Change) -> Outcome:
        place = place_of(change.path, self.home)
        if not place:
            return None
        self.counted[place] += 1
        if self.met is None:
            return self._meet(change) if self._is_it(place) else None
        return self._afterwards(change)

    def _is_it(self, place: str) -> bool:
        return (
            self.point is not None and place == self.point.place and self.counted[place] >= self.point.number
        )

    def _meet(self, change: Change) -> Outcome:
        assert self.point
        kind = self.point.kind
        if (kind == "cut off in a write" and change.call not in WRITES) or (
            kind == "full from then on" and not _takes_room(change)
        ):
            return None
        self.met = change
        if kind == "killed":
            return KILL
        if kind in SIGNALS:
            return SIGNALS[kind][0]
        if kind == "cut off in a write":
            return TEAR
        return errno.EIO if kind == "fails once" else self._afterwards(change)

    def _afterwards(self, change: Change) -> Outcome:
        assert self.point
        if self.point.kind == "full from then on" and _takes_room(change):
            return errno.ENOSPC
        if self.point.kind == "read-only from then on" and change.call not in WRITES:
            return errno.EROFS
        return None


def _takes_room(change: Change) -> bool:
    return change.call in TAKES_ROOM or (
        change.call in {"open", "openat"} and not os.path.lexists(change.path)
    )


COMMANDS = (
    *(("load",),) * 7,
    ("rebuild",),
    ("compact",),
    ("backup", "{}"),
    ("publish", "--to", "{}"),
    ("site",),
)
"""What is run, each as likely; {} is a new folder."""


def draw(chance: Random, counted: Counter[str]) -> Point:
    """A place, every one as likely, and one of the changes that an undisturbed run makes in it."""
    place = chance.choice(sorted(counted))
    return Point(place, chance.randint(1, counted[place]), chance.choice(KINDS))
