"""dbt's manifest of the project, which the asset graph is drawn from. Parsed once for each state of the project."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dagster_project.settings import Settings
from dagster_project.warehouse import TransformationError
from dagster_project.warehouse.transformation import project_fingerprint, set_dbt_environment


def parsed_project(settings: Settings) -> dict[str, Any]:
    """The manifest of the dbt project as its files are now; needs no data, and leaves none in `home`.

    Raises TransformationError when dbt cannot parse the project.
    """
    folder = settings.dbt_project / "target"
    path = folder / f"manifest-{version('dbt-core')}-{project_fingerprint(settings.dbt_project)}.json"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = _parse(settings, path)
    manifest: dict[str, Any] = json.loads(text)
    return manifest


def _parse(settings: Settings, path: Path) -> str:
    """Put the manifest at `path`, whole, and return it; in a folder of its own: a load may be reading the other one.

    Several processes may parse at once, and each takes away what others left, so nothing is read back from `path`.
    """
    from dbt.cli.main import dbtRunner

    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".parsing-", dir=path.parent))
    project = str(settings.dbt_project)
    places = ["--project-dir", project, "--profiles-dir", project]
    writing = ["--target-path", str(scratch), "--log-path", str(scratch / "logs")]
    try:
        with _as_shipped(settings):
            outcome = dbtRunner().invoke(["parse", "--quiet", "--log-level", "none", *places, *writing])
        if not outcome.success:
            raise TransformationError([f"dbt cannot parse the project: {outcome.exception}"])
        text = (scratch / "manifest.json").read_text(encoding="utf-8")
        os.replace(scratch / "manifest.json", path)
        for old in path.parent.glob("manifest-*.json"):
            if old != path:
                old.unlink(missing_ok=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return text


@contextmanager
def _as_shipped(settings: Settings) -> Iterator[None]:
    """Dbt reads the product's own seeds, for an installation has merged none before its first load."""
    before = dict(os.environ)
    set_dbt_environment(settings)
    os.environ["CASELOAD_REFERENCE"] = str(settings.seeds)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)
