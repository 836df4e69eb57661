"""Breaches that stand: the last verdict on each unit and metric, kept in the ledger so that lists and escalations need
no warehouse. Workers are counted; no key of one is kept here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass, fields
from datetime import date

from dagster_project.alerts.breach import RUNNING_STATES, TOLD_STATES, Breach, rank
from dagster_project.alerts.entries import Told, entry_of
from dagster_project.alerts.ledger import Ledger
from dagster_project.alerts.metrics import Metrics


@dataclass(frozen=True)
class Standing:
    """One unit and metric at a severity above none; `workers` counts those concerned, 0 where it is the unit's own.

    `since` is the first month of the present run. `acknowledge_within_days`: None where nobody has to. `figure` is the
    unit's, of workers empty; `facts` are labels and texts of the digest, as JSON.
    """

    council: str
    council_name: str
    unit: str
    unit_name: str
    metric: str
    month: str
    since: str
    severity: str
    state: str
    label: str
    policy_id: str
    workers: int
    acknowledge_within_days: int | None
    figure: str = ""
    facts: str = "[]"

    @property
    def subject(self) -> tuple[str, str, str]:
        return (self.council, self.unit, self.metric)

    @property
    def told_facts(self) -> tuple[tuple[str, str], ...]:
        """What the digest said of it, label and text."""
        return tuple((str(label), str(text)) for label, text in json.loads(self.facts))


_COLUMNS = ", ".join(field.name for field in fields(Standing))


def replace_standing(
    ledger: Ledger,
    current: Iterable[Breach],
    judged: Collection[tuple[str, str]],
    over: Collection[tuple[str, str, str]] | None,
    metrics: Metrics,
) -> None:
    """Afterwards what of `current` and of what stood before is not `over` stands: what ended since the last verdict of
    its metric is in both.

    Where `over` is None it is everything of the (council, metric) in `judged` that is not in `current`.
    """
    before = {row.subject: row for row in standing(ledger)}
    groups: dict[tuple[str, str, str], list[Breach]] = {}
    for breach in current:
        if breach.state in (*TOLD_STATES, *RUNNING_STATES) and rank(breach.severity) > 0:
            groups.setdefault((breach.council, breach.unit, breach.metric), []).append(breach)
    rows = [
        _row(group, before.get(subject), metrics)
        for subject, group in groups.items()
        if subject not in (over or ())
    ]
    if over is None:
        over = {subject for subject in before if (subject[0], subject[2]) in judged}
    ledger.db.executemany("delete from standing where council = ? and unit = ? and metric = ?", sorted(over))
    ledger.db.executemany(
        f"insert or replace into standing ({_COLUMNS}) values ({','.join('?' * len(fields(Standing)))})",
        [astuple(row) for row in rows],
    )


def standing(ledger: Ledger) -> list[Standing]:
    """All that stands, gravest first."""
    rows = [Standing(*row) for row in ledger.db.execute(f"select {_COLUMNS} from standing")]
    return sorted(rows, key=lambda row: (-rank(row.severity), row.council, row.unit, row.metric))


def _row(group: list[Breach], before: Standing | None, metrics: Metrics) -> Standing:
    worst = max(group, key=lambda breach: (rank(breach.severity), breach.months_in_breach))
    since = (worst.since_month or _months_before(worst.month, max(worst.months_in_breach, 1) - 1)).isoformat()
    if before and worst.state in (*RUNNING_STATES, "worsened"):
        since = min(since, before.since)
    # Workers at the gravest severity alone: their entry counts them and tells no figure.
    alike = [Told(breach, breach.severity) for breach in group if breach.severity == worst.severity]
    entry = entry_of(
        [Told(worst, worst.severity)] if worst.worker_key is None else alike, metrics, "", with_chart=False
    )
    return Standing(
        council=worst.council,
        council_name=worst.council_name,
        unit=worst.unit,
        unit_name=worst.unit_name,
        metric=worst.metric,
        month=worst.month.isoformat(),
        since=since,
        severity=worst.severity,
        state=worst.state,
        label=worst.band_label or worst.band or "",
        policy_id=worst.policy_id or "",
        workers=sum(breach.worker_key is not None for breach in group),
        acknowledge_within_days=worst.acknowledge_within_days,
        figure=entry.number,
        facts=json.dumps(entry.facts),
    )


def _months_before(month: date, count: int) -> date:
    index = month.year * 12 + month.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)
