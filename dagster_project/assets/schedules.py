"""When a month is asked for without anybody asking: the month before, once a month, for every registered council."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from dagster_project.assets.partitions import MONTH_FORMAT, TIMEZONE, partition_key
from dagster_project.assets.service_watch import record_tick
from dagster_project.reference import load_reference
from dagster_project.settings import Settings

FIFTH_AT_SIX = "0 6 5 * *"


def monthly_schedule(settings: Settings, job: dg.UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """One run for each council, so that one council's refused delivery holds up no other's marts."""

    @dg.schedule(
        name="month_before",
        cron_schedule=FIFTH_AT_SIX,
        execution_timezone=TIMEZONE,
        job=job,
        description="On the fifth, when the month before should have landed. A council that has sent nothing is "
        "shown so by its run.",
    )
    def month_before(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        record_tick(settings, "month_before", datetime.now(UTC))
        month = (context.scheduled_execution_time.date().replace(day=1) - timedelta(days=1)).replace(day=1)
        for council in sorted(load_reference(settings).councils):
            yield dg.RunRequest(
                run_key=f"{council} {month:{MONTH_FORMAT}}", partition_key=partition_key(council, month)
            )

    return month_before
