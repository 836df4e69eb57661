"""What one recipient is told, as entries in words and in order. No markup, no addresses of servers, no
comparing with thresholds: an entry repeats the verdict. Workers are counted here and lose their keys here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dagster_project.alerts.breach import OVER_STATES, RUNNING_STATES, TOLD_STATES, Breach, Item, rank
from dagster_project.alerts.calendar_words import month_words
from dagster_project.alerts.corrections import correction_words
from dagster_project.alerts.metrics import Metric, metric

_LEVELS = ("council", "division", "service", "team", "contract", "worker")
_RUNNING = "running"
NOT_WHOLE = "rows of this month are in quarantine or of no known unit, so the figure may still change"
_HEADINGS = {
    "new": "New",
    "worsened": "Worse",
    _RUNNING: "Running on, told to you for the first time",
    "resolved": "Resolved",
    "unknown": "Could not be judged",
    "withdrawn": "Withdrawn: it was told, and what came since says otherwise",
}
_STATE_WORDS = {"resolved": "Resolved", "withdrawn": "Withdrawn", "unknown": "Unknown"}
_SEVERITY_WORDS = {"breach": "Breach", "warning": "Warning", "info": "Information"}


@dataclass(frozen=True)
class Told:
    """A breach that is due to someone, and the severity it counts with: its own, or of what it resolves."""

    breach: Breach
    severity: str


@dataclass(frozen=True)
class Entry:
    """One thing told: lines of a mail. Workers have a statement, no measure. `facts` are label, text."""

    council_name: str
    unit_name: str
    level: str
    state: str
    severity: str
    verdict: str
    statement: str
    measure: str
    exact: str
    facts: tuple[tuple[str, str], ...]

    @property
    def tone(self) -> str:
        """The severity a reader should see at a glance; what is over is resolved, whatever it was."""
        return "resolved" if self.state in OVER_STATES else self.severity


@dataclass(frozen=True)
class Section:
    heading: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Digest:
    """Everything one message says. `key` is the same for the same content and holds no identifier."""

    address: str
    roles: tuple[str, ...]
    places: tuple[tuple[str, date, date], ...]
    sections: tuple[Section, ...]
    counts: dict[str, int]
    continuing: int
    items: tuple[Item, ...]
    key: str

    @property
    def tally(self) -> str:
        new, worse, resolved = (self.counts[state] for state in TOLD_STATES)
        running = f", {self.counts[_RUNNING]} running" if self.counts[_RUNNING] else ""
        withdrawn = f", {self.counts['withdrawn']} withdrawn" if self.counts["withdrawn"] else ""
        unknown = f", {self.counts['unknown']} unknown" if self.counts["unknown"] else ""
        return f"{new} new, {worse} worse, {resolved} resolved{withdrawn}{unknown}{running}"

    @property
    def subject(self) -> str:
        """Sorts by month, then council: `Caseload 2018-06 Nottinghamshire: 2 new, 1 worse, 0 resolved`."""
        by_month: dict[str, list[str]] = {}
        for name, month, _ in self.places:
            by_month.setdefault(f"{month:%Y-%m}", []).append(name)
        where = "; ".join(f"{month} {' and '.join(names)}" for month, names in by_month.items())
        return f"Caseload {where}: {self.tally}"


def compose(
    address: str,
    roles: Sequence[str],
    due: Sequence[Told],
    continuing: int,
    told_before: set[Item],
    taken_back: int = 0,
) -> Digest:
    """The digest of what is due to one address; `told_before` is all it was told earlier, `taken_back` how much of what
    it was told corrections took back: what comes back is told in a message of its own.
    """
    groups: dict[tuple[object, ...], list[Told]] = {}
    for told in sorted(due, key=_order):
        groups.setdefault(_group(told), []).append(told)
    entries = [_entry(group) for group in groups.values()]
    sections = tuple(
        Section(_HEADINGS[state], tuple(entry for entry in entries if entry.state == state))
        for state in _HEADINGS
    )
    places = sorted(
        {(_clean(told.breach.council_name), told.breach.month, told.breach.as_at) for told in due},
        key=lambda place: (place[1], place[0]),
    )
    return Digest(
        address=address,
        roles=tuple(roles),
        places=tuple(places),
        sections=tuple(section for section in sections if section.entries),
        counts={state: sum(entry.state == state for entry in entries) for state in _HEADINGS},
        continuing=continuing,
        items=tuple(told.breach.item for told in due),
        key=_key(address, list(groups.values()), told_before, taken_back),
    )


def _order(told: Told) -> tuple[object, ...]:
    breach = told.breach
    level = _LEVELS.index(breach.level) if breach.level in _LEVELS else len(_LEVELS)
    return (-rank(told.severity), breach.council_name, level, breach.unit_name, breach.item)


def _group(told: Told) -> tuple[object, ...]:
    """Workers of one unit under one policy are one entry; anything else stands alone."""
    breach = told.breach
    one = breach.item._replace(worker="")
    return (one, told.severity, breach.policy_id, breach.experience, breach.worker_key is not None)


def _entry(group: Sequence[Told]) -> Entry:
    breach, severity = group[0].breach, group[0].severity
    words = metric(breach.metric)
    is_over = breach.state in OVER_STATES
    if breach.worker_key is None:
        statement, running, value = words.words, _running(breach.months_in_breach), breach.value
        since, trend = _since(breach), _trend(breach, words)
        measure, exact = _number(breach, words)
    else:
        # Months, value and distance to target are one worker's own: only the count and the rule are told.
        statement = words.about_workers(len(group), _clean(breach.unit_name), breach.experience, is_over)
        measure, exact, running, since, trend, value = "", "", "", "", "", None
    facts = (
        ("Band", _clean(breach.band_label or breach.band)),
        ("Target", _target(value, breach.target, words)),
        ("Since", since),
        ("At warning or worse", running),
        ("Trend", trend),
        ("Rule", _rule(breach, words)),
        ("Source", _clean(breach.source)),
        ("Policy", _clean(breach.policy_id)),
        ("Not judged", f"{breach.unjudged_because}; it is not over" if breach.unjudged_because else ""),
        ("Corrected", correction_words([told.breach for told in group], words)),
        ("Note", "" if breach.is_complete else NOT_WHOLE),
    )
    return Entry(
        council_name=_clean(breach.council_name),
        unit_name=_clean(breach.unit_name),
        level=breach.level if breach.worker_key is None else "workers",
        state=_RUNNING if breach.state in RUNNING_STATES else breach.state,
        severity=severity,
        verdict=_STATE_WORDS[breach.state]
        if breach.state in _STATE_WORDS
        else _SEVERITY_WORDS.get(severity, ""),
        statement=statement,
        measure=measure,
        exact=exact,
        facts=tuple((label, text) for label, text in facts if text),
    )


def _number(breach: Breach, words: Metric) -> tuple[str, str]:
    """The number as the mart rounded it, with its unit, and the exact one where that says more."""
    shown = breach.value if breach.rounded_value is None else breach.rounded_value
    if shown is None:
        return "no figure this month", ""
    exact = "" if breach.value is None or breach.value == shown else words.number(breach.value)
    return words.measure(shown), exact


def _rule(breach: Breach, words: Metric) -> str:
    lower = "" if breach.lower is None else f"{words.number(breach.lower)} or more"
    upper = "" if breach.upper is None else f"below {words.number(breach.upper)}"
    return " and ".join(bound for bound in (lower, upper) if bound)


def _target(value: Decimal | None, target: Decimal | None, words: Metric) -> str:
    if target is None:
        return ""
    if value is None or value == target:
        return words.number(target) if value is None else f"on the target of {words.number(target)}"
    side = "above" if value > target else "below"
    return f"{words.number(abs(value - target))} {side} the target of {words.number(target)}"


def _running(months: int) -> str:
    if months < 1:
        return ""
    return "first month" if months == 1 else f"{months} months running"


def _since(breach: Breach) -> str:
    """The month it was new, unless that is this one."""
    since = breach.since_month
    return "" if since is None or since == breach.month else month_words(since)


def _trend(breach: Breach, words: Metric) -> str:
    """Against the figure last judged, which need not be that of the month before."""
    if breach.trend is None or breach.previous_value is None:
        return ""
    before = f"{words.number(breach.previous_value)} when last judged"
    return f"same as {before}" if breach.trend == "same" else f"{breach.trend} than {before}"


def _clean(text: str | None) -> str:
    """Reference data on one line: a line break in a name must not break a header or the plain text."""
    return " ".join((text or "").split())


def _key(address: str, groups: Sequence[Sequence[Told]], told_before: set[Item], taken_back: int) -> str:
    """Workers enter by how many and how many before them: no trace of a worker's key leaves the ledger."""
    content: list[object] = []
    for group in groups:
        breach = group[0].breach
        one = breach.item._replace(worker="")
        earlier = sum(1 for item in told_before if item.worker and item._replace(worker="") == one)
        content.append([*one, breach.policy_id, len(group), earlier if breach.worker_key is not None else 0])
    identity: list[object] = [address.casefold(), sorted(content, key=repr)]
    if taken_back:
        identity.append(taken_back)
    text = json.dumps(identity, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]
