"""What was known when: marts as they were known on a day, and what moved between two publications and why."""

from dagster_project.history.changes import Changes, ChangesError, Moved, compare_publications, write_changes
from dagster_project.history.known import AsKnown, as_known
from dagster_project.history.terminal import print_changes

__all__ = [
    "AsKnown",
    "Changes",
    "ChangesError",
    "Moved",
    "as_known",
    "compare_publications",
    "print_changes",
    "write_changes",
]
