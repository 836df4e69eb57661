"""Every package of every lock, looked up among known vulnerabilities. `make audit`; an environment of its own.

Fails with 1 where one is known that nobody accepted, and with 3 where a package could not be looked up, for a look-up
that did not happen finds nothing. What is accepted is a row of accepted_vulnerabilities.csv, until its day.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
CLEAN, KNOWN, NOT_LOOKED_UP = 0, 1, 3


@dataclass(frozen=True)
class Vulnerability:
    """One advisory about one package at the version of a lock; `ids` are its own name and its other ones."""

    package: str
    version: str
    ids: tuple[str, ...]
    mended_in: tuple[str, ...]


@dataclass
class Audit:
    """What became of the look-ups of all locks."""

    looked_up: set[str] = field(default_factory=set)
    not_looked_up: set[str] = field(default_factory=set)
    known: set[Vulnerability] = field(default_factory=set)
    said: str = ""
    """What the program said that looked nothing up at all."""

    @property
    def code(self) -> int:
        if self.known:
            return KNOWN
        return NOT_LOOKED_UP if self.not_looked_up or self.said else CLEAN


def audit(locks: Sequence[Path], accepted: Path, today: date, options: Sequence[str] = ()) -> Audit:
    """Look the packages of the locks up; `options` are pip-audit's own, such as another service."""
    passed_over = set(accepted_today(accepted, today))
    found = Audit()
    for lock in locks:
        for package in _looked_up(lock, options, found):
            name = package["name"]
            if "skip_reason" in package:
                found.not_looked_up.add(name)
                continue
            found.looked_up.add(name)
            for one in package["vulns"]:
                ids = (one["id"], *one.get("aliases", ()))
                if not {(name, known) for known in ids} & passed_over:
                    found.known.add(
                        Vulnerability(name, package["version"], ids, tuple(one.get("fix_versions", ())))
                    )
    return found


def accepted_today(file: Path, today: date) -> Iterator[tuple[str, str]]:
    """Package and id of each row whose day is not over."""
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if date.fromisoformat(row["until"]) >= today:
                yield row["package"], row["id"]


def _looked_up(lock: Path, options: Sequence[str], found: Audit) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--no-deps", "--disable-pip"]
    command += ["--format", "json", "--desc", "off", "--aliases", "on", "--progress-spinner", "off", *options]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        return list(json.loads(ran.stdout)["dependencies"])
    except (ValueError, KeyError):
        found.said = (ran.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return []


def told(found: Audit) -> str:
    """The outcome in lines, worst first."""
    lines = [
        f"audit: {one.package} {one.version}: {', '.join(one.ids)}; "
        + (f"mended in {', '.join(one.mended_in)}" if one.mended_in else "mended in no version yet")
        for one in sorted(found.known, key=lambda one: (one.package, one.ids))
    ]
    if found.said:
        lines.append(f"audit: NOT LOOKED UP: the service could not be asked: {found.said}")
    if found.not_looked_up:
        names = sorted(found.not_looked_up)
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        lines.append(f"audit: NOT LOOKED UP: {len(names)} packages the service has no page of: {shown}")
    lines.append(
        f"audit: {len(found.looked_up)} packages looked up, {len(found.known)} vulnerabilities known"
    )
    return "\n".join(lines)


def main(options: Sequence[str]) -> int:
    """Audit every lock; `options` go to pip-audit."""
    found = audit(
        sorted(FOLDER.glob("*.txt")),
        FOLDER / "accepted_vulnerabilities.csv",
        datetime.now(UTC).date(),
        options,
    )
    sys.stdout.write(told(found) + "\n")
    return found.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
