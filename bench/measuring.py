"""What a program costs from outside: seconds of processor and of the clock, and memory, its children's included."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SUBREAPER = 36
SAMPLED_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    cpu_seconds: float
    wall_seconds: float
    peak_mib: float


class FailedError(Exception):
    """A program ended with an error; the message is the end of what it said."""


def adopt_orphans() -> None:
    """From here on what a child leaves behind is ours to wait for: Spark's Java outlives the Python that started it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(SUBREAPER, 1, 0, 0, 0)


def measured(command: Sequence[str], variables: Mapping[str, str], folder: Path) -> Cost:
    """Run a program to its end, and everything it started to theirs. Raises FailedError."""
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            env={**variables},
            cwd=folder,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        watch = _Watch(process.pid)
        watch.start()
        # Not by Popen, which throws away what the child used.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        every = [used, *_left_behind()]
        watch.stop()
        if process.returncode:
            said.seek(0)
            text = said.read().decode("utf-8", "replace")
            raise FailedError(f"{' '.join(command[:6])} ended with {process.returncode}\n{text[-3000:]}")
    cpu = sum(one.ru_utime + one.ru_stime for one in every)
    # A process starts as a copy of this one: only what is above our own most is certainly its own.
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    certain = max((one.ru_maxrss for one in every if one.ru_maxrss > ours), default=0)
    return Cost(cpu, wall, max(watch.most_mib, certain / 1024))


def _left_behind() -> list[resource.struct_rusage]:
    """What the orphans used, each waited for."""
    found: list[resource.struct_rusage] = []
    while True:
        try:
            _, _, used = os.wait4(-1, 0)
        except ChildProcessError:
            return found
        found.append(used)


class _Watch(threading.Thread):
    """Looks again and again at how much memory a program and all below it hold together."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self.most_mib = 0.0

    def run(self) -> None:
        try:
            root = psutil.Process(self._pid)
            while not self._over.wait(SAMPLED_EVERY_SECONDS):
                self.most_mib = max(self.most_mib, _held(root) / 2**20)
        except psutil.Error:
            return

    def stop(self) -> None:
        self._over.set()
        self.join()


def _held(root: psutil.Process) -> int:
    held = 0
    for process in (root, *root.children(recursive=True)):
        try:
            held += process.memory_info().rss
        except psutil.Error:
            continue
    return held
