"""What one recipient is told, in order: what is new and worse in full, the rest as rows. No markup and no server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from dagster_project.alerts.breach import RUNNING_STATES, TOLD_STATES, Item, rank
from dagster_project.alerts.entries import (
    OVER_WORDS,
    Entry,
    Table,
    Told,
    clean,
    entry_of,
    row_of,
    table_of,
)
from dagster_project.alerts.metrics import Metrics
from dagster_project.page_addresses import INDEX, topic_page

_LEVELS = ("council", "division", "service", "team", "contract", "worker")
_RUNNING = "running"
_FIRST = "told to you for the first time"
_NEWS = ("new", "worsened", "unknown", "withdrawn")
_HEADINGS = {
    "new": "New",
    "worsened": "Worse",
    "eased": "Eased, not over",
    "unknown": "Could not be judged",
    "withdrawn": "Withdrawn by what came since",
    "resolved": "Resolved",
    "continuing": "Running on",
}
# A mail that sorts by its subject is sorted by what is gravest in it.
_PRIORITIES = {"breach": "P1 breach", "warning": "P2 warning", "info": "P3 information"}
_PRIORITY_OF_ENDS = "P4 over"
FULL = 20
"""So many entries stand in full in one mail, with their charts the first CHARTS; further ones are rows."""
CHARTS = 8
FEW = 3
"""Up to so many that run on are told in full to who hears of them for the first time."""
ROWS = 60
"""So many rows of what runs on; what is new or over is never left out."""


@dataclass(frozen=True)
class Section:
    """What is told of one state; `hidden` counts what is left out of a long list, `intro` says what to know of it."""

    state: str
    heading: str
    intro: str
    entries: tuple[Entry, ...] = ()
    tables: tuple[Table, ...] = ()
    hidden: int = 0


@dataclass(frozen=True)
class Digest:
    """Everything one message says. `key` is the same for the same content and holds no identifier."""

    address: str
    roles: tuple[str, ...]
    places: tuple[tuple[str, date, date], ...]
    sections: tuple[Section, ...]
    counts: dict[str, int]
    severity: str
    items: tuple[Item, ...]
    key: str
    page: str = ""

    @property
    def tally(self) -> str:
        words = {
            "new": "new",
            "worsened": "worse",
            "unknown": "unknown",
            "withdrawn": "withdrawn",
            "resolved": "resolved",
            _RUNNING: "running on",
        }
        return ", ".join(
            f"{self.counts[state]} {word}" for state, word in words.items() if self.counts[state]
        )

    @property
    def subject(self) -> str:
        """Sorts by month, council, then what is gravest: `Caseload 2018-06 Northshire P1 breach: 2 new, 1 worse`."""
        by_month: dict[str, list[str]] = {}
        for name, month, _ in self.places:
            by_month.setdefault(f"{month:%Y-%m}", []).append(name)
        where = "; ".join(f"{month} {' and '.join(names)}" for month, names in by_month.items())
        return f"Caseload {where} {_PRIORITIES.get(self.severity, _PRIORITY_OF_ENDS)}: {self.tally}"

    @property
    def preview(self) -> str:
        """What a list of mails shows beside the subject: the first of what is new."""
        for section in self.sections:
            for entry in section.entries:
                return ": ".join(part for part in (entry.unit_name, entry.statement, entry.measure) if part)
        return self.tally


def compose(
    address: str,
    roles: Sequence[str],
    due: Sequence[Told],
    continuing: Sequence[Told],
    told_before: set[Item],
    metrics: Metrics,
    site: str = "",
    taken_back: int = 0,
) -> Digest:
    """The digest of what is due to one address; `told_before` is all it was told earlier, `continuing` what it knows of
    and still stands, which is listed and tells nothing new. `site`: where the pages of units lie, if anywhere.
    `taken_back`: how much of what it was told corrections took back; what comes back is told in a message of its own.
    """
    groups = _grouped(due)
    known = _grouped(continuing)
    places = sorted(
        {(clean(told.breach.council_name), told.breach.month, told.breach.as_at) for told in due},
        key=lambda place: (place[1], place[0]),
    )
    states = [group[0].breach.state for group in groups]
    counts = {state: states.count(state) for state in (*TOLD_STATES, "unknown", "withdrawn")}
    counts[_RUNNING] = sum(states.count(state) for state in RUNNING_STATES)
    return Digest(
        address=address,
        roles=tuple(roles),
        places=tuple(places),
        sections=tuple(_sections(groups, known, metrics, site)),
        counts=counts,
        severity=max(
            (group[0].severity for group in groups if group[0].breach.state not in OVER_WORDS),
            key=rank,
            default="",
        ),
        items=tuple(told.breach.item for told in due),
        key=_key(address, groups, told_before, taken_back),
        page=_page({told.breach.council for told in due}, site),
    )


def _page(councils: set[str], site: str) -> str:
    """Where all that stands is listed; of several councils the site's first page."""
    if not site:
        return ""
    return f"{site.rstrip('/')}/{topic_page(min(councils), 'alerts') if len(councils) == 1 else INDEX}"


def _sections(
    groups: Sequence[Sequence[Told]], known: Sequence[Sequence[Told]], metrics: Metrics, site: str
) -> Iterable[Section]:
    room = FULL
    first_heard = sum(group[0].breach.state in RUNNING_STATES for group in groups)
    for state, heading in _HEADINGS.items():
        ours = [group for group in groups if group[0].breach.state == state]
        others = [group for group in known if group[0].breach.state == state]
        if not ours and not others:
            continue
        in_full = ours[:room] if state in _NEWS or (state in RUNNING_STATES and first_heard <= FEW) else []
        entries = tuple(
            entry_of(group, metrics, site, with_chart=place > FULL - CHARTS)
            for place, group in zip(range(room, 0, -1), in_full, strict=False)
        )
        room -= len(in_full)
        rest = [*ours[len(in_full) :], *others]
        if state not in RUNNING_STATES:
            yield Section(state, heading, "", entries, _tables(rest, metrics, site))
            continue
        first = [group[0].breach.item for group in ours] if others else []
        intro = _intro(len(ours), len(others))
        tables = _tables(rest[:ROWS], metrics, site, first)
        yield Section(state, heading, intro, entries, tables, len(rest[ROWS:]))


def _intro(first: int, known: int) -> str:
    """How many there are, and how many of them the reader has not heard of."""
    many = first + known
    counted = f"{many} thresholds" if many > 1 else "1 threshold"
    were = "were" if many > 1 else "was"
    if not known:
        return f"{counted} {were} crossed in an earlier month, told to you for the first time."
    before = str(known) if first else "each" if known > 1 else "it"
    told = f"You were told of {before} before."
    return f"{counted} {were} crossed in an earlier month. {told}"


def _tables(
    groups: Sequence[Sequence[Told]], metrics: Metrics, site: str, first: Collection[Item] = ()
) -> tuple[Table, ...]:
    """Rows under the metric and verdict they share, in the order of the first of each; `first` are told for the first
    time among others that are not.
    """
    shared: dict[tuple[object, ...], list[Sequence[Told]]] = {}
    for group in groups:
        breach = group[0].breach
        verdict = (
            breach.council,
            breach.metric,
            group[0].severity,
            breach.policy_id,
            breach.band_label,
            breach.lower,
        )
        shared.setdefault((*verdict, breach.worker_key is not None, breach.experience), []).append(group)
    return tuple(
        table_of(
            alike[0][0],
            [
                row_of(group, metrics, site, note=_FIRST if group[0].breach.item in first else "")
                for group in alike
            ],
            metrics,
        )
        for alike in shared.values()
    )


def _grouped(due: Iterable[Told]) -> list[Sequence[Told]]:
    groups: dict[tuple[object, ...], list[Told]] = {}
    for told in sorted(due, key=_order):
        groups.setdefault(_group(told), []).append(told)
    return list(groups.values())


def _order(told: Told) -> tuple[object, ...]:
    breach = told.breach
    level = _LEVELS.index(breach.level) if breach.level in _LEVELS else len(_LEVELS)
    return (-rank(told.severity), breach.council_name, level, breach.unit_name, breach.item)


def _group(told: Told) -> tuple[object, ...]:
    """Workers of one unit under one policy are one entry; anything else stands alone."""
    breach = told.breach
    one = breach.item._replace(worker="")
    return (one, told.severity, breach.policy_id, breach.experience, breach.worker_key is not None)


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
