"""One more month on 12, 60 and 120 months of the same councils, beside a load and a rebuild of all of them.

`python -m bench.months` lands all months but the last and loads them, lands the last and loads that, of several
councils first one's and then the others', then throws the warehouse away and builds it again from the archive. What is
published after the month and after the rebuild has to be the same, every row of every tier, or nothing is told. With
`--from-parquet` the months before are made straight into the archive (`bench.archive`) and built. Never fails by time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
from rich.console import Console

from bench.archive import archive
from bench.contenders import PROGRAMS, PROJECT, environment, settings_of
from bench.extracts import land, register
from bench.machine import machine
from bench.made_up import LAST_MONTH, slug
from bench.measuring import Cost, FailedError, adopt_orphans, measured
from bench.report import CPU, PEAK, drawn, number, ratios, spread

FIRST, FROM_PARQUET = "all months but the last, from CSV", "all months but the last, from Parquet"
ONE, OTHERS, MORE = "one more month of one council", "that month of all other councils", "one more month"
REBUILD = "rebuild of every month"
WAYS = (FIRST, FROM_PARQUET, ONE, OTHERS, MORE, REBUILD)
HEADINGS = ("months", "program", "CPU s", "wall s", "peak MiB", "of the rebuild: CPU ratio")
TIERS = ("parquet", "restricted/parquet", "public/parquet")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.months", description=__doc__)
    parser.add_argument("--councils", type=int, default=1)
    parser.add_argument("--months", type=int, nargs="+", default=[12, 60, 120])
    parser.add_argument("--repeats", type=int, default=3, help="how often month and rebuild are timed")
    parser.add_argument(
        "--from-parquet", action="store_true", help="make the months before as an archive, not as CSV"
    )
    parser.add_argument("--keep", type=Path, help="a file for the results as JSON")
    given = parser.parse_args()
    adopt_orphans()
    console = Console(width=140)
    result: dict[str, Any] = {"councils": given.councils, "machine": machine(), "histories": []}
    for months in given.months:
        with tempfile.TemporaryDirectory(prefix="caseload-months-") as folder:
            try:
                rounds = history(
                    Path(folder), given.councils, months, given.repeats, is_from_parquet=given.from_parquet
                )
            except FailedError as error:
                sys.exit(str(error))
        result["histories"].append({"months": months, "rounds": rounds})
        if given.keep:
            given.keep.parent.mkdir(parents=True, exist_ok=True)
            given.keep.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        console.print(f"{months} months: one more month and a rebuild publish the same rows")
    show(result, console)


def history(
    folder: Path, councils: int, months: int, repeats: int, *, is_from_parquet: bool = False
) -> list[dict[str, dict[str, float]]]:
    """What each step cost, round by round; stops where a rebuild publishes other rows than the months did."""
    home, before, last = folder / "home", folder / "before", folder / "last"
    register(home, councils)
    land(last, councils, months, only_last=True)
    if is_from_parquet:
        archive(settings_of(home), councils, months, is_last_left=True)
        first = {FROM_PARQUET: program(home, "rebuild")}
    else:
        land(home, councils, months)
        for council in range(councils):
            shutil.rmtree(home / "landing" / slug(council) / f"{LAST_MONTH:%Y-%m}")
        first = {FIRST: program(home, "load")}
    home.rename(before)
    rounds = []
    for number_of_round in range(repeats):
        # Under the name it was built under: dbt's parse is kept for that place.
        shutil.copytree(before, home, symlinks=True)
        costs = dict(first)
        for way, arriving in arrivals(councils).items():
            for council in arriving:
                shutil.copytree(
                    last / "landing" / slug(council), home / "landing" / slug(council), dirs_exist_ok=True
                )
            costs[way] = program(home, "load")
        published = folder / "published"
        shutil.copytree((home / "published" / "current").resolve(), published)
        costs[REBUILD] = program(home, "rebuild")
        if number_of_round == 0:
            compare(published, home / "published" / "current")
        rounds.append({way: asdict(cost) for way, cost in costs.items()})
        shutil.rmtree(published)
        shutil.rmtree(home)
    return rounds


def arrivals(councils: int) -> Mapping[str, range]:
    """Whose last month comes with which load."""
    return {MORE: range(1)} if councils == 1 else {ONE: range(1), OTHERS: range(1, councils)}


def program(home: Path, command: str) -> Cost:
    return measured([str(PROGRAMS / "caseload"), command], environment(home), PROJECT)


def compare(one: Path, other: Path) -> None:
    """Stop where two publications differ in a row, or hold none."""
    rows = 0
    for tier in TIERS:
        names = sorted(path.name for path in (one / tier).iterdir())
        if names != sorted(path.name for path in (other / tier).iterdir()):
            sys.exit(f"the rebuild publishes other marts in {tier}")
        for name in names:
            mine, theirs = (f"from '{place / tier / name}'" for place in (one, other))
            differing = f"({mine} except all {theirs}) union all ({theirs} except all {mine})"
            if duckdb.execute(f"{differing} limit 1").fetchone():
                sys.exit(f"the rebuild publishes other rows of {tier}/{name}, nothing is told")
            (counted,) = duckdb.execute(f"select count(*) {mine}").fetchone() or (0,)
            rows += counted
    if not rows:
        sys.exit("no rows were published, so there is nothing to compare")


def table(result: Mapping[str, Any]) -> list[list[str]]:
    """Medians of what each step took, and its CPU over that of the rebuild, round by round."""
    histories = sorted(result["histories"], key=lambda one: int(one["months"]))
    return [row for one in histories for row in _of_history(one["months"], one["rounds"])]


def _of_history(months: int, rounds: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    return [
        [
            str(months),
            name,
            *(_median(rounds, name, what) for what in (CPU, "wall_seconds", PEAK)),
            spread(ratios(rounds, name, REBUILD)),
        ]
        for name in WAYS
        if name in rounds[0]
    ]


def _median(rounds: Sequence[Mapping[str, Any]], name: str, what: str) -> str:
    return number(median(one[name][what] for one in rounds))


def show(result: Mapping[str, Any], console: Console) -> None:
    console.print(drawn(f"{result['councils']} councils", HEADINGS, table(result)))


if __name__ == "__main__":
    main()
