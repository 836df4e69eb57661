"""Made-up councils of any number and any length of history, in the canonical form, the same bytes on every run.

`python -m bench.extracts HOME --councils 153 --months 120` lands them and registers them in HOME's own reference data.
One set-based query an extract and council: 51 million rows of cases are written in minutes.

A council has ten teams in three services, 150 social workers, and about 2,800 rows of cases a month; workers leave and
are followed by others, one in ten is from an agency, one case in 25 is unallocated, one child in 20 has two cases.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import duckdb

from bench.made_up import CASES, EXTRACTS, HOLDERS, SINCE, TEAMS, choose, prepare, slug, title

Row: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Size:
    """How many councils and months of one case of the benchmark."""

    name: str
    councils: int
    months: int

    def __str__(self) -> str:
        return f"{self.name} ({self.councils} x {self.months})"

    def changed(self, councils: int | None, months: int | None) -> Size:
        """With other councils or months, where they are given; named by both then."""
        wanted = (councils or self.councils, months or self.months)
        return self if wanted == (self.councils, self.months) else Size("{}x{}".format(*wanted), *wanted)


SIZES = {
    size.name: size
    for size in (Size("month", 1, 1), Size("S", 1, 12), Size("M", 153, 12), Size("L", 153, 120))
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.extracts", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--councils", type=int, default=1)
    parser.add_argument("--months", type=int, default=12)
    given = parser.parse_args()
    register(given.home, given.councils)
    land(given.home, given.councils, given.months)


def register(home: Path, councils: int) -> None:
    """The councils, their units and their standard costs as rows of the installation's own reference data."""
    folder = home / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    since = SINCE.isoformat()
    _write(
        folder / "councils.csv",
        "council,name,ons_code,former_ons_codes,dfe_code,region_code,standard_hours_per_week",
        (
            (slug(n), f"Made {n}", f"E{99000000 + n}", "", str(5000 + n), f"E1200000{1 + n % 9}", "37")
            for n in range(councils)
        ),
    )
    _write(
        folder / "org_units.csv",
        "council,unit,name,level,parent_unit,service_area,frontline,valid_from,valid_to",
        (unit for n in range(councils) for unit in _units(slug(n), since)),
    )
    _write(
        folder / "unit_costs.csv",
        "council,role,grade,is_default,annual_cost_gbp,set_up_cost_gbp,includes_on_costs,valid_from,valid_to,source",
        (
            (slug(n), "social_worker", "", "true", f"{43000 + n}.00", "1100.00", "true", since, "", "made up")
            for n in range(councils)
        ),
    )


def _units(council: str, since: str) -> Iterator[Row]:
    yield council, council, council.replace("_", " ").title(), "council", "", "other", "false", since, ""
    yield council, "frontline", "Frontline", "division", council, "other", "true", since, ""
    for service, teams in TEAMS:
        area = "assessment" if service == "assessment" else "other"
        yield council, service, title(service), "service", "frontline", area, "true", since, ""
        for team in teams:
            yield council, team, title(team), "team", service, area, "true", since, ""


def _write(path: Path, header: str, rows: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def land(home: Path, councils: int, months: int, *, first_council: int = 0, only_last: bool = False) -> None:
    """The extracts of `months` months up to LAST_MONTH in landing, or of the last of them alone."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("set threads = 1")
        prepare(connection, 1 if only_last else months)
        for council in range(first_council, first_council + councils):
            choose(connection, [council])
            connection.execute(f"create or replace temp table cases as {CASES}", {"months": months})
            connection.execute(f"create or replace temp table holders as {HOLDERS}")
            for extract, query in EXTRACTS.items():
                _land_extract(connection, home / "landing" / slug(council), extract, query)


def _land_extract(connection: duckdb.DuckDBPyConnection, folder: Path, extract: str, query: str) -> None:
    """One query writes all months of an extract, each into its folder under its name."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f".{extract}"
    connection.execute(
        "copy (select columns(name -> name not in ('council', 'month') and not ends_with(name, '_key')), "
        f"strftime(month, '%Y-%m') as folder from ({query}) order by 1, 2) to '{made}' "
        "(format csv, header, partition_by (folder), overwrite_or_ignore, date_format '%Y-%m-%d')"
    )
    for part in sorted(made.iterdir()):
        (file,) = part.iterdir()
        month = folder / part.name.removeprefix("folder=")
        month.mkdir(exist_ok=True)
        file.rename(month / f"{extract}.csv")
        part.rmdir()
    made.rmdir()


if __name__ == "__main__":
    main()
