"""Made-up councils straight into the archive: what a load of their CSV would leave there, in minutes for a nation.

`python -m bench.archive HOME --councils 153 --months 120` registers them and writes, month by month, each extract of
all councils by one query, then the manifest and the crosswalk, all by the program's own writers. No CSV is made, so a
delivery's checksum is of its name. Rows are held in a file beside the archive while they are made.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow as pa

from bench.contenders import settings_of
from bench.extracts import register
from bench.made_up import CASES, EXTRACTS, HOLDERS, LONGEST_CASE, choose, prepare, slug
from dagster_project.deliveries import Delivery, Manifest, new_load_id, prepare_archive
from dagster_project.deliveries.archive import month_folder, write_parquet
from dagster_project.deliveries.batch import specification_hash
from dagster_project.deliveries.checking import numbers_of
from dagster_project.deliveries.crosswalk import write_council
from dagster_project.deliveries.generation import archive_root
from dagster_project.deliveries.pseudonyms import fingerprint, pseudonym
from dagster_project.extracts import Column, Specification, load_specifications
from dagster_project.reference import Reference, load_reference
from dagster_project.settings import Settings, make_home
from dagster_project.warehouse_file import sql_text

MEMORY = "2GB"
# Of each table of people the kinds of identifier in it, and the columns of identifier and key.
PEOPLE = {
    "cases": (("child", "child_id", "child_key"), ("family", "family_id", "family_key")),
    "holders": (
        ("worker", "worker_id", "worker_key"),
        ("registration", "registration_no", "registration_key"),
    ),
}
# Since when one has rows, and until when. After the end of a case an assessment may still come.
SINCE_UNTIL = {"cases": ("opened_on", "closed_on"), "holders": ("started_on", "ended_on")}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.archive", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--councils", type=int, default=1)
    parser.add_argument("--months", type=int, default=12)
    given = parser.parse_args()
    register(given.home, given.councils)
    archive(settings_of(given.home), given.councils, given.months)


def archive(
    settings: Settings,
    councils: int,
    months: int,
    *,
    load_id: str = "",
    now: datetime | None = None,
    is_last_left: bool = False,
) -> None:
    """Every month of councils that are registered, or every month but the last, as if one load had taken them in."""
    now = now or datetime.now(UTC)
    make_home(settings)
    reference, specifications = load_reference(settings), load_specifications()
    prepare_archive(settings, specifications)
    # Before there are rows: a manifest that is missing beside some is not made again.
    manifest = Manifest(settings.manifest)
    made = _Made(settings, reference, specifications, load_id or new_load_id(now), now)
    with (
        tempfile.TemporaryDirectory(prefix=".made-", dir=settings.home) as folder,
        duckdb.connect(Path(folder) / "made.duckdb", config={"memory_limit": MEMORY}) as connection,
    ):
        prepare(connection, months)
        if is_last_left:
            connection.execute("delete from months where i = 0")
        _people(connection, settings.pseudonym_key(), councils, months)
        deliveries = [one for month in _months(connection) for one in made.month(connection, *month)]
        made.crosswalk(connection)
    manifest.record(deliveries)


def _people(connection: duckdb.DuckDBPyConnection, secret: bytes, councils: int, months: int) -> None:
    """All cases and those who hold them, with the keys of everybody, in tables `all_...`, council after council."""
    connection.execute("alter table months rename to all_months")
    for council in range(councils):
        choose(connection, [council])
        connection.execute(f"create or replace temp table cases as {CASES}", {"months": months})
        connection.execute(f"create or replace temp table holders as {HOLDERS}")
        for table, people in PEOPLE.items():
            joins, keys = "", []
            for kind, identifier, key in people:
                found = connection.execute(f"select distinct {identifier} from {table}").to_arrow_table()
                made = [pseudonym(secret, kind, slug(council), one) for one in found[identifier].to_pylist()]
                connection.register(
                    f"keys_of_{kind}", found.append_column("made", pa.array(made, pa.int64()))
                )
                joins += f" inner join keys_of_{kind} using ({identifier})"
                keys.append(f"keys_of_{kind}.made as {key}")
            kept = f"select {table}.* replace ({', '.join(keys)}) from {table}{joins} order by all"
            begin = "insert into" if council else "create table"
            connection.execute(f"{begin} all_{table} {'' if council else 'as '}{kept}")
    connection.execute("drop table cases")
    choose(connection, range(councils))


def _months(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[date, date]]:
    """First and last day of each month in turn; meanwhile the queries are of that month alone."""
    for number, first, last in connection.execute("from all_months order by i desc").fetchall():
        connection.execute(f"create or replace temp table months as from all_months where i = {number}")
        # No case is older: of all of them few are looked at twice.
        oldest = f"date '{first}' - to_months({LONGEST_CASE})"
        connection.execute(
            "create or replace temp view cases as from all_cases "
            f"where opened_on between {oldest} and date '{last}'"
        )
        connection.execute(
            "create or replace temp table holders as from all_holders "
            f"where started_on <= date '{last}' and (ended_on is null or ended_on >= date '{first}')"
        )
        yield first, last


def _cell(column: Column) -> str:
    """A cell as it is archived: names by their key."""
    return f"lower({column.name})" if column.type in ("unit", "role") else column.archived_name


class _Made:
    """One load that never was."""

    def __init__(
        self,
        settings: Settings,
        reference: Reference,
        specifications: Mapping[str, Specification],
        load_id: str,
        now: datetime,
    ) -> None:
        self._settings = settings
        self._root = archive_root(settings)
        self._reference = reference
        self._specifications = specifications
        self._load_id = load_id
        self._received_at = now.astimezone(UTC).isoformat(timespec="microseconds")
        self._reading_fingerprint = cache(reference.reading_fingerprint)

    def month(self, connection: duckdb.DuckDBPyConnection, first: date, last: date) -> list[Delivery]:
        """Archive the extracts of one month; its deliveries, to be recorded."""
        found = []
        for extract, query in sorted(EXTRACTS.items()):
            specification = self._specifications[extract]
            path = month_folder(self._root, extract, first) / f"{self._load_id}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_parquet(connection, self._rows(connection, specification, query, first), path)
            found += self._deliveries(connection, specification, first, path)
        return found

    def _rows(
        self,
        connection: duckdb.DuckDBPyConnection,
        specification: Specification,
        query: str,
        month: date,
    ) -> str:
        """The rows of an extract as they are archived, numbered as in the file they would have come in."""
        made = [name for name, *_ in connection.execute(f"describe {query}").fetchall()]
        archived = ", ".join(
            f"cast({_cell(column)} as {column.archived_type}) as {column.archived_name}"
            for column in specification.columns
        )
        delivery = f"slug || '-{month:%Y-%m}-{specification.extract}-{self._load_id}'"
        return (
            f"select {delivery} as delivery, slug as council, 1 + row_number() over "
            f"(partition by council order by {made[0]}, {made[1]}) as row_number, {archived} "
            f"from ({query}) as made inner join councils using (council) order by delivery, row_number"
        )

    def _deliveries(
        self, connection: duckdb.DuckDBPyConnection, specification: Specification, month: date, path: Path
    ) -> list[Delivery]:
        """What the manifest says of a file that was written, counted in the file itself."""
        extract, numbers = specification.extract, numbers_of(specification)
        sums = "".join(f", coalesce(sum({name}), 0)" for name in numbers)
        counted = connection.execute(
            f"select delivery, council, count(*){sums} from read_parquet({sql_text(path)}, hive_partitioning = false) "
            "group by all order by delivery"
        ).fetchall()
        return [
            Delivery(
                delivery=delivery,
                council=council,
                month=month,
                extract=extract,
                grain=specification.grain,
                file_name=f"{extract}.csv",
                sha256=sha256(delivery.encode()).hexdigest(),
                received_at=self._received_at,
                load_id=self._load_id,
                specification_hash=self._specification_hash(council, extract, month),
                reference_hash=self._reading_fingerprint(council),
                key_fingerprint=fingerprint(self._settings.pseudonym_key()),
                rows_read=rows,
                rows_accepted=rows,
                archive_file=str(path.relative_to(self._settings.archive)),
                totals={name: (Decimal(t), Decimal(t)) for name, t in zip(numbers, totals, strict=True)},
            )
            for delivery, council, rows, *totals in counted
        ]

    def _specification_hash(self, council: str, extract: str, month: date) -> str:
        source = self._reference.source_of(council, extract, month).source
        return specification_hash(self._specifications, self._reference, extract, source)

    def crosswalk(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Whose key is whose, a sealed segment for each council."""
        of_a_council = " union all ".join(
            f"select '{kind}' as kind, {identifier} as identifier, {key} as key, "
            f"strftime(greatest(min({since}), any_value(first)), '%Y-%m') as first_seen from all_{table}, "
            "(select min(first_day) as first, max(last_day) as last from all_months) "
            f"where council = $council and {since} <= last and ({until} is null or {until} >= first) group by all"
            for table, people in PEOPLE.items()
            for since, until in [SINCE_UNTIL[table]]
            for kind, identifier, key in people
        )
        for council, name in connection.execute("select council, slug from councils").fetchall():
            known = connection.execute(f"from ({of_a_council}) order by kind, key", {"council": council})
            write_council(
                self._root, name, self._load_id, known.to_arrow_table(), self._settings.storage_key()
            )


if __name__ == "__main__":
    main()
