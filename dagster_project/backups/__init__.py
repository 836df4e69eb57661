"""A copy of what an installation cannot make again, with a list that proves it whole, and the way back."""

from dagster_project.backups.listed import BackupError, BackupList, check, read_list
from dagster_project.backups.restoring import Restored, restore
from dagster_project.backups.taking import take

__all__ = ["BackupError", "BackupList", "Restored", "check", "read_list", "restore", "take"]
