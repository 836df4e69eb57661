"""Who takes part in the comparison, how each is started, and why one cannot take part here. Times nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.marts import MARTS
from dagster_project.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
# The rivals have an environment of their own: Great Expectations imports Spark where it finds it, and we would pay.
RIVALS = PROJECT / "build" / "rivals" / "bin" / "python"
EVERYTHING, SAME_MARTS, FLOOR = "caseload, everything", "caseload, the same marts", "DuckDB by hand"


@dataclass(frozen=True)
class Contender:
    """A program in the comparison. `home_of` names the contender whose home it works on, where it needs one built."""

    name: str
    says: str
    module: str | None = None
    home_of: str | None = None
    packages: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()

    @property
    def why_not(self) -> str | None:
        """Why it cannot run on this machine; None where it can."""
        missing = [f"the package {name} is not installed" for name in self.packages if not has(name)]
        missing += [f"there is no {name} on this machine" for name in self.programs if not shutil.which(name)]
        return " and ".join(missing) or None

    def command(self, home: Path, out: Path) -> list[str]:
        if self.module:
            words = [str(out)] if self.name == SAME_MARTS else [str(home), str(out)]
            python = sys.executable if self.name == SAME_MARTS else rivals_python()
            return [python, "-m", self.module, *words]
        if self.name == EVERYTHING:
            return [str(PROGRAMS / "caseload"), "load"]
        return bare_dbt(home, out, self.home_of or "")

    def marts(self, home: Path, out: Path) -> Path | None:
        """Where its marts lie as Parquet; None where it makes none of its own."""
        if self.name == EVERYTHING:
            return home / "published" / "current" / "restricted" / "parquet"
        if self.name == SAME_MARTS:
            return out
        return None if self.home_of or self.name == SCAN else out / "marts"


SCAN = "scan of the CSV"
CONTENDERS = (
    Contender(
        EVERYTHING,
        "`caseload load`: cells checked with reasons, archive, every mart with dbt's tests, checks, three published "
        "tiers, pages, alerts",
    ),
    Contender(
        SAME_MARTS,
        "the same program's steps for the five marts alone: cells checked with reasons, archive, dbt",
        "bench.same_marts",
    ),
    Contender(SCAN, "every cell read as text and counted", "bench.rivals.scan"),
    Contender(FLOOR, "hand-written SQL, one pass, the same keys and archive", "bench.rivals.duckdb_sql"),
    Contender("pandas", "a script, the same keys and archive", "bench.rivals.pandas_script"),
    Contender(
        "polars", "a script, the same keys and archive", "bench.rivals.polars_script", packages=("polars",)
    ),
    Contender(
        "Spark local[2]",
        "the floor's SQL, the same keys and archive",
        "bench.rivals.spark",
        packages=("pyspark",),
        programs=("java",),
    ),
    Contender(
        "bare dbt, the same marts",
        "`dbt build` of the five marts and what they are made of, over the archive, no tests",
        home_of=SAME_MARTS,
    ),
    Contender(
        "bare dbt, everything",
        "`dbt build` of every mart with its tests, over the archive",
        home_of=EVERYTHING,
    ),
)


def rivals_python() -> str:
    return str(RIVALS) if RIVALS.is_file() else sys.executable


def has(package: str) -> bool:
    """Whether the rivals have a package."""
    asked = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({package!r}) is None)"
    return subprocess.run([rivals_python(), "-c", asked], check=False).returncode == 0


SECRET = "a key for timing and nothing else"  # noqa: S105


def settings_of(home: Path) -> Settings:
    """A home as the programs of `environment` see it."""
    return Settings(home=home.resolve(), pseudonym_key_variable=SECRET)


def environment(home: Path) -> Mapping[str, str]:
    return {
        **os.environ,
        "CASELOAD_HOME": str(home),
        "CASELOAD_REFERENCE": str(home / "warehouse" / "reference"),
        "CASELOAD_PSEUDONYM_KEY": SECRET,
    }


def bare_dbt(home: Path, out: Path, of_whom: str) -> list[str]:
    selected = []
    if of_whom == SAME_MARTS:
        selected = ["--exclude-resource-type", "test", "--select", *(f"+{mart}" for mart in MARTS)]
    return [
        *(
            str(PROGRAMS / "dbt"),
            "--quiet",
            "--no-version-check",
            "build",
            "--full-refresh",
            "--no-partial-parse",
        ),
        *("--exclude-resource-type", "unit_test", *selected),
        *("--project-dir", str(PROJECT / "dbt"), "--profiles-dir", str(PROJECT / "dbt")),
        *("--target-path", str(out / "dbt"), "--log-path", str(out / "dbt" / "logs")),
    ]
