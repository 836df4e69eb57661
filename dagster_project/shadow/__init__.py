"""A month beside the spreadsheet made by hand: cell by cell, with what explains each difference. Changes no mart."""

from dagster_project.shadow.comparison import Comparison, compare
from dagster_project.shadow.private_file import write_private_file
from dagster_project.shadow.spreadsheet import ShadowError
from dagster_project.shadow.terminal import print_comparison

__all__ = ["Comparison", "ShadowError", "compare", "print_comparison", "write_private_file"]
