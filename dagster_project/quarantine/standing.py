"""What stands in quarantine now, by delivery and by rule. Reads the manifest only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dagster_project.deliveries import Delivery, Manifest, Months
from dagster_project.deliveries.checking import UNMAPPED_RULE, RejectedCell
from dagster_project.deliveries.replaced_packs import replaced_packs
from dagster_project.reference import Reference
from dagster_project.settings import Settings


@dataclass(frozen=True)
class Broken:
    """How many rows of a delivery break one rule in one column; a row that breaks two counts under both."""

    column: str
    rule: str
    rows: int


@dataclass(frozen=True)
class Standing:
    """A delivery in force with rows set aside, or the last refused one of its place.

    `broken` counts exactly; `cells` are the first single reasons, by row. `allowed` is the number of rows against the
    limit at which a delivery like this is still taken in.
    """

    delivery: Delivery
    broken: Sequence[Broken]
    cells: Sequence[RejectedCell]
    allowed: Decimal

    @property
    def rows_against_limit(self) -> int:
        return sum(b.rows for b in self.broken) if self.delivery.is_refused else self._of_the_manifest

    @property
    def _of_the_manifest(self) -> int:
        return self.delivery.rows_rejected + self.delivery.rows_unmapped

    @property
    def cells_not_kept(self) -> int:
        """Reasons beyond those that are kept one by one."""
        return max(0, sum(b.rows for b in self.broken) - len(self.cells))


def standing(
    settings: Settings,
    reference: Reference,
    *,
    council: str | None = None,
    months: Months = (None, None),
    extract: str | None = None,
    rule: str | None = None,
) -> list[Standing]:
    """Everything that waits to be mended, newest month first; with `rule`, only what breaks it."""
    manifest = Manifest(settings.manifest)
    cells: dict[str, list[RejectedCell]] = defaultdict(list)
    for row in manifest.quarantine():
        cells[str(row["delivery"])].append(
            RejectedCell(
                int(str(row["row_number"])),
                str(row["column_name"]),
                str(row["rule"]),
                str(row["shape"]),
                str(row["expected"]),
            )
        )
    counted: dict[str, list[Broken]] = defaultdict(list)
    for row in manifest.reasons():
        counted[str(row["delivery"])].append(
            Broken(str(row["column_name"]), str(row["rule"]), int(str(row["rows"])))
        )
    in_force, latest = manifest.in_force(), manifest.latest()
    spoken_of = {d.delivery: d for d in in_force.values()}
    replaced = replaced_packs(manifest.all())
    spoken_of |= {d.delivery: d for d in latest.values() if d.is_refused and d.delivery not in replaced}
    found = []
    for delivery in spoken_of.values():
        if council not in (None, delivery.council) or extract not in (None, delivery.extract):
            continue
        if (months[0] and delivery.month < months[0]) or (months[1] and delivery.month > months[1]):
            continue
        # A manifest from before reasons were counted has its cells, every one.
        broken = counted[delivery.delivery] or _counted(cells[delivery.delivery])
        broken = [b for b in broken if rule in (None, b.rule)]
        if not broken and not (delivery.is_refused and rule is None):
            continue
        kept = [cell for cell in cells[delivery.delivery] if rule in (None, cell.rule)]
        found.append(Standing(delivery, broken, kept, _allowed(reference, delivery)))
    return sorted(found, key=_newest_first)


def _counted(cells: Sequence[RejectedCell]) -> list[Broken]:
    found = Counter((cell.column, cell.rule) for cell in cells)
    return [Broken(column, rule, rows) for (column, rule), rows in sorted(found.items())]


def _newest_first(one: Standing) -> tuple[int, str, str]:
    month: date = one.delivery.month
    return (-month.toordinal(), one.delivery.council, one.delivery.extract)


def _allowed(reference: Reference, delivery: Delivery) -> Decimal:
    limits = reference.limits(delivery.council, delivery.extract)
    share = delivery.rows_read * Decimal(limits["max_rejected_percent"]) / 100
    return max(Decimal(int(limits["max_rejected_rows"])), share)


def is_kept(broken: Broken) -> bool:
    """Whether rows that break the rule still count, though under no known unit."""
    return broken.rule == UNMAPPED_RULE
