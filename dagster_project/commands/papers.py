"""What a council hands on of a month: the committee paper and the pack of its marts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dagster_project.commands.options import month_of, refuse_unregistered
from dagster_project.commands.terminal import make_console
from dagster_project.settings import load_settings

OfCouncil = Annotated[str, typer.Option(help="The council, by its slug in councils.csv.")]
OfMonth = Annotated[str, typer.Option(help="The month, YYYY-MM.")]
WhichCopy = Annotated[
    str,
    typer.Option("--copy", help="public: small numbers suppressed; internal: exact, not for publication."),
]
ToFolder = Annotated[Path | None, typer.Option("--to", help="Write into this folder instead.")]


def paper(council: OfCouncil, month: OfMonth, copy: WhichCopy = "public", to: ToFolder = None) -> None:
    """Write the statistical part of a committee report: numbered tables, charts and a summary, as DOCX and HTML.

    Lies in outbox/papers/COUNCIL/MONTH unless --to names a folder. Public copy unless --copy internal is asked for.

    Example: [bold]caseload paper --council ambershire --month 2024-05 --copy internal[/]
    """
    from dagster_project.reports.council_marts import Copy
    from dagster_project.reports.paper import make_paper, page, word_file
    from dagster_project.reports.written import folder_of, write_whole

    settings, first, which = load_settings(), month_of(month, "--month"), Copy(_known_copy(copy))
    refuse_unregistered(settings, council)
    made = make_paper(settings, council, first, which)
    name = f"{council}-{first:%Y-%m}-{which}-paper"
    files = {f"{name}.docx": word_file(made), f"{name}.html": page(made).encode("utf-8")}
    _say(write_whole(to or folder_of(settings, council, first), files, which))


def pack(council: OfCouncil, month: OfMonth, copy: WhichCopy = "public", to: ToFolder = None) -> None:
    """Write a council's marts up to a month as one workbook: contents, definitions, one sheet for each mart.

    Rows go two years back. Lies in outbox/papers/COUNCIL/MONTH unless --to names a folder.

    Example: [bold]caseload pack --council ambershire --month 2024-05[/]
    """
    from dagster_project.reports.council_marts import Copy
    from dagster_project.reports.pack import make_pack
    from dagster_project.reports.written import folder_of, write_whole

    settings, first, which = load_settings(), month_of(month, "--month"), Copy(_known_copy(copy))
    refuse_unregistered(settings, council)
    files = {f"{council}-{first:%Y-%m}-{which}-pack.xlsx": make_pack(settings, council, first, which)}
    _say(write_whole(to or folder_of(settings, council, first), files, which))


def _known_copy(copy: str) -> str:
    if copy not in ("public", "internal"):
        raise typer.BadParameter(f"{copy!r} is not known; public or internal is", param_hint="--copy")
    return copy


def _say(paths: list[Path]) -> None:
    console = make_console()
    for path in paths:
        console.print(str(path), markup=False, highlight=False, soft_wrap=True)
