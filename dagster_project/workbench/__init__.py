"""Where analysts ask what no page answers: a shell on the published marts, and notebooks over them."""

from dagster_project.workbench.opening import notebooks, open_notebook
from dagster_project.workbench.published import MARTS_FILES, PublishedMartsError, marts, marts_file
from dagster_project.workbench.shell import FORMATS, GREETING, run_shell

__all__ = [
    "FORMATS",
    "GREETING",
    "MARTS_FILES",
    "PublishedMartsError",
    "marts",
    "marts_file",
    "notebooks",
    "open_notebook",
    "run_shell",
]
