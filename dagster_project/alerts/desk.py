"""What people may do with alerts by hand, checked: acknowledge, mute, take either back, send a message again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from dagster_project.alerts import acknowledgement
from dagster_project.alerts.delivery import stamp
from dagster_project.alerts.ledger import open_ledger
from dagster_project.alerts.routing import UnitParents
from dagster_project.alerts.standing import Standing, standing
from dagster_project.errors import PlainError
from dagster_project.settings import Settings
from dagster_project.unseen_signs import without_unseen


class AlertsError(PlainError):
    """What was asked cannot be done; the message says why."""


def acknowledge(
    settings: Settings,
    place: str,
    metric: str,
    *,
    by_whom: str,
    note: str,
    until: date | None,
    by_user: str,
    now: datetime,
) -> Standing:
    """The breach, now acknowledged. Raises AlertsError where nothing of the kind stands or the day is over."""
    council, unit = parse_place(place)
    _not_past(until, now)
    with open_ledger(settings.alert_ledger) as ledger:
        found = [row for row in standing(ledger) if row.subject == (council, unit, metric)]
        if not found:
            raise AlertsError(
                f"no threshold of {metric} stands crossed at {place}; `caseload alerts` lists those that do"
            )
        acknowledgement.acknowledge(
            ledger,
            found[0],
            by_whom=by_whom,
            note=without_unseen(note),
            until=until,
            by_user=by_user,
            now=now,
        )
        return found[0]


def withdraw_acknowledgement(
    settings: Settings, place: str, metric: str, *, by_user: str, now: datetime
) -> None:
    """Nobody has acknowledged the breach any more. Raises AlertsError where nobody had."""
    subject = (*parse_place(place), metric)
    with open_ledger(settings.alert_ledger) as ledger:
        if not acknowledgement.end_acknowledgement(ledger, subject, "taken back", by_user, now):
            raise AlertsError(f"nobody has acknowledged {metric} at {place}")


def mute(
    settings: Settings,
    unit_parents: UnitParents,
    metrics: Collection[str],
    place: str,
    metric: str,
    *,
    until: date,
    why: str,
    by_user: str,
    now: datetime,
) -> None:
    """Nothing is told of it until that day is over. Raises AlertsError for a unit or metric that is not known."""
    council, unit = parse_place(place)
    _not_past(until, now)
    if (council, unit) not in unit_parents:
        raise AlertsError(f"{place} is no unit of org_units.csv")
    if metric and metric not in metrics:
        raise AlertsError(
            f"{metric!r} is no metric of threshold_policy.csv; known are {', '.join(sorted(metrics))}"
        )
    with open_ledger(settings.alert_ledger) as ledger:
        acknowledgement.mute(ledger, council, unit, metric, until=until, why=why, by_user=by_user, now=now)


def unmute(settings: Settings, place: str, metric: str, *, by_user: str, now: datetime) -> None:
    """What was muted is told again. Raises AlertsError where nothing was."""
    council, unit = parse_place(place)
    with open_ledger(settings.alert_ledger) as ledger:
        if not acknowledgement.unmute(ledger, council, unit, metric, by_user=by_user, now=now):
            raise AlertsError(f"{metric or 'every metric'} of {place} is not muted")


def offer_again(settings: Settings, message_id: str, *, by_user: str, now: datetime) -> str:
    """The message is due again, whatever became of it; its full Message-ID.

    Raises AlertsError where there is no such message, or its bytes were purged.
    """
    wanted = message_id.strip().strip("<>")
    with open_ledger(settings.alert_ledger) as ledger:
        found = ledger.db.execute(
            "select message_id, length(message) from digests where message_id like ? || '%' escape '!'",
            ("<" + wanted.replace("!", "!!").replace("%", "!%").replace("_", "!_"),),
        ).fetchall()
        if len(found) != 1:
            many = "more than one message begins" if found else "no message begins"
            raise AlertsError(f"{many} with that Message-ID; `caseload alerts` lists them")
        name, size = found[0]
        if not size:
            raise AlertsError("the message was purged: nothing of it is left to send")
        ledger.offer_again(name, by_user, stamp(now))
        return str(name)


def parse_place(place: str) -> tuple[str, str]:
    """Council and unit written as COUNCIL/UNIT; the council alone is its own top unit."""
    council, _, unit = place.strip().strip("/").partition("/")
    return council, unit or council


def _not_past(until: date | None, now: datetime) -> None:
    if until is not None and until < now.date():
        raise AlertsError(f"{until} is over: a day that is still to come is wanted, or today")
