"""What reference files there are and how they are declared. The declarations live with dbt's seeds, not here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dagster_project.settings import PROJECT_ROOT

DECLARATIONS = PROJECT_ROOT / "dbt" / "models" / "reference.yml"


@dataclass(frozen=True)
class Table:
    """One reference file: its columns with their types, its key and what its values must be."""

    name: str
    types: dict[str, str]
    key: tuple[str, ...]
    required: tuple[str, ...]
    references: dict[str, str] = field(default_factory=dict)
    codes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.types)

    def problem_with(self, column: str, value: str) -> str | None:
        """Why `value` cannot stand in `column`, or None; an empty value is only wrong where one is required."""
        if value == "":
            return "required and empty" if column in self.required else None
        if column in self.codes and value not in self.codes[column]:
            return f"not one of {', '.join(self.codes[column])}"
        kind = self.types[column]
        if kind == "date":
            return None if _is_date(value) else "not a date as YYYY-MM-DD"
        if kind == "boolean":
            return None if value.lower() in {"true", "false"} else "not true or false"
        if kind == "integer":
            return None if value.lstrip("-").isdecimal() else "not a whole number"
        if kind.startswith("decimal"):
            return None if _is_number(value) else "not a plain number with . as its decimal sign"
        return None


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_number(value: str) -> bool:
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


@cache
def load_tables(path: Path = DECLARATIONS) -> dict[str, Table]:
    """Every declared reference file by name."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    tables = {}
    for seed in content["seeds"]:
        meta = seed["config"]["meta"]
        tables[seed["name"]] = Table(
            name=seed["name"],
            types=dict(seed["config"]["column_types"]),
            key=tuple(meta["key"]),
            required=tuple(meta["required"]),
            references=dict(meta.get("references", {})),
            codes={column: tuple(codes) for column, codes in meta.get("codes", {}).items()},
        )
    return tables
