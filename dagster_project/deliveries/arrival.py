"""Deliveries from landing to the archive: discover, read, check, judge, archive, record. Builds no mart."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import groupby

import duckdb

from dagster_project.deliveries.archive import ensure_empty_files
from dagster_project.deliveries.archived_files import still_damaged
from dagster_project.deliveries.batch import Batch, Judge, specification_hash
from dagster_project.deliveries.cell_rules import prepare
from dagster_project.deliveries.controls import Control, receive_controls
from dagster_project.deliveries.discovery import GONE, MONTH_PACK, Landed, LandedControl, discover, sha256_of
from dagster_project.deliveries.file_limits import file_limits
from dagster_project.deliveries.generation import archive_root
from dagster_project.deliveries.landed_bytes import size_of
from dagster_project.deliveries.manifest import Delivery, Manifest
from dagster_project.deliveries.originals import Originals, place_of
from dagster_project.deliveries.packs import unpack
from dagster_project.deliveries.plain_deliveries import Found
from dagster_project.deliveries.pseudonyms import fingerprint
from dagster_project.deliveries.sealed_as_landed import sealed_as_landed
from dagster_project.extracts import Specification
from dagster_project.reference import Reference
from dagster_project.scratch import in_memory
from dagster_project.settings import Settings, SettingsError, make_private

ROWS_IN_A_BATCH = 2_000_000
BYTES_OF_MONTHS_TOGETHER = 128_000_000
"""Of so many months the files are read extract by extract; of more, the first are read before the others."""
BYTES_TOGETHER = 24_000_000
"""Files of one extract that are typed together, so much that memory hardly notices."""

Months = tuple[date | None, date | None]


@dataclass
class Arrival:
    """What one load found in landing and what became of it."""

    load_id: str
    recorded: list[Delivery] = field(default_factory=list)
    already_loaded: int = 0
    refused_before: list[Delivery] = field(default_factory=list)
    withdrawn_before: list[Delivery] = field(default_factory=list)
    purged_before: list[Delivery] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    still_written: list[Landed] = field(default_factory=list)
    only_sealed: int = 0
    """Deliveries in force whose file no longer lies in landing."""
    controls: list[Control] = field(default_factory=list)
    """States of control files that are new."""
    damaged: set[str] = field(default_factory=set)
    """Files of the archive whose deliveries were read again, for they were gone or not what was written."""
    problems: list[str] = field(default_factory=list)
    """Sealed originals that were to be read again and cannot be."""

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
        ensure_empty_files(connection, archive_root(settings), list(specifications.values()))


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

    Deliveries whose archive file was found damaged are read again, where the file that landed is still to be had.

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
        file_limits(reference),
        source_of=reference.source_of,
        refuse_unreadable=extracts is None or MONTH_PACK in extracts,
    )
    if extracts is not None:
        landing.controls = [c for c in landing.controls if _is_asked_for(c, extracts)]
        landing.deliveries = [landed for landed in landing.deliveries if landed.extract in extracts]
    _refuse_without_units(landing.deliveries, reference)
    arrival = Arrival(load_id, strangers=landing.strangers if extracts is None else [])
    sealed = _only_sealed(landing.deliveries, settings, manifest, council, months, extracts)
    arrival.only_sealed = len(sealed)
    arrival.controls = receive_controls(
        settings.manifest, landing.controls, reference, specifications, load_id=load_id, now=now
    )
    damaged = still_damaged(settings)
    stale = [
        delivery
        for delivery in sealed
        if delivery.archive_file in damaged or _is_stale(delivery, reference, specifications)
    ]
    with ExitStack() as readings, in_memory() as connection:
        landing.deliveries += readings.enter_context(
            sealed_as_landed(settings, reference, specifications, stale, arrival.problems)
        )
        fresh = _fresh(landing.deliveries, manifest, reference, specifications, arrival, damaged)
        prepare(connection)
        # Few statements have work for two threads, and each would pay for the second one.
        connection.execute("set threads = 1")
        ensure_empty_files(connection, archive_root(settings), list(specifications.values()))
        if not fresh:
            return arrival
        secret = settings.pseudonym_key()
        _refuse_another_key(fresh, manifest, secret)
        batch = Batch(connection, settings, reference, specifications, manifest, judge, load_id, now, secret)
        done = 0
        for some_months in _months_together(fresh):
            left: list[Found] = []
            for found in _extracts_together(some_months):
                progress(done, len(fresh), _words_of(found[0][0]))
                of_these = batch.take_plain(found)
                done += len(found) - len(of_these)
                left += of_these
            for landed, sha256 in sorted(left, key=_month_and_extract):
                progress(done, len(fresh), _words_of(landed))
                if not batch.take(landed, sha256):
                    arrival.still_written.append(landed)
                done += 1
            if batch.rows >= ROWS_IN_A_BATCH:
                arrival.recorded += batch.close()
        arrival.recorded += batch.close()
        progress(len(fresh), len(fresh), "archived")
    return arrival


def _months_together(fresh: Sequence[Found]) -> Iterator[list[Found]]:
    """Deliveries in the order of their months, whole months together, so many that memory holds their rows."""
    months = groupby(sorted(fresh, key=_month_and_extract), key=lambda one: one[0].month)
    return _up_to(BYTES_OF_MONTHS_TOGETHER, (list(of_month) for _, of_month in months))


def _extracts_together(months: Sequence[Found]) -> Iterator[list[Found]]:
    """Deliveries of one extract, each extract's in the order of months."""
    for _, group in groupby(sorted(months, key=lambda one: one[0].extract), key=lambda one: one[0].extract):
        yield from _up_to(BYTES_TOGETHER, ([found] for found in group))


def _up_to(most: int, parts: Iterable[list[Found]]) -> Iterator[list[Found]]:
    """Parts put together to at most so many bytes, in their order; one that is larger stands alone."""
    together: list[Found] = []
    size = 0
    for part in parts:
        size_of_part = sum(map(_size_of, part))
        if together and size + size_of_part > most:
            yield together
            together, size = [], 0
        together += part
        size += size_of_part
    if together:
        yield together


def _month_and_extract(found: Found) -> tuple[date, str]:
    return (found[0].month, found[0].extract)


def _size_of(found: Found) -> int:
    """The bytes of a delivery; none of what is no file, which is not read."""
    landed, _ = found
    try:
        return sum(size_of(path) for path in landed.files) if landed.is_one_file else 0
    except OSError:
        return 0


def _words_of(landed: Landed) -> str:
    return f"{landed.council} {landed.month:%Y-%m} {landed.extract}"


def _only_sealed(
    landed: Sequence[Landed],
    settings: Settings,
    manifest: Manifest,
    council: str | None,
    months: Months,
    extracts: Sequence[str] | None,
) -> list[Delivery]:
    """Deliveries in force, of those asked for, of which nothing lies in landing but an original is sealed."""
    in_landing = {(one.council, one.month, one.extract) for one in landed}
    kept = Originals(settings.manifest).kept()
    return [
        delivery
        for place, delivery in manifest.in_force().items()
        if place not in in_landing
        and place_of(delivery) in kept
        and council in (None, delivery.council)
        and (extracts is None or delivery.extract in extracts)
        and (months[0] is None or months[0] <= delivery.month)
        and (months[1] is None or delivery.month <= months[1])
    ]


def _is_asked_for(control: LandedControl, extracts: Sequence[str]) -> bool:
    """A control file goes with the extract it is named for, others with month packs."""
    return bool(set(control.extracts or (MONTH_PACK,)) & set(extracts))


def _is_stale(delivery: Delivery, reference: Reference, specifications: Mapping[str, Specification]) -> bool:
    """Whether changed reference data or specifications may now let in rows that did not count."""
    return delivery.extract in specifications and _may_gain_rows(
        delivery,
        _reading(
            delivery.extract,
            delivery.council,
            reference.source_of(delivery.council, delivery.extract, delivery.month).source,
            reference,
            specifications,
        ),
    )


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
    damaged: Collection[str],
) -> list[tuple[Landed, str]]:
    """Deliveries that are new, that changed reference data or specifications may now let in, or whose archive file is
    damaged.
    """
    latest, in_force = manifest.latest(), manifest.in_force()
    withdrawn = {(d.council, d.month, d.extract, d.sha256): d for d in manifest.all() if d.withdrawn_at}
    purged = {(d.council, d.month, d.extract, d.sha256): d for d in manifest.all() if d.purged_at}
    fresh = []
    for landed in deliveries:
        place = (landed.council, landed.month, landed.extract)
        reading = _reading(landed.extract, landed.council, landed.source, reference, specifications)
        sha256 = sha256_of(landed)
        if sha256 == GONE:
            # Its sender took it away after the folder was listed: what comes in its place is for the next load.
            arrival.still_written.append(landed)
            continue
        current, last = in_force.get(place), latest.get(place)
        if current and current.sha256 == sha256:
            if current.archive_file in damaged:
                arrival.damaged.add(str(current.archive_file))
            if not (current.archive_file in damaged or _may_gain_rows(current, reading)):
                arrival.already_loaded += 1
                continue
        elif last and last.is_refused and last.sha256 == sha256 and _read_the_same(last, reading):
            arrival.refused_before.append(last)
            continue
        elif (*place, sha256) in withdrawn:
            arrival.withdrawn_before.append(withdrawn[(*place, sha256)])
            continue
        elif current is None and (*place, sha256) in purged:
            arrival.purged_before.append(purged[(*place, sha256)])
            continue
        fresh.append((landed, sha256))
    return fresh


def _reading(
    extract: str,
    council: str,
    source: str,
    reference: Reference,
    specifications: Mapping[str, Specification],
) -> tuple[str, str]:
    """What decides how a file is read, as fingerprints."""
    return (
        specification_hash(specifications, reference, extract, source),
        reference.reading_fingerprint(council),
    )


def _may_gain_rows(delivery: Delivery, reading: tuple[str, str]) -> bool:
    return bool(delivery.rows_rejected or delivery.rows_unmapped) and not _read_the_same(delivery, reading)


def _read_the_same(delivery: Delivery, reading: tuple[str, str]) -> bool:
    return (delivery.specification_hash, delivery.reference_hash) == reading


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
