"""The committee paper of a council's month, as a Word file and as a page. Computes nothing."""

from dagster_project.reports.paper.making import make_paper
from dagster_project.reports.paper.page import page
from dagster_project.reports.paper.word_file import word_file

__all__ = ["make_paper", "page", "word_file"]
