"""A file of policies as it would be merged, and what is wrong with it. The rules live with reference data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dagster_project.reference import (
    Finding,
    Reference,
    ReferenceDataError,
    lint_policies,
    lint_sense,
    load_reference,
)
from dagster_project.settings import Settings

TABLE = "threshold_policy"
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


def check_file(settings: Settings, file: Path | None = None) -> Checked:
    """Findings of the file's rows, merged in the place of the council's own; without a file, of what is in force."""
    try:
        reference = load_reference(settings, {TABLE: file} if file else None)
    except ReferenceDataError as error:
        findings = [error.findings.get(problem) or _error(problem) for problem in error.problems]
        return Checked(file or settings.council_reference / f"{TABLE}.csv", tuple(findings), None)
    policies, metrics = reference.rows(TABLE), reference.rows("metrics")
    findings = [
        *lint_policies(policies, metrics),
        *lint_sense(policies, metrics, reference.rows("org_units")),
    ]
    if file:
        findings = [finding for finding in findings if finding.place.startswith(f"{file.name}, row")]
    return Checked(file or settings.council_reference / f"{TABLE}.csv", tuple(findings), reference)


def _error(problem: str) -> Finding:
    """A sentence of the reference data's lint, taken apart again."""
    found = _PLACE.fullmatch(problem)
    if not found:
        return Finding("", "", "form", problem, "")
    return Finding(found["place"], found["column"] or "", "value", found["words"], "")
