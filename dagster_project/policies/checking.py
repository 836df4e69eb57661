"""A file of policies as it would be merged, and what is wrong with it. The rules live with reference data."""

from __future__ import annotations

from pathlib import Path

from dagster_project.reference import Checked, check_table, lint_policies
from dagster_project.settings import Settings

TABLE = "threshold_policy"


def check_file(settings: Settings, file: Path | None = None) -> Checked:
    """Findings of the file's rows, merged in the place of the council's own; without a file, of what is in force."""
    return check_table(
        settings,
        TABLE,
        file,
        lambda reference: lint_policies(reference.rows(TABLE), reference.rows("metrics")),
    )
