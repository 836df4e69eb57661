"""One verdict of the mart alert_states, and the order of severities. No thresholds and no text here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

# From the mildest to the gravest; the words are those of threshold_policy.csv.
SEVERITIES = ("none", "info", "warning", "breach")

# The states a person is told of; continuing and eased are told only to who has not heard of the breach before.
TOLD_STATES = ("new", "worsened", "resolved")
RUNNING_STATES = ("continuing", "eased")
# What says that a breach is no more: it ended, or a correction made that it never was.
OVER_STATES = ("resolved", "withdrawn")


def rank(severity: str | None) -> int:
    """Higher is graver. A row without a verdict (no policy holds) ranks with none."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0


class Item(NamedTuple):
    """What makes two breaches the same thing to tell. `worker` is empty for a unit."""

    council: str
    month: str
    unit: str
    metric: str
    worker: str
    severity: str
    state: str

    @property
    def subject(self) -> tuple[str, str, str]:
        """What the breach is of, whatever the month: a worker is the same in whichever unit."""
        return (self.council, self.metric, self.worker or f"unit {self.unit}")


@dataclass(frozen=True)
class Correction:
    """What came after a figure was told and changed it: a row of alert_corrections.

    `cause` is corrected, mended, late, withdrawn or reference; `extract` and `received_on` are None for reference data,
    and `told_value` where no figure was told. `others` counts further deliveries that came with it.
    """

    cause: str
    extract: str | None
    received_on: date | None
    told_value: Decimal | None
    told_severity: str | None
    others: int = 0


@dataclass(frozen=True)
class Breach:
    """A row of alert_states that can be told, with the names and the policy's words that a reader needs.

    `worker_key` is set for a worker's own breach; it reaches the ledger and nothing else. `experience` is the
    policy row's own (such as asye) and chooses the sentence about workers; empty gives the general one.
    `is_complete` is false when rows of the month are left out of the figure. `acknowledge_within_days`: in how many
    days somebody has to acknowledge it before the unit above is told; None: nobody has to.
    `since_month` is the month in which it was new, where it is known; `trend` is better, worse or same against
    `previous_value`, the measure when it was last judged before. `fewer_to_target` and `more_to_target` would bring the
    figure back, each of the things named beside it. `history` has the months of the year to this one that have a
    figure; of a worker, how many of the unit's workers were outside the threshold. `correction` is set where a delivery
    changed the figure after it was told; `unjudged_because` says why the state is unknown, `over_because` why a figure
    is over that is measured no more.
    """

    council: str
    council_name: str
    unit: str
    unit_name: str
    level: str
    month: date
    as_at: date
    metric: str
    worker_key: int | None
    value: Decimal | None
    rounded_value: Decimal | None
    band: str | None
    band_label: str | None
    severity: str
    lower: Decimal | None
    upper: Decimal | None
    target: Decimal | None
    policy_id: str | None
    source: str | None
    months_in_breach: int
    state: str
    experience: str = ""
    is_complete: bool = True
    acknowledge_within_days: int | None = None
    since_month: date | None = None
    previous_value: Decimal | None = None
    trend: str | None = None
    fewer_to_target: Decimal | None = None
    fewer_of: str | None = None
    more_to_target: Decimal | None = None
    more_of: str | None = None
    history: tuple[tuple[date, Decimal], ...] = ()
    correction: Correction | None = None
    unjudged_because: str = ""
    over_because: str = ""

    @property
    def item(self) -> Item:
        return Item(
            self.council,
            self.month.isoformat(),
            self.unit,
            self.metric,
            "" if self.worker_key is None else str(self.worker_key),
            self.severity or "none",
            self.state,
        )
