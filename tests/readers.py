"""Analysts at work on what is published: a process with several of them at once, until a file says that it is over.

    python -m readers PUBLISHED STOP READERS

Prints one line of JSON: reads by way, what was read, and every error and torn read. Opens as docs/workbench.md says.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import duckdb

LONGEST_SECONDS = 900
ASKED = """
select
    (select sum(open_cases) from {caseload_bands} where level = 'team'),
    (select sum(open_at_end) from {throughput} where level = 'team'),
    (select sum(rows_accepted) from {deliveries} where extract = 'caseload' and superseded_by is null)
"""
MARTS = ("caseload_bands", "throughput", "deliveries")


def from_file(path: Path) -> tuple[int, ...]:
    with duckdb.connect(str(path), read_only=True) as marts:
        return _asked(marts, {mart: mart for mart in MARTS})


def from_current_file(published: Path) -> tuple[int, ...]:
    return from_file(published / "current" / "marts.duckdb")


def from_attached(published: Path) -> tuple[int, ...]:
    with duckdb.connect() as own:
        own.execute(f"attach '{published / 'current' / 'marts.duckdb'}' as marts (read_only)")
        return _asked(own, {mart: f"marts.main.{mart}" for mart in MARTS})


def from_parquet_of_one_version(published: Path) -> tuple[int, ...]:
    folder = (published / "current").resolve() / "parquet"
    with duckdb.connect() as own:
        return _asked(own, {mart: f"'{folder / mart}.parquet'" for mart in MARTS})


def from_one_parquet_file(published: Path) -> tuple[int, ...]:
    with duckdb.connect() as own:
        file = published / "current" / "parquet" / "caseload_bands.parquet"
        found = own.execute(f"select sum(open_cases) from '{file}' where level = 'team'").fetchall()
        return (int(found[0][0]),) * len(MARTS)


def held_open(published: Path) -> tuple[int, ...]:
    """Twice over one connection, a while apart: what is open stays what it was."""
    with duckdb.connect(str((published / "current").resolve() / "marts.duckdb"), read_only=True) as marts:
        before = _asked(marts, {mart: mart for mart in MARTS})
        time.sleep(1)
        after = _asked(marts, {mart: mart for mart in MARTS})
        return before if before == after else (-1, *after[1:])


WAYS: tuple[Callable[[Path], tuple[int, ...]], ...] = (
    from_current_file,
    from_attached,
    from_parquet_of_one_version,
    from_one_parquet_file,
    held_open,
)


def _asked(marts: duckdb.DuckDBPyConnection, named: dict[str, str]) -> tuple[int, ...]:
    return tuple(int(value) for value in marts.execute(ASKED.format(**named)).fetchall()[0])


def main() -> None:
    published, stop, readers = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    reads: Counter[str] = Counter()
    seen: set[int] = set()
    wrong: list[str] = []
    until = time.monotonic() + LONGEST_SECONDS

    def read_on(way: Callable[[Path], tuple[int, ...]]) -> None:
        while not stop.exists() and time.monotonic() < until:
            try:
                found = way(published)
                if len(set(found)) != 1:
                    wrong.append(f"{way.__name__}: torn: {found}")
                seen.add(found[0])
            except Exception as error:  # noqa: BLE001  any error is what is looked for
                wrong.append(f"{way.__name__}: {type(error).__name__}: {error}")
            reads[way.__name__] += 1
            time.sleep(0.2)

    threads = [threading.Thread(target=read_on, args=(WAYS[n % len(WAYS)],)) for n in range(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"reads": reads, "seen": sorted(seen), "wrong": wrong}))


if __name__ == "__main__":
    main()
