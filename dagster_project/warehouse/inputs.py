"""What a build reads besides the archive, written as Parquet for dbt: manifest, scope, names. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.deliveries import Control, Delivery, Manifest, half_of_last_decimal, month_days
from dagster_project.deliveries.replaced_packs import replaced_packs
from dagster_project.durable import put_in_place
from dagster_project.extracts import load_specifications
from dagster_project.reference import Reference
from dagster_project.told_figures import ToldFigure
from dagster_project.warehouse.scope import EXTRACT_FLAGS, ScopeRow

FOREVER = date(9999, 12, 31)
ALWAYS = date(1, 1, 1)
ROWS_AT_ONCE = 10_000
"""Turned into columns together: the record of a nation has some hundred thousand rows, too many to hold as Python's."""

DELIVERIES = pa.schema(
    [
        ("delivery", pa.string()),
        ("council", pa.string()),
        ("month", pa.date32()),
        ("as_at", pa.date32()),
        ("extract", pa.string()),
        ("grain", pa.string()),
        ("file_name", pa.string()),
        ("sha256", pa.string()),
        ("received_at", pa.timestamp("us")),
        ("rows_read", pa.int32()),
        ("rows_accepted", pa.int32()),
        ("rows_rejected", pa.int32()),
        ("rows_repeated", pa.int32()),
        ("rows_unmapped", pa.int32()),
        ("is_refused", pa.bool_()),
        ("refused_because", pa.string()),
        ("superseded_by", pa.string()),
        ("is_in_force", pa.bool_()),
        ("is_withdrawn", pa.bool_()),
        ("withdrawn_at", pa.timestamp("us")),
        ("withdrawn_because", pa.string()),
        ("purged_at", pa.timestamp("us")),
    ]
)
SCOPE = pa.schema(
    [
        ("council", pa.string()),
        ("month", pa.date32()),
        ("as_at", pa.date32()),
        ("reach", pa.int32()),
        ("is_loaded", pa.bool_()),
        *((f"has_{extract}", pa.bool_()) for extract in EXTRACT_FLAGS),
    ]
)
UNIT_NAMES = pa.schema(
    [
        ("council", pa.string()),
        ("name_key", pa.string()),
        ("unit", pa.string()),
        ("valid_from", pa.date32()),
        ("valid_to", pa.date32()),
    ]
)
NOTICES = pa.schema([("delivery", pa.string()), ("notice", pa.string()), ("rows", pa.int32())])
# More whole digits than any total has, and as many decimals as the archive keeps.
EXACT = pa.decimal128(38, 15)
DELIVERY_TOTALS = pa.schema(
    [
        ("delivery", pa.string()),
        ("column_name", pa.string()),
        ("total_read", EXACT),
        ("total_accepted", EXACT),
    ]
)
CONTROL_FILES = pa.schema(
    [
        ("council", pa.string()),
        ("month", pa.date32()),
        ("file_name", pa.string()),
        ("extract", pa.string()),
        ("problem", pa.string()),
    ]
)
CONTROL_TOTALS = pa.schema(
    [
        ("council", pa.string()),
        ("month", pa.date32()),
        ("file_name", pa.string()),
        ("extract", pa.string()),
        ("measure", pa.string()),
        ("stated", EXACT),
        ("within", pa.decimal128(20, 18)),
    ]
)
EXPECTED_EXTRACTS = pa.schema([("extract", pa.string()), ("stood_in_by", pa.string())])
TOLD_FIGURES = pa.schema(
    [
        ("council", pa.string()),
        ("unit", pa.string()),
        ("level", pa.string()),
        ("metric", pa.string()),
        ("month", pa.date32()),
        ("worker_key", pa.int64()),
        ("value", pa.decimal128(18, 4)),
        ("severity", pa.string()),
        ("told_at", pa.timestamp("us")),
    ]
)
ROLE_NAMES = pa.schema([("council", pa.string()), ("name_key", pa.string()), ("role", pa.string())])


def write_inputs(
    folder: Path,
    deliveries: Sequence[Delivery],
    manifest: Manifest,
    controls: Sequence[Control],
    scope: Sequence[ScopeRow],
    reference: Reference,
    told: Sequence[tuple[ToldFigure, str]] = (),
) -> None:
    """Replace the input files of a build; each appears whole. `manifest` tells what single deliveries hold."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "notices.parquet", NOTICES, manifest.all_notices())
    _write(folder / "delivery_totals.parquet", DELIVERY_TOTALS, manifest.totals())
    _write(folder / "control_files.parquet", CONTROL_FILES, [_control_row(control) for control in controls])
    _write(folder / "control_totals.parquet", CONTROL_TOTALS, _control_rows(controls))
    _write(folder / "expected_extracts.parquet", EXPECTED_EXTRACTS, _expected_extracts())
    _write(folder / "deliveries.parquet", DELIVERIES, _delivery_rows(deliveries))
    _write(folder / "build_scope.parquet", SCOPE, [_scope_row(row) for row in scope])
    _write(
        folder / "unit_names.parquet",
        UNIT_NAMES,
        [
            {
                "council": name.council,
                "name_key": name.name_key,
                "unit": name.unit,
                "valid_from": date.fromisoformat(name.valid_from) if name.valid_from else ALWAYS,
                "valid_to": date.fromisoformat(name.valid_to) if name.valid_to else FOREVER,
            }
            for name in reference.unit_names
        ],
    )
    _write(folder / "told_figures.parquet", TOLD_FIGURES, [_told_row(*one) for one in told])
    _write(folder / "role_names.parquet", ROLE_NAMES, [vars(name) for name in reference.role_names])


def _expected_extracts() -> list[dict[str, Any]]:
    """Each extract that every month should bring, once for each kind of totals that may stand in for it."""
    specifications = load_specifications()
    return [
        {"extract": name, "stood_in_by": totals}
        for name, specification in specifications.items()
        if specification.expected_each_month
        for totals in [None, *(t for t, other in specifications.items() if name in other.stands_in_for)]
    ]


def _control_row(control: Control) -> dict[str, Any]:
    return {**vars(control), "file_name": control.told_name}


def _control_rows(controls: Sequence[Control]) -> list[dict[str, Any]]:
    return [
        {
            **_control_row(control),
            "extract": extract,
            "measure": measure,
            "stated": stated,
            "within": half_of_last_decimal(stated),
        }
        for control in controls
        for (extract, measure), stated in sorted(control.totals.items())
    ]


def _delivery_rows(deliveries: Sequence[Delivery]) -> Iterator[dict[str, Any]]:
    replaced = replaced_packs(deliveries)
    for delivery in deliveries:
        superseded_by = replaced.get(delivery.delivery, delivery.superseded_by)
        yield {**_delivery_row(delivery), "superseded_by": superseded_by}


def _delivery_row(delivery: Delivery) -> dict[str, Any]:
    return {
        **vars(delivery),
        "file_name": delivery.told_name,
        "as_at": month_days(delivery.month)[1],
        "received_at": datetime.fromisoformat(delivery.received_at).replace(tzinfo=None),
        "is_in_force": delivery.is_in_force,
        "is_withdrawn": delivery.withdrawn_at is not None,
        "withdrawn_at": delivery.withdrawn_at
        and datetime.fromisoformat(delivery.withdrawn_at).replace(tzinfo=None),
        "purged_at": delivery.purged_at and datetime.fromisoformat(delivery.purged_at).replace(tzinfo=None),
    }


def _told_row(figure: ToldFigure, told_at: str) -> dict[str, Any]:
    return {
        **vars(figure),
        "month": date.fromisoformat(figure.month),
        "worker_key": int(figure.worker) if figure.worker else None,
        "value": None if figure.value is None else Decimal(figure.value),
        "told_at": datetime.fromisoformat(told_at).replace(tzinfo=None),
    }


def _scope_row(row: ScopeRow) -> dict[str, Any]:
    flags = {f"has_{extract}": extract in row.extracts for extract in EXTRACT_FLAGS}
    return {**vars(row), **flags}


def _write(path: Path, schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> None:
    being_written = path.with_name(f".{path.name}.writing")
    rows = iter(rows)
    with pq.ParquetWriter(being_written, schema) as writer:
        while some := [{name: row[name] for name in schema.names} for row in islice(rows, ROWS_AT_ONCE)]:
            writer.write_batch(pa.RecordBatch.from_pylist(some, schema=schema))
    put_in_place(being_written, path)
