"""A file of one table as it would be merged in the place of the council's own, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dagster_project.reference.merge import Reference, ReferenceDataError, load_reference
from dagster_project.reference.policy_lint import Finding
from dagster_project.settings import Settings

_PLACE = re.compile(r"(?P<place>[^:]*?, row \d+)(?:, column (?P<column>\w+))?: (?P<words>.*)")


@dataclass(frozen=True)
class Checked:
    """What is wrong with a file, and the reference data with it, None where it cannot be used."""

    file: Path
    findings: tuple[Finding, ...]
    reference: Reference | None

    @property
    def has_errors(self) -> bool:
        return any(finding.is_error for finding in self.findings)


def check_table(
    settings: Settings, table: str, file: Path | None, lint: Callable[[Reference], Sequence[Finding]]
) -> Checked:
    """Findings of the file's rows, merged in the place of the council's own; without a file, of what is in force.

    `lint` says what can be said of reference data that can be used. A finding that names no row is of the whole.
    """
    shown = file or settings.council_reference / f"{table}.csv"
    try:
        reference = load_reference(settings, {table: file} if file else None)
    except ReferenceDataError as error:
        findings = [error.findings.get(problem) or _error(problem) for problem in error.problems]
        return Checked(shown, tuple(findings), None)
    findings = list(lint(reference))
    if file:
        findings = [
            one for one in findings if ", row" not in one.place or one.place.startswith(f"{file.name}, row")
        ]
    return Checked(shown, tuple(findings), reference)


def _error(problem: str) -> Finding:
    """A sentence of the reference data's lint, taken apart again."""
    found = _PLACE.fullmatch(problem)
    if not found:
        return Finding("", "", "form", problem, "")
    return Finding(found["place"], found["column"] or "", "value", found["words"], "")
