"""The specifications in words, for people who send extracts. Says nothing the specification files do not."""

from __future__ import annotations

from collections.abc import Iterable

from dagster_project.extracts.specification import Column, Specification

HEAD = """# Extracts

What a council delivers, made from `dagster_project/extracts/specifications/` by
`python -m dagster_project.extracts > docs/extracts.md`. A header compares without case, spaces and underscores;
column order is free. *Key*: unique within the delivery. *Required*: a row without it goes to quarantine.
"""
FAMILIES = {"caseload": "Caseload", "hr": "HR", "agency_spend": "Agency spend"}


def describe(specifications: Iterable[Specification]) -> str:
    """Markdown with one table for each extract, by family."""
    parts = [HEAD]
    for specification in sorted(
        specifications, key=lambda s: (list(FAMILIES).index(s.family), s.grain, s.extract)
    ):
        parts.append(_extract(specification))
    return "\n".join(parts)


def _extract(specification: Specification) -> str:
    empty = "refused" if specification.header_only == "refused" else "a delivery of no rows"
    lines = [
        f"## {specification.extract}",
        "",
        (
            f"{specification.title} Family: {FAMILIES[specification.family]}; grain: {specification.grain}. "
            f"A header without rows: {empty}."
        ),
        "",
        "| column | | what it means | expected |",
        "|---|---|---|---|",
        *(_column(column) for column in specification.columns),
        "",
    ]
    return "\n".join(lines)


def _column(column: Column) -> str:
    marks = [word for word, holds in (("key", column.key), ("required", column.required)) if holds]
    kept = f"; kept only as the hash `{column.archived_name}`" if column.pseudonym else ""
    return f"| `{column.name}` | {', '.join(marks)} | {column.meaning}{kept} | {column.expected} |"
