"""Deliveries of one load that are read, judged, archived and recorded together. What is new is not decided here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, partial
from pathlib import Path

import duckdb

from dagster_project.deliveries.archive import drop_batch, keys_used, stage, write_batch
from dagster_project.deliveries.checking import Checked, check
from dagster_project.deliveries.crosswalk import Crosswalk
from dagster_project.deliveries.discovery import MONTH_PACK, Landed, sha256_of
from dagster_project.deliveries.file_names import printable, shown
from dagster_project.deliveries.generation import archive_root
from dagster_project.deliveries.manifest import Delivery, Manifest
from dagster_project.deliveries.mapped import as_headed, read_delivery
from dagster_project.deliveries.plain_deliveries import Found, read_together
from dagster_project.deliveries.pseudonyms import CollisionError, fingerprint
from dagster_project.deliveries.refusal import Refused
from dagster_project.deliveries.source_kinds import month_days
from dagster_project.deliveries.waiting_rows import WaitingRows
from dagster_project.extracts import Specification
from dagster_project.extracts.source_system import source_hash
from dagster_project.reference import Reference
from dagster_project.settings import Settings
from dagster_project.steps import reached

SAME_BYTES = "same_bytes_as_another_month"


@dataclass(frozen=True)
class _Read:
    """A delivery that waits for the verdict: what was counted of it, and whether it is one month's bytes only."""

    delivery: Delivery
    summary: Summary | None = None
    is_of_one_month: bool = False

    @property
    def place(self) -> tuple[date, str, str]:
        """Deliveries are recorded by month, whatever is read with what."""
        return (self.delivery.month, self.delivery.extract, self.delivery.council)


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


def specification_hash(
    specifications: Mapping[str, Specification], reference: Reference, extract: str, source: str
) -> str:
    """How a delivery is read: its form and its mapping. A month pack that cannot be opened has none of its own."""
    if extract == MONTH_PACK:
        return ""
    return source_hash(specifications[extract], reference.sources[source])


class Batch:
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
        self._root = archive_root(settings)
        self._crosswalk = Crosswalk(connection, self._root, settings.storage_key(), secret)
        self._specification_hash = cache(partial(specification_hash, specifications, reference))
        self._number = 0
        self._pending: list[_Read] = []
        self._waiting = WaitingRows()
        self.rows = 0

    def take(self, landed: Landed, sha256: str) -> bool:
        """Read and check one file; its rows wait, typed and hashed, for the verdict.

        False, and nothing is kept of it, where the file changed while it was read: somebody is still writing it.
        """
        specification = self._specifications.get(landed.extract)
        delivery = self._delivery(landed, sha256)
        if specification is None:
            refused = replace(delivery, is_refused=True, refused_because=landed.refused_because)
            self._pending.append(_Read(refused))
            return True
        try:
            checked = self._checked(landed, specification)
            self._crosswalk.register(checked.relation, specification, landed.council, f"{landed.month:%Y-%m}")
        except (Refused, CollisionError) as error:
            if sha256_of(landed) != sha256:
                return False
            reason = str(error) if isinstance(error, Refused) else f"{shown(landed.file_name)}: {error}"
            delivery = replace(delivery, is_refused=True, refused_because=reason)
            self._pending.append(_Read(delivery, _summary(delivery, None, specification, self._reference)))
        else:
            if sha256_of(landed) != sha256:
                return False
            stage(
                self._connection,
                checked.relation,
                specification,
                landed.month,
                landed.council,
                delivery.delivery,
            )
            self._keep(landed, delivery, checked, specification)
        return True

    def take_plain(self, found: Sequence[Found]) -> list[Found]:
        """Take the files that are plain beyond doubt, all of one extract, together; those left to `take`."""
        first, _ = found[0]
        specification = self._specifications.get(first.extract)
        if specification is None:
            return list(found)
        plain = read_together(self._connection, found, specification, self._reference, self._names)
        if not plain.files:
            return plain.left
        taken = {number: self._delivery(file.landed, file.sha256) for number, file in plain.files.items()}
        try:
            self._waiting.add(plain.typed, taken, specification, self._crosswalk)
        except CollisionError:
            return list(found)
        for number, delivery in taken.items():
            self._keep(plain.files[number].landed, delivery, plain.checked[number], specification)
        return plain.left

    def _delivery(self, landed: Landed, sha256: str) -> Delivery:
        specification = self._specifications.get(landed.extract)
        return Delivery(
            delivery=f"{landed.council}-{landed.month:%Y-%m}-{landed.extract}-{self._load_id}",
            council=landed.council,
            month=landed.month,
            extract=landed.extract,
            grain=specification.grain if specification else "rows",
            file_name=printable(landed.file_name),
            sha256=sha256,
            received_at=self._now.astimezone(UTC).isoformat(timespec="microseconds"),
            load_id=self._load_id,
            specification_hash=self._specification_hash(landed.extract, landed.source),
            reference_hash=self._reference.reading_fingerprint(landed.council),
        )

    def _keep(
        self, landed: Landed, delivery: Delivery, checked: Checked, specification: Specification
    ) -> None:
        """Its rows are staged: the delivery waits for the verdict with what was counted."""
        delivery = replace(
            delivery,
            key_fingerprint=fingerprint(self._secret),
            rows_read=checked.rows_read,
            rows_accepted=checked.rows_accepted,
            rows_rejected=checked.rows_rejected,
            rows_repeated=checked.rows_repeated,
            rows_unmapped=checked.rows_unmapped,
            rejected=[*checked.rejected, *checked.unmapped],
            reasons=checked.reasons,
            notices=dict(checked.notices),
            totals=checked.totals,
        )
        # Tables that are joined hold their whole history: one export is every month's.
        is_of_one_month = bool(checked.rows_read) and not landed.parts
        summary = _summary(delivery, checked, specification, self._reference)
        self._pending.append(_Read(delivery, summary, is_of_one_month))
        self.rows += checked.rows_accepted

    def _in_order(self) -> list[_Read]:
        """What waits, month by month, each told whose bytes were an earlier month's."""
        noted = cache(self._months_noted)
        ordered = []
        for read in sorted(self._pending, key=lambda one: one.place):
            delivery = read.delivery
            if read.is_of_one_month and self._has_bytes_of_another_month(delivery, noted):
                notices = {**delivery.notices, SAME_BYTES: delivery.rows_read}
                delivery = replace(delivery, notices=notices)
            if read.summary:
                self._remember_bytes(delivery)
            ordered.append(replace(read, delivery=delivery))
        return ordered

    def _has_bytes_of_another_month(
        self, delivery: Delivery, noted: Callable[[], Mapping[tuple[str, str], set[date]]]
    ) -> bool:
        """Most likely last month's file in this month's folder; one that is read again is what it was."""
        place = (delivery.council, delivery.extract)
        months = self._months_of_bytes.get((*place, delivery.sha256), set())
        if delivery.month in months:
            return bool(months - {delivery.month}) and delivery.month in noted().get(place, ())
        return bool(months)

    def _months_noted(self) -> dict[tuple[str, str], set[date]]:
        """The months of each council and extract whose delivery in force was found to be another month's."""
        noted = {row["delivery"] for row in self._manifest.all_notices() if row["notice"] == SAME_BYTES}
        months: dict[tuple[str, str], set[date]] = {}
        for (council, month, extract), known in self._manifest.in_force().items():
            if known.delivery in noted:
                months.setdefault((council, extract), set()).add(month)
        return months

    def _remember_bytes(self, delivery: Delivery) -> None:
        place = (delivery.council, delivery.extract, delivery.sha256)
        self._months_of_bytes.setdefault(place, set()).add(delivery.month)

    def _checked(self, landed: Landed, specification: Specification) -> Checked:
        if landed.refused_because:
            raise Refused(landed.refused_because)
        units, roles = self._names(landed.council, landed.month)
        table = read_delivery(landed, specification, self._reference)
        specification = as_headed(specification, table)
        return check(
            self._connection,
            table,
            specification,
            month_days(landed.month),
            units,
            roles,
            shown(landed.file_name),
        )

    def _names(self, council: str, month: date) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Name keys of the units and roles that hold for a council at the month's end, with their slugs."""
        as_at = month_days(month)[1].isoformat()
        units = [
            (name.name_key, name.unit)
            for name in self._reference.unit_names_of.get(council, ())
            if name.valid_from <= as_at and (not name.valid_to or as_at < name.valid_to)
        ]
        return units, [(name.name_key, name.role) for name in self._reference.role_names_of.get(council, ())]

    def close(self) -> list[Delivery]:
        """Hear the verdict, write the archive, then the manifest, in this order: a crash between loses nothing."""
        if not self._pending:
            return []
        reached("the files are read")
        waiting = self._in_order()
        summaries = [one.summary for one in waiting if one.summary]
        reasons = self._judge(summaries) if summaries else {}
        judged = [_judged(one.delivery, reasons) for one in waiting]
        name = self._load_id if not self._number else f"{self._load_id}-{self._number}"
        files = self._archive(name, [d for d in judged if not d.is_refused])
        recorded = [
            replace(d, archive_file=str(files[d.delivery].relative_to(self._settings.archive)))
            if d.delivery in files
            else d
            for d in judged
        ]
        reached("the rows are archived")
        self._manifest.record(recorded)
        reached("the deliveries are recorded")
        drop_batch(self._connection, list(self._specifications.values()))
        self._waiting.clear()
        self._pending, self.rows = [], 0
        self._number += 1
        return recorded

    def _archive(self, name: str, accepted: Sequence[Delivery]) -> dict[str, Path]:
        """Seal who is new among the accepted rows, then write these; the file of each delivery."""
        plain = self._waiting.names()
        staged = [d.delivery for d in accepted if d.delivery not in plain]
        with_care = {d.extract for d in accepted if d.delivery not in plain}
        every = list(self._specifications.values())
        self._connection.register(
            "keys_of_plain", self._waiting.keys_used(every, {d.delivery for d in accepted})
        )
        used = keys_used([one for one in every if one.extract in with_care], staged)
        self._crosswalk.write(name, f"{used} union all select council, kind, key from keys_of_plain")
        self._connection.unregister("keys_of_plain")
        reached("the crosswalk is sealed")
        files: dict[str, Path] = {}
        by_file: dict[tuple[str, date], list[str]] = {}
        for delivery in accepted:
            by_file.setdefault((delivery.extract, delivery.month), []).append(delivery.delivery)
        for (extract, month), together in sorted(by_file.items()):
            specification = self._specifications[extract]
            path = write_batch(
                self._connection,
                self._root,
                specification,
                month,
                name,
                [one for one in together if one not in plain],
                self._waiting.of(specification, month, together),
            )
            files.update(dict.fromkeys(together, path))
        return files


def _judged(delivery: Delivery, reasons: Mapping[str, str]) -> Delivery:
    """The delivery with the reason, where it is refused."""
    if delivery.delivery not in reasons:
        return delivery
    because = delivery.refused_because or f"{shown(delivery.file_name)}: {reasons[delivery.delivery]}"
    return replace(delivery, is_refused=True, refused_because=because, rows_accepted=0)


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
