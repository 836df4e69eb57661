"""Which deliveries lie in the landing area. Looks at names and kinds of files only; opens none but to hash it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from dagster_project.deliveries.cells import shown
from dagster_project.extracts import Specification

WORKBOOK_ENDINGS = {".xlsx", ".xlsm", ".xls"}
READABLE_ENDINGS = {".csv", ".txt", ".tsv", *WORKBOOK_ENDINGS}
MONTH_PACK = "month_pack"
BEING_WRITTEN = (".part", ".partial", ".filepart", ".tmp", ".crdownload", ".writing")
NOT_A_FILE = "a link or a folder stands in the file's place"
MONTH_FOLDER = re.compile(r"^((?:19|20)[0-9]{2})-(0[1-9]|1[0-2])$")


@dataclass(frozen=True)
class Landed:
    """One delivery as it lies in landing: an extract of a council and month, and why it cannot be read if so.

    `sheet` names the sheet of a month pack that holds it; None where the file holds nothing else. `is_one_file` is
    false where a link, a folder or two files stand in its place.
    """

    council: str
    month: date
    extract: str
    path: Path
    refused_because: str | None = None
    sheet: str | None = None
    is_one_file: bool = True


@dataclass
class Landing:
    """What was found: deliveries, workbooks that may hold several, and names that are none of these."""

    deliveries: list[Landed] = field(default_factory=list)
    packs: list[Landed] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


def discover(
    landing: Path,
    specifications: Mapping[str, Specification],
    councils: Mapping[str, str],
    *,
    council: str | None = None,
    months: tuple[date | None, date | None] = (None, None),
) -> Landing:
    """Every delivery under `landing`, oldest month first; `months` is an inclusive range, None is unbounded."""
    found = Landing()
    for council_folder in _entries(landing):
        if council is not None and council_folder.name != council:
            continue
        if not _is_folder(council_folder):
            found.strangers.append(f"{shown(council_folder.name)}: not a council's folder")
            continue
        for month_folder in _entries(council_folder):
            place = f"{shown(council_folder.name)}/{shown(month_folder.name)}"
            match = MONTH_FOLDER.match(month_folder.name)
            if not match or not _is_folder(month_folder):
                found.strangers.append(f"{place}: not a month's folder (YYYY-MM)")
                continue
            month = date(int(match[1]), int(match[2]), 1)
            if (months[0] and month < months[0]) or (months[1] and month > months[1]):
                continue
            registered = council_folder.name in councils
            _discover_month(found, council_folder.name, registered, month, month_folder, specifications)
    found.deliveries.sort(key=lambda landed: (landed.month, landed.council, landed.extract))
    return found


def _discover_month(
    found: Landing,
    council: str,
    registered: bool,
    month: date,
    folder: Path,
    specifications: Mapping[str, Specification],
) -> None:
    by_extract: dict[str, list[Path]] = {}
    packs: list[Path] = []
    for path in _entries(folder):
        extract = path.stem.lower()
        if extract in specifications and (path.suffix.lower() in READABLE_ENDINGS or not path.is_file()):
            by_extract.setdefault(extract, []).append(path)
        elif path.suffix.lower() in WORKBOOK_ENDINGS:
            packs.append(path)
        else:
            found.strangers.append(
                f"{shown(council)}/{folder.name}/{shown(path.name)}: not an extract that is known here"
            )
    for pack in packs:
        reason = None if registered else f"{shown(pack.name)}: {_not_registered(council)}"
        if reason is None and not _is_file(pack):
            reason = f"{shown(pack.name)}: {NOT_A_FILE}"
        found.packs.append(Landed(council, month, MONTH_PACK, pack, reason, is_one_file=_is_file(pack)))
    for extract, paths in by_extract.items():
        names = " and ".join(shown(path.name) for path in paths)
        reason = None
        if not registered:
            reason = f"{names}: {_not_registered(council)}"
        elif len(paths) > 1:
            reason = f"{names}: two files of one extract; keep one"
        elif not _is_file(paths[0]):
            reason = f"{names}: {NOT_A_FILE}"
        is_one_file = len(paths) == 1 and _is_file(paths[0])
        found.deliveries.append(Landed(council, month, extract, paths[0], reason, is_one_file=is_one_file))


def _not_registered(council: str) -> str:
    return f"council {shown(council)} is not registered in councils.csv"


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


def sha256_of(landed: Landed) -> str:
    """Of the file's bytes; of the reason where there is not one file of the delivery's own."""
    if landed.refused_because and not landed.is_one_file:
        return hashlib.sha256(landed.refused_because.encode()).hexdigest()
    try:
        with landed.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return hashlib.sha256(f"unreadable: {error.errno}".encode()).hexdigest()
