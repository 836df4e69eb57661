"""One council's months in a process that is warm: `load` called for one after another, beside DuckDB by hand in it too.

`python -m bench.warm` lands a month, calls the library's `load` as `caseload load` and Dagster's assets do, lets DuckDB
by hand archive the same files and make its marts of the months so far, and goes on to the next. Imports and dbt's first
parse fall into the first months, which warm up and are told apart. After the last month both must have the same rows,
or nothing is told. Never fails by time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console

from bench.contenders import SECRET, environment, settings_of
from bench.extracts import land, register
from bench.machine import machine
from bench.made_up import slug
from bench.marts import compare
from bench.report import number, spread
from bench.rivals.duckdb_sql import make_marts, prepare
from bench.rivals.ground import Ground
from dagster_project.load import LoadReport, load
from dagster_project.settings import Settings

LOAD, FLOOR = "load() of one month", "DuckDB by hand, the same process"
HEADINGS = ("month", LOAD, FLOOR, "ratio")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.warm", description=__doc__)
    parser.add_argument("--months", type=int, default=14)
    parser.add_argument("--warm-up", type=int, default=2, help="months before those that are timed")
    parser.add_argument("--keep", type=Path, help="a file for the results as JSON")
    given = parser.parse_args()
    console = Console(width=140)
    with tempfile.TemporaryDirectory(prefix="caseload-warm-") as folder:
        result: dict[str, Any] = {
            "machine": machine(),
            "warm_up": given.warm_up,
            "months": months(Path(folder), given.months),
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    if given.keep:
        given.keep.parent.mkdir(parents=True, exist_ok=True)
        given.keep.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    console.print(words(result))


def months(folder: Path, count: int) -> list[dict[str, Any]]:
    """What each month took by either way, in the order of time."""
    settings = settings_of(folder / "home")
    os.environ.update(environment(settings.home))
    register(settings.home, 1)
    land(folder / "made", 1, count)
    ground = Ground(folder / "by-hand", folder / "by-hand-out", SECRET.encode())
    shutil.copytree(settings.home / "reference", ground.home / "reference")
    for name in ("archive", "marts"):
        (ground.out / name).mkdir(parents=True)
    found = []
    for place in sorted((folder / "made" / "landing" / slug(0)).iterdir()):
        shutil.copytree(place, settings.landing / slug(0) / place.name)
        # By hand nobody tells what is new: the files of the month are all there is.
        shutil.rmtree(ground.home / "landing", ignore_errors=True)
        shutil.copytree(place, ground.home / "landing" / slug(0) / place.name)
        report, ours = _timed(lambda: _load(settings))
        _, by_hand = _timed(lambda: _by_hand(ground))
        found.append({"month": place.name, LOAD: ours, FLOOR: by_hand, "phases": dict(report.seconds)})
    compare({FLOOR: ground.out / "marts", LOAD: settings.published / "current" / "restricted" / "parquet"})
    return found


def _load(settings: Settings) -> LoadReport:
    report = load(settings)
    if report.has_failures or report.published is None:
        sys.exit("a month was not loaded, nothing is told")
    return report


def _by_hand(ground: Ground) -> None:
    with duckdb.connect(":memory:", config={"threads": 2}) as connection:
        prepare(connection, ground)
        make_marts(connection, ground)


def _timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """What it gave, and its seconds of processor, those of programs it started included."""
    before = _used()
    given = run()
    return given, _used() - before


def _used() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def timed_months(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those after the warm-up."""
    return list(result["months"][result["warm_up"] :])


def words(result: Mapping[str, Any]) -> str:
    """The result in a sentence or two."""
    first, timed = result["months"][0], timed_months(result)
    ours, floor = ([one[way] for one in timed] for way in (LOAD, FLOOR))
    return (
        f"The first month took {number(first[LOAD])} seconds of processor, by hand {number(first[FLOOR])}; "
        f"of the {len(timed)} months after the warm-up one took {spread(ours)}, by hand {spread(floor)}: "
        f"{spread([mine / theirs for mine, theirs in zip(ours, floor, strict=True)])} times as much. "
        f"The process held {number(result['peak_mib'])} MiB at most."
    )


if __name__ == "__main__":
    main()
