"""What leaves the house: the published marts and the alerts. Both are made once a run, from whole marts only."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from dagster_project import health, warehouse
from dagster_project.alerts import Announcement
from dagster_project.assets.links import docs_of, site_links
from dagster_project.assets.load_session import LoadSession, told_plainly
from dagster_project.assets.mart_assets import row_counts
from dagster_project.deliveries import compact_where_many, seal_landed
from dagster_project.extracts import load_specifications
from dagster_project.load import announce, close_to_others, publish_with_pages, redraw, words_of_failure
from dagster_project.settings import Settings

ADDRESS = re.compile(r"\S+@\S+")


def outcome_assets(
    settings: Settings,
    marts: Sequence[dg.AssetKey],
    partitions: dg.PartitionsDefinition[str],
    owners: Sequence[str],
) -> list[dg.AssetsDefinition]:
    """The assets `published_marts`, of all `marts`, `managers_site` and `alerts`."""

    @dg.asset(
        deps=marts,
        group_name="published",
        description="The marts as analysts see them: a new version beside the old, switched by one rename. The "
        "restricted tier lies in a folder of its own.",
        owners=list(owners),
        metadata=docs_of(settings, "analyst", "open-the-marts"),
        kinds={"duckdb", "parquet"},
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"session"},
    )
    def published_marts(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        session: LoadSession = context.resources.session
        session.require_whole_marts()
        with told_plainly():
            folder, session.pages = publish_with_pages(session.settings, session.reference, session.load_id)
            if session.built:
                warehouse.confirm(
                    session.manifest,
                    session.reference,
                    session.settings,
                    session.built,
                    session.load_id,
                    datetime.now(UTC),
                )
            sealed = seal_landed(session.settings, session.reference, load_specifications(), now=session.now)
            compact_where_many(session.settings, session.reference, session.load_id, session.now)
            close_to_others(session.settings)
        for problem in sealed.problems:
            context.log.warning("Not sealed: %s", problem)
        names = [mart.name for mart in warehouse.marts(session.settings)]
        counts = row_counts(session, names, [])
        return dg.MaterializeResult(
            metadata={
                "folder": dg.MetadataValue.path(str(folder)),
                "originals_sealed": len(sealed.originals),
                **{f"rows_of_{name}": counts[name]["dagster/row_count"] for name in names},
            }
        )

    @dg.asset(
        deps=[published_marts],
        group_name="published",
        description="The manager's site, drawn from the published marts of each tier and switched with them: plain "
        "pages without server or script. Drawn again here where the publication could not draw it.",
        owners=list(owners),
        metadata=site_links(settings),
        kinds={"python", "html"},
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"session"},
    )
    def managers_site(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        session: LoadSession = context.resources.session
        current = (session.settings.published / "current").resolve()
        with told_plainly():
            drawn = session.pages
            if drawn is None or drawn.problem:
                drawn = redraw(session.settings, session.reference)
        return dg.MaterializeResult(
            metadata={
                "first_page": dg.MetadataValue.path(str(current / "site" / "index.html")),
                "pages_written": drawn.written,
                "pages_unchanged": drawn.kept,
            }
        )

    @dg.asset(
        deps=[published_marts],
        group_name="published",
        description="One digest for each recipient: what is new, worse or resolved in the latest month. A ledger sees "
        "to it that nothing is told twice.",
        owners=list(owners),
        metadata=docs_of(settings, "alerts"),
        kinds={"python", "email"},
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"session"},
    )
    def alerts(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        session: LoadSession = context.resources.session
        session.require_whole_marts()
        with (
            told_plainly(),
            health.told_run(session.settings, health.LOAD, session.now, words_of=words_of_failure),
        ):
            told = announce(session.settings, session.reference, session.load_id, session.now)
        return dg.MaterializeResult(metadata=_metadata(session, told) if told else {})

    return [published_marts, managers_site, alerts]


def _metadata(session: LoadSession, told: Announcement) -> dict[str, dg.MetadataValue]:
    """Digests by role: an address is nobody's business but the mail's."""
    digests = [
        dg.TableRecord(
            {
                "role": digest.role,
                "new": digest.new,
                "worsened": digest.worsened,
                "resolved": digest.resolved,
                "via": digest.via,
                "delivered": digest.delivered,
                "file": digest.path.name,
            }
        )
        for digest in told.digests
    ]
    not_sent = [
        dg.TableRecord(
            {
                "council": one.council,
                "unit": one.unit,
                "role": one.role,
                "reason": ADDRESS.sub("(address)", one.reason),
                "items": one.items,
            }
        )
        for one in told.not_sent
    ]
    metadata: dict[str, dg.MetadataValue] = {
        "digests_written": dg.MetadataValue.int(len(digests)),
        "history_entered": dg.MetadataValue.int(told.history_entered),
        "already_told": dg.MetadataValue.int(told.already_told),
        "outbox": dg.MetadataValue.path(str(session.settings.outbox)),
    }
    if digests:
        metadata["digests"] = dg.MetadataValue.table(digests, _DIGESTS)
    if not_sent:
        metadata["not_sent"] = dg.MetadataValue.table(not_sent, _NOT_SENT)
    return metadata


_DIGESTS = dg.TableSchema(
    [dg.TableColumn("role")]
    + [dg.TableColumn(name, "int") for name in ("new", "worsened", "resolved")]
    + [dg.TableColumn("via"), dg.TableColumn("delivered", "bool"), dg.TableColumn("file")]
)
_NOT_SENT = dg.TableSchema(
    [dg.TableColumn(name) for name in ("council", "unit", "role", "reason")]
    + [dg.TableColumn("items", "int")]
)
