"""Months and councils as partitions. The only place that knows how Dagster writes a council month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import cast

import dagster as dg

from dagster_project.deliveries import Months

FIRST_MONTH = "2013-04"
MONTH_FORMAT = "%Y-%m"
TIMEZONE = "Europe/London"
# Tags that Dagster gives a run: the first month of its range, and its place along one dimension.
RANGE_START, DIMENSION = "dagster/asset_partition_range_start", "dagster/partition/"

CouncilMonth = tuple[str, date]


def council_months(councils: Iterable[str]) -> dg.MultiPartitionsDefinition:
    """Every month of every council, the running month included: an extract is taken on a month's last day."""
    months = dg.MonthlyPartitionsDefinition(FIRST_MONTH, fmt=MONTH_FORMAT, timezone=TIMEZONE, end_offset=1)
    return dg.MultiPartitionsDefinition(
        {"council": dg.StaticPartitionsDefinition(sorted(councils)), "month": months}
    )


def partition_key(council: str, month: date) -> dg.MultiPartitionKey:
    return dg.MultiPartitionKey({"council": council, "month": f"{month:{MONTH_FORMAT}}"})


def asked_months(context: dg.AssetExecutionContext) -> list[CouncilMonth]:
    """The council months a run was asked for: one, or every one of a backfilled range."""
    keys = (key for key in context.partition_keys if isinstance(key, dg.MultiPartitionKey))
    places = (key.keys_by_dimension for key in keys)
    return sorted((place["council"], date.fromisoformat(f"{place['month']}-01")) for place in places)


def only_its_range(run: dg.DagsterRun) -> None:
    """Take from a run of a range the council and month it has as tags beside it, which are not its own.

    Dagster gives each run of a job's backfill its range, and all of them the council and month of the first, which it
    then takes for the partition: of what is loaded, and of what it records as loaded. To be called in each process of a
    run, before its steps.
    """
    tags = cast("dict[str, str]", run.tags)
    if RANGE_START in tags:
        for name in [name for name in tags if name.startswith(DIMENSION)]:
            del tags[name]


def ranges(places: Sequence[CouncilMonth]) -> list[tuple[str, Months]]:
    """The same council months as unbroken ranges, for a load takes a council's months from one to another."""
    found: list[tuple[str, tuple[date, date]]] = []
    for council, month in sorted(places):
        if found and found[-1][0] == council and _follows(found[-1][1][1], month):
            found[-1] = (council, (found[-1][1][0], month))
        else:
            found.append((council, (month, month)))
    return [(council, (first, last)) for council, (first, last) in found]


def _follows(earlier: date, later: date) -> bool:
    return (later.year - earlier.year) * 12 + later.month - earlier.month == 1
