"""Control totals that came with deliveries: taken in from landing, and their record in the manifest's file.

Each state of a file is kept with when it was received, so that marts can be built as they were known. Totals only: they
name nobody, so the files stay in landing, unsealed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from dagster_project.deliveries.cells import read_bytes
from dagster_project.deliveries.control_files import Totals, Words, read_totals, stated_lines, word_key
from dagster_project.deliveries.discovery import LandedControl
from dagster_project.deliveries.file_names import printable, shown
from dagster_project.deliveries.manifest_file import ManifestFile
from dagster_project.deliveries.refusal import Refused
from dagster_project.extracts import Specification
from dagster_project.reference import Reference

MOST_BYTES = 1_000_000

SCHEMA = """
create table if not exists controls (
    control integer primary key,
    council text not null,
    month text not null,
    file_name text not null,
    sha256 text not null,
    extract text not null,
    received_at text not null,
    load_id text not null,
    problem text
);
create table if not exists control_totals (
    control integer not null,
    extract text not null,
    measure text not null,
    stated text not null
);
"""


@dataclass(frozen=True)
class Control:
    """One state of one control file; `extract` is empty where it may speak of several.

    `sha256` tells states apart: of the file's bytes, and of the words it was read with.
    """

    council: str
    month: date
    file_name: str
    sha256: str
    extract: str
    received_at: str
    load_id: str
    totals: Totals
    problem: str | None = None

    @property
    def place(self) -> tuple[str, date, str]:
        return (self.council, self.month, self.file_name)

    @property
    def told_name(self) -> str:
        """The file's name as it may be told; the name itself finds the file again."""
        return shown(self.file_name)

    @property
    def words_of_problem(self) -> str:
        return f"{self.council} {self.month:%Y-%m} {self.told_name}: {self.problem}"


class Controls(ManifestFile):
    """The record of control files, in the manifest's file. Every change is one transaction."""

    schema = SCHEMA

    def latest(self, until: datetime | None = None) -> dict[tuple[str, date, str], Control]:
        """The last state of each control file, of all or of those received until a moment."""
        at = until.astimezone(UTC).isoformat(timespec="microseconds") if until else "9999"
        with self._connect() as connection:
            totals: dict[int, Totals] = {}
            for row in connection.execute("select * from control_totals"):
                totals.setdefault(row["control"], {})[row["extract"], row["measure"]] = Decimal(row["stated"])
            rows = connection.execute(
                "select * from controls where received_at <= ? order by control", (at,)
            ).fetchall()
        found = {}
        for row in rows:
            values = dict(row)
            of_file = totals.get(values.pop("control"), {})
            values["month"] = date.fromisoformat(values["month"])
            control = Control(**values, totals=of_file)
            found[control.place] = control
        return found

    def record(self, controls: Iterable[Control]) -> None:
        """Enter new states of control files; their months are to be built. For who has opened the manifest before."""
        with self._connect() as connection:
            for control in controls:
                entered = connection.execute(
                    "insert into controls (council, month, file_name, sha256, extract, received_at, load_id, problem) "
                    "values (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        control.council,
                        control.month.isoformat(),
                        control.file_name,
                        control.sha256,
                        control.extract,
                        control.received_at,
                        control.load_id,
                        control.problem,
                    ),
                )
                connection.executemany(
                    "insert into control_totals values (?, ?, ?, ?)",
                    [
                        (entered.lastrowid, extract, measure, format(stated, "f"))
                        for extract, measure, stated in stated_lines(control.totals)
                    ],
                )
                connection.execute(
                    "insert or ignore into months_to_build values (?, ?)",
                    (control.council, control.month.isoformat()),
                )


def receive_controls(
    manifest: Path,
    landed: Sequence[LandedControl],
    reference: Reference,
    specifications: Mapping[str, Specification],
    *,
    load_id: str,
    now: datetime,
) -> list[Control]:
    """Record the control files that are new or changed, those that cannot be read too; they are returned."""
    if not landed:
        return []
    record = Controls(manifest)
    latest = record.latest()
    words = _words(reference, specifications)
    new = []
    for one in landed:
        control = _read(one, reference, words, load_id, now)
        known = latest.get(control.place)
        if known is None or known.sha256 != control.sha256:
            new.append(control)
    record.record(new)
    return new


def _read(landed: LandedControl, reference: Reference, words: Words, load_id: str, now: datetime) -> Control:
    name = printable(landed.path.name)
    own = landed.extracts[0] if len(landed.extracts) == 1 else ""
    totals: Totals = {}
    try:
        if landed.unusable_because:
            raise Refused(landed.unusable_because)
        data = read_bytes(landed.path, MOST_BYTES)
        comma = bool(own) and reference.source_of(landed.council, own, landed.month).decimal == "comma"
        spoken = Words(words.measures, words.extracts, words.measures_of, comma)
        stated = read_totals(data, shown(name), landed.extracts, spoken)
        totals, problem = stated.totals, "; ".join(stated.problems) or None
    except Refused as refused:
        data, problem = b"", str(refused).removeprefix(f"{shown(name)}: ")
    digest = hashlib.sha256(data)
    digest.update(repr((problem, sorted(totals.items()))).encode())
    return Control(
        landed.council,
        landed.month,
        name,
        digest.hexdigest(),
        own,
        now.astimezone(UTC).isoformat(timespec="microseconds"),
        load_id,
        totals,
        problem,
    )


def _words(reference: Reference, specifications: Mapping[str, Specification]) -> Words:
    measures_of: dict[str, set[str]] = {}
    for row in reference.rows("control_columns"):
        measures_of.setdefault(row["extract"], set()).add(row["measure"])
    extracts = {word_key(name): name for name in specifications}
    for ending in ("csv", "xlsx"):
        extracts |= {word_key(f"{name}.{ending}"): name for name in specifications}
    return Words(
        measures={word_key(row["alias"]): row["measure"] for row in reference.rows("control_names")},
        extracts=extracts,
        measures_of={extract: frozenset(measures) for extract, measures in measures_of.items()},
    )
