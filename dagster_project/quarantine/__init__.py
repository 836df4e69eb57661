"""Rows that do not count and why: listed, explained, and written out for the one who sent them. Holds no value."""

from dagster_project.quarantine.documentation import documentation
from dagster_project.quarantine.rules import Rule, rule, rules
from dagster_project.quarantine.standing import Standing, standing
from dagster_project.quarantine.terminal import print_rows, print_standing
from dagster_project.quarantine.workbooks import refresh_workbooks, write_workbooks

__all__ = [
    "Rule",
    "Standing",
    "documentation",
    "print_rows",
    "print_standing",
    "refresh_workbooks",
    "rule",
    "rules",
    "standing",
    "write_workbooks",
]
