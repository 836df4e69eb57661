"""Failures that people read. Nothing else."""

import errno
import os
import traceback
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


class PlainError(Exception):
    """Its message is a sentence for the one who ran the command, and holds no value from a row."""


SAID = {
    os.strerror(number): number
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)
}
SAID |= {
    "database or disk is full": errno.ENOSPC,
    "readonly database": errno.EROFS,
    "disk I/O error": errno.EIO,
    "fsync failed": errno.EIO,
}
UNOPENED = "unable to open database file"
"""Of SQLite, which does not say why: its folder or the file beside it was not to be had."""
OF_LIBRARIES = {"IOException", "FatalException", "OperationalError"}
"""Of DuckDB and SQLite."""


def said_by_the_system(error: BaseException) -> str:
    """What the operating system said, where a library hands it on in words of its own; empty where it did not."""
    if type(error).__name__ not in OF_LIBRARIES:
        return ""
    if UNOPENED in str(error):
        return f"{UNOPENED}: no room, no leave to write, or its folder is gone"
    return next((os.strerror(number) for words, number in SAID.items() if words in str(error)), "")


def words_of_the_system(error: BaseException) -> str:
    """The sentence of what the operating system said, and of which file; empty where it said nothing."""
    if isinstance(error, OSError) and error.strerror:
        place = f" ({error.filename})" if error.filename else ""
        return f"The operating system says: {error.strerror}{place}"
    refused = said_by_the_system(error)
    return f"The operating system says: {refused}" if refused else ""


def was_interrupted(error: BaseException) -> bool:
    """Whether it is Ctrl-C: DuckDB, which it meets in the middle of a query, makes a plain error of it."""
    return isinstance(error, KeyboardInterrupt) or (
        isinstance(error, RuntimeError) and str(error) == "Query interrupted"
    )


def words_of_the_unexpected(error: BaseException) -> str:
    """Its kind and our own line that met it: the message of an error that is not ours may hold a value of a row."""
    if was_interrupted(error):
        return "Interrupted."
    frames = traceback.extract_tb(error.__traceback__)
    frame = next((frame for frame in reversed(frames) if Path(frame.filename).is_relative_to(PACKAGE)), None)
    where = frame or (frames[-1] if frames else None)
    at = f" at {Path(where.filename).name}:{where.lineno}" if where else ""
    return f"Unexpected {type(error).__name__}{at}."
