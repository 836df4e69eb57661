"""Every mart of an archive anew: `caseload rebuild`, and the same marts by the program and by hand from that Parquet.

`python -m bench.rebuild --size L` makes the archive (`bench.archive`), not by loading: no CSV is read. In the first
round all have to make the same rows, or nothing is told. Never fails by time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as pq
from rich.console import Console

from bench.archive import archive
from bench.contenders import FLOOR, PROGRAMS, PROJECT, SAME_MARTS, environment, rivals_python, settings_of
from bench.extracts import SIZES, Size, register
from bench.machine import machine
from bench.marts import compare
from bench.measuring import Cost, FailedError, adopt_orphans, measured
from bench.report import CPU, PEAK, drawn, number, ratios, spread
from bench.same_marts import FROM_ARCHIVE

EVERYTHING = "caseload rebuild, everything"
WAYS = (SAME_MARTS, FLOOR, EVERYTHING)
HEADINGS = ("program", "CPU s", "wall s", "peak MiB", f"of {FLOOR}: CPU ratio")


@dataclass(frozen=True)
class Archive:
    """What was made to build from, and what making it took."""

    files: int
    rows: int
    mib: float
    wall_seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rebuild", description=__doc__)
    parser.add_argument("--size", choices=[*SIZES], default="S")
    parser.add_argument("--councils", type=int, help="instead of the size's")
    parser.add_argument("--months", type=int, help="instead of the size's")
    parser.add_argument("--repeats", type=int, default=3, help="how often each is timed")
    parser.add_argument("--without-everything", action="store_true", help="the same marts alone")
    parser.add_argument("--home", type=Path, help="a home that `python -m bench.archive` made of this size")
    parser.add_argument("--keep", type=Path, help="a folder for the results as JSON")
    given = parser.parse_args()
    size = SIZES[given.size].changed(given.councils, given.months)
    ways = [way for way in WAYS if way != EVERYTHING or not given.without_everything]
    console = Console(width=140)
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="caseload-rebuild-") as folder:
        home = given.home or Path(folder) / "home"
        made = make(home, size) if not given.home else None
        result: dict[str, Any] = {
            "size": asdict(size),
            "machine": machine(),
            "archive": asdict(_archive(home, made or 0.0)),
            "rounds": [],
        }
        for turn in range(given.repeats):
            try:
                costs = one_round(
                    home, Path(folder) / "out", [*ways[turn % 2 :], *ways[: turn % 2]], turn == 0
                )
            except FailedError as error:
                sys.exit(str(error))
            result["rounds"].append({name: asdict(cost) for name, cost in costs.items()})
            console.print(
                f"round {turn + 1} of {given.repeats}" + ("" if turn else ": all made the same rows")
            )
            if given.keep:
                given.keep.mkdir(parents=True, exist_ok=True)
                (given.keep / f"{size.name}.json").write_text(
                    json.dumps(result, indent=1) + "\n", encoding="utf-8"
                )
    show(result, console)


def make(home: Path, size: Size) -> float:
    """An archive of this size; the seconds it took."""
    started = time.perf_counter()
    register(home, size.councils)
    archive(settings_of(home), size.councils, size.months)
    return time.perf_counter() - started


def _archive(home: Path, seconds: float) -> Archive:
    files = list((home / "archive").rglob("*.parquet"))
    rows = sum(pq.read_metadata(path).num_rows for path in files)
    return Archive(len(files), rows, sum(path.stat().st_size for path in files) / 2**20, seconds)


def one_round(home: Path, out: Path, ways: Sequence[str], is_compared: bool) -> Mapping[str, Cost]:
    """What each way cost, from the same archive and nothing built."""
    costs = {}
    try:
        for place, way in enumerate(ways):
            forget_builds(home)
            costs[way] = measured(command(way, home, out / str(place)), environment(home), PROJECT)
            if way == EVERYTHING:
                published = home / "published" / "current" / "restricted" / "parquet"
                shutil.copytree(published, out / str(place))
        if is_compared:
            made = {way: marts(way, out / str(place)) for place, way in enumerate(ways)}
            compare({FLOOR: made[FLOOR], **made})
    finally:
        forget_builds(home)
        shutil.rmtree(out, ignore_errors=True)
    return costs


def command(way: str, home: Path, out: Path) -> list[str]:
    if way == SAME_MARTS:
        return [sys.executable, "-m", "bench.same_marts", str(out), FROM_ARCHIVE]
    if way == FLOOR:
        return [rivals_python(), "-m", "bench.rivals.duckdb_archive", str(home), str(out)]
    return [str(PROGRAMS / "caseload"), "rebuild"]


def marts(way: str, out: Path) -> Path:
    return out / "marts" if way == FLOOR else out


def forget_builds(home: Path) -> None:
    """As if only the archive were there."""
    for name in ("warehouse", "published"):
        shutil.rmtree(home / name, ignore_errors=True)


def table(result: Mapping[str, Any]) -> list[list[str]]:
    """A row for each way: medians of what it took, and its CPU over the floor's, round by round."""
    rounds = result["rounds"]
    return [
        [
            way,
            *(number(median(one[way][what] for one in rounds)) for what in (CPU, "wall_seconds", PEAK)),
            spread(ratios(rounds, way, FLOOR)),
        ]
        for way in WAYS
        if way in rounds[0]
    ]


def show(result: Mapping[str, Any], console: Console) -> None:
    console.print(drawn(f"{result['size']['name']} from Parquet", HEADINGS, table(result)))


if __name__ == "__main__":
    main()
