"""Where analysts ask what no page answers: a shell on the published marts, and notebooks over them."""

from dagster_project.workbench.answers_terminal import write_answer
from dagster_project.workbench.metrics import (
    LEVELS,
    PERIODS,
    Answer,
    Metric,
    MetricError,
    Question,
    answer,
    known_metrics,
)
from dagster_project.workbench.opening import notebooks, open_notebook
from dagster_project.workbench.published import MARTS_FILES, PublishedMartsError, marts, marts_file
from dagster_project.workbench.shell import FORMATS, GREETING, run_shell

__all__ = [
    "FORMATS",
    "GREETING",
    "LEVELS",
    "MARTS_FILES",
    "PERIODS",
    "Answer",
    "Metric",
    "MetricError",
    "PublishedMartsError",
    "Question",
    "answer",
    "known_metrics",
    "marts",
    "marts_file",
    "notebooks",
    "open_notebook",
    "run_shell",
    "write_answer",
]
