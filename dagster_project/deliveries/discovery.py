"""Which deliveries lie in the landing area. Looks at names and kinds of files only; opens none but to hash it."""

from __future__ import annotations

import errno
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from dagster_project.deliveries.file_names import printable, shown
from dagster_project.deliveries.landed_bytes import digest_of
from dagster_project.extracts import Specification
from dagster_project.extracts.source_system import CANONICAL, SourceSystem, stem_key

WORKBOOK_ENDINGS = {".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
READABLE_ENDINGS = {".csv", ".txt", ".tsv", ".tab", ".dat", *WORKBOOK_ENDINGS}
XML_ENDING = ".xml"
MONTH_PACK = "month_pack"
CONTROL_ENDING = ".control.csv"
BEING_WRITTEN = (".part", ".partial", ".filepart", ".tmp", ".crdownload", ".writing")
NOT_A_FILE = "a link or a folder stands in the file's place"
MONTH_FOLDER = re.compile(r"((?:19|20)[0-9]{2})-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Landed:
    """One delivery as it lies in landing: an extract of a council and month, and why it cannot be read if so.

    `sheet` names the sheet of a month pack that holds it; None where the file holds nothing else. `is_one_file` is
    false where a link, a folder or two files stand in its place. `source` names the source system whose mapping reads
    it. `parts` are the files of a delivery that is joined of several tables, each with its table's name, and `path`
    the first of them; none where `path` is the whole.
    """

    council: str
    month: date
    extract: str
    path: Path
    refused_because: str | None = None
    sheet: str | None = None
    is_one_file: bool = True
    source: str = CANONICAL
    parts: tuple[tuple[str, Path], ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file the delivery comes of, in the order its parts are named."""
        return tuple(path for _, path in self.parts) or (self.path,)

    @property
    def file_name(self) -> str:
        return " and ".join(path.name for path in self.files)


@dataclass(frozen=True)
class LandedControl:
    """A file of control totals, the extracts that its name says it speaks of (none: it has to say itself), and why it
    cannot be used if so.
    """

    council: str
    month: date
    path: Path
    extracts: tuple[str, ...] = ()
    unusable_because: str | None = None


SourceOf = Callable[[str, str, date], SourceSystem]
"""The source system that an extract of a council comes from in a month."""


@dataclass
class Landing:
    """What was found: deliveries, workbooks that may hold several, control totals, and names that are none of these."""

    deliveries: list[Landed] = field(default_factory=list)
    packs: list[Landed] = field(default_factory=list)
    controls: list[LandedControl] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


def discover(
    landing: Path,
    specifications: Mapping[str, Specification],
    councils: Mapping[str, str],
    *,
    source_of: SourceOf,
    council: str | None = None,
    months: tuple[date | None, date | None] = (None, None),
) -> Landing:
    """Every delivery under `landing`, oldest month first; `months` is an inclusive range, None is unbounded.

    A file is an extract by the extract's own name, or by the names its source system's mapping gives; one file may
    hold several.
    """
    found = Landing()
    for council_folder in _entries(landing):
        if council is not None and council_folder.name != council:
            continue
        if not _is_folder(council_folder):
            found.strangers.append(f"{shown(council_folder.name)}: not a council's folder")
            continue
        for month_folder in _entries(council_folder):
            owner = council_folder.name if council_folder.name in councils else shown(council_folder.name)
            place = f"{owner}/{shown(month_folder.name)}"
            match = MONTH_FOLDER.fullmatch(month_folder.name)
            if not match or not _is_folder(month_folder):
                found.strangers.append(f"{place}: not a month's folder (YYYY-MM)")
                continue
            month = date(int(match[1]), int(match[2]), 1)
            if (months[0] and month < months[0]) or (months[1] and month > months[1]):
                continue
            registered = council_folder.name in councils
            _discover_month(
                found, council_folder.name, registered, month, month_folder, specifications, source_of
            )
    found.deliveries.sort(key=lambda landed: (landed.month, landed.council, landed.extract))
    return found


def _discover_month(
    found: Landing,
    council: str,
    registered: bool,
    month: date,
    folder: Path,
    specifications: Mapping[str, Specification],
    source_of: SourceOf,
) -> None:
    sources = {extract: source_of(council, extract, month) for extract in specifications}
    by_extract: dict[str, list[tuple[str, Path]]] = {}
    packs: list[Path] = []
    owner = council if registered else shown(council)
    for path in _entries(folder):
        if registered and path.name.lower().endswith(CONTROL_ENDING):
            found.controls.append(_control(council, month, path, sources))
            continue
        held = _parts(path, sources)
        for extract, part in held:
            by_extract.setdefault(extract, []).append((part, path))
        if held:
            continue
        if path.suffix.lower() in WORKBOOK_ENDINGS:
            packs.append(path)
        else:
            found.strangers.append(
                f"{owner}/{folder.name}/{shown(path.name)}: not an extract that is known here"
            )
    for pack in packs:
        reason = None if registered else f"{shown(pack.name)}: {_not_registered(council)}"
        if reason is None and not _is_file(pack):
            reason = f"{shown(pack.name)}: {NOT_A_FILE}"
        found.packs.append(Landed(council, month, MONTH_PACK, pack, reason, is_one_file=_is_file(pack)))
    for extract, parts in by_extract.items():
        found.deliveries.append(_delivery(council, registered, month, extract, parts, sources[extract]))


def _control(council: str, month: date, path: Path, sources: Mapping[str, SourceSystem]) -> LandedControl:
    """A control file is named for the file it counts; under another name it says of which extracts it speaks."""
    named = Path(path.name[: -len(CONTROL_ENDING)])
    stem = named.stem if named.suffix.lower() in (*READABLE_ENDINGS, XML_ENDING) else named.name
    held = _parts(path.with_name(f"{stem}.csv"), sources)
    reason = None
    if not _is_file(path):
        reason = NOT_A_FILE
    elif any(part for _, part in held):
        reason = "the file it counts is one of several tables that are joined, so its totals are those of no extract"
    return LandedControl(council, month, path, tuple(extract for extract, _ in held), reason)


def _parts(path: Path, sources: Mapping[str, SourceSystem]) -> list[tuple[str, str]]:
    """The extracts that a file of that name belongs to, each with the part of it that the file is ("" for all)."""
    is_readable = path.suffix.lower() in READABLE_ENDINGS or not path.is_file()
    extract = path.stem.lower()
    if is_readable and extract in sources and sources[extract].kind == "table":
        return [(extract, "")]
    parts = []
    for extract, source in sources.items():
        if not (is_readable or (source.kind == "xml" and path.suffix.lower() == XML_ENDING)):
            continue
        how = source.extracts.get(extract)
        part = how.part_named(path.stem) if how else None
        if part is None and source.kind == "xml" and stem_key(path.stem) == stem_key(extract):
            part = ""
        if part is not None:
            parts.append((extract, part))
    return parts


def _delivery(
    council: str,
    registered: bool,
    month: date,
    extract: str,
    parts: list[tuple[str, Path]],
    source: SourceSystem,
) -> Landed:
    names = " and ".join(shown(path.name) for _, path in parts)
    tables = [part for part, _ in parts]
    twice = len(set(tables)) < len(tables)
    are_files = all(_is_file(path) for _, path in parts)
    reason = None
    if not registered:
        reason = f"{names}: {_not_registered(council)}"
    elif twice:
        table = next(part for part in tables if tables.count(part) > 1)
        what = f"table ({table})" if table else "extract"
        twins = " and ".join(shown(path.name) for part, path in parts if part == table)
        reason = f"{twins}: two files of one {what}; keep one"
    elif not are_files:
        reason = f"{names}: {NOT_A_FILE}"
    return Landed(
        council,
        month,
        extract,
        parts[0][1],
        reason,
        is_one_file=are_files and not twice,
        source=source.source,
        parts=tuple(parts) if source.kind == "joined" else (),
    )


def _not_registered(council: str) -> str:
    return f"council {printable(council)} is not registered in councils.csv"


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, by name; nothing where there is no folder.

    Left out is what starts with a dot, and what a program is still writing under another name.
    """
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith((".", "~$")) and not path.name.lower().endswith(BEING_WRITTEN)
    )


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def landed_sha256(landed: Landed) -> str:
    """Of the file's bytes; where a delivery comes of several, of each part's name and bytes.

    Raises OSError where one cannot be read.
    """
    digests = [digest_of(path) for path in landed.files]
    if not landed.parts:
        return digests[0]
    named = sorted(f"{table} {digest}" for (table, _), digest in zip(landed.parts, digests, strict=True))
    return hashlib.sha256("\n".join(named).encode()).hexdigest()


def sha256_of(landed: Landed) -> str:
    """Of the file's bytes, of all of them where it comes of several; of the reason where there is not one file of the
    delivery's own.
    """
    if landed.refused_because and not landed.is_one_file:
        return hashlib.sha256(landed.refused_because.encode()).hexdigest()
    try:
        return landed_sha256(landed)
    except OSError as error:
        return _sha256_of_unreadable(error.errno)


def _sha256_of_unreadable(number: int | None) -> str:
    return hashlib.sha256(f"unreadable: {number}".encode()).hexdigest()


GONE = _sha256_of_unreadable(errno.ENOENT)
"""Instead of the digest of a file that is not there any more."""
