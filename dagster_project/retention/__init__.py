"""What is kept for how long, and what is taken away when its time is over. How long is reference data."""

from dagster_project.retention.kept_too_long import Item, kept_too_long
from dagster_project.retention.opening import Opened, open_original
from dagster_project.retention.purging import Purge, purge
from dagster_project.retention.terminal import print_opened, print_plan, print_purge

__all__ = [
    "Item",
    "Opened",
    "Purge",
    "kept_too_long",
    "open_original",
    "print_opened",
    "print_plan",
    "print_purge",
    "purge",
]
