"""What `caseload inspect` prints: kinds, shapes and counts, never a value of a cell but names of teams and roles."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dagster_project.deliveries.file_names import printable
from dagster_project.deliveries.layout import header_key
from dagster_project.deliveries.safeguarding import SafeguardingRules
from dagster_project.extracts import SourceSystem, Specification
from dagster_project.inspection.headers import by_key
from dagster_project.inspection.looking import Fit, Looked, LookedSheet, unknown_names
from dagster_project.reference import Reference

FITS_SHOWN = 4
NAMES_SHOWN = 15


def show(
    console: Console,
    looked: Looked,
    specifications: Mapping[str, Specification],
    reference: Reference,
    council: str | None,
) -> None:
    """Every sheet with its columns and what it fits."""
    sheets = (
        f", {len(looked.sheets)} visible sheet{'' if len(looked.sheets) == 1 else 's'}"
        if looked.sheets
        else ""
    )
    console.print(f"[bold]{escape(looked.file)}[/]: {looked.form}{sheets}")
    if looked.ready:
        _ready(console, looked, looked.ready, council)
    for sheet in looked.sheets:
        title = f"\nSheet {escape(repr(printable(sheet.name)))}" if sheet.name else "\nThe table"
        if not sheet.header_row:
            console.print(f"{title}: no row that could be a header")
            continue
        console.print(f"{title}: header in row {sheet.header_row}, {sheet.rows:,} rows below it")
        _columns(console, sheet)
        if not sheet.parts:
            _fits(console, sheet)
        if sheet.best and council:
            _names(console, sheet, sheet.best, specifications[sheet.best.extract], reference, council)
    if not council and any(sheet.best for sheet in looked.sheets):
        console.print("\nWith --council the names of teams and roles nobody knows yet are listed too.")


def _ready(console: Console, looked: Looked, source: SourceSystem, council: str | None) -> None:
    """The file is read as it lies: which source does it, what else it wants, and the rows that switch it on."""
    console.print(
        f"\n[green]Read as it lies by the source {source.source}[/] ({source.title}); no mapping is needed."
    )
    tables = [table for sheet in looked.sheets for _, table in sheet.parts]
    if tables:
        rules = SafeguardingRules(**source.rules).tables
        others = [name for name, rule in rules.items() if name not in tables and not rule.optional]
        console.print(
            f"It holds {', '.join(tables)}"
            + (f"; the export wants {', '.join(others)} too." if others else ".")
        )
    console.print("Rows of council_sources.csv that switch it on:\n")
    console.print("council,extract,source,valid_from,valid_to,note", highlight=False)
    for extract in source.extracts:
        console.print(f"{council or 'COUNCIL'},{extract},{source.source},,,", highlight=False)


def _columns(console: Console, sheet: LookedSheet) -> None:
    placed = _placed(sheet)
    table = Table(
        "column", "looks like", "filled", "different", "commonest shapes", "becomes", box=None, pad_edge=False
    )
    for name in ("filled", "different"):
        next(c for c in table.columns if c.header == name).justify = "right"
    for column in sheet.columns:
        shapes = ", ".join(f"{shape or 'blank'} x{count:,}" for shape, count in column.shapes)
        table.add_row(
            escape(printable(column.header)),
            column.kind,
            f"{column.filled:,}",
            f"{column.distinct:,}",
            escape(shapes),
            placed.get(column.header, "[dim]not placed[/]" if sheet.best else ""),
        )
    console.print(table)


def _placed(sheet: LookedSheet) -> dict[str, str]:
    key = by_key(sheet.cells)
    becomes: dict[str, list[str]] = {}
    for fit in sheet.held:
        for name, given in fit.placed.items():
            for headers in given.sources:
                header = next(key[header_key(t)] for t in headers if header_key(t) in key)
                becomes.setdefault(header, []).append(f"{fit.extract}.{name}")
        for rule in fit.source.extracts[fit.extract].leave_out:
            for text in rule.headers:
                if header_key(text) in key:
                    becomes.setdefault(key[header_key(text)], []).append(f"{fit.extract}: which rows")
    words = {header: ", ".join(dict.fromkeys(names)) for header, names in becomes.items()}
    if sheet.best:
        for name, header in sheet.best.likely.items():
            words.setdefault(header, f"[yellow]perhaps {sheet.best.extract}.{name}[/]")
    return words


def _fits(console: Console, sheet: LookedSheet) -> None:
    if not sheet.fits:
        console.print("Fits no extract that is known: no header is one of theirs.")
        return
    table = Table("fits", "source", "required found", "columns known", "missing", box=None, pad_edge=False)
    for fit in [fit for fit in sheet.fits if fit in (sheet.fits[0], *sheet.held) or fit.is_half][:FITS_SHOWN]:
        perhaps = len(set(fit.missing) & set(fit.likely))
        table.add_row(
            f"[green]{fit.extract}[/]" if fit.is_whole else fit.extract,
            fit.source.source,
            f"{fit.required - len(fit.missing)} of {fit.required}"
            + (f", {perhaps} perhaps" if perhaps else ""),
            f"{len(fit.found)} of {len(sheet.columns)}",
            ", ".join(fit.missing),
        )
    console.print()
    console.print(table)
    whole = [fit for fit in sheet.held if fit.is_whole and not fit.source.is_canonical]
    if whole:
        extracts = " and ".join(fit.extract for fit in whole)
        name = whole[0].source.source
        console.print(
            f"\n[green]Has every required column of {name}[/] for {extracts}: a row of council_sources.csv naming it "
            "will do,\nwhere its codes and the order of its dates are this file's too."
        )


def _names(
    console: Console,
    sheet: LookedSheet,
    fit: Fit,
    specification: Specification,
    reference: Reference,
    council: str,
) -> None:
    unknown = unknown_names(sheet, fit, specification, reference, council)
    placed = [
        column.name
        for column in specification.columns
        if column.type in ("unit", "role") and column.name in fit.placed
    ]
    if placed and not unknown:
        console.print(f"\nEvery name in {' and '.join(placed)} is known to {council}.")
    for column, names in unknown.items():
        aliases = "unit_aliases.csv" if specification.column(column).type == "unit" else "role_aliases.csv"
        many = "name" if len(names) == 1 else "names"
        console.print(f"\n{len(names)} {many} in {column} that {council} does not know; add to {aliases}:")
        for name, count in names.most_common(NAMES_SHOWN):
            console.print(f"  {escape(printable(name))}  ({count:,} rows)", highlight=False)
        if len(names) > NAMES_SHOWN:
            console.print(f"  and {len(names) - NAMES_SHOWN} more")
