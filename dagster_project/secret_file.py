"""Secrets kept in a file: lines of NAME=value, for its owner only and outside the repository. Prints none of them."""

from __future__ import annotations

import re
import stat
from pathlib import Path

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


class SecretFileError(Exception):
    """The file cannot be used; the message says why and quotes nothing of it."""


def read_secrets(path: Path, repository: Path) -> dict[str, str]:
    """Names and values of the file; empty lines and lines that begin with # are left out.

    Raises SecretFileError where it is not there, may be read by others, lies in the repository, or has a line that is
    no NAME=value.
    """
    if path.resolve().is_relative_to(repository):
        raise SecretFileError(f"{path} lies in the repository: secrets belong outside of it")
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise SecretFileError(f"{path} is not text in UTF-8") from None
    except OSError as error:
        raise SecretFileError(f"{path} cannot be read: {error.strerror}") from None
    if mode & 0o077:
        raise SecretFileError(
            f"{path} can be read by others (mode {mode:04o}): `chmod 600 {path}` leaves it to its owner"
        )
    secrets = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if not found:
            raise SecretFileError(f"{path}, line {number}: NAME=value is wanted")
        secrets[found[1]] = _unquoted(found[2].strip())
    return secrets


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
