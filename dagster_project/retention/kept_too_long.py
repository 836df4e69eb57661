"""What has been kept for longer than its row in retention.csv says. Looks only; takes nothing away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from dagster_project.alerts.ledger import open_ledger
from dagster_project.deliveries import Delivery, Manifest, month_days
from dagster_project.deliveries.landed_originals import refused_and_never_replaced
from dagster_project.deliveries.originals import Original, Originals, originals_folder, place_of, sealed_path
from dagster_project.reference import Reference
from dagster_project.retention.journal import lines_before, look_up_logs
from dagster_project.settings import Settings


@dataclass(frozen=True)
class Item:
    """One thing whose time is over: its kind, of which council (empty: of all), since when it is kept, its bytes.

    At most one of the others says what it is.
    """

    what: str
    council: str
    since: datetime
    bytes: int
    path: Path | None = None
    original: Original | None = None
    delivery: Delivery | None = None
    message: tuple[str, str] | None = None


def kept_too_long(
    settings: Settings, reference: Reference, now: datetime, council: str | None = None
) -> list[Item]:
    """Everything whose time is over, in the order it is taken away: raw identifiers first.

    With deliveries goes what was made from them and cannot be part of: older published versions, marts as known on a
    day, and comparisons of their months. `council` leaves what belongs to every council alone, unless it goes with one
    of its deliveries.
    """
    deliveries = Manifest(settings.manifest).all() if settings.manifest.is_file() else []
    gone = [d for d in _deliveries(reference, deliveries, now, settings) if council in (None, d.council)]
    items = [
        *_originals(settings, reference, deliveries, gone, now),
        *_refused(settings, reference, deliveries, now),
        *gone,
        *_files(settings, reference, now),
        *_mails(settings, reference, now),
        *_look_ups(settings, reference, now),
        *_logs(settings, reference, now),
        *_versions(settings, reference, now, everything=bool(gone)),
    ]
    with_deliveries = {"published_version", "as_known_marts"} if gone else set()
    return [
        item for item in items if council in (None, item.council) or item.what in with_deliveries
    ] + _comparisons_of(settings, gone, items)


def _deliveries(
    reference: Reference, deliveries: Sequence[Delivery], now: datetime, settings: Settings
) -> list[Item]:
    """Accepted deliveries: of months long past, or that stopped standing long ago."""
    by_name = {delivery.delivery: delivery for delivery in deliveries}
    sizes = _sizes(settings, deliveries)
    found = []
    for delivery in deliveries:
        if delivery.is_refused or delivery.purged_at:
            continue
        month_end = _day(month_days(delivery.month)[1])
        out_of_force = _out_of_force_since(delivery, by_name)
        size = sizes.get(delivery.delivery, 0)
        if month_end + _kept(reference, "archive_delivery", delivery.council) < now:
            found.append(Item("archive_delivery", delivery.council, month_end, size, delivery=delivery))
        elif out_of_force and out_of_force + _kept(reference, "superseded_delivery", delivery.council) < now:
            found.append(Item("superseded_delivery", delivery.council, out_of_force, size, delivery=delivery))
    return found


def _out_of_force_since(delivery: Delivery, by_name: dict[str, Delivery]) -> datetime | None:
    """When it was replaced or withdrawn, whichever came first; None while it stands."""
    moments = [delivery.withdrawn_at] if delivery.withdrawn_at else []
    if delivery.superseded_by in by_name:
        moments.append(by_name[delivery.superseded_by].received_at)
    return min((datetime.fromisoformat(moment) for moment in moments), default=None)


def _sizes(settings: Settings, deliveries: Sequence[Delivery]) -> dict[str, int]:
    """Each delivery's share of its archive file, by rows."""
    of_file: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        if delivery.archive_file:
            of_file[delivery.archive_file].append(delivery)
    sizes = {}
    for archive_file, together in of_file.items():
        size = _size(settings.archive / archive_file)
        rows = sum(delivery.rows_accepted for delivery in together)
        for delivery in together:
            sizes[delivery.delivery] = size * delivery.rows_accepted // rows if rows else 0
    return sizes


def _originals(
    settings: Settings,
    reference: Reference,
    deliveries: Sequence[Delivery],
    gone: Iterable[Item],
    now: datetime,
) -> Iterator[Item]:
    """Sealed originals past their days, or none of whose deliveries is kept; and files of which a purge died."""
    purged_now = {item.delivery.delivery for item in gone if item.delivery}
    still_kept = {
        place_of(d)
        for d in deliveries
        if not d.is_refused and not d.purged_at and d.delivery not in purged_now
    }
    originals = Originals(settings.manifest).all() if settings.manifest.is_file() else []
    known = {sealed_path(settings, original.place): original for original in originals}
    for path, original in known.items():
        if original.purged_at is not None:
            continue
        sealed_at = datetime.fromisoformat(original.sealed_at)
        is_over = sealed_at + _kept(reference, "sealed_original", original.council) < now
        if is_over or original.place not in still_kept:
            yield Item("sealed_original", original.council, sealed_at, _size(path), path, original)
    for path in sorted(originals_folder(settings).glob("*/*/*.sealed")):
        if path in known and known[path].purged_at is not None:
            yield Item("sealed_original", path.parent.parent.name, _written(path), _size(path), path)


def _refused(
    settings: Settings, reference: Reference, deliveries: Sequence[Delivery], now: datetime
) -> Iterator[Item]:
    for delivery, path in refused_and_never_replaced(settings, deliveries):
        since = datetime.fromisoformat(delivery.received_at)
        if since + _kept(reference, "refused_original", delivery.council) < now:
            yield Item("refused_original", delivery.council, since, _size(path), path)


def _files(settings: Settings, reference: Reference, now: datetime) -> Iterator[Item]:
    """Workbooks written for people."""
    for path in sorted((settings.outbox / "quarantine").rglob("*.xlsx")):
        relative = path.relative_to(settings.outbox / "quarantine")
        council = next(
            (c for c in reference.councils if relative.parts[0] == c or path.name.startswith(f"{c}-")), ""
        )
        if _written(path) + _kept(reference, "quarantine_workbook", council) < now:
            yield Item("quarantine_workbook", council, _written(path), _size(path), path)
    for path in sorted(path for path in settings.papers.glob("*/*/*") if path.is_file()):
        council = path.parent.parent.name
        if _written(path) + _kept(reference, "council_paper", council) < now:
            yield Item("council_paper", council, _written(path), _size(path), path)
    for path in sorted((settings.warehouse / "shadow").glob("*.xlsx")):
        if _written(path) + _kept(reference, "shadow_workbook") < now:
            yield Item("shadow_workbook", "", _written(path), _size(path), path)


def _comparisons_of(settings: Settings, gone: Iterable[Item], others: Sequence[Item]) -> list[Item]:
    """Comparisons of months whose deliveries go: cases and workers by key stand in them."""
    listed = {item.path for item in others}
    names = {
        f"{item.delivery.council}-{item.delivery.month:%Y-%m}.xlsx": item.council
        for item in gone
        if item.delivery
    }
    paths = [settings.warehouse / "shadow" / name for name in sorted(names)]
    return [
        Item("shadow_workbook", "", _written(path), _size(path), path)
        for path in paths
        if path.is_file() and path not in listed
    ]


def _mails(settings: Settings, reference: Reference, now: datetime) -> Iterator[Item]:
    """Mails that were handed over long ago, in the outbox and in the ledger; one that waits for its server stays."""
    until = now - _kept(reference, "outbox_mail")
    of_file: dict[str, list[str]] = defaultdict(list)
    waiting: set[str] = set()
    if settings.alert_ledger.is_file():
        with open_ledger(settings.alert_ledger) as ledger:
            waiting = ledger.waiting()
            delivered = ledger.delivered_until(until.astimezone(UTC).isoformat())
        for message_id, file_name, size, at in delivered:
            path = settings.outbox / Path(file_name).name
            of_file[path.name].append(message_id)
            since = datetime.fromisoformat(at)
            since = since if since.tzinfo else since.replace(tzinfo=UTC)
            yield Item("outbox_mail", "", since, size + _size(path), path, message=(message_id, path.name))
    for path in sorted(settings.outbox.glob("*.eml")):
        if path.name not in of_file and path.name not in waiting and _written(path) < until:
            yield Item("outbox_mail", "", _written(path), _size(path), path)


def _look_ups(settings: Settings, reference: Reference, now: datetime) -> Iterator[Item]:
    until = now - _kept(reference, "look_up_log")
    for path in look_up_logs(settings):
        for since in lines_before(path, until):
            yield Item("look_up_log", "", since, 0, path)


def _logs(settings: Settings, reference: Reference, now: datetime) -> Iterator[Item]:
    """Logs of loads, a file a month; one that is no month's is somebody else's and stays."""
    for path in sorted(settings.logs.glob("*.jsonl")):
        try:
            month_end = _day(month_days(date.fromisoformat(f"{path.stem}-01"))[1])
        except ValueError:
            continue
        if month_end + _kept(reference, "load_log") < now:
            yield Item("load_log", "", month_end, _size(path), path)


def _versions(settings: Settings, reference: Reference, now: datetime, *, everything: bool) -> Iterator[Item]:
    """Published marts that were replaced, and marts of a day; all of them where deliveries go that they hold."""
    current = settings.published / "current"
    standing = current.resolve() if current.exists() else None
    for what, folder in (("published_version", "versions"), ("as_known_marts", "as-known")):
        root = settings.published / folder
        for path in sorted(root.iterdir()) if root.is_dir() else []:
            if path.resolve() == standing or not path.is_dir():
                continue
            if everything or _written(path) + _kept(reference, what) < now:
                size = sum(_size(file) for file in path.rglob("*") if file.is_file())
                yield Item(what, "", _written(path), size, path)


def _kept(reference: Reference, what: str, council: str = "") -> timedelta:
    return timedelta(days=reference.keep_days(what, council))


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _day(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
