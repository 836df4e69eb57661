"""What a load costs over the least it could cost: bare dbt over the same archive, a bare scan of the same files.

Interleaved, so that a busy machine slows each of the three alike: trust the ratios more than the seconds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from rich.console import Console
from rich.table import Table

from dagster_project.reference import load_reference
from dagster_project.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
SCAN = """
import sys, duckdb
for path in sys.argv[1:]:
    duckdb.sql(f"select count(columns(*)) from read_csv('{path}', all_varchar = true, ignore_errors = true)").fetchall()
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="how often each of the three is timed")
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory(prefix="caseload-bench-") as folder:
        sample = Path(folder) / "sample"
        run([str(PROGRAMS / "caseload"), "sample"], environment(sample))
        rounds = [one_round(Path(folder) / str(number), sample) for number in range(repeats)]
        months = sorted({path.parent.name for path in (sample / "landing").rglob("*.*")})
        files = [path for path in (sample / "landing").rglob("*") if path.is_file()]
    show(rounds, f"{len(months)} months, {len(files)} files, {repeats} repeats")


def one_round(home: Path, sample: Path) -> dict[str, float]:
    """Seconds of a load into an empty home, of dbt over the archive it left, of a scan of the CSV files it read."""
    shutil.copytree(sample, home)
    try:
        load = timed(lambda: run([str(PROGRAMS / "caseload"), "load"], environment(home)))
        # dbt leaves the SQL it ran in place of a seed that lies outside its project.
        settings = Settings(home=home)
        load_reference(settings).write(settings.merged_reference)
        build = timed(lambda: run(dbt_build(home), environment(home)))
        csv_files = sorted(str(path) for path in (home / "landing").rglob("*.csv"))
        scan = timed(lambda: run([sys.executable, "-c", SCAN, *csv_files], environment(home)))
    finally:
        shutil.rmtree(home)
    return {"caseload load": load, "bare dbt build": build, "bare scan of the CSV files": scan}


def environment(home: Path) -> Mapping[str, str]:
    return {
        **os.environ,
        "CASELOAD_HOME": str(home),
        "CASELOAD_REFERENCE": str(home / "warehouse" / "reference"),
        "CASELOAD_PSEUDONYM_KEY": "a key for timing and nothing else",
    }


def dbt_build(home: Path) -> list[str]:
    return [
        *(
            str(PROGRAMS / "dbt"),
            "--quiet",
            "--no-version-check",
            "build",
            "--full-refresh",
            "--no-partial-parse",
        ),
        *("--exclude-resource-type", "unit_test"),
        *("--project-dir", str(PROJECT / "dbt"), "--profiles-dir", str(PROJECT / "dbt")),
        *("--target-path", str(home / "dbt"), "--log-path", str(home / "dbt" / "logs")),
    ]


def run(command: Sequence[str], variables: Mapping[str, str]) -> None:
    """Run to the end; what a failing program said is shown."""
    done = subprocess.run(command, env=variables, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(
            f"{' '.join(command[:4])} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        )


def timed(work: Callable[[], None]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def show(rounds: Sequence[Mapping[str, float]], title: str) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("cold, in a process of its own")
    for name in ("min s", "median s", "max s", "load is, at least", "median", "at most"):
        table.add_column(name, justify="right")
    for what in rounds[0]:
        seconds = [one[what] for one in rounds]
        ratios = [one["caseload load"] / one[what] for one in rounds]
        table.add_row(
            what,
            *(f"{value:.2f}" for value in (min(seconds), median(seconds), max(seconds))),
            *(f"{value:.1f} x" for value in (min(ratios), median(ratios), max(ratios))),
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
