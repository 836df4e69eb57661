"""One asset for each extract specification: what arrived of it in a month, checked at the border and archived."""

from collections.abc import Iterator, Sequence

import dagster as dg

from dagster_project.assets.extract_outcomes import BORDER_CHECK, Outcome, border_check, metadata_of, take_in
from dagster_project.assets.links import docs_of, extract_links
from dagster_project.assets.load_session import LoadSession
from dagster_project.assets.partitions import asked_months, partition_key
from dagster_project.deliveries.discovery import MONTH_PACK
from dagster_project.extracts import Specification, load_specifications
from dagster_project.settings import Settings

SOURCE = "archive"
NOT_AGAIN = "dagster/retry_on_asset_or_op_failure"
Result = dg.MaterializeResult[None] | dg.AssetCheckResult


def extract_assets(
    settings: Settings, partitions: dg.PartitionsDefinition[str], owners: Sequence[str]
) -> list[dg.AssetsDefinition]:
    """An asset for every specification; a new file among them is a new asset."""
    return [
        _extract_asset(settings, specification, partitions, owners)
        for specification in load_specifications().values()
    ]


def _extract_asset(
    settings: Settings,
    specification: Specification,
    partitions: dg.PartitionsDefinition[str],
    owners: Sequence[str],
) -> dg.AssetsDefinition:
    key = dg.AssetKey([SOURCE, specification.extract])

    @dg.asset(
        key=key,
        group_name=f"{SOURCE}_{specification.family}",
        description=_description(specification),
        metadata={
            "dagster/column_schema": _columns(specification),
            "grain": specification.grain,
            **extract_links(settings, specification.extract),
        },
        owners=list(owners),
        kinds={"python", "parquet"},
        code_version=specification.source_hash,
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"session"},
        check_specs=[
            dg.AssetCheckSpec(
                BORDER_CHECK,
                asset=key,
                blocking=True,
                description="The delivery is let in: what is enough stands in the suite of this name. Where it is "
                "refused, the last good delivery of the month stays in force.",
            )
        ],
    )
    def archived_extract(context: dg.AssetExecutionContext) -> Iterator[Result]:
        session: LoadSession = context.resources.session
        outcomes = take_in(session, specification.extract, asked_months(context))
        refused = [outcome for outcome in outcomes if outcome.refused_because]
        yield border_check(outcomes)
        if refused:
            # A failed step records no materialisation, though the range's other months are archived.
            for outcome in outcomes:
                if not outcome.refused_because:
                    place, metadata = partition_key(*outcome.place), metadata_of(outcome, session)
                    context.log_event(dg.AssetMaterialization(key, partition=place, metadata=metadata))
            _fail_for(context, refused)
        for outcome in outcomes:
            context.add_asset_metadata(
                metadata_of(outcome, session), partition_key=partition_key(*outcome.place)
            )
        yield dg.MaterializeResult()

    return archived_extract


def pack_asset(
    settings: Settings, partitions: dg.PartitionsDefinition[str], owners: Sequence[str]
) -> dg.AssetsDefinition:
    """Month packs that cannot be opened: what lies in one that can belongs to the extracts' own assets."""

    @dg.asset(
        key=[SOURCE, MONTH_PACK],
        group_name=f"{SOURCE}_{MONTH_PACK}",
        description="Workbooks with a sheet for each extract. A sheet is archived by its extract's asset; here only a "
        "workbook that cannot be opened is refused, and nothing waits for it.",
        owners=list(owners),
        metadata=docs_of(settings, "engineer", "when-a-file-is-refused"),
        kinds={"python"},
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"session"},
    )
    def month_pack(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        outcomes = take_in(context.resources.session, MONTH_PACK, asked_months(context))
        _fail_for(context, [outcome for outcome in outcomes if outcome.refused_because])
        return dg.MaterializeResult()

    return month_pack


def _fail_for(context: dg.AssetExecutionContext, refused: Sequence[Outcome]) -> None:
    if refused:
        # An instance may run again what failed; the same file would be refused again.
        context.instance.add_run_tags(context.run_id, {NOT_AGAIN: "false"})
        raise dg.Failure("\n".join(str(outcome.refused_because) for outcome in refused), allow_retries=False)


def _description(specification: Specification) -> str:
    header_only = "is refused" if specification.header_only == "refused" else "is a delivery of no rows"
    return (
        f"{specification.title}\n\n"
        f"Accepted deliveries as immutable Parquet, identifiers replaced. A file without rows {header_only}."
    )


def _columns(specification: Specification) -> dg.TableSchema:
    return dg.TableSchema(
        [
            dg.TableColumn(column.archived_name, column.archived_type.lower(), column.meaning)
            for column in specification.columns
        ]
    )
