"""Failures that people read. Nothing else."""

import traceback
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


class PlainError(Exception):
    """Its message is a sentence for the one who ran the command, and holds no value from a row."""


def words_of_the_unexpected(error: BaseException) -> str:
    """Its kind and our own line that met it: the message of an error that is not ours may hold a value of a row."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = next((frame for frame in reversed(frames) if Path(frame.filename).is_relative_to(PACKAGE)), None)
    where = frame or (frames[-1] if frames else None)
    at = f" at {Path(where.filename).name}:{where.lineno}" if where else ""
    return f"Unexpected {type(error).__name__}{at}."
