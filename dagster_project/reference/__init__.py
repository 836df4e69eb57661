"""What councils and committees decide: the product's rows and the council's own, merged and linted."""

from dagster_project.reference.checked_file import Checked, check_table
from dagster_project.reference.kept import keep, read_kept
from dagster_project.reference.merge import Reference, ReferenceDataError, load_reference, what_can_be_read
from dagster_project.reference.names import name_key
from dagster_project.reference.option_rows import OptionError, WantedOption, keep_option, option_rows
from dagster_project.reference.policy_lint import Finding, lint_policies
from dagster_project.reference.policy_sense import lint_sense

__all__ = [
    "Checked",
    "Finding",
    "OptionError",
    "Reference",
    "ReferenceDataError",
    "WantedOption",
    "check_table",
    "keep",
    "keep_option",
    "lint_policies",
    "lint_sense",
    "load_reference",
    "name_key",
    "option_rows",
    "read_kept",
    "what_can_be_read",
]
