"""Rows of a delivery in force that did not count, rejected or repeated: read again from the file, landed or sealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pyarrow as pa

from dagster_project.deliveries.cell_rules import prepare
from dagster_project.deliveries.checking import check
from dagster_project.deliveries.discovery import Landed, discover, landed_sha256
from dagster_project.deliveries.file_limits import file_limits
from dagster_project.deliveries.layout import Table
from dagster_project.deliveries.manifest import Delivery
from dagster_project.deliveries.mapped import read_delivery
from dagster_project.deliveries.packs import unpack
from dagster_project.deliveries.sealed_as_landed import sealed_as_landed
from dagster_project.deliveries.source_kinds import month_days
from dagster_project.extracts import Specification
from dagster_project.reference import Reference
from dagster_project.scratch import in_memory
from dagster_project.settings import Settings

# Of a rejected row the cell that broke its rule is missing, the others are what they say.
SET_ASIDE = """
select *, 'rejected' as source from typed_rows where len(failures) > 0
union all by name
select *, 'repeated' as source from typed_rows
where row_number in (select row_number from twins where copy_number > 1)
"""


def rows_set_aside(
    settings: Settings,
    reference: Reference,
    specifications: Mapping[str, Specification],
    council: str,
    month: date,
    extract: str,
    delivery: Delivery | None,
) -> pa.Table:
    """The rows of `delivery` that are in quarantine or repeat another, typed, identifiers plain: not for any archive.

    `source` says which. No row where the file was taken away before it was sealed, or purged, or nothing was set
    aside.
    """
    specification = specifications[extract]
    table = Table([column.name for column in specification.columns], [], [])
    if delivery and (delivery.rows_rejected or delivery.rows_repeated):
        landed = _landed(settings, reference, specifications, delivery)
        if landed:
            table = read_delivery(landed, specification, reference)
        else:
            with sealed_as_landed(settings, reference, specifications, [delivery], []) as sealed:
                table = read_delivery(sealed[0], specification, reference) if sealed else table
    first, last = month_days(month)
    as_at = last.isoformat()
    units = [
        (name.name_key, name.unit)
        for name in reference.unit_names_of.get(council, ())
        if name.valid_from <= as_at and (not name.valid_to or as_at < name.valid_to)
    ]
    roles = [(name.name_key, name.role) for name in reference.role_names_of.get(council, ())]
    with in_memory() as connection:
        prepare(connection)
        # Made by `check` only where a key stands twice.
        connection.execute("create temp table twins (row_number bigint, copy_number bigint)")
        check(connection, table, specification, (first, last), units, roles, extract, keeps_all=True)
        return connection.execute(SET_ASIDE).to_arrow_table().drop_columns(["failures"])


def _landed(
    settings: Settings,
    reference: Reference,
    specifications: Mapping[str, Specification],
    delivery: Delivery,
) -> Landed | None:
    months = (delivery.month, delivery.month)
    landing = discover(
        settings.landing,
        specifications,
        reference.councils,
        source_of=reference.source_of,
        council=delivery.council,
        months=months,
    )
    unpack(
        landing,
        specifications,
        file_limits(reference),
        source_of=reference.source_of,
        refuse_unreadable=False,
    )
    for landed in landing.deliveries:
        if landed.extract == delivery.extract and not landed.refused_because:
            try:
                is_the_same = landed_sha256(landed) == delivery.sha256
            except OSError:
                continue
            if is_the_same:
                return landed
    return None
