"""What an import of DfE's statistics did and how far our formulas give the published rates. Compares nothing itself."""

from __future__ import annotations

from typing import Any

import duckdb
from rich.console import Console

from dagster_project.official_statistics.importing import Imported
from dagster_project.reports.published import published_file
from dagster_project.reports.terminal import titled_table
from dagster_project.settings import Settings

CONFORMANCE = """
select
    measure,
    count(published) as published,
    count(*) filter (where reproduces) as reproduced,
    count(*) filter (where class = 'component_published_rounded') as rounded,
    count(*) filter (where class = 'contradicts_its_own_integers') as contradicts,
    count(*) filter (where published is not null and recomputed is null) as without_components
from dfe_rates
group by measure
order by measure
"""
NOT_REPRODUCED = """
select year, name, ons_code, measure, numerator, denominator, published, recomputed, class
from dfe_rates
where class is not null
order by class, measure, year, name
"""


def print_import(console: Console, settings: Settings, imported: Imported, *, each: bool) -> None:
    """What was imported, the conformance of the formulas, and with `each` every rate that is not reproduced."""
    console.print(
        f"{imported.rows:,} rows of {imported.first_year} to {imported.last_year}: {imported.added:,} new, "
        f"{imported.changed:,} changed. {imported.path} holds them"
        + (f", and {imported.kept_besides:,} imported before." if imported.kept_besides else "."),
        markup=False,
    )
    if imported.changed_nothing:
        console.print("[bold]Nothing new: the marts are as they were.[/]")
    if imported.code_changes:
        console.print(f"{len(imported.code_changes)} authorities were published under more than one code.")
    for line in imported.to_register:
        console.print(
            f"  {line}: add it to former_ons_codes in councils.csv if it is the same area", markup=False
        )
    _print_conformance(console, settings)
    if each:
        _print_each(console, settings)


def _print_conformance(console: Console, settings: Settings) -> None:
    table = titled_table("Published rates that our formulas give from the published counts")
    for heading in ("rate", "published", "reproduced", "component rounded", "contradicts", "no components"):
        table.add_column(heading, justify="left" if heading == "rate" else "right")
    for row in _rows(settings, CONFORMANCE):
        table.add_row(row[0].replace("_", " "), *(f"{count:,}" for count in row[1:]))
    console.print(table)


def _print_each(console: Console, settings: Settings) -> None:
    table = titled_table("Rates that are not reproduced")
    for heading in ("year", "authority", "rate", "of", "over", "published", "computed", "class"):
        table.add_column(
            heading, justify="right" if heading in ("of", "over", "published", "computed") else "left"
        )
    for year, name, _, measure, numerator, denominator, published, recomputed, kind in _rows(
        settings, NOT_REPRODUCED
    ):
        cells = (numerator, denominator, published, recomputed)
        table.add_row(
            str(year),
            name,
            measure.replace("_", " "),
            *(f"{cell:,}" for cell in cells),
            kind.replace("_", " "),
        )
    console.print(table)


def _rows(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(published_file(settings)), read_only=True) as marts:
        return marts.execute(sql).fetchall()
