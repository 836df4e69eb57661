"""The list of a backup: every file with its checksum and mode. Written last: a backup without one was cut off."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from dagster_project.errors import PlainError

NAME = "backup.json"
FILES = "files"
FORM = 1
CHUNK_BYTES = 1 << 20

Told = Callable[[int, int, str], None]
"""Told as files go by: how many are done, of how many, and which is next."""


class BackupError(PlainError):
    """A backup that cannot be made, or cannot be trusted; the message names the file."""


def _within(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise ValueError("leads out of the folder")
    return path


Within = Annotated[str, AfterValidator(_within)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ListedFile(_Strict):
    path: Within
    bytes: int
    sha256: str
    mode: int


class ListedFolder(_Strict):
    path: Within
    mode: int


class ListedLink(_Strict):
    path: Within
    to: Within


class BackupList(_Strict):
    """What a backup holds, of which generation of the archive, and which release made it."""

    form: int
    release: str
    made_at: str
    generation: int
    left_in_landing: int
    folders: list[ListedFolder]
    files: list[ListedFile]
    links: list[ListedLink]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


class _Sealed(_Strict):
    """The list as it lies in its file, with the checksum of its own text."""

    sha256: str
    listed: str


def write_text(listed: BackupList) -> str:
    text = listed.model_dump_json(indent=1)
    return _Sealed(sha256=hashlib.sha256(text.encode()).hexdigest(), listed=text).model_dump_json(indent=1)


def read_list(source: Path) -> BackupList:
    """The list of the backup in `source`.

    Raises BackupError where there is none, or it was changed or cut short, or made in a form this release cannot read.
    """
    path = source / NAME
    if not path.is_file():
        raise BackupError(f"{source} holds no whole backup: {NAME}, which is written last, is not there")
    try:
        sealed = _Sealed.model_validate_json(path.read_bytes())
        if hashlib.sha256(sealed.listed.encode()).hexdigest() != sealed.sha256:
            raise BackupError(f"{path} was changed or cut short since the backup was made")
        listed = BackupList.model_validate_json(sealed.listed)
    except ValidationError:
        raise BackupError(f"{path} was changed or cut short since the backup was made") from None
    if listed.form != FORM:
        raise BackupError(
            f"{path} was made by another release: its form is {listed.form}, this one knows {FORM}"
        )
    return listed


def check(source: Path, told: Told = lambda done, total, what: None) -> BackupList:
    """Read every file of the backup and compare it with the list.

    Raises BackupError naming the first file that is missing, changed or cut short.
    """
    listed = read_list(source)
    for number, file in enumerate(listed.files):
        told(number, len(listed.files), file.path)
        copy_checked(source, file, None)
    return listed


def copy_checked(source: Path, file: ListedFile, to: Path | None) -> None:
    """Copy a listed file while its bytes are compared with the list; `to` None: compare only.

    Raises BackupError.
    """
    path = source / FILES / file.path
    if path.is_symlink() or not path.is_file():
        raise BackupError(f"{path} is missing from the backup")
    size, found = digest_of(path, to)
    if (size, found) != (file.bytes, file.sha256):
        raise BackupError(
            f"{path} was changed or cut short since the backup was made: {size:,} bytes, of {file.bytes:,} listed"
        )


def digest_of(path: Path, to: Path | None) -> tuple[int, str]:
    """Size and checksum of a file, read once; with `to` it is copied on the way, for its owner only."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source:
        target = to.open("xb") if to else None
        try:
            if target and to:
                to.chmod(0o600)
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
                if target:
                    target.write(chunk)
        finally:
            if target:
                target.close()
    return size, digest.hexdigest()
