"""Keep a published file as reference data, build what depends on it, publish. The marts do the arithmetic."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dagster_project.durable import put_in_place
from dagster_project.load import LoadReport, Progress, only_load, rebuild
from dagster_project.official_statistics.policies import policies_of_published_rates
from dagster_project.official_statistics.published_file import (
    Row,
    codes_by_name,
    known_symbols,
    read_published,
)
from dagster_project.reference import Reference, ReferenceDataError, load_reference
from dagster_project.reference.tables import load_tables
from dagster_project.settings import Settings

TABLE = "dfe_benchmarks"
POLICIES = "threshold_policy"
SEVERAL_CODES = re.compile(r"[\s,;/]+")


@dataclass
class Imported:
    """What one import did: rows by what became of them, and what was built because of it (None: nothing was due)."""

    path: Path
    rows: int
    first_year: str
    last_year: str
    added: int
    changed: int
    kept_besides: int
    code_changes: list[str] = field(default_factory=list)
    to_register: list[str] = field(default_factory=list)
    build: LoadReport | None = None

    @property
    def changed_nothing(self) -> bool:
        return not (self.added or self.changed or self.build)


def import_statistics(
    settings: Settings,
    file: Path,
    *,
    progress: Progress = lambda phase, done, total, what: None,
    now: datetime | None = None,
) -> Imported:
    """Import a published file: its rows take the place of rows of the same authority and year, others stay.

    What is worse than nine in ten authorities becomes a policy of each year.
    Afterwards the published marts say what the reference data says, also where no council has loaded anything. The
    same file again changes nothing. Raises StatisticsFileError, ReferenceDataError, TransformationError,
    LoadInProgressError or OSError; what was published before stays.
    """
    with only_load(settings, "an import of official statistics"):
        reference = load_reference(settings)
        published = read_published(file, known_symbols(reference.rows("dfe_symbols")))
        target = settings.council_reference / f"{TABLE}.csv"
        imported, merged = _merge(target, published)
        policies = settings.imported_reference / f"{POLICIES}.csv"
        files = {
            target: _csv(TABLE, merged),
            policies: _csv(POLICIES, policies_of_published_rates(merged)),
        }
        before = {path: path.read_bytes() if path.is_file() else None for path in files}
        if files != before:
            for path, content in files.items():
                _replace(path, content)
            reference = _reread(settings, before)
        imported.code_changes = [
            f"{name}: " + ", ".join(f"{code} {first} to {last}" for code, first, last in spans)
            for name, spans in codes_by_name(merged)
        ]
        imported.to_register = _former_codes_to_register(reference, merged)
        imported.build = rebuild(settings, reference, progress=progress, now=now)
    return imported


def _merge(target: Path, published: Sequence[Row]) -> tuple[Imported, list[Row]]:
    """The rows of the installation's file and the published ones, and how many of each kind there are."""
    columns = load_tables()[TABLE].columns
    merged: dict[tuple[str, str], Row] = {}
    if target.is_file():
        with target.open(encoding="utf-8-sig", newline="") as text:
            for cells in csv.DictReader(text):
                row = {column: (cells.get(column) or "").strip() for column in columns}
                if any(row.values()):
                    merged[row["ons_code"], row["year"]] = row
    there_before = len(merged)
    added = changed = 0
    for row in published:
        key = (row["ons_code"], row["year"])
        row = {column: row[column] for column in columns}
        added += key not in merged
        changed += key in merged and merged[key] != row
        merged[key] = row
    years = [row["year"] for row in published]
    imported = Imported(
        path=target,
        rows=len(published),
        first_year=min(years),
        last_year=max(years),
        added=added,
        changed=changed,
        kept_besides=there_before - (len(published) - added),
    )
    return imported, [merged[key] for key in sorted(merged)]


def _csv(table: str, rows: Sequence[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, load_tables()[table].columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def _replace(path: Path, content: bytes) -> None:
    """The file has this content, whole, or the one it had."""
    path.parent.mkdir(parents=True, exist_ok=True)
    being_written = path.with_name(f".{path.name}.writing")
    being_written.write_bytes(content)
    put_in_place(being_written, path)


def _reread(settings: Settings, before: Mapping[Path, bytes | None]) -> Reference:
    """The reference data with the new files; what lay there before lies there again when it cannot be used."""
    try:
        return load_reference(settings)
    except ReferenceDataError:
        for path, content in before.items():
            if content is None:
                path.unlink()
            else:
                _replace(path, content)
        raise


def _former_codes_to_register(reference: Reference, rows: Sequence[Row]) -> list[str]:
    """Codes that a registered council was published under and that no row of councils.csv names.

    Only told: an authority that kept its name may have changed its borders, and that is for the council to judge.
    """
    codes_of = {name: [code for code, _, _ in spans] for name, spans in codes_by_name(rows)}
    found = []
    for council in reference.rows("councils"):
        known = _codes(council)
        for name, codes in codes_of.items():
            new = [code for code in codes if code not in known]
            if council["ons_code"] in codes and new:
                found.append(f"{council['council']}: {name} was published under {', '.join(new)} too")
    return found


def _codes(council: Mapping[str, str]) -> set[str]:
    return {council["ons_code"], *SEVERAL_CODES.split(council["former_ons_codes"])} - {""}
