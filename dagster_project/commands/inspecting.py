"""`caseload inspect`: an unknown file, what it fits, and a mapping to start from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from dagster_project.commands.options import refuse_unregistered
from dagster_project.commands.terminal import make_console
from dagster_project.errors import PlainError
from dagster_project.settings import load_settings


def inspect_file(
    file: Annotated[Path, typer.Argument(help="A CSV or workbook, anywhere; it is only read.")],
    council: Annotated[str | None, typer.Option(help="Whose names of teams and roles to look up.")] = None,
    source: Annotated[str | None, typer.Option(help="Compare with this source system only.")] = None,
    write: Annotated[
        Path | None, typer.Option(help="Put the proposed mapping into this new .yml file.")
    ] = None,
) -> None:
    """Show what an unknown file holds, which extract it fits, and propose a mapping.

    Kinds, shapes and counts are shown, never a value; names of teams and roles are, for they are no one's.
    """
    from dagster_project.extracts import load_specifications
    from dagster_project.inspection import look, proposal
    from dagster_project.inspection.terminal import show
    from dagster_project.reference import load_reference

    settings, console = load_settings(), make_console()
    refuse_unregistered(settings, council)
    reference, specifications = load_reference(settings), load_specifications()
    looked = look(file, specifications, reference, source)
    show(console, looked, specifications, reference, council)
    name = re.sub(r"\W+", "_", (write or file).stem.lower()).strip("_") or "source"
    text = proposal(looked, specifications, name)
    if write is None:
        console.print("\nA mapping to start from (--write FILE keeps it):\n")
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        return
    if write.suffix != ".yml" or write.stem != name:
        raise PlainError(f"{write.name}: a mapping is a file such as {name}.yml")
    try:
        with write.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        raise PlainError(f"{write}: there is such a file already; nothing was written") from None
    console.print(
        f"\nWritten: {write}. Nothing uses it until a row of council_sources.csv names it (docs/mappings.md)."
    )
