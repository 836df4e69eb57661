"""Which refused month packs were replaced: one that can be opened has a delivery of each sheet and none of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dagster_project.deliveries.discovery import MONTH_PACK, WORKBOOK_ENDINGS
from dagster_project.deliveries.manifest import Delivery


def replaced_packs(deliveries: Sequence[Delivery]) -> Mapping[str, str]:
    """Each refused pack with the delivery that replaced it.

    That is the first accepted one of its month, from a later load, that came out of a pack, whatever that was called.
    """
    found: dict[str, str] = {}
    for pack in deliveries:
        if pack.extract != MONTH_PACK or not pack.is_refused:
            continue
        for other in deliveries:
            if (
                (other.council, other.month) == (pack.council, pack.month)
                and other.received_at > pack.received_at
                and not other.is_refused
                and _came_in_a_pack(other)
            ):
                found.setdefault(pack.delivery, other.delivery)
    return found


def _came_in_a_pack(delivery: Delivery) -> bool:
    """A workbook that is not called after the extract."""
    name = Path(delivery.file_name)
    return name.suffix.lower() in WORKBOOK_ENDINGS and name.stem.lower() != delivery.extract
