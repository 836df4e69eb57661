"""Faults of the service in the ledger: entered when first seen, told to each data engineer once, and once when over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dagster_project.alerts.delivery import stamp
from dagster_project.alerts.ledger import Ledger
from dagster_project.alerts.notice import Entry, Notice, prepared
from dagster_project.alerts.routing import Recipient
from dagster_project.health.problems import ADDRESS, Problem
from dagster_project.settings import Settings


def tell_faults(
    ledger: Ledger,
    rows: Sequence[Recipient],
    found: Sequence[Problem],
    settings: Settings,
    now: datetime,
    load_id: str,
) -> set[str]:
    """Enter what is new and what is over, and prepare what each engineer has not been told; the Message-IDs."""
    _enter(ledger, found, now)
    engineers: dict[str, list[Recipient]] = {}
    for row in rows:
        if row.hears_of_faults and not row.problem:
            engineers.setdefault(row.channel.key, []).append(row)
    made = set()
    for key, of_one in engineers.items():
        councils = {row.council for row in of_one}
        new, over = _untold(ledger, key, councils)
        if new or over:
            message_id = prepare_notice(ledger, of_one, _notice(new, over), settings, now, load_id)
            made.add(message_id)
            ledger.db.executemany(
                "insert into told_faults (recipient, fault_id, phase, message_id) values (?,?,?,?)",
                [(key, fault.number, "new", message_id) for fault in new]
                + [(key, fault.number, "resolved", message_id) for fault in over],
            )
    return made


@dataclass(frozen=True)
class _Fault:
    """A problem as the ledger knows it, from when it was first seen until it was over."""

    number: int
    kind: str
    subject: str
    council: str
    words: str
    since: str


def _enter(ledger: Ledger, found: Sequence[Problem], now: datetime) -> None:
    known = {
        (str(kind), str(subject)): int(number)
        for number, kind, subject in ledger.db.execute(
            "select fault_id, kind, subject from faults where resolved_at is null"
        )
    }
    present = {(one.kind, one.subject): one for one in found}
    ledger.db.executemany(
        "update faults set resolved_at = ? where fault_id = ?",
        [(stamp(now), number) for key, number in known.items() if key not in present],
    )
    ledger.db.executemany(
        "update faults set words = ? where fault_id = ?",
        [(present[key].words, number) for key, number in known.items() if key in present],
    )
    ledger.db.executemany(
        "insert into faults (kind, subject, council, words, since, seen_at) values (?,?,?,?,?,?)",
        [
            (one.kind, one.subject, one.council, one.words, stamp(one.since), stamp(now))
            for key, one in present.items()
            if key not in known
        ],
    )


def _untold(ledger: Ledger, recipient: str, councils: set[str]) -> tuple[list[_Fault], list[_Fault]]:
    """Faults not yet told to the recipient, and ends of those that were told. Of a message that told of a fault and
    could not be sent, nothing is told: it would be told in a message that cannot be sent.
    """
    rows = ledger.db.execute(
        "select fault_id, kind, subject, council, words, since, resolved_at is not null,"
        " exists (select 1 from told_faults where recipient = ? and fault_id = faults.fault_id and phase = 'new'),"
        " exists (select 1 from told_faults where recipient = ? and fault_id = faults.fault_id and phase = 'resolved')"
        " from faults where not (faults.kind = 'message' and exists"
        " (select 1 from digests where digests.message_id = faults.subject and digests.kind = 'fault'))"
        " order by fault_id",
        (recipient, recipient),
    ).fetchall()
    new, over = [], []
    for *columns, is_over, is_told, is_told_over in rows:
        fault = _Fault(*columns)
        if fault.council and not councils & {"", fault.council}:
            continue
        if not is_told and not is_over:
            new.append(fault)
        elif is_told and is_over and not is_told_over:
            over.append(fault)
    return new, over


def _notice(new: Sequence[_Fault], over: Sequence[_Fault]) -> Notice:
    counts = [f"{len(new)} new"] * bool(new) + [f"{len(over)} over"] * bool(over)
    return Notice(
        "fault",
        subject=f"Caseload service: {', '.join(counts)}",
        heading="How the service runs",
        opening="What should have happened and did not, and what is over since." if new else "What is over.",
        entries=(*_entries(new, is_over=False), *_entries(over, is_over=True)),
        closing="Told once when it begins and once when it is over. `caseload health` lists what is wrong now.",
        identity=tuple((fault.number, phase) for phase, of in (("new", new), ("over", over)) for fault in of),
    )


def _entries(faults: Sequence[_Fault], *, is_over: bool) -> list[Entry]:
    """One entry for each fault; deliveries of one council's month together."""
    groups: dict[object, list[_Fault]] = {}
    for fault in faults:
        place = fault.subject.rpartition(" ")[0] if fault.kind == "delivery" else fault.number
        groups.setdefault(place, []).append(fault)
    entries = []
    for group in groups.values():
        first = group[0]
        words = "; ".join(fault.words for fault in group)
        entries.append(
            Entry(
                title=f"Over: {_TITLES[first.kind]}" if is_over else _TITLES[first.kind].capitalize(),
                statement=" ".join(ADDRESS.sub("(address)", words).split()),
                facts=(("Since", f"{first.since[:16].replace('T', ' ')} UTC"), ("Do", _REMEDIES[first.kind])),
                tone="resolved" if is_over else "warning",
            )
        )
    return entries


_TITLES = {
    "load": "a load failed",
    "tick": "silence where something should run by itself",
    "message": "a message that could not be sent",
    "recipient": "a recipient who cannot be told",
    "refusal": "a delivery was refused",
    "delivery": "an expected delivery has not arrived",
}
_REMEDIES = {
    "load": "mend what it names and load again; what was published before stays",
    "tick": "look whether the scheduler, its daemon or the machine stands still",
    "message": "caseload alerts list shows it; once mended, caseload alerts send or resend",
    "recipient": "mend the row of alert_recipients.csv or set the secret it names",
    "refusal": "caseload status says why; land a mended file and load",
    "delivery": "ask the sender; where it comes no more, end its row in expected_deliveries.csv",
}


def prepare_notice(
    ledger: Ledger,
    of_one: Sequence[Recipient],
    notice: Notice,
    settings: Settings,
    now: datetime,
    load_id: str,
) -> str:
    roles = list(dict.fromkeys(row.role for row in of_one))
    message = prepared(notice, of_one[0].address, roles, settings.smtp.sender, now, load_id)
    if not ledger.has_message(message.message_id):
        ledger.prepare(message, (), stamp(now))
    return message.message_id
