"""The verdict on deliveries before they are let in.

What is counted lies with deliveries, what is enough in the suite.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from dagster_project.deliveries import Judge, Summary
from dagster_project.quality.suites import CheckResult, run_suite
from dagster_project.settings import Settings

SUITE = "delivery_summary"
_NAME = re.compile(r"-(\d{4}-\d{2})-")


def judge_deliveries(settings: Settings, seen: list[CheckResult] | None = None) -> Judge:
    """A judge that refuses whatever breaks the suite `delivery_summary`, with the suite's own reason.

    Each result is added to `seen`.
    """

    def judge(summaries: Sequence[Summary]) -> Mapping[str, str]:
        import pandas as pd

        frame = pd.DataFrame([{**asdict(summary), **_numbers(summary)} for summary in summaries])
        by_delivery = {summary.delivery: summary for summary in summaries}
        reasons: dict[str, str] = {}
        for result in run_suite(settings.expectations, SUITE, "deliveries", frame, {}, ["delivery"]):
            if seen is not None:
                seen.append(
                    replace(
                        result, failing=tuple(_place(by_delivery[row["delivery"]]) for row in result.failing)
                    )
                )
            for row in result.failing:
                delivery = row["delivery"]
                reasons.setdefault(delivery, result.reason.format(**_words(by_delivery[delivery])))
        return reasons

    return judge


def _place(summary: Summary) -> dict[str, str]:
    """Where a delivery belongs, from its name, which begins with council and month: results are kept by that."""
    council, month, _ = _NAME.split(summary.delivery, maxsplit=1)
    return {"council": council, "month": f"{month}-01"}


def _numbers(summary: Summary) -> dict[str, float]:
    """The frame's comparable columns; the limit is a whole or half number of rows at the magnitudes of a delivery."""
    return {"rows_allowed_against_limit": float(summary.rows_allowed_against_limit)}


def _words(summary: Summary) -> dict[str, object]:
    return {**asdict(summary), "max_rejected_percent": format(summary.max_rejected_percent.normalize(), "f")}
