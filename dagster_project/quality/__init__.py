"""Great Expectations at the border and on the thresholds."""

from dagster_project.quality.border import judge_deliveries
from dagster_project.quality.policy_standing import (
    Declared,
    Standing,
    declared_policies,
    standing_policies,
)
from dagster_project.quality.results_page import write_page
from dagster_project.quality.suites import CheckResult, SuiteError
from dagster_project.quality.thresholds import check_marts, write_results

__all__ = [
    "CheckResult",
    "Declared",
    "Standing",
    "SuiteError",
    "check_marts",
    "declared_policies",
    "judge_deliveries",
    "standing_policies",
    "write_page",
    "write_results",
]
