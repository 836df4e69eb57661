"""What councils and committees decide: the product's rows and the council's own, merged and linted."""

from dagster_project.reference.kept import keep, read_kept
from dagster_project.reference.merge import Reference, ReferenceDataError, load_reference, what_can_be_read
from dagster_project.reference.names import name_key

__all__ = [
    "Reference",
    "ReferenceDataError",
    "keep",
    "load_reference",
    "name_key",
    "read_kept",
    "what_can_be_read",
]
