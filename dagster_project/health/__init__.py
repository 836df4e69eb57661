"""How the service itself runs: what should have happened and did not, told to the data engineer, each thing once."""

from dagster_project.health.monitor import now_wrong, proof_of_life
from dagster_project.health.problems import Problem, overdue, problems
from dagster_project.health.runs import LOAD, failed_elsewhere, tick
from dagster_project.health.watch import Sent, recipients_of, send_due, told_run, try_channels

__all__ = [
    "LOAD",
    "Problem",
    "Sent",
    "failed_elsewhere",
    "now_wrong",
    "overdue",
    "problems",
    "proof_of_life",
    "recipients_of",
    "send_due",
    "tick",
    "told_run",
    "try_channels",
]
