"""What stands and nobody answered for: told to the unit above, step by step; and acknowledgements that ran out.
Looks at the ledger alone, so it needs no warehouse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy

from dagster_project.alerts.acknowledgement import (
    Acknowledgement,
    Decided,
    acknowledgements,
    decided,
    latest_by_subject,
    ran_out_at,
)
from dagster_project.alerts.breach import rank
from dagster_project.alerts.calendar_words import day_words, month_words
from dagster_project.alerts.delivery import stamp
from dagster_project.alerts.entries import SEVERITY_WORDS
from dagster_project.alerts.ledger import Ledger
from dagster_project.alerts.metrics import Metrics
from dagster_project.alerts.notice import Entry, Notice, prepared
from dagster_project.alerts.routing import FAULTS_ONLY, Recipient, UnitParents, units_above
from dagster_project.alerts.standing import Standing, standing
from dagster_project.page_addresses import unit_page
from dagster_project.settings import Settings

_ACKNOWLEDGE = "caseload alerts ack"


@dataclass
class _Due:
    """What is due to one recipient."""

    address: str
    roles: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    identity: list[object] = field(default_factory=list)

    def add(self, role: str, entry: Entry, identity: object) -> None:
        if role not in self.roles:
            self.roles.append(role)
        if identity not in self.identity:
            self.entries.append(entry)
            self.identity.append(identity)


def follow_up(
    ledger: Ledger,
    recipients: Sequence[Recipient],
    unit_parents: UnitParents,
    metrics: Metrics,
    settings: Settings,
    now: datetime,
    load_id: str,
) -> set[str]:
    """Prepare what is due of reminders and escalations; their Message-IDs. For who holds a transaction."""
    rows = [row for row in recipients if not row.problem and row.floor != FAULTS_ONLY]
    holding = decided(ledger, now)
    latest = latest_by_subject(acknowledgements(ledger))
    reminders: dict[str, _Due] = {}
    escalations: dict[str, _Due] = {}
    for row in standing(ledger):
        if holding.is_muted(*row.subject, unit_parents):
            continue
        one = latest.get(row.subject)
        words = metrics[row.metric].words
        told = _entry(row, words, settings.site_url)
        _remind(reminders, row, told, one, holding, rows, unit_parents)
        _escalate(ledger, escalations, row, told, one, holding, rows, unit_parents, now)
    made: set[str] = set()
    for kind, dues in (("reminder", reminders), ("escalation", escalations)):
        for due in dues.values():
            message = prepared(_notice(kind, due), due.address, due.roles, settings.smtp.sender, now, load_id)
            if not ledger.has_message(message.message_id):
                ledger.prepare(message, (), stamp(now))
                made.add(message.message_id)
    return made


def _remind(
    dues: dict[str, _Due],
    row: Standing,
    told: Entry,
    one: Acknowledgement | None,
    holding: Decided,
    rows: Sequence[Recipient],
    unit_parents: UnitParents,
) -> None:
    """Once for an acknowledgement whose day has passed while its breach still stands."""
    if one is None or one.ended_at or one.until is None or holding.today <= one.until:
        return
    until = day_words(one.until)
    entry = _with(told, row, "Acknowledged", f"by {one.by_whom} until {until}: {one.note}")
    for recipient in rows:
        line = units_above(row.council, row.unit, unit_parents)
        covers = recipient.council in ("", row.council) and recipient.unit in ("", *line)
        if covers and recipient.wants(row.severity):
            due = dues.setdefault(recipient.channel.key, _Due(recipient.address))
            due.add(recipient.role, entry, ["ran out", one.number])


def _escalate(
    ledger: Ledger,
    dues: dict[str, _Due],
    row: Standing,
    told: Entry,
    one: Acknowledgement | None,
    holding: Decided,
    rows: Sequence[Recipient],
    unit_parents: UnitParents,
    now: datetime,
) -> None:
    days = row.acknowledge_within_days
    if days is None or (one and one.holds(row.severity, holding.today)):
        return
    start = _clock_starts(ledger, row, one)
    if start is None:
        return
    steps = [
        (int(step), str(unit), datetime.fromisoformat(at))
        for step, unit, at in ledger.db.execute(
            "select step, to_unit, at from escalations where council = ? and unit = ? and metric = ? and since = ?"
            " and at >= ? order by step",
            (*row.subject, row.since, stamp(start)),
        )
    ]
    waited_since = steps[-1][2] if steps else start
    if now < waited_since + timedelta(days=days):
        return
    line = units_above(row.council, row.unit, unit_parents)
    at = line.index(steps[-1][1]) if steps and steps[-1][1] in line else 0
    for unit in line[at + 1 :]:
        above = [
            recipient
            for recipient in rows
            if recipient.council in ("", row.council)
            and (recipient.unit == unit or (not recipient.unit and unit == line[-1]))
        ]
        if not above:
            # Nobody is told of that unit: the next one up is.
            continue
        step = len(steps) + 1
        ledger.db.execute(
            "insert into escalations (council, unit, metric, since, step, to_unit, at, reached)"
            " values (?,?,?,?,?,?,?,?)",
            (*row.subject, row.since, step, unit, stamp(now), len(above)),
        )
        waiting = (now - start).days
        entry = _with(told, row, "Not acknowledged", f"for {_days(waiting)}; {_days(days)} are allowed")
        for recipient in above:
            due = dues.setdefault(recipient.channel.key, _Due(recipient.address))
            due.add(recipient.role, entry, [*row.subject, row.since, stamp(start), step])
        return


def _clock_starts(ledger: Ledger, row: Standing, one: Acknowledgement | None) -> datetime | None:
    """When it was entered as grave as it is, became graver than what was acknowledged, or an acknowledgement ran out.

    A warning that nobody had to acknowledge does not count for the breach that it became.
    """
    where = "council = ? and unit = ? and metric = ? and month >= ? and standing = 'latest'"
    entered = [
        (datetime.fromisoformat(at), str(severity))
        for at, severity in ledger.db.execute(
            f"select entered_at, severity from items where {where}", (*row.subject, row.since)
        )
    ]
    first = min((at for at, severity in entered if rank(severity) >= rank(row.severity)), default=None)
    if one:
        graver = [at for at, severity in entered if rank(severity) > rank(one.severity)]
        if rank(row.severity) > rank(one.severity):
            return min(graver, default=None)
        over = ran_out_at(one)
        return max([over, first or over]) if over else None
    return first


def _entry(row: Standing, words: str, site: str) -> Entry:
    """What stands, with the figure, the rule and the source as the digest said them."""
    counted = f"{row.workers} workers" if row.workers > 1 else "1 worker" if row.workers else row.figure
    facts = dict(row.told_facts)
    return Entry(
        title=_line(f"{row.unit_name} ({row.council_name})"),
        statement=_line(": ".join(part for part in (words, counted) if part)),
        facts=tuple(
            (label, _line(text))
            for label, text in (
                ("Figure of", month_words(date.fromisoformat(row.month))),
                ("Band", facts.get("Band") or row.label),
                *((label, facts.get(label, "")) for label in ("Target", "To reach it", "To be within")),
                ("Since", _since(row, facts)),
                *((label, facts.get(label, "")) for label in ("Trend", "Rule", "Source", "Note")),
            )
            if text
        ),
        tone=row.severity,
        verdict=SEVERITY_WORDS.get(row.severity, ""),
        page=f"{site.rstrip('/')}/{unit_page(row.council, row.unit)}" if site else "",
    )


def _since(row: Standing, facts: Mapping[str, str]) -> str:
    """As in the digest; of workers, and of a run that is older than the figure's own, the month it began."""
    began = month_words(date.fromisoformat(row.since))
    said = facts.get("Since", "")
    return said if said.startswith(began) else began


def _with(entry: Entry, row: Standing, label: str, text: str) -> Entry:
    asked = f"{_ACKNOWLEDGE} {row.council}/{row.unit} {row.metric}"
    return replace(entry, facts=((label, _line(text)), *entry.facts, ("To acknowledge", asked)))


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def tells_of(message: bytes, council: str) -> bool:
    """Whether a reminder or an escalation names a threshold of the council: its message says how to acknowledge it."""
    body = message_from_bytes(message, policy=policy.default).get_body(("plain",))
    return body is not None and f"{_ACKNOWLEDGE} {council}/" in _line(str(body.get_content()))


def _notice(kind: str, due: _Due) -> Notice:
    many = f"{len(due.entries)} thresholds" if len(due.entries) > 1 else "1 threshold"
    if kind == "reminder":
        return Notice(
            kind,
            subject=f"Caseload reminder: {many} still crossed",
            heading="Still crossed",
            opening="Somebody acknowledged what stands below. The day they gave has passed and it is not over.",
            entries=tuple(due.entries),
            closing="Told once when an acknowledgement runs out. Workers are counted, never named.",
            identity=tuple(due.identity),
        )
    return Notice(
        kind,
        subject=f"Caseload escalation: {many} not acknowledged",
        heading="Not acknowledged",
        opening=(
            "Nobody has acknowledged what stands below within the days allowed, so it is told to the unit above."
        ),
        entries=tuple(due.entries),
        closing="Told once at each step up. Workers are counted, never named.",
        identity=tuple(due.identity),
    )


def _line(text: str) -> str:
    return " ".join(text.split())
