"""The form of every extract, one declarative file each. Adding an extract is adding a file."""

from dagster_project.extracts.source_system import SourceError, SourceSystem, load_sources
from dagster_project.extracts.specification import (
    Column,
    Specification,
    SpecificationError,
    load_specifications,
    read_specification,
)

__all__ = [
    "Column",
    "SourceError",
    "SourceSystem",
    "Specification",
    "SpecificationError",
    "load_sources",
    "load_specifications",
    "read_specification",
]
