"""What is kept too long is taken away, under the lock of a load; each step can be done again after a crash."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from dagster_project import told_figures
from dagster_project.alerts.delivery import stamp
from dagster_project.alerts.ledger import open_ledger
from dagster_project.alerts.since_told import read_figures
from dagster_project.deliveries import Manifest, Sealed, archive_root, clear_begun, clear_unnamed, seal_landed
from dagster_project.deliveries.archive import remove_rows
from dagster_project.deliveries.archived_files import ArchivedFiles, check_files, sum_of, sum_of_written
from dagster_project.deliveries.crosswalk import councils_in, forget_unused
from dagster_project.deliveries.originals import Originals
from dagster_project.durable import flush
from dagster_project.extracts import load_specifications
from dagster_project.load import LoadReport, Progress, only_load, rebuild
from dagster_project.reference import Reference, load_reference
from dagster_project.retention.journal import drop_lines_before, look_up_logs, purges, write_line
from dagster_project.retention.kept_too_long import Item, kept_too_long
from dagster_project.settings import Settings
from dagster_project.warehouse_file import remove_warehouse


@dataclass
class Purge:
    """What was taken away, what was sealed before it, and the marts built anew where deliveries went."""

    items: Sequence[Item]
    sealed: Sealed = field(default_factory=Sealed)
    report: LoadReport | None = None
    finished: int = 0
    """Deliveries of an earlier purge that had died before their rows were out of the archive."""
    leftovers: int = 0
    """Files of the archive that no delivery names, whole or half written, as a load leaves them that is killed."""


def purge(
    settings: Settings,
    *,
    council: str | None = None,
    progress: Progress = lambda phase, done, total, what: None,
    now: datetime | None = None,
) -> Purge:
    """Afterwards nothing is kept for longer than retention.csv says, and no mart holds a row of what went.

    Marts are built whole from what the archive still has, so they are what any later build would make. Raises what a
    load raises; run again, it finishes what a crash left.
    """
    now = now or datetime.now(UTC)
    with only_load(settings, "a purge"):
        reference = load_reference(settings)
        manifest = Manifest(settings.manifest)
        sealed = seal_landed(settings, reference, load_specifications(), now=now, council=council)
        items = kept_too_long(settings, reference, now, council)
        left_over = manifest.rows_to_remove()
        leftovers = clear_begun(settings) + clear_unnamed(settings)
        done = Purge(items, sealed, finished=sum(map(len, left_over.values())), leftovers=leftovers)
        if not items and not left_over and not manifest.mark(UNFINISHED):
            return done
        write_line(purges(settings), now, {"event": "begun", "removes": _counts(items)})
        deliveries = [item.delivery for item in items if item.delivery]
        if deliveries or left_over:
            manifest.set_mark(UNFINISHED, "yes")
        _take_away_originals(settings, items, now)
        _take_away_files(settings, reference, items, now)
        # Last, for what goes with a delivery is found by its being there.
        _take_away_deliveries(settings, manifest, items, now)
        if manifest.mark(UNFINISHED):
            done.report = _build_anew(settings, reference, progress, now)
            _drop_what_was_published_before(settings)
            manifest.set_mark(UNFINISHED, "")
        write_line(purges(settings), now, {"event": "done", "removed": _counts(items)})
        return done


UNFINISHED = "purge_unfinished"
"""Set while the marts, or an older copy of them, may hold rows that were purged."""


def _take_away_originals(settings: Settings, items: Sequence[Item], now: datetime) -> None:
    """First the record says that they are gone, then they go: a file with such a record is taken away by any purge."""
    at = now.astimezone(UTC).isoformat(timespec="microseconds")
    Originals(settings.manifest).mark_purged([item.original for item in items if item.original], at)
    for item in items:
        if item.what in ("sealed_original", "refused_original") and item.path:
            item.path.unlink(missing_ok=True)
            flush(item.path.parent)


def _take_away_deliveries(
    settings: Settings, manifest: Manifest, items: Sequence[Item], now: datetime
) -> None:
    """First no mart is made of them any more, then their rows leave the archive, file by file."""
    at = now.astimezone(UTC).isoformat(timespec="microseconds")
    deliveries = [item.delivery for item in items if item.delivery]
    if deliveries:
        manifest.purge(deliveries, _months_that_go(items), at)
    record = ArchivedFiles(settings.manifest)
    for archive_file, names in sorted(manifest.rows_to_remove().items()):
        if (settings.archive / archive_file).is_file():
            others = record.rows_told(archive_file)
            if others:
                # A damaged one that is written again would pass for whole; one of which nothing stays just goes.
                check_files(settings, [archive_file])
            coming = partial(_expect, record, archive_file)
            remove_rows(settings.archive, archive_file, names, coming, is_all=not others)
        record.settle(archive_file, sum_of(settings.archive / archive_file))
        manifest.rows_removed(names, at)
    if manifest.mark(UNFINISHED):
        # Who is in no file any more is in the crosswalk for nothing.
        root = archive_root(settings)
        if councils_in(root):
            forget_unused(root, load_specifications().values(), settings.storage_key())


def _expect(record: ArchivedFiles, archive_file: str, coming: Path) -> None:
    record.expect(archive_file, sum_of_written(coming))


def _months_that_go(items: Sequence[Item]) -> set[tuple[str, date]]:
    return {
        (item.delivery.council, item.delivery.month)
        for item in items
        if item.delivery and item.what == "archive_delivery"
    }


WRITTEN_FILES = ("quarantine_workbook", "shadow_workbook", "outbox_mail", "council_paper", "load_log")


def _take_away_files(settings: Settings, reference: Reference, items: Sequence[Item], now: datetime) -> None:
    messages = [item.message[0] for item in items if item.message]
    if messages:
        with open_ledger(settings.alert_ledger) as ledger:
            ledger.forget_messages(messages)
    for item in items:
        if item.what in WRITTEN_FILES and item.path:
            item.path.unlink(missing_ok=True)
        elif item.what in ("published_version", "as_known_marts") and item.path:
            shutil.rmtree(item.path, ignore_errors=True)
    months = _months_that_go(items)
    if months and settings.alert_ledger.is_file():
        with open_ledger(settings.alert_ledger) as ledger:
            ledger.forget_months((council, month.isoformat()) for council, month in months)
    if any(item.what == "look_up_log" for item in items):
        until = now - timedelta(days=reference.keep_days("look_up_log"))
        for path in look_up_logs(settings):
            drop_lines_before(path, until)


def _build_anew(
    settings: Settings, reference: Reference, progress: Progress, now: datetime
) -> LoadReport | None:
    """The warehouse file is deleted, for a deleted row leaves its bytes in it, and made again from the archive."""
    remove_warehouse(settings)
    report = rebuild(settings, reference, progress=progress, now=now)
    if report and settings.alert_ledger.is_file():
        # What looks back on a month that went is another figure now: no later delivery corrected it.
        with open_ledger(settings.alert_ledger) as ledger:
            told_figures.record(ledger.db, read_figures(settings), stamp(now))
    return report


def _drop_what_was_published_before(settings: Settings) -> None:
    current = (settings.published / "current").resolve()
    for path in (settings.published / "versions").glob("*"):
        if path != current:
            shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(settings.published / "as-known", ignore_errors=True)


def _counts(items: Sequence[Item]) -> list[dict[str, object]]:
    """By kind and council: how many and how many bytes."""
    count = Counter((item.what, item.council) for item in items)
    size: dict[tuple[str, str], int] = defaultdict(int)
    for item in items:
        size[item.what, item.council] += item.bytes
    return [
        {"what": what, "council": council, "count": count[what, council], "bytes": size[what, council]}
        for what, council in count
    ]
