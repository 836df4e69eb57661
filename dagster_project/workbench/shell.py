"""DuckDB's own shell over the published marts, read only, with what the marts mean one macro away."""

from __future__ import annotations

import os
import subprocess
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from dagster_project.errors import PlainError
from dagster_project.settings import environment_without_secrets

FORMATS = ("box", "csv", "json", "markdown", "table", "html", "line")
FOR_PROGRAMS = ("csv", "markdown", "html")
GREETING = """\
Published marts, read only.   from marts();  which there are
  from about('caseload_bands');  what one is for           from columns_of('caseload_bands');  its columns
  from find('agency');  where something stands
  summarize caseload_bands;  its values at a glance        .mode csv  .once file.csv  take an answer away
  .help  every other command       .quit  leave"""
INTERRUPTED = 130


class ShellMissingError(PlainError):
    """DuckDB's shell is not installed."""


def run_shell(file: Path, query: str | None = None, output: str | None = None) -> int:
    """Open the shell on a file of marts, or answer one query and end; the shell's exit code is returned.

    What is unknown is an empty cell in the formats that programs read. Raises ShellMissingError.
    """
    macros = files("dagster_project.workbench").joinpath("shell.sql").read_text(encoding="utf-8")
    arguments = [str(_program()), "-readonly", "-cmd", macros]
    if output:
        arguments.append(f"-{output}")
    if output in FOR_PROGRAMS:
        arguments += ["-nullvalue", ""]
    if query is not None:
        arguments += ["-bail", "-c", query]
    try:
        return subprocess.run(  # noqa: S603 - our own arguments
            [*arguments, str(file)], env=environment_without_secrets(), check=False
        ).returncode
    except KeyboardInterrupt:
        return INTERRUPTED


def _program() -> Path:
    found = find_spec("duckdb_cli")
    if found is None or found.origin is None:
        raise ShellMissingError(
            "DuckDB's shell is not installed: pip install 'caseload[workbench]', or open the marts with any other "
            "client of DuckDB"
        )
    return Path(found.origin).with_name("duckdb.exe" if os.name == "nt" else "duckdb")
