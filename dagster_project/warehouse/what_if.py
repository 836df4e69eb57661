"""Options priced before anybody stores them: the marts' own models over reference data with one more option."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from dagster_project.reference import Reference
from dagster_project.settings import Settings
from dagster_project.warehouse.scratch import scratch_of
from dagster_project.warehouse.transformation import invoke
from dagster_project.warehouse_file import named_rows, reading_warehouse

PRICED = "capacity_options_costed"
YEARS = "select * from capacity_options where council = ? order by option, financial_year"
LINES = "select * from int_option_lines where council = ? order by option, line"

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class PricedOptions:
    """A council's options: `years` as rows of the mart capacity_options, `lines` with the price each one took."""

    years: Rows
    lines: Rows


def price_options(
    settings: Settings,
    reference: Reference,
    council: str,
    on_node: Callable[[str], None] | None = None,
) -> PricedOptions:
    """Every option of the council in this reference data, priced with today's code; nothing published is touched.

    Raises TransformationError.
    """
    with scratch_of(settings) as scratch:
        reference.write(scratch.merged_reference)
        reference.write(scratch.dbt_seeds)
        left_out = [word for kind in ("unit_test", "test") for word in ("--exclude-resource-type", kind)]
        invoke(scratch, ["build", "--select", f"+{PRICED}", "--full-refresh", *left_out], on_node)
        with reading_warehouse(scratch) as warehouse:
            return PricedOptions(_rows(warehouse, YEARS, council), _rows(warehouse, LINES, council))


def _rows(warehouse: duckdb.DuckDBPyConnection, sql: str, council: str) -> list[dict[str, Any]]:
    return named_rows(warehouse.execute(sql, [council]))
