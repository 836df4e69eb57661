"""Rows that do not count: listed, and written out for the one who sent them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dagster_project.commands.options import Council, From, Month, To, month_range, refuse_unregistered
from dagster_project.commands.terminal import make_console
from dagster_project.settings import load_settings


def quarantine(
    council: Council = None,
    month: Month = None,
    from_: From = None,
    to: To = None,
    extract: Annotated[str | None, typer.Option(help="Only this extract.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only rows that break this rule.")] = None,
    rows: Annotated[bool, typer.Option("--rows", help="List the single rows as well.")] = False,
    to_folder: Annotated[
        Path | None,
        typer.Option(
            "--to-folder", help="Write a workbook for each council and month, to go back to the sender."
        ),
    ] = None,
) -> None:
    """Show which rows do not count and why, by extract, rule and count, with what to do about each.

    Names row, column and rule, never a value. Each load writes the same as workbooks into outbox/quarantine; a mended
    file clears it.

    Examples: [bold]caseload quarantine --council ambershire --rows[/]  ·
    [bold]caseload quarantine --month 2024-05 --to-folder /tmp/to-hr[/]
    """
    from dagster_project.extracts import load_specifications
    from dagster_project.quarantine import print_rows, print_standing, rules, standing, write_workbooks
    from dagster_project.reference import load_reference

    settings = load_settings()
    refuse_unregistered(settings, council)
    _refuse_unknown("--extract", extract, list(load_specifications()))
    _refuse_unknown("--rule", rule, list(rules()))
    found = standing(
        settings,
        load_reference(settings),
        council=council,
        months=month_range(month, from_, to),
        extract=extract,
        rule=rule,
    )
    console = make_console()
    print_standing(console, found)
    if rows:
        print_rows(console, found)
    if to_folder and found:
        for path in write_workbooks(to_folder, found):
            console.print(str(path), markup=False, highlight=False, soft_wrap=True)


def _refuse_unknown(option: str, given: str | None, known: list[str]) -> None:
    if given is not None and given not in known:
        raise typer.BadParameter(f"{given!r} is not known; one of {', '.join(known)} is", param_hint=option)
