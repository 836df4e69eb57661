"""What became of an extract's deliveries in one run, and how that is shown. Whether one is let in the suite decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from dagster_project import deliveries, quality, quarantine
from dagster_project.assets.load_session import LoadSession, told_plainly
from dagster_project.assets.partitions import CouncilMonth, ranges
from dagster_project.deliveries import Delivery, Summary
from dagster_project.extracts import load_specifications

BORDER_CHECK = "delivery_summary"


@dataclass(frozen=True)
class Outcome:
    """What became of one extract of a council month in this run; `summary` where it was judged just now."""

    place: CouncilMonth
    words: str
    delivery: Delivery | None = None
    summary: Summary | None = None

    @property
    def refused_because(self) -> str | None:
        return self.delivery.refused_because if self.delivery and self.delivery.is_refused else None


def take_in(session: LoadSession, extract: str, asked: Sequence[CouncilMonth]) -> list[Outcome]:
    """Receive one extract of the months asked for: one outcome each, in their order."""
    judged: dict[str, Summary] = {}
    judge = quality.judge_deliveries(session.settings)

    def remembering(summaries: Sequence[Summary]) -> Mapping[str, str]:
        judged.update({summary.delivery: summary for summary in summaries})
        return judge(summaries)

    refused_before: dict[CouncilMonth, Delivery] = {}
    new: dict[CouncilMonth, Delivery] = {}
    # A load names its archive file by extract, month and load: councils received one by one need names apart.
    alone = len({council for council, _ in asked}) == 1
    with told_plainly():
        for council, months in ranges(asked):
            arrival = deliveries.receive(
                session.settings,
                session.reference,
                load_specifications(),
                remembering,
                load_id=session.load_id if alone else f"{session.load_id}-{council}",
                now=session.now,
                council=council,
                months=months,
                extracts=[extract],
            )
            refused_before |= {(d.council, d.month): d for d in arrival.refused_before}
            new |= {(d.council, d.month): d for d in arrival.recorded}
        if new:
            quarantine.refresh_workbooks(session.settings, session.reference)
    in_force = session.manifest.in_force()
    outcomes = []
    for place in asked:
        if place in new:
            delivery = new[place]
            words = "refused" if delivery.is_refused else "archived"
            outcomes.append(Outcome(place, words, delivery, judged.get(delivery.delivery)))
        elif place in refused_before:
            outcomes.append(Outcome(place, "refused before and unchanged", refused_before[place]))
        elif (*place, extract) in in_force:
            outcomes.append(Outcome(place, "nothing new: already in force", in_force[*place, extract]))
        else:
            outcomes.append(Outcome(place, "nothing landed"))
    return outcomes


def metadata_of(outcome: Outcome, session: LoadSession) -> dict[str, dg.MetadataValue]:
    metadata: dict[str, dg.MetadataValue] = {"outcome": dg.MetadataValue.text(outcome.words)}
    delivery = outcome.delivery
    if delivery is None:
        return metadata
    metadata |= {
        "delivery": dg.MetadataValue.text(delivery.delivery),
        "file": dg.MetadataValue.text(delivery.told_name),
        "rows_read": dg.MetadataValue.int(delivery.rows_read),
        "rows_accepted": dg.MetadataValue.int(delivery.rows_accepted),
        "rows_rejected": dg.MetadataValue.int(delivery.rows_rejected),
        "rows_unmapped": dg.MetadataValue.int(delivery.rows_unmapped),
        "dagster/partition_row_count": dg.MetadataValue.int(delivery.rows_accepted),
    }
    if delivery.archive_file:
        metadata["archive_file"] = dg.MetadataValue.path(
            str(session.settings.archive / delivery.archive_file)
        )
    return metadata


def border_check(outcomes: Sequence[Outcome]) -> dg.AssetCheckResult:
    refused = [outcome.refused_because for outcome in outcomes if outcome.refused_because]
    looked_at = [outcome for outcome in outcomes if outcome.delivery]
    return dg.AssetCheckResult(
        check_name=BORDER_CHECK,
        passed=not refused,
        severity=dg.AssetCheckSeverity.ERROR,
        description="\n".join(refused) or ("let in" if looked_at else "nothing landed, nothing to judge"),
        metadata={"deliveries": dg.MetadataValue.table([_judged(outcome) for outcome in looked_at], _JUDGED)}
        if looked_at
        else {},
    )


_JUDGED = dg.TableSchema(
    [
        dg.TableColumn("council"),
        dg.TableColumn("month"),
        dg.TableColumn("outcome"),
        dg.TableColumn("rows_read", "int"),
        dg.TableColumn("rows_rejected", "int"),
        dg.TableColumn("rows_unmapped", "int"),
        dg.TableColumn("rows_allowed", "float", "Rejected and unmapped rows that would still be let in."),
        dg.TableColumn("refused_because"),
    ]
)


def _judged(outcome: Outcome) -> dg.TableRecord:
    council, month = outcome.place
    delivery, summary = outcome.delivery, outcome.summary
    return dg.TableRecord(
        {
            "council": council,
            "month": f"{month:%Y-%m}",
            "outcome": outcome.words,
            "rows_read": delivery.rows_read if delivery else None,
            "rows_rejected": delivery.rows_rejected if delivery else None,
            "rows_unmapped": delivery.rows_unmapped if delivery else None,
            "rows_allowed": float(summary.rows_allowed_against_limit) if summary else None,
            "refused_because": outcome.refused_because,
        }
    )
