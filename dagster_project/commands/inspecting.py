"""`caseload inspect`: an unknown file, what it fits, and a mapping to start from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from dagster_project.commands.options import refuse_unregistered
from dagster_project.commands.terminal import make_console
from dagster_project.errors import PlainError
from dagster_project.settings import Settings, load_settings


def inspect_file(
    file: Annotated[Path, typer.Argument(help="A CSV or workbook, anywhere; it is only read.")],
    council: Annotated[str | None, typer.Option(help="Whose names of teams and roles to look up.")] = None,
    source: Annotated[str | None, typer.Option(help="Compare with this source system only.")] = None,
    extract: Annotated[
        str | None, typer.Option(help="What the file is, where you know: agency_spend, say.")
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            help="Keep the proposed mapping: under this name in reference/sources, or as this new .yml file."
        ),
    ] = None,
) -> None:
    """Show what an unknown file holds, which extract it fits, and propose a mapping.

    Kinds, shapes and counts are shown, never a value; names of teams and roles are, for they are no one's.
    """
    from dagster_project.deliveries.file_names import printable
    from dagster_project.extracts import load_specifications
    from dagster_project.extracts.source_system import CANONICAL
    from dagster_project.inspection import look, proposal
    from dagster_project.inspection.terminal import show
    from dagster_project.reference import load_reference

    settings, console = load_settings(), make_console()
    refuse_unregistered(settings, council)
    reference, specifications = load_reference(settings), load_specifications()
    looked = look(file, specifications, reference, source, extract)
    show(console, looked, specifications, reference, council)
    if looked.ready:
        if write is not None:
            raise PlainError(f"{file.name}: needs no mapping; {looked.ready.source} reads it as it lies")
        return
    if not looked.extracts:
        # A mapping without an extract would stop every load.
        why = "no extract fits, for none has half of its required columns under a header here"
        problem = f"{printable(file.name)}: {why}"
        if write is not None:
            raise PlainError(f"{problem}; nothing was written")
        console.print(f"\n{escape(problem)}. docs/extracts.md lists what each wants.")
        return
    target = _target(settings, write)
    name = re.sub(r"\W+", "_", (target or file).stem.lower()).strip("_") or "source"
    text = proposal(looked, specifications, name)
    if target is None:
        console.print("\nA mapping to start from (--write NAME keeps it):\n")
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        return
    if target.suffix != ".yml" or target.stem != name or name == CANONICAL:
        raise PlainError(f"{target.name}: a mapping is a file such as northshire_hr.yml")
    if target.parent == settings.council_sources:
        target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise PlainError(f"{target}: there is such a file already; nothing was written") from None
    except OSError as error:
        raise PlainError(f"{target}: cannot be written: {error.strerror}") from None
    console.print(f"\nWritten: {target}")
    console.print(
        "Decide what stands after #. Nothing uses it until council_sources.csv names it (docs/mappings.md):\n"
    )
    console.print("council,extract,source,valid_from,valid_to,note", highlight=False)
    for extract in looked.extracts:
        console.print(f"{council or 'COUNCIL'},{extract},{name},,,", highlight=False)


def _target(settings: Settings, write: Path | None) -> Path | None:
    """Where the mapping goes: a bare name is one among the installation's own mappings."""
    if write is None or write.suffix or write.name != str(write):
        return write
    return settings.council_sources / f"{write.name}.yml"
