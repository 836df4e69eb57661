"""What is tried and what comes of it: kills at each step of a load, and other faults. Data."""

from __future__ import annotations

import signal
from dataclasses import dataclass


@dataclass(frozen=True)
class Killed:
    """What lies there when a load that brings a new month was killed at a step."""

    step: str
    recorded: bool = False
    published: bool = False
    told: bool = False


KILLED = (
    Killed("the lock is held"),
    Killed("the files are read"),
    Killed("the crosswalk is sealed"),
    Killed("an archive file is written aside"),
    Killed("the rows are archived"),
    Killed("the deliveries are recorded", recorded=True),
    Killed("the workbooks are written", recorded=True),
    Killed("the inputs are written", recorded=True),
    Killed("the marts are built", recorded=True),
    Killed("the checks are written", recorded=True),
    Killed("a version is begun", recorded=True),
    Killed("the marts are copied", recorded=True),
    Killed("the pages are drawn", recorded=True),
    Killed("the version is whole", recorded=True),
    Killed("the version is published", recorded=True, published=True),
    Killed("the months are confirmed", recorded=True, published=True),
    Killed("the breaches are entered", recorded=True, published=True),
    Killed("the message is recorded", recorded=True, published=True),
    Killed("the file is begun", recorded=True, published=True),
    Killed("the file lies in the outbox", recorded=True, published=True, told=True),
    Killed("the file is recorded", recorded=True, published=True, told=True),
    Killed("the alerts are told", recorded=True, published=True, told=True),
    Killed("the originals are sealed", recorded=True, published=True, told=True),
)


@dataclass(frozen=True)
class Fault:
    """A fault, how often it was tried, what the load says, and what has to be done before the next."""

    what: str
    tries: int
    says: str
    then: str


DISK_FULL = Fault(
    "the disk is full: on arrival, and while marts are built", 2, "No space left on device", "room"
)
READ_ONLY = Fault(
    "the data folder cannot be written; then `published/` cannot",
    2,
    "Read-only file system",
    "leave to write",
)
READ_AGAIN = Fault(
    "a bit of one file of the archive flips, another file is gone; what landed is there still",
    2,
    "",
    "nothing",
)
NOT_AS_WRITTEN = Fault(
    "a bit flips in a file of the archive, and what landed is gone too",
    1,
    "cannot be believed",
    "the file from a backup, or the month again",
)
DAMAGED = Fault(
    "the warehouse file is written over",
    1,
    "cannot be opened as a database: it is damaged",
    "nothing: it is built anew",
)
CLOCK_BACK = Fault("the clock goes back by 400 days before a load", 1, "", "nothing")
POWER_CUT = Fault("the power goes between a write and its rename, or right after it", 1, "", "nothing")
FAULTS = (DISK_FULL, READ_ONLY, READ_AGAIN, NOT_AS_WRITTEN, DAMAGED, CLOCK_BACK, POWER_CUT)


@dataclass(frozen=True)
class ByChance:
    """What happens at a change of a file that was drawn by chance, and how the run ends."""

    kind: str
    what: str
    ends: str


BY_CHANCE = (
    ByChance("killed", "`kill -9` before it", "killed"),
    ByChance("cut off in a write", "`kill -9` with half of the write done, as power leaves it", "killed"),
    ByChance("interrupted", "Ctrl-C (`SIGINT`)", "with code 130, or well where nothing was left to do"),
    ByChance("terminated", "a machine shuts down (`SIGTERM`)", "terminated"),
    ByChance("fails once", "the call fails: `Input/output error`", "well, or with code 1 and a sentence"),
    ByChance(
        "full from then on",
        "it and every later one that needs room: `No space left on device`",
        "well, or with code 1 and a sentence",
    ),
    ByChance(
        "read-only from then on",
        "it and every later one but writes to open files: `Read-only file system`",
        "well, or with code 1 and a sentence",
    ),
)
SIGNALS = {"interrupted": (signal.SIGINT, 130), "terminated": (signal.SIGTERM, -signal.SIGTERM)}
"""The signal of a kind that is one, and the code that a run ends with that it stops."""
TRIES_BY_CHANCE = 2
"""In each run of the tests; CASELOAD_FAULT_TRIES says how many else, CASELOAD_FAULT_SEED which."""
