"""Policies before they are adopted: what is wrong with a file, and what it would have raised. Changes nothing."""

from dagster_project.policies.checking import check_file
from dagster_project.policies.terminal import print_checked, print_trial, write_trial
from dagster_project.policies.trial import NothingToTryError, Trial, try_file
from dagster_project.reference import Checked

__all__ = [
    "Checked",
    "NothingToTryError",
    "Trial",
    "check_file",
    "print_checked",
    "print_trial",
    "try_file",
    "write_trial",
]
