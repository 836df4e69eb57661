"""What is news to one recipient and what is none: what only a backfill of older months made so, and breaches that were
told and are over without their end being the latest month's. Nothing is composed here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from dagster_project.alerts.breach import OVER_STATES, Breach, Item, rank
from dagster_project.alerts.ledger import Ledger

Subject = tuple[str, str, str]


@dataclass(frozen=True)
class Heard:
    """What one recipient was told, and of that the breaches whose end it was not told."""

    told: frozenset[Item]
    heard: frozenset[Subject]
    open: Mapping[Subject, Item]

    def gravest(self, subject: Subject) -> str:
        """Of all it was told of the subject."""
        return max(
            (item.severity for item in self.told if item.subject == subject), key=rank, default="warning"
        )

    def is_news(self, breach: Breach, was_clear: bool) -> bool:
        """Whether the breach says something that this recipient does not know.

        `was_clear`: the figure of its month was told before as outside no threshold.
        """
        item = breach.item
        if item in self.told:
            return False
        if item.state in OVER_STATES:
            # Only an older month that came later made an end of it.
            return item.subject in self.open or not was_clear
        same_month = [one for one in self.told if one.subject == item.subject and one.month == item.month]
        if any(
            one.severity == item.severity and one.state not in (*OVER_STATES, "unknown") for one in same_month
        ):
            return False
        last = self.open.get(item.subject)
        # It is new because the month that was told is none any more; to who was told it runs on.
        runs_on = (
            item.state == "new"
            and item.subject in self.heard
            and last is not None
            and last.month < item.month
        )
        return not (runs_on and rank(item.severity) <= rank(self.gravest(item.subject)))


def heard_by(ledger: Ledger, address: str) -> Heard:
    return Heard(
        frozenset(ledger.told(address)), frozenset(ledger.heard_of(address)), ledger.last_told(address)
    )


def clear_before(ledger: Ledger, breaches: Iterable[Breach]) -> set[Item]:
    """Of these ends, those whose figure of the month was told before as outside no threshold.

    A worker who is not flagged has no figure in the ledger: that the month was told at all stands for it.
    """
    found = set()
    months: dict[tuple[str, str], bool] = {}
    for breach in breaches:
        if breach.state not in OVER_STATES:
            continue
        item = breach.item
        row = ledger.db.execute(
            "select severity from told_figures where council = ? and metric = ? and month = ? and worker = ?"
            " and (worker <> '' or unit = ?) order by rowid desc limit 1",
            (item.council, item.metric, item.month, item.worker, item.unit),
        ).fetchone()
        if row is None and item.worker:
            if (item.council, item.month) not in months:
                months[item.council, item.month] = (
                    ledger.db.execute(
                        "select 1 from told_figures where council = ? and month = ? limit 1",
                        (item.council, item.month),
                    ).fetchone()
                    is not None
                )
            if months[item.council, item.month]:
                found.add(item)
        elif row is not None and row[0] is not None and rank(row[0]) == 0:
            found.add(item)
    return found


def ends(
    breaches: Sequence[Breach],
    latest_months: Mapping[tuple[str, str], date],
    clear: Collection[Subject],
    heard: Heard,
) -> list[Breach]:
    """The end of each breach this recipient was told of that stands no more, though no row of the latest month says so.

    Either it was resolved in a month that is not the latest, or a correction took it away. They are told with the
    latest month.
    """
    found = []
    for subject, last in heard.open.items():
        latest = latest_months.get((subject[0], subject[1]))
        if latest is None or subject not in clear:
            continue
        candidates = [
            breach
            for breach in breaches
            if breach.state in OVER_STATES
            and breach.item.subject == subject
            and breach.item.month >= last.month
        ]
        if any(breach.month == latest and breach.state == "resolved" for breach in candidates):
            continue
        if candidates:
            end = min(candidates, key=lambda breach: (breach.state != "resolved", breach.month))
            found.append(
                replace(end, month=latest, as_at=_last_day(latest), since_month=end.month, severity="none")
            )
    return found


def _last_day(month: date) -> date:
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return date.fromordinal(after.toordinal() - 1)
