"""A file of policies as it would be merged, and what is wrong with it. The rules live with reference data."""

from __future__ import annotations

from pathlib import Path

from dagster_project.reference import Checked, Finding, Reference, check_table, lint_policies, lint_sense
from dagster_project.settings import Settings

TABLE = "threshold_policy"


def check_file(settings: Settings, file: Path | None = None) -> Checked:
    """Findings of the file's rows, merged in the place of the council's own; without a file, of what is in force."""
    return check_table(settings, TABLE, file, _lint)


def _lint(reference: Reference) -> list[Finding]:
    policies, metrics = reference.rows(TABLE), reference.rows("metrics")
    return [*lint_policies(policies, metrics), *lint_sense(policies, metrics, reference.rows("org_units"))]
