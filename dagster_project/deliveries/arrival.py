"""Deliveries from landing to the archive: discover, read, check, judge, archive, record. Builds no mart."""

from __future__ import annotations

import hashlib
import secrets
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from dagster_project.deliveries.archive import drop_batch, ensure_empty_files, stage, write_batch
from dagster_project.deliveries.cell_rules import prepare
from dagster_project.deliveries.checking import Checked, check
from dagster_project.deliveries.discovery import MONTH_PACK, Landed, discover
from dagster_project.deliveries.layout import read_table
from dagster_project.deliveries.manifest import Delivery, Manifest
from dagster_project.deliveries.packs import unpack
from dagster_project.deliveries.pseudonyms import fingerprint
from dagster_project.deliveries.refusal import Refused
from dagster_project.extracts import Specification
from dagster_project.reference import Reference
from dagster_project.settings import Settings, SettingsError, make_private

ROWS_IN_A_BATCH = 2_000_000

Months = tuple[date | None, date | None]


@dataclass(frozen=True)
class Summary:
    """What the border checks see of a delivery: counts, never a value."""

    delivery: str
    is_readable: bool
    rows_read: int
    rows_wanted: int
    rows_against_limit: int
    rows_allowed_against_limit: Decimal
    rows_usable: int
    rows_usable_wanted: int
    max_rejected_percent: Decimal
    max_rejected_rows: int


Judge = Callable[[Sequence[Summary]], Mapping[str, str]]
"""Gives the reason of refusal of each delivery that is not let in."""


@dataclass
class Arrival:
    """What one load found in landing and what became of it."""

    load_id: str
    recorded: list[Delivery] = field(default_factory=list)
    already_loaded: int = 0
    refused_before: list[Delivery] = field(default_factory=list)
    withdrawn_before: list[Delivery] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    @property
    def accepted(self) -> list[Delivery]:
        return [delivery for delivery in self.recorded if not delivery.is_refused]

    @property
    def refused(self) -> list[Delivery]:
        return [delivery for delivery in self.recorded if delivery.is_refused]


def new_load_id(now: datetime) -> str:
    """Names one load, in the order of time."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


def month_days(month: date) -> tuple[date, date]:
    """First and last day of a month."""
    return month.replace(day=1), month.replace(day=monthrange(month.year, month.month)[1])


def prepare_archive(settings: Settings, specifications: Mapping[str, Specification]) -> None:
    """Afterwards every extract can be read from the archive, though nothing may ever have arrived."""
    make_private(settings.archive)
    with duckdb.connect(":memory:") as connection:
        ensure_empty_files(connection, settings.archive, list(specifications.values()))


def receive(
    settings: Settings,
    reference: Reference,
    specifications: Mapping[str, Specification],
    judge: Judge,
    *,
    load_id: str,
    now: datetime,
    council: str | None = None,
    months: Months = (None, None),
    extracts: Sequence[str] | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Arrival:
    """Take in everything new: afterwards each new file is archived and in force, or refused, and recorded either way.

    Raises SettingsError when there is something to load and no key, or another key than the council's archive has.
    """
    manifest = Manifest(settings.manifest)
    # Whatever is asked for, files are told apart by all that is known: offers.xlsx is no pack to `workforce`.
    landing = discover(settings.landing, specifications, reference.councils, council=council, months=months)
    unpack(landing, specifications, refuse_unreadable=extracts is None or MONTH_PACK in extracts)
    if extracts is not None:
        landing.deliveries = [landed for landed in landing.deliveries if landed.extract in extracts]
    _refuse_without_units(landing.deliveries, reference)
    arrival = Arrival(load_id, strangers=landing.strangers if extracts is None else [])
    fresh = _fresh(landing.deliveries, manifest, reference, specifications, arrival)
    with duckdb.connect(":memory:") as connection:
        prepare(connection)
        ensure_empty_files(connection, settings.archive, list(specifications.values()))
        if not fresh:
            return arrival
        secret = settings.pseudonym_key()
        _refuse_another_key(fresh, manifest, secret)
        batch = _Batch(connection, settings, reference, specifications, manifest, judge, load_id, now, secret)
        for done, (landed, sha256) in enumerate(fresh):
            progress(done, len(fresh), f"{landed.council} {landed.month:%Y-%m} {landed.extract}")
            batch.take(landed, sha256)
            if batch.rows >= ROWS_IN_A_BATCH:
                arrival.recorded += batch.close()
        arrival.recorded += batch.close()
        progress(len(fresh), len(fresh), "archived")
    return arrival


def _refuse_without_units(deliveries: list[Landed], reference: Reference) -> None:
    """A council may be registered before its units are; what it delivers has nowhere to go until then."""
    for index, landed in enumerate(deliveries):
        if not landed.refused_because and landed.council not in reference.unit_names_of:
            reason = f"{landed.path.name}: council {landed.council} has no units in org_units.csv"
            deliveries[index] = replace(landed, refused_because=reason)


def _fresh(
    deliveries: Sequence[Landed],
    manifest: Manifest,
    reference: Reference,
    specifications: Mapping[str, Specification],
    arrival: Arrival,
) -> list[tuple[Landed, str]]:
    """Deliveries that are new, or that changed reference data or specifications may now let in."""
    latest, in_force = manifest.latest(), manifest.in_force()
    withdrawn = {(d.council, d.month, d.extract, d.sha256): d for d in manifest.all() if d.withdrawn_at}
    fresh = []
    for landed in deliveries:
        place = (landed.council, landed.month, landed.extract)
        reading = (
            _specification_hash(specifications, landed.extract),
            reference.reading_fingerprint(landed.council),
        )
        sha256 = _sha256(landed)
        current, last = in_force.get(place), latest.get(place)
        if current and current.sha256 == sha256:
            if _read_the_same(current, reading) or not (current.rows_rejected or current.rows_unmapped):
                arrival.already_loaded += 1
                continue
        elif last and last.is_refused and last.sha256 == sha256 and _read_the_same(last, reading):
            arrival.refused_before.append(last)
            continue
        elif (*place, sha256) in withdrawn:
            arrival.withdrawn_before.append(withdrawn[(*place, sha256)])
            continue
        fresh.append((landed, sha256))
    return fresh


def _specification_hash(specifications: Mapping[str, Specification], extract: str) -> str:
    """A month pack that cannot be opened has no specification of its own."""
    return specifications[extract].source_hash if extract != MONTH_PACK else ""


def _read_the_same(delivery: Delivery, reading: tuple[str, str]) -> bool:
    return (delivery.specification_hash, delivery.reference_hash) == reading


def _sha256(landed: Landed) -> str:
    """Of the file's bytes; of the reason where there is not one file of the delivery's own."""
    if landed.refused_because and not landed.is_one_file:
        return hashlib.sha256(landed.refused_because.encode()).hexdigest()
    try:
        with landed.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return hashlib.sha256(f"unreadable: {error.errno}".encode()).hexdigest()


def _refuse_another_key(fresh: Sequence[tuple[Landed, str]], manifest: Manifest, secret: bytes) -> None:
    known = manifest.key_fingerprints()
    strange = sorted(
        {
            landed.council
            for landed, _ in fresh
            if known.get(landed.council, fingerprint(secret)) != fingerprint(secret)
        }
    )
    if strange:
        raise SettingsError(
            f"CASELOAD_PSEUDONYM_KEY is not the key the archive of {', '.join(strange)} was made with: every child and "
            "worker known so far would become a stranger. Set the key that was used before."
        )


class _Batch:
    """Deliveries that are judged, archived and recorded together."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        settings: Settings,
        reference: Reference,
        specifications: Mapping[str, Specification],
        manifest: Manifest,
        judge: Judge,
        load_id: str,
        now: datetime,
        secret: bytes,
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._reference = reference
        self._specifications = specifications
        self._manifest = manifest
        self._months_of_bytes: dict[tuple[str, str, str], set[date]] = {}
        for known in manifest.in_force().values():
            self._remember_bytes(known)
        self._judge = judge
        self._load_id = load_id
        self._now = now
        self._secret = secret
        self._number = 0
        self._pending: list[Delivery] = []
        self._summaries: list[Summary] = []
        self.rows = 0

    def take(self, landed: Landed, sha256: str) -> None:
        """Read and check one file; its rows wait, typed and hashed, for the verdict."""
        specification = self._specifications.get(landed.extract)
        delivery = Delivery(
            delivery=f"{landed.council}-{landed.month:%Y-%m}-{landed.extract}-{self._load_id}",
            council=landed.council,
            month=landed.month,
            extract=landed.extract,
            grain=specification.grain if specification else "rows",
            file_name=landed.path.name,
            sha256=sha256,
            received_at=self._now.astimezone(UTC).isoformat(timespec="microseconds"),
            load_id=self._load_id,
            specification_hash=_specification_hash(self._specifications, landed.extract),
            reference_hash=self._reference.reading_fingerprint(landed.council),
        )
        if specification is None:
            self._pending.append(replace(delivery, is_refused=True, refused_because=landed.refused_because))
            return
        try:
            checked = self._checked(landed, specification)
        except Refused as refused:
            delivery = replace(delivery, is_refused=True, refused_because=str(refused))
            self._summaries.append(_summary(delivery, None, specification, self._reference))
        else:
            notices = dict(checked.notices)
            if checked.rows_read and self._has_bytes_of_another_month(delivery):
                notices["same_bytes_as_another_month"] = checked.rows_read
            delivery = replace(
                delivery,
                key_fingerprint=fingerprint(self._secret),
                rows_read=checked.rows_read,
                rows_accepted=checked.rows_accepted,
                rows_rejected=checked.rows_rejected,
                rows_repeated=checked.rows_repeated,
                rows_unmapped=checked.rows_unmapped,
                rejected=[*checked.rejected, *checked.unmapped],
                notices=notices,
            )
            stage(
                self._connection,
                checked.relation,
                specification,
                landed.council,
                delivery.delivery,
                self._secret,
            )
            self._summaries.append(_summary(delivery, checked, specification, self._reference))
            self.rows += checked.rows_accepted
        self._pending.append(delivery)
        self._remember_bytes(delivery)

    def _has_bytes_of_another_month(self, delivery: Delivery) -> bool:
        """Most likely last month's file in this month's folder."""
        place = (delivery.council, delivery.extract, delivery.sha256)
        return bool(self._months_of_bytes.get(place, set()) - {delivery.month})

    def _remember_bytes(self, delivery: Delivery) -> None:
        place = (delivery.council, delivery.extract, delivery.sha256)
        self._months_of_bytes.setdefault(place, set()).add(delivery.month)

    def _checked(self, landed: Landed, specification: Specification) -> Checked:
        if landed.refused_because:
            raise Refused(landed.refused_because)
        first, last = month_days(landed.month)
        as_at = last.isoformat()
        units = [
            (name.name_key, name.unit)
            for name in self._reference.unit_names_of.get(landed.council, ())
            if name.valid_from <= as_at and (not name.valid_to or as_at < name.valid_to)
        ]
        roles = [(name.name_key, name.role) for name in self._reference.role_names_of.get(landed.council, ())]
        table = read_table(landed.path, specification, landed.sheet)
        return check(self._connection, table, specification, (first, last), units, roles, landed.path.name)

    def close(self) -> list[Delivery]:
        """Hear the verdict, write the archive, then the manifest, in this order: a crash between loses nothing."""
        if not self._pending:
            return []
        reasons = self._judge(self._summaries) if self._summaries else {}
        judged = [
            replace(
                delivery,
                is_refused=True,
                refused_because=delivery.refused_because
                or f"{delivery.file_name}: {reasons[delivery.delivery]}",
                rows_accepted=0,
            )
            if delivery.delivery in reasons
            else delivery
            for delivery in self._pending
        ]
        files: dict[str, Path] = {}
        for extract, month in sorted({(d.extract, d.month) for d in judged if not d.is_refused}):
            together = [
                d.delivery for d in judged if (d.extract, d.month) == (extract, month) and not d.is_refused
            ]
            name = self._load_id if not self._number else f"{self._load_id}-{self._number}"
            path = write_batch(
                self._connection, self._settings.archive, self._specifications[extract], month, name, together
            )
            files.update(dict.fromkeys(together, path))
        recorded = [
            replace(d, archive_file=str(files[d.delivery].relative_to(self._settings.archive)))
            if d.delivery in files
            else d
            for d in judged
        ]
        self._manifest.record(recorded)
        drop_batch(self._connection, list(self._specifications.values()))
        self._pending, self._summaries, self.rows = [], [], 0
        self._number += 1
        return recorded


def _summary(
    delivery: Delivery, checked: Checked | None, specification: Specification, reference: Reference
) -> Summary:
    limits = reference.limits(delivery.council, delivery.extract)
    percent, rows = Decimal(limits["max_rejected_percent"]), int(limits["max_rejected_rows"])
    read = checked.rows_read if checked else 0
    against = checked.rows_rejected + checked.rows_unmapped if checked else 0
    return Summary(
        delivery=delivery.delivery,
        is_readable=checked is not None,
        rows_read=read,
        rows_wanted=1 if checked and specification.header_only == "refused" else 0,
        rows_against_limit=against,
        rows_allowed_against_limit=max(Decimal(rows), read * percent / 100),
        rows_usable=read - (checked.rows_rejected if checked else 0),
        rows_usable_wanted=1 if read else 0,
        max_rejected_percent=percent,
        max_rejected_rows=rows,
    )
