"""A month pack, one workbook with a sheet for each extract, taken apart into its deliveries. Reads sheet names only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from dagster_project.deliveries.cells import is_workbook, read_bytes
from dagster_project.deliveries.discovery import Landed, Landing, SourceOf
from dagster_project.deliveries.file_limits import FileLimits
from dagster_project.deliveries.file_names import shown
from dagster_project.deliveries.layout import header_key
from dagster_project.deliveries.refusal import Refused
from dagster_project.deliveries.workbook import sheet_names
from dagster_project.extracts import Specification


def unpack(
    landing: Landing,
    specifications: Mapping[str, Specification],
    limits: FileLimits,
    *,
    source_of: SourceOf,
    refuse_unreadable: bool,
) -> None:
    """Add to `landing` one delivery for each sheet of a pack that is named as an extract.

    An extract that also lies there as a file of its own, or in a second pack, is refused. A pack that cannot be
    opened is a refused delivery itself, where `refuse_unreadable` asks for it.
    """
    by_key = {header_key(name): name for name in specifications}
    places = {_place(landed): index for index, landed in enumerate(landing.deliveries)}
    for pack in landing.packs:
        sheets, reason = _sheets(pack, limits)
        found = [(by_key[header_key(sheet)], sheet) for sheet in sheets if header_key(sheet) in by_key]
        if reason and refuse_unreadable:
            landing.deliveries.append(replace(pack, refused_because=reason))
        elif not found and not reason and refuse_unreadable:
            landing.strangers.append(
                f"{pack.council}/{pack.month:%Y-%m}/{shown(pack.path.name)}: no sheet named as an extract"
            )
        elif found and len(found) < len(sheets) and refuse_unreadable:
            landing.strangers.append(
                f"{pack.council}/{pack.month:%Y-%m}/{shown(pack.path.name)}: {len(sheets) - len(found)} of "
                f"{len(sheets)} sheets not named as an extract"
            )
        for extract, sheet in found:
            source = source_of(pack.council, extract, pack.month)
            _add(landing, places, replace(pack, extract=extract, sheet=sheet, source=source.source))
    landing.deliveries.sort(key=lambda landed: (landed.month, landed.council, landed.extract))


def _sheets(pack: Landed, limits: FileLimits) -> tuple[list[str], str | None]:
    if pack.refused_because:
        return [], pack.refused_because
    try:
        data = read_bytes(pack.path, limits.max_file_bytes)
        if not is_workbook(data):
            raise Refused(f"{shown(pack.path.name)}: not a workbook")
        return sheet_names(data, shown(pack.path.name), limits), None
    except Refused as refused:
        return [], str(refused)


def _place(landed: Landed) -> tuple[str, date, str]:
    return (landed.council, landed.month, landed.extract)


def _add(landing: Landing, places: dict[tuple[str, date, str], int], delivery: Landed) -> None:
    index = places.setdefault(_place(delivery), len(landing.deliveries))
    if index == len(landing.deliveries):
        landing.deliveries.append(delivery)
        return
    other = landing.deliveries[index]
    names = f"{shown(other.path.name)} and {shown(delivery.path.name)}"
    landing.deliveries[index] = replace(
        other,
        refused_because=f"{names}: two deliveries of one extract ({delivery.extract}); keep one",
        is_one_file=False,
    )
