"""From landed CSV to published marts: the program, its floor and its rivals on the same files, and what each costs.

In the first round all have to make the same rows, or nothing is told. They take turns, so that a busy machine slows
each alike: trust the ratios more than the seconds. Never fails by time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.contenders import CONTENDERS, EVERYTHING, PROJECT, SAME_MARTS, Contender, environment
from bench.extracts import SIZES, land, register
from bench.machine import machine
from bench.marts import compare
from bench.measuring import Cost, FailedError, adopt_orphans, measured
from bench.report import show
from dagster_project.reference import load_reference
from dagster_project.settings import Settings

ALWAYS = (EVERYTHING, SAME_MARTS)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--size",
        choices=[*SIZES],
        default="S",
        help="councils and months: " + ", ".join(map(str, SIZES.values())),
    )
    parser.add_argument("--councils", type=int, help="instead of the size's")
    parser.add_argument("--months", type=int, help="instead of the size's")
    parser.add_argument("--repeats", type=int, default=3, help="how often each is timed")
    parser.add_argument(
        "--without", nargs="*", default=[], help="contenders to leave out, by a part of their names"
    )
    parser.add_argument(
        "--keep", type=Path, help="a folder for the results as JSON; `python -m bench.page` reads it"
    )
    given = parser.parse_args()
    size = SIZES[given.size].changed(given.councils, given.months)
    console = Console(width=140)
    adopt_orphans()
    taking_part, left_out = who_takes_part(given.without)
    for name, reason in left_out.items():
        console.print(f"left out: {name}: {reason}")
    with tempfile.TemporaryDirectory(prefix="caseload-bench-") as folder:
        landed = Path(folder) / "landed"
        register(landed, size.councils)
        land(landed, size.councils, size.months)
        files = list((landed / "landing").rglob("*.csv"))
        console.print(
            f"{size}: {len(files)} files, {sum(path.stat().st_size for path in files) / 2**20:,.1f} MiB"
        )
        result: dict[str, Any] = {
            "size": asdict(size),
            "files": len(files),
            "machine": machine(),
            "left_out": left_out,
            "rounds": [],
        }
        for number in range(given.repeats):
            costs = one_round(
                Path(folder) / "round", landed, turned(taking_part, number), is_compared=number == 0
            )
            result["rounds"].append({name: asdict(cost) for name, cost in costs.items()})
            console.print(
                f"round {number + 1} of {given.repeats}" + ("" if number else ": all made the same rows")
            )
            if given.keep:
                keep(result, given.keep / f"{size.name}.json")
    show(result, console)


def keep(result: Mapping[str, Any], path: Path) -> None:
    """After every round: one that is broken off leaves those before it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def who_takes_part(without: Sequence[str]) -> tuple[list[Contender], dict[str, str]]:
    """The contenders, and of those left out the reason."""
    left_out = {}
    for one in CONTENDERS:
        if one.why_not:
            left_out[one.name] = one.why_not
        elif one.name not in ALWAYS and any(part.lower() in one.name.lower() for part in without):
            left_out[one.name] = "it was not asked for"
    return [one for one in CONTENDERS if one.name not in left_out], left_out


def turned(contenders: Sequence[Contender], number: int) -> list[Contender]:
    """Another order in each round, but never dbt before the load whose archive it builds from."""
    makers = [one for one in contenders if not one.home_of]
    place = number % len(makers)
    return [*makers[place:], *makers[:place], *(one for one in contenders if one.home_of)]


def one_round(
    folder: Path, landed: Path, contenders: Sequence[Contender], *, is_compared: bool
) -> Mapping[str, Cost]:
    """What each contender cost, each on an installation of its own with the same files."""
    costs: dict[str, Cost] = {}
    places: dict[str, tuple[Path, Path]] = {}
    try:
        for number, one in enumerate(contenders):
            home, out = folder / f"home-{number}", folder / f"out-{number}"
            if one.home_of:
                home = places[one.home_of][0]
                # dbt leaves the SQL it ran in place of a seed that lies outside its project.
                settings = Settings(home=home)
                load_reference(settings).write(settings.merged_reference)
            else:
                # Landed files are only read or replaced, never written into.
                shutil.copytree(landed / "landing", home / "landing", copy_function=os.link)
                shutil.copytree(landed / "reference", home / "reference")
            out.mkdir(parents=True)
            places[one.name] = (home, out)
            costs[one.name] = measured(one.command(home, out), environment(home), PROJECT)
        if is_compared:
            made = {one.name: place for one in contenders if (place := one.marts(*places[one.name]))}
            # The program first: the others are held to it.
            compare({EVERYTHING: made[EVERYTHING], **made})
    except FailedError as error:
        sys.exit(str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return costs


if __name__ == "__main__":
    main()
