"""What the pages of many councils cost: a made-up published set, drawn whole, again unchanged, and after a change.

Needs a home with the sample councils loaded (`make demo`); one of them is repeated under other names.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time

import duckdb
from rich.console import Console

from dagster_project.reference import Reference, load_reference
from dagster_project.settings import load_settings
from dagster_project.site import Built, build_site

COUNCIL, MONTHS_OF_IT, BACK = "west_sussex", ("2018-03-01", "2019-02-01"), 12
TIERS = (".", "restricted", "public")
MONTHLY = ("month", "as_at")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.site", description=__doc__)
    parser.add_argument("--councils", type=int, default=153)
    parser.add_argument("--units", type=int, default=30)
    given = parser.parse_args()
    settings = load_settings()
    source = (settings.published / "current").resolve()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="caseload-bench-") as folder:
        versions = [Path(folder) / str(number) for number in range(3)]
        for tier in TIERS:
            (versions[0] / tier).mkdir(parents=True, exist_ok=True)
            units = multiply(source / tier / "marts.duckdb", versions[0] / tier / "marts.duckdb", given)
        reference = with_councils(load_reference(settings), given.councils, units)
        timed(console, "whole", lambda: build_site(versions[0], None, reference, made_up))
        for number in (1, 2):
            for tier in TIERS:
                (versions[number] / tier).mkdir(parents=True)
                (versions[0] / tier / "marts.duckdb").rename(versions[number] / tier / "marts.duckdb")
                if number == 2:
                    change_one(versions[2] / tier / "marts.duckdb")
                else:
                    (versions[0] / tier / "marts.duckdb").symlink_to(versions[1] / tier / "marts.duckdb")
            name = "unchanged" if number == 1 else "one council changed"
            before, after = versions[number - 1], versions[number]
            timed(console, name, lambda a=after, b=before: build_site(a, b, reference, made_up))  # type: ignore[misc]


def timed(console: Console, name: str, build: Callable[[], Built]) -> None:
    """Run and say: seconds on the clock and of the processor, pages, and the most memory held so far."""
    started, used = perf_counter(), process_time()
    built = build()
    if built.problem:
        raise SystemExit(built.problem)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(
        f"{name}: {perf_counter() - started:.1f} s ({process_time() - used:.1f} s of processor), "
        f"{built.written:,} pages written, {built.kept:,} kept, at most {most:,.0f} MiB",
        soft_wrap=True,
    )


def multiply(source: Path, target: Path, given: argparse.Namespace) -> list[tuple[str, str]]:
    """Repeat the council's rows under other names, its teams until there are enough units, its year once more before.

    The units as slug and the slug they repeat.
    """
    with duckdb.connect(str(target)) as made:
        made.execute(f"attach '{source}' as source (read_only)")
        known = [
            unit
            for (unit,) in made.execute(
                "select distinct unit from source.caseload_bands where council = ? order by unit = ? desc, unit",
                [COUNCIL, COUNCIL],
            ).fetchall()
        ]
        teams = [
            unit
            for (unit,) in made.execute(
                "select distinct unit from source.caseload_bands where council = ? and \"level\" = 'team' order by 1",
                [COUNCIL],
            ).fetchall()
        ]
        more = [
            (f"{teams[n % len(teams)]}_again", teams[n % len(teams)]) for n in range(given.units - len(known))
        ]
        units = [*((unit, unit) for unit in known), *more]
        made.execute("create temp table units (unit varchar, of_unit varchar)")
        made.executemany("insert into units values (?, ?)", units)
        columns: dict[str, list[str]] = {}
        for table, column in made.execute(
            "select table_name, column_name from duckdb_columns() where database_name = 'source' order by column_index"
        ).fetchall():
            columns.setdefault(table, []).append(column)
        for table, names in columns.items():
            made.execute(f"create table {table} as {rows_of(table, names, given.councils)}")
    return units


def rows_of(table: str, names: Sequence[str], councils: int) -> str:
    if "council" not in names:
        return f"select * from source.{table}"
    first, last = MONTHS_OF_IT
    monthly = "month" in names
    rows = f"select * from source.{table} where council = '{COUNCIL}'"
    if monthly:
        rows += f" and month between '{first}' and '{last}'"
        earlier = ", ".join(
            f"(m.{name} - interval {BACK} month)::date as {name}" for name in MONTHLY if name in names
        )
        rows += f" union all select * replace ({earlier}) from ({rows}) as m"
    if "unit" in names and "unit_name" not in names:
        rows = f"select m.* replace (u.unit as unit) from ({rows}) as m join units as u on u.of_unit = m.unit"
    elif "unit" in names:
        rows = (
            "select m.* replace (u.unit as unit, case when u.unit = m.unit then m.unit_name "
            f"else m.unit_name || ' again' end as unit_name) from ({rows}) as m join units as u on u.of_unit = m.unit"
        )
    return (
        f"select m.* replace ('council_' || lpad(n::varchar, 3, '0') as council) from ({rows}) as m, "
        f"range(1, {councils + 1}) as numbers (n) order by all"
    )


def with_councils(reference: Reference, councils: int, units: Sequence[tuple[str, str]]) -> Reference:
    """The reference data with the councils made up."""
    tables = dict(reference.tables)
    own = next(row for row in tables["councils"] if row["council"] == COUNCIL)
    parents = {row["unit"]: row for row in tables["org_units"] if row["council"] == COUNCIL}
    slugs = [f"council_{number:03}" for number in range(1, councils + 1)]
    tables["councils"] = tuple(
        {**own, "council": slug, "name": slug.replace("_", " ").title()} for slug in slugs
    )
    tables["org_units"] = tuple(
        {**parents[of_unit], "council": slug, "unit": unit}
        for slug in slugs
        for unit, of_unit in units
        if of_unit in parents
    )
    return replace(reference, tables=tables)


def change_one(file: Path) -> None:
    """One unit of one council has another case."""
    with duckdb.connect(str(file)) as marts:
        marts.execute(
            "update caseload_bands set open_cases = open_cases + 1 where council = 'council_002' and \"level\" = 'team'"
        )


def made_up(_council: str, keys: Sequence[int]) -> Mapping[int, str]:
    return {key: f"W{number:04}" for number, key in enumerate(keys)}


if __name__ == "__main__":
    main()
