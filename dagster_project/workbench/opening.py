"""The worked notebooks: which there are, an analyst's own copy of one, and marimo started on it."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from dagster_project.errors import PlainError
from dagster_project.settings import Settings, environment_of
from dagster_project.workbench.published import marts_file

FOLDER = "notebooks"
HERE_ONLY = "127.0.0.1"
STOPPED = 0


class NotebookMissingError(PlainError):
    """The notebooks' program is not installed."""


def notebooks() -> dict[str, str]:
    """Each worked notebook and the question it answers, from its first line."""
    found = {}
    for file in sorted(files("dagster_project.workbench").joinpath(FOLDER).iterdir(), key=lambda f: f.name):
        if file.name.endswith(".py") and not file.name.startswith("_"):
            about = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
            found[file.name.removesuffix(".py")] = about.splitlines()[0]
    return found


def own_copy(settings: Settings, name: str) -> Path:
    """The analyst's copy of a worked notebook under CASELOAD_HOME, made where there is none."""
    copy = settings.home / FOLDER / f"{name}.py"
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shipped = files("dagster_project.workbench").joinpath(FOLDER, f"{name}.py")
        copy.write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def open_notebook(
    settings: Settings,
    name: str,
    *,
    port: int | None = None,
    as_page: bool = False,
    no_browser: bool = False,
) -> int:
    """Serve a notebook to this machine's browser until it is stopped; the exit code of marimo is returned.

    Raises NotebookMissingError, and PublishedMartsError where there is nothing to look at yet.
    """
    if find_spec("marimo") is None:
        raise NotebookMissingError("marimo is not installed: pip install 'caseload[workbench]'")
    marts_file(settings)
    arguments = [sys.executable, "-m", "marimo", "run" if as_page else "edit"]
    arguments += [str(own_copy(settings, name)), "--host", HERE_ONLY, "--token"]
    if port is not None:
        arguments += ["--port", str(port)]
    if no_browser:
        arguments.append("--headless")
    try:
        return subprocess.run(  # noqa: S603 - our own arguments
            arguments, env=environment_of(settings), check=False
        ).returncode
    except KeyboardInterrupt:
        return STOPPED
