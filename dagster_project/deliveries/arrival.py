"""Deliveries from landing to the archive: discover, read, check, judge, archive, record. Builds no mart."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import duckdb

from dagster_project.deliveries.archive import ensure_empty_files
from dagster_project.deliveries.batch import Batch, Judge, specification_hash
from dagster_project.deliveries.cell_rules import prepare
from dagster_project.deliveries.discovery import MONTH_PACK, Landed, discover
from dagster_project.deliveries.manifest import Delivery, Manifest
from dagster_project.deliveries.packs import unpack
from dagster_project.deliveries.pseudonyms import fingerprint
from dagster_project.extracts import Specification
from dagster_project.reference import Reference
from dagster_project.settings import Settings, SettingsError, make_private

ROWS_IN_A_BATCH = 2_000_000

Months = tuple[date | None, date | None]


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
    landing = discover(
        settings.landing,
        specifications,
        reference.councils,
        source_of=reference.source_of,
        council=council,
        months=months,
    )
    unpack(
        landing,
        specifications,
        source_of=reference.source_of,
        refuse_unreadable=extracts is None or MONTH_PACK in extracts,
    )
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
        batch = Batch(connection, settings, reference, specifications, manifest, judge, load_id, now, secret)
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
            specification_hash(specifications, reference, landed),
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


def _read_the_same(delivery: Delivery, reading: tuple[str, str]) -> bool:
    return (delivery.specification_hash, delivery.reference_hash) == reading


def landed_sha256(landed: Landed) -> str:
    """Of the file's bytes; where a delivery comes of several, of each part's name and bytes.

    Raises OSError where one cannot be read.
    """
    digests = []
    for path in landed.files:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    if not landed.parts:
        return digests[0]
    named = sorted(f"{table} {digest}" for (table, _), digest in zip(landed.parts, digests, strict=True))
    return hashlib.sha256("\n".join(named).encode()).hexdigest()


def _sha256(landed: Landed) -> str:
    """Of the file's bytes, of all of them where it comes of several; of the reason where there is not one file of the
    delivery's own.
    """
    if landed.refused_because and not landed.is_one_file:
        return hashlib.sha256(landed.refused_because.encode()).hexdigest()
    try:
        return landed_sha256(landed)
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
