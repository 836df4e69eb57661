"""A made-up council's data folder after one month, packed without what a load makes again, and unpacked."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from pathlib import Path

from breached_council import land_month, make_council

from dagster_project.load import load
from dagster_project.settings import Settings

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "releases"
MONTH = "2024-04"
PLACES = ("archive", "reference", "outbox")


def packed(release: str) -> Path:
    return FOLDER / f"{release}.tar.xz"


def make(release: str, home: Path) -> Path:
    """Load a month and pack what lies there: rows, ledger, sealed crosswalk and originals, reference data."""
    settings = make_council(home)
    days = "council,what,keep_days,source\nnorthshire,landed_original,0,made up\n"
    (settings.council_reference / "retention.csv").write_text(days, encoding="utf-8")
    land_month(settings, MONTH)
    load(settings)
    with tarfile.open(packed(release), "w:xz") as pack:
        for place in PLACES:
            pack.add(home / place, place, filter=_of_nobody)
    return packed(release)


def unpack(release: str, settings: Settings) -> Settings:
    """The data folder as that release left it."""
    settings.home.mkdir(parents=True)
    with tarfile.open(packed(release)) as pack:
        pack.extractall(settings.home, filter="tar")
    return replace(settings)


def _of_nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """No user and no time of the machine that packed it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    return member
