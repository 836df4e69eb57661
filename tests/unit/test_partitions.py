"""Which council months a run was asked for, by the tags that Dagster gives it."""

from datetime import date

import dagster as dg
import pytest

from dagster_project.assets.partitions import (
    CouncilMonth,
    asked_months,
    council_months,
    only_its_range,
    partition_key,
)

PARTITIONS = council_months(["northshire", "southshire"])
OF_THE_FIRST = {"dagster/partition/council": "northshire", "dagster/partition/month": "2024-04"}
SOUTHSHIRE_MAY, APRIL, MAY = "southshire|2024-05", date(2024, 4, 1), date(2024, 5, 1)


def ranged(start: str, end: str) -> dict[str, str]:
    return {"dagster/asset_partition_range_start": start, "dagster/asset_partition_range_end": end}


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (ranged(SOUTHSHIRE_MAY, SOUTHSHIRE_MAY) | OF_THE_FIRST, [("southshire", MAY)]),
        (ranged("southshire|2024-04", SOUTHSHIRE_MAY), [("southshire", APRIL), ("southshire", MAY)]),
        (
            {"dagster/partition": SOUTHSHIRE_MAY}
            | OF_THE_FIRST
            | {"dagster/partition/council": "southshire", "dagster/partition/month": "2024-05"},
            [("southshire", MAY)],
        ),
    ],
    ids=["a run of a job's backfill, which has the tags of the first", "a range of months", "one month"],
)
def test_a_run_takes_in_and_is_recorded_for_the_months_of_its_range(
    tags: dict[str, str], expected: list[CouncilMonth]
) -> None:
    found: list[list[CouncilMonth]] = []

    @dg.resource
    def session(context: dg.InitResourceContext) -> None:
        if context.run:
            only_its_range(context.run)

    @dg.asset(
        partitions_def=PARTITIONS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"session"},
    )
    def extract(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        found.append(asked_months(context))
        for place in found[-1]:
            context.add_asset_metadata({"rows": 1}, partition_key=partition_key(*place))
        return dg.MaterializeResult()

    job = dg.Definitions(
        assets=[extract],
        jobs=[dg.define_asset_job("month", selection=dg.AssetSelection.all())],
        resources={"session": session},
    ).resolve_job_def("month")
    with dg.DagsterInstance.ephemeral() as instance:
        job.execute_in_process(tags=tags, instance=instance)
        recorded = instance.get_materialized_partitions(extract.key)

    assert found == [expected]
    assert recorded == {partition_key(*place) for place in expected}
