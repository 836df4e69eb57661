"""Every system call by which a process and what it starts change a file, told before it happens to who decides what
becomes of it: it is done, it fails, or the process is killed before it or in its middle.

The kernel asks (seccomp's user notification), so calls of DuckDB, SQLite and Arrow are told as Python's are, and no
place in the code has to be named. Linux on x86-64 or ARM only.
"""

from __future__ import annotations

import ctypes
import os
import platform
import select
import signal
import struct
from collections.abc import Callable
from dataclasses import dataclass
from fcntl import ioctl
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path

NUMBERS = {
    "x86_64": {
        "write": 1, "pwrite64": 18, "writev": 20, "pwritev": 296, "open": 2, "openat": 257, "creat": 85,
        "rename": 82, "renameat": 264, "renameat2": 316, "unlink": 87, "unlinkat": 263, "rmdir": 84,
        "mkdir": 83, "mkdirat": 258, "symlink": 88, "symlinkat": 266, "link": 86, "linkat": 265,
        "truncate": 76, "ftruncate": 77, "fallocate": 285, "copy_file_range": 326, "sendfile": 40,
        "fsync": 74, "fdatasync": 75, "chmod": 90, "fchmod": 91, "fchmodat": 268,
    },
    "aarch64": {
        "write": 64, "pwrite64": 68, "writev": 66, "pwritev": 70, "openat": 56,
        "renameat": 38, "renameat2": 276, "unlinkat": 35,
        "mkdirat": 34, "symlinkat": 36, "linkat": 37,
        "truncate": 45, "ftruncate": 46, "fallocate": 47, "copy_file_range": 285, "sendfile": 71,
        "fsync": 82, "fdatasync": 83, "fchmod": 52, "fchmodat": 53,
    },
}  # fmt: skip
"""The calls that change a file or a folder, by machine; of those that open one only those to write."""

ARCHITECTURES = {"x86_64": (0xC000003E, 317), "aarch64": (0xC00000B7, 277)}
"""How the kernel names the machine, and its number for the call `seccomp`."""

AT = {
    "openat": 0, "unlinkat": 0, "mkdirat": 0, "fchmodat": 0, "renameat": 2, "renameat2": 2, "linkat": 2, "symlinkat": 1,
}  # fmt: skip
"""The argument that names the folder, before the one that names the file; of a rename what gets the name."""
PATHS = {"open": 0, "creat": 0, "unlink": 0, "rmdir": 0, "mkdir": 0, "chmod": 0, "truncate": 0} | {
    "rename": 1,
    "symlink": 1,
    "link": 1,
}
DESCRIPTORS = {"copy_file_range": 2}
"""Of the others the first argument is the open file."""
WRITES = {"write", "pwrite64"}
TAKES_ROOM = {
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "fallocate",
    "copy_file_range",
    "sendfile",
    "ftruncate",
    "mkdir",
    "mkdirat",
    "symlink",
    "symlinkat",
}

TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
RECEIVE, SEND, GO_ON = 0xC0502100, 0xC0182101, 1


@dataclass(frozen=True)
class Change:
    """A call that is about to change a file; of a rename the path is the new one."""

    call: str
    path: Path


Outcome = int | None | str | signal.Signals
"""What becomes of a call: None that it is done, a signal that it is done and that comes meanwhile, another number that
it fails with that error, or one of these.
"""
KILL, TEAR = "killed before it", "killed in its middle"

Decide = Callable[[Change], Outcome]


def is_possible() -> bool:
    """Whether the kernel can be asked here."""
    actions = Path("/proc/sys/kernel/seccomp/actions_avail")
    return platform.machine() in NUMBERS and actions.is_file() and "user_notif" in actions.read_text("utf-8")


def be_watched(watcher: Connection, pid: int) -> None:
    """From here on, this process and what it starts ask process `pid` behind `watcher` before they change a file."""
    library = ctypes.CDLL(None, use_errno=True)
    _, number = ARCHITECTURES[platform.machine()]
    program = _program()
    held = ctypes.create_string_buffer(program, len(program))
    pointer = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(held))
    pr_set_no_new_privileges, set_filter, with_listener = 38, 1, 8
    if library.prctl(pr_set_no_new_privileges, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    listener = library.syscall(number, set_filter, with_listener, pointer)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    send_handle(watcher, listener, pid)
    os.close(listener)


def _program() -> bytes:
    """The filter: ask of the calls listed, let the others be done."""
    machine = platform.machine()
    architecture, _ = ARCHITECTURES[machine]
    numbers = dict(NUMBERS[machine])
    opening = {numbers.pop(name): 16 + 8 * at for name, at in (("open", 1), ("openat", 2)) if name in numbers}
    load, equal, has_bits, answer = 0x20, 0x15, 0x45, 0x06
    ask, allow = 0x7FC00000, 0x7FFF0000
    lines = [(load, 0, 0, 4), (equal, 1, 0, architecture), (answer, 0, 0, allow), (load, 0, 0, 0)]
    for number in numbers.values():
        lines += [(equal, 0, 1, number), (answer, 0, 0, ask)]
    for number, flags in opening.items():
        lines += [(equal, 0, 4, number), (load, 0, 0, flags), (has_bits, 0, 1, TO_WRITE)]
        lines += [(answer, 0, 0, ask), (answer, 0, 0, allow)]
    lines.append((answer, 0, 0, allow))
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def watch(told: Connection, decide: Decide) -> None:
    """Answer for who is watched behind `told` until it has ended."""
    listener = recv_handle(told)
    names = {number: name for name, number in NUMBERS[platform.machine()].items()}
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    try:
        while True:
            ((_, events),) = poll.poll() or ((0, 0),)
            if not events & select.POLLIN:
                return
            asked = bytearray(80)
            try:
                ioctl(listener, RECEIVE, asked)
            except OSError:
                continue
            number, pid, _, call, _, _, *arguments = struct.unpack("QIIiIQ6Q", asked)
            try:
                change = _change(pid, names[call], arguments)
                outcome = decide(change)
                if outcome == TEAR and change.call in WRITES:
                    _write_half(pid, arguments, change)
                if isinstance(outcome, str):
                    os.kill(pid, signal.SIGKILL)
                    continue
                if isinstance(outcome, signal.Signals):
                    os.kill(pid, outcome)
                    outcome = None
                answer = struct.pack("QqiI", number, 0, -(outcome or 0), 0 if outcome else GO_ON)
                ioctl(listener, SEND, answer)
            except (ProcessLookupError, FileNotFoundError):
                continue
    finally:
        os.close(listener)


def _change(pid: int, call: str, arguments: list[int]) -> Change:
    if call in AT:
        at = AT[call]
        folder = ctypes.c_int32(arguments[at] & 0xFFFFFFFF).value
        of_whom = "cwd" if folder == -100 else f"fd/{folder}"
        return Change(call, Path(f"/proc/{pid}/{of_whom}").readlink() / _text(pid, arguments[at + 1]))
    if call in PATHS:
        return Change(call, Path(f"/proc/{pid}/cwd").readlink() / _text(pid, arguments[PATHS[call]]))
    return Change(call, Path(f"/proc/{pid}/fd/{arguments[DESCRIPTORS.get(call, 0)]}").readlink())


def _text(pid: int, address: int) -> str:
    """The text at an address of the process: read page by page, for the next one may not be there."""
    found = b""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        while b"\0" not in found:
            memory.seek(address + len(found))
            found += memory.read(4096 - (address + len(found)) % 4096)
    return os.fsdecode(found.partition(b"\0")[0])


def _write_half(pid: int, arguments: list[int], change: Change) -> None:
    """What a power cut can leave of a write: its first half."""
    descriptor, address, length, offset = arguments[:4]
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        half = memory.read(length // 2)
    if change.call == "write":
        said = Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text("utf-8")
        offset = int(said.split()[1])
    file = os.open(change.path, os.O_WRONLY)
    try:
        os.pwrite(file, half, offset)
    finally:
        os.close(file)
