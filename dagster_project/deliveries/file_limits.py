"""How much of a file is read before it is refused: so that no file, made to or not, takes the machine with it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from dagster_project.reference import Reference


@dataclass(frozen=True)
class FileLimits:
    """The limits of file_limits.csv, each by its name there; what stands here is what is shipped."""

    max_file_bytes: int = 2_000_000_000
    max_unpacked_bytes: int = 4_000_000_000
    max_unpacked_ratio: int = 200
    max_sheet_cells: int = 60_000_000
    max_columns: int = 16_384


def file_limits(reference: Reference) -> FileLimits:
    """The limits in force in an installation: its own rows before the product's."""
    given = {row["name"]: int(row["value"]) for row in reference.rows("file_limits")}
    known = {field.name for field in fields(FileLimits)}
    return FileLimits(**{name: value for name, value in given.items() if name in known})
