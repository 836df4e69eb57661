"""The form of every extract, one declarative file each. Adding an extract is adding a file."""

from dagster_project.extracts.specification import (
    Column,
    Specification,
    SpecificationError,
    load_specifications,
    read_specification,
)

__all__ = ["Column", "Specification", "SpecificationError", "load_specifications", "read_specification"]
