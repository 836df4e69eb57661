"""The data dictionary: every mart of the tier and each of its columns, with type, unit, meaning and who may see it."""

from __future__ import annotations

from collections.abc import Mapping

from dagster_project.page_addresses import DICTIONARY, PROJECT, link
from dagster_project.reference import Reference
from dagster_project.reports.contracts import Column, Contract, contracts
from dagster_project.reports.measures import Measure
from dagster_project.site.contents import Cell, Heading, Page, Section, Table
from dagster_project.site.frame import crumbs

PUBLIC = {
    "free": "as it is",
    "count": "small numbers suppressed",
    "derived": "suppressed where what it is made of is",
    "printed": "as a committee paper printed it, else as derived",
    "row": "a row in which it had to be hidden is left out",
}
NOT_PUBLIC = "no"
SUPPRESSED = "One more column, suppressed, names the columns that are hidden in a row."
TIERS = {"internal": "managers and analysts of the council", "restricted": "those who may see single workers"}


def dictionary(
    measures: Mapping[str, Mapping[str, Measure]], reference: Reference, tier: str, *, has_project: bool
) -> Page:
    """What the contracts say; the public copy knows of its own tables and columns only."""
    classes = {(row["mart"], row["column_name"]): row["kind"] for row in reference.rows("public_columns")}
    known = {
        mart: contract
        for mart, contract in sorted(contracts().items())
        if tier != "public" or mart in measures
    }
    return Page(
        address=DICTIONARY,
        title="Data dictionary",
        caption="Every published table and column",
        lead="Made from the contracts that each load is tested against. The tables lie beside these pages, in "
        "marts.duckdb and as Parquet.",
        topic="dictionary",
        crumbs=crumbs(DICTIONARY),
        sections=[
            _overview(known, tier, has_project=has_project),
            *(_mart(one, classes, measures.get(mart, {}), tier) for mart, one in known.items()),
        ],
    )


def _overview(known: Mapping[str, Contract], tier: str, *, has_project: bool) -> Section:
    lines = [
        [
            Cell(mart, href=f"#{_key(mart)}"),
            Cell(contract.subject),
            Cell(f"{len(contract.columns):,}", is_number=True),
            *([] if tier == "public" else [Cell(contract.tier)]),
        ]
        for mart, contract in known.items()
    ]
    headings = [Heading("Table"), Heading("Subject"), Heading("Columns", is_number=True)]
    project = Cell("how each table is made, from the files that arrive", href=link(PROJECT, DICTIONARY))
    return Section(
        "tables",
        "Tables",
        facts=[("Documentation of the project (dbt)", project)] if has_project else [],
        tables=[
            Table("Published tables", [*headings, *([] if tier == "public" else [Heading("Tier")])], lines)
        ],
        notes=[] if tier == "public" else [f"{name.capitalize()}: for {who}." for name, who in TIERS.items()],
    )


def _mart(
    contract: Contract, classes: Mapping[tuple[str, str], str], held: Mapping[str, Measure], tier: str
) -> Section:
    shown = {name: one for name, one in contract.columns.items() if tier != "public" or name in held}
    return Section(
        _key(contract.mart),
        contract.mart,
        about=contract.description,
        tables=[
            Table(
                f"Columns of {contract.mart}",
                [
                    Heading("Column"),
                    Heading("Type"),
                    Heading("Unit"),
                    Heading("Meaning"),
                    Heading("In the public copy"),
                ],
                [_line(name, one, classes.get((contract.mart, name))) for name, one in shown.items()],
                is_prose=True,
            )
        ],
        notes=[SUPPRESSED] if tier == "public" and "suppressed" in held else [],
    )


def _line(name: str, column: Column, kind: str | None) -> list[Cell]:
    unit = column.measure.unit
    return [
        Cell(name),
        Cell(column.data_type),
        Cell(unit) if unit else Cell("", kind="missing"),
        Cell(column.meaning),
        Cell(PUBLIC.get(kind or "", NOT_PUBLIC)),
    ]


def _key(mart: str) -> str:
    return f"table-{mart.replace('_', '-')}"
