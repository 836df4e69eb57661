"""What councils and committees decide: the product's rows and the council's own, merged and linted."""

from dagster_project.reference.merge import Reference, ReferenceDataError, load_reference
from dagster_project.reference.names import name_key

__all__ = ["Reference", "ReferenceDataError", "load_reference", "name_key"]
