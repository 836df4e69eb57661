"""After a load: enter what the marts say, prepare a digest for each recipient, deliver. No wording here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from dagster_project.alerts.acknowledgement import Decided, Subject, decided, end_with_what_is_over
from dagster_project.alerts.breach import RUNNING_STATES, TOLD_STATES, Breach, Item
from dagster_project.alerts.channels import Channel
from dagster_project.alerts.delivery import deliver, nothing, stamp
from dagster_project.alerts.digest import compose
from dagster_project.alerts.entries import Told
from dagster_project.alerts.follow_up import follow_up
from dagster_project.alerts.ledger import Ledger, Prepared, open_ledger
from dagster_project.alerts.metrics import Metrics, read_metrics
from dagster_project.alerts.news import Heard, clear_before, ends, heard_by
from dagster_project.alerts.outcome import Announcement, NotSent
from dagster_project.alerts.routing import FAULTS_ONLY, Recipient, UnitParents, is_in_force, read_recipient
from dagster_project.alerts.standing import replace_standing, standing
from dagster_project.alerts.waits import NO_WAITS, Waits
from dagster_project.settings import Settings
from dagster_project.told_figures import ToldFigure, record

_STATES = (*TOLD_STATES, *RUNNING_STATES)


@dataclass
class _Due:
    """What is due to one address."""

    address: str
    roles: list[str] = field(default_factory=list)
    items: dict[Item, Told] = field(default_factory=dict)
    continuing: dict[Item, Told] = field(default_factory=dict)


def announce(
    breaches: Sequence[Breach],
    latest_months: Mapping[tuple[str, str], date],
    recipients: Sequence[Mapping[str, str]],
    unit_parents: UnitParents,
    settings: Settings,
    now: datetime,
    load_id: str,
    *,
    waits: Waits = NO_WAITS,
    over: Collection[Subject] | None = None,
    clear: Collection[Subject] = (),
    unknown: Sequence[Breach] = (),
    ended: Sequence[Breach] = (),
    figures: Collection[ToldFigure] = (),
    reached: Callable[[str], None] = nothing,
) -> Announcement:
    """Afterwards each has been told, once, what is new, worse or resolved in the latest month of a council.

    `latest_months` is the last month in which each (council, metric) could be judged; `unit_parents` maps
    (council, unit) to the unit above. What a server does not take stays in the ledger and is offered again, the same
    message, by later calls after `waits`. `over` are the (council, unit, metric) that stand no more; None: those of
    judged metrics that are not among `breaches`. `clear` are the subjects that the latest month found outside no
    threshold, `unknown` what could not be judged since it was, `ended` what is measured no more; `figures` is all that
    is told by this, kept for who asks what a later delivery changed. No refusal raises; an outbox or a ledger that
    cannot be written does.
    """
    rows = [read_recipient(row, settings.channels) for row in recipients if is_in_force(row, now.date())]
    metrics = read_metrics(settings)
    with open_ledger(settings.alert_ledger) as ledger:
        with ledger.transaction():
            current, history_entered, not_sent = _enter(ledger, breaches, latest_months, load_id, stamp(now))
            replace_standing(ledger, current, latest_months, over, metrics)
            end_with_what_is_over(ledger, {row.subject for row in standing(ledger)}, now)
            loud, silenced, holding = _without_muted(ledger, current, unit_parents, now)
            told = _told_now(ledger, loud)
            was_clear = clear_before(ledger, loud)
            dues, unreached = _route(ledger, told, loud, rows, unit_parents)
            _route_after(
                ledger,
                dues,
                breaches,
                latest_months,
                clear,
                [*unknown, *ended],
                rows,
                unit_parents,
                holding,
                load_id,
                stamp(now),
            )
            already_told = 0
            prepared: set[str] = set()
            for due in dues.values():
                heard = heard_by(ledger, due.address)
                fresh = [
                    one
                    for item, one in due.items.items()
                    if heard.is_news(one.breach, item in was_clear)
                    and not (item.subject in heard.heard and holding.is_known(one.breach))
                ]
                already_told += len(due.items) - len(fresh)
                if fresh:
                    prepared.add(
                        _prepare(ledger, due, fresh, set(heard.told), metrics, settings, now, load_id)
                    )
            record(ledger.db, figures, stamp(now))
            reached("the breaches are entered")
            prepared |= follow_up(ledger, rows, unit_parents, metrics, settings, now, load_id)
        reached("the message is recorded")
        digests, undelivered = deliver(
            ledger, settings, reachable(rows), prepared, now, waits=waits, reached=reached
        )
    missed = (*not_sent, *unreached, *undelivered)
    return Announcement(tuple(digests), history_entered, already_told, missed, silenced)


def reachable(rows: Sequence[Recipient]) -> dict[str, Channel]:
    """The channels of present recipients, by their keys."""
    return {row.channel.key: row.channel for row in rows if not row.problem}


def _without_muted(
    ledger: Ledger, current: Sequence[Breach], unit_parents: UnitParents, now: datetime
) -> tuple[list[Breach], int, Decided]:
    """What may be told, how many muted ones otherwise would be, and what people decided."""
    holding = decided(ledger, now)
    loud = [b for b in current if not holding.is_muted(b.council, b.unit, b.metric, unit_parents)]
    return loud, len(current) - len(loud), holding


def _enter(
    ledger: Ledger,
    breaches: Sequence[Breach],
    latest_months: Mapping[tuple[str, str], date],
    load_id: str,
    at: str,
) -> tuple[list[Breach], int, list[NotSent]]:
    """Enter all; those of the latest months, how many older ones were not yet known, and the astray."""
    history: list[Item] = []
    current: list[Breach] = []
    astray: Counter[str] = Counter()
    for breach in breaches:
        latest = latest_months.get((breach.council, breach.metric))
        if breach.state not in _STATES:
            continue
        if latest is None or breach.month > latest:
            astray[breach.council] += 1
        elif breach.month < latest:
            history.append(breach.item)
        else:
            current.append(breach)
    entered = ledger.enter(history, "history", load_id, at)
    ledger.enter((breach.item for breach in current), "latest", load_id, at)
    reason = "its month is not the latest loaded of the council nor before it"
    return current, entered, [NotSent(council, "", "", reason, count) for council, count in astray.items()]


def _told_now(ledger: Ledger, current: Sequence[Breach]) -> dict[Item, Told]:
    """What is to be told of the latest months. What is over counts as what it was; unknown, as a warning."""
    told: dict[Item, Told] = {}
    for breach in current:
        if breach.state in TOLD_STATES and not ledger.is_history(breach.item):
            severity = breach.severity
            if breach.state == "resolved":
                severity = ledger.gravest_before(breach.item) or "warning"
            told[breach.item] = Told(breach, severity)
    return told


def _route(
    ledger: Ledger,
    told: Mapping[Item, Told],
    current: Sequence[Breach],
    rows: Sequence[Recipient],
    unit_parents: UnitParents,
) -> tuple[dict[str, _Due], list[NotSent]]:
    """What is due to each address, and what is due to rows that have none or to nobody at all."""
    dues: dict[str, _Due] = {}
    unreached: Counter[tuple[str, str, str, str]] = Counter()
    for item, one in told.items():
        covering = [row for row in rows if row.covers(one.breach, unit_parents)]
        if not covering:
            unreached[item.council, "", "", "no row of alert_recipients.csv covers its unit"] += 1
        for row in covering:
            if not row.wants(one.severity):
                continue
            if row.problem:
                unreached[item.council, row.unit, row.role, row.problem] += 1
                continue
            due = dues.setdefault(row.address.casefold(), _Due(row.address))
            due.items[item] = one
            if row.role not in due.roles:
                due.roles.append(row.role)
    _route_running(ledger, dues, current, rows, unit_parents)
    return dues, [NotSent(*key, items=count) for key, count in unreached.items()]


def _route_after(
    ledger: Ledger,
    dues: dict[str, _Due],
    breaches: Sequence[Breach],
    latest_months: Mapping[tuple[str, str], date],
    clear: Collection[Subject],
    unjudged: Sequence[Breach],
    rows: Sequence[Recipient],
    unit_parents: UnitParents,
    holding: Decided,
    load_id: str,
    at: str,
) -> None:
    """Who was told of a breach is told that it is over, also where a correction or an older month made it so, and that
    it can no longer be judged or is measured no more (`unjudged`).
    """
    for row in rows:
        if row.problem or row.floor == FAULTS_ONLY:
            continue
        heard = heard_by(ledger, row.address)
        ended = ends(breaches, latest_months, clear, heard)
        for breach in (*ended, *(one for one in unjudged if _is_end_of(one, heard))):
            if not row.covers(breach, unit_parents):
                continue
            if holding.is_muted(breach.council, breach.unit, breach.metric, unit_parents):
                continue
            ledger.enter([breach.item], "latest", load_id, at)
            due = dues.setdefault(row.address.casefold(), _Due(row.address))
            due.items[breach.item] = Told(breach, heard.gravest(breach.item.subject))
            if row.role not in due.roles:
                due.roles.append(row.role)


def _is_end_of(breach: Breach, heard: Heard) -> bool:
    """Whether it comes after what the recipient was told last of it: a unit may open again and cross it anew."""
    last = heard.open.get(breach.item.subject)
    return last is not None and (breach.state == "unknown" or last.month < breach.item.month)


def _route_running(
    ledger: Ledger,
    dues: dict[str, _Due],
    current: Sequence[Breach],
    rows: Sequence[Recipient],
    unit_parents: UnitParents,
) -> None:
    """A breach that runs on is news to who never heard of it; to others it is only listed beside other news."""
    running = [breach for breach in current if breach.state in RUNNING_STATES]
    reached = [row for row in rows if not row.problem]
    heard = {row.address.casefold(): ledger.heard_of(row.address) for row in reached}
    for breach in running:
        for row in reached:
            if not (row.wants(breach.severity) and row.covers(breach, unit_parents)):
                continue
            address = row.address.casefold()
            if breach.item.subject not in heard[address]:
                due = dues.setdefault(address, _Due(row.address))
                due.items[breach.item] = Told(breach, breach.severity)
                if row.role not in due.roles:
                    due.roles.append(row.role)
    for breach in running:
        for row in reached:
            told_anyway = dues.get(row.address.casefold())
            is_told = told_anyway is not None and breach.item in told_anyway.items
            if told_anyway and not is_told:
                if row.wants(breach.severity) and row.covers(breach, unit_parents):
                    told_anyway.continuing[breach.item] = Told(breach, breach.severity)


def _prepare(
    ledger: Ledger,
    due: _Due,
    fresh: Sequence[Told],
    told_before: set[Item],
    metrics: Metrics,
    settings: Settings,
    now: datetime,
    load_id: str,
) -> str:
    """Write the digest and record it, complete, before anything leaves; its Message-ID."""
    from dagster_project.alerts import mail

    digest = compose(
        due.address,
        due.roles,
        fresh,
        list(due.continuing.values()),
        told_before,
        metrics,
        settings.site_url,
        ledger.times_taken_back(due.address),
    )
    sender = settings.smtp.sender
    prepared = Prepared(
        message_id=mail.message_id(digest, sender),
        address=due.address,
        role=", ".join(due.roles),
        subject=digest.subject,
        file_name=mail.file_name(digest),
        message=mail.message(digest, sender, now, load_id),
        new=digest.counts["new"],
        worsened=digest.counts["worsened"],
        resolved=digest.counts["resolved"] + digest.counts["withdrawn"],
        load_id=load_id,
    )
    ledger.prepare(prepared, digest.items, stamp(now))
    return prepared.message_id
