"""What the public tier may show: small counts, and what would give them back, are taken out. Writes no file."""

from dagster_project.disclosure.classes import Classes, ClassificationError, read_classes
from dagster_project.disclosure.tables import public_tables

__all__ = ["Classes", "ClassificationError", "public_tables", "read_classes"]
