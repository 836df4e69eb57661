"""Taking a delivery out of force, and back: the manifest, then the marts, at once. Reads no landed file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from dagster_project import warehouse
from dagster_project.deliveries import Delivery, Manifest
from dagster_project.load import LoadReport, Progress, announce, only_load, rebuild
from dagster_project.quarantine import refresh_workbooks
from dagster_project.reference import load_reference
from dagster_project.settings import Settings


class WithdrawalError(Exception):
    """The delivery cannot be withdrawn or brought back; the message says why."""


@dataclass(frozen=True)
class Withdrawal:
    """What was withdrawn or brought back, what is in force of its place now, and the build it led to."""

    delivery: Delivery
    in_force: Delivery | None
    report: LoadReport | None


def withdraw(
    settings: Settings,
    name: str,
    why: str,
    *,
    undo: bool = False,
    progress: Progress = lambda phase, done, total, what: None,
    now: datetime | None = None,
    engine: warehouse.Engine = warehouse.Engine.DUCKDB,
) -> Withdrawal:
    """Take the delivery of that name out of force, or with `undo` bring it back; the published marts say so at once.

    The last accepted delivery of its council, month and extract that stands is in force then, if there is one. Raises
    WithdrawalError, and what a load raises; a build that fails is made up for by the next load.
    """
    now = now or datetime.now(UTC)
    warehouse.check_engine(settings, engine)
    with only_load(settings, "a withdrawal"):
        reference = load_reference(settings)
        manifest = Manifest(settings.manifest)
        delivery = _found(manifest, name, undo=undo)
        if undo:
            manifest.undo_withdrawal(delivery, now)
        else:
            manifest.withdraw(delivery, why, now)
        report = rebuild(settings, reference, progress=progress, now=now, engine=engine)
        if report:
            report.announcement = announce(settings, reference, report.load_id, now)
        refresh_workbooks(settings, reference)
        place = (delivery.council, delivery.month, delivery.extract)
        return Withdrawal(delivery, manifest.in_force().get(place), report)


def _found(manifest: Manifest, name: str, *, undo: bool) -> Delivery:
    found = [delivery for delivery in manifest.all() if delivery.delivery == name]
    if not found:
        raise WithdrawalError(
            f"no delivery is named {name}. `caseload status --deliveries` lists the names, newest last."
        )
    delivery = found[0]
    if delivery.is_refused:
        raise WithdrawalError(f"{name} was refused when it came: it was never in force.")
    if delivery.purged_at is not None:
        raise WithdrawalError(
            f"the rows of {name} were purged on {delivery.purged_at[:10]}: nothing of it is left."
        )
    if undo and delivery.withdrawn_at is None:
        raise WithdrawalError(f"{name} is not withdrawn.")
    if not undo and delivery.withdrawn_at is not None:
        raise WithdrawalError(
            f"{name} was withdrawn already, at {delivery.withdrawn_at[:16].replace('T', ' ')} UTC."
        )
    return delivery
