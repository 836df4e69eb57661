"""Packs a data folder of the release in pyproject.toml; run with `tests` on PYTHONPATH before it is tagged."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from dagster_project.release import RELEASE
from releases.kept import make

with TemporaryDirectory() as folder:
    sys.stdout.write(f"{make(RELEASE, Path(folder) / 'home')}\n")
