"""Great Expectations at the border and on the thresholds."""

from dagster_project.quality.border import judge_deliveries
from dagster_project.quality.results_page import write_page
from dagster_project.quality.suites import CheckResult, SuiteError
from dagster_project.quality.thresholds import check_marts, write_results

__all__ = ["CheckResult", "SuiteError", "check_marts", "judge_deliveries", "write_page", "write_results"]
