"""The floor of a full build: DuckDB by hand, the marts in one go from the Parquet that the program has archived."""

from __future__ import annotations

import duckdb

from bench.rivals.duckdb_sql import WHOLE, make_marts
from bench.rivals.ground import FORMS, KINDS, Ground, key_column


def main() -> None:
    ground = Ground.of_command_line()
    with duckdb.connect(":memory:", config={"threads": 2}) as connection:
        for extract, form in FORMS.items():
            kept = ", ".join(
                key_column(name) if name in KINDS else WHOLE.get(kind, "{0}").format(name)
                for name, kind in form.items()
            )
            files = ground.home / "archive" / extract / "*" / "*.parquet"
            connection.execute(
                f"create view {extract} as select council, month, {kept} "
                f"from read_parquet('{files}', hive_partitioning = true, hive_types = {{'month': date}})"
            )
        make_marts(connection, ground)


if __name__ == "__main__":
    main()
