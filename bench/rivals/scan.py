"""The least there is: every cell of the landed CSV files read as text and counted, nothing kept."""

from __future__ import annotations

import duckdb

from bench.rivals.ground import FORMS, Ground


def main() -> None:
    ground = Ground.of_command_line()
    with duckdb.connect(":memory:", config={"threads": 2}) as connection:
        for extract in FORMS:
            files = ", ".join(f"'{path}'" for path in ground.files(extract))
            if files:
                connection.execute(
                    f"select count(columns(*)) from read_csv([{files}], header = true, all_varchar = true)"
                ).fetchall()


if __name__ == "__main__":
    main()
