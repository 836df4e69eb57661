"""Landed files become archived deliveries: discover, read, check, pseudonymise, archive, record."""

from dagster_project.deliveries.archive import EMPTY_MONTH, month_folder
from dagster_project.deliveries.archived_files import DamagedFileError, check_files, record_missing_sums
from dagster_project.deliveries.arrival import (
    Arrival,
    Months,
    new_load_id,
    prepare_archive,
    receive,
)
from dagster_project.deliveries.batch import Judge, Summary
from dagster_project.deliveries.compaction import (
    Compacted,
    CompactionError,
    archive_readable,
    compact,
    compact_where_many,
    finish_compaction,
)
from dagster_project.deliveries.control_files import half_of_last_decimal
from dagster_project.deliveries.controls import Control, Controls
from dagster_project.deliveries.discovery import Landed, Landing, discover
from dagster_project.deliveries.generation import archive_root
from dagster_project.deliveries.landed_originals import Sealed, seal_landed
from dagster_project.deliveries.leftovers import clear_begun, clear_unnamed
from dagster_project.deliveries.manifest import Delivery, Manifest, Publication
from dagster_project.deliveries.resealing import reseal
from dagster_project.deliveries.source_kinds import month_days

__all__ = [
    "EMPTY_MONTH",
    "Arrival",
    "Compacted",
    "CompactionError",
    "Control",
    "Controls",
    "DamagedFileError",
    "Delivery",
    "Judge",
    "Landed",
    "Landing",
    "Manifest",
    "Months",
    "Publication",
    "Sealed",
    "Summary",
    "archive_readable",
    "archive_root",
    "check_files",
    "clear_begun",
    "clear_unnamed",
    "compact",
    "compact_where_many",
    "discover",
    "finish_compaction",
    "half_of_last_decimal",
    "month_days",
    "month_folder",
    "new_load_id",
    "prepare_archive",
    "receive",
    "record_missing_sums",
    "reseal",
    "seal_landed",
]
