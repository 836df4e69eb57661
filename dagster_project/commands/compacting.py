"""Many small files of the archive put together."""

from __future__ import annotations

from datetime import UTC, datetime

from dagster_project.commands.terminal import make_console
from dagster_project.settings import load_settings

PATIENCE_SECONDS = 600


def compact() -> None:
    """Put the archive's files of each extract and month together into one.

    Every row of every delivery stays, and is compared before the old files go. A load does this by itself where a month
    has become many files (`max_archive_files` in file_limits.csv).
    """
    from dagster_project import deliveries
    from dagster_project.load import close_to_others, only_load
    from dagster_project.reports.terminal import print_compacted

    settings = load_settings()
    now = datetime.now(UTC)
    with only_load(settings, "a compaction"):
        compacted = deliveries.compact(
            settings, deliveries.new_load_id(now), now, wait_seconds=PATIENCE_SECONDS
        )
        close_to_others(settings)
    console = make_console()
    if compacted.months:
        print_compacted(console, compacted)
    else:
        console.print("Nothing to put together: no extract has two files of one month.")
