"""The program doing only what its rivals do: files read, checked, hashed and archived, and the marts of `bench.marts`.

`python -m bench.same_marts OUT`: the program's own steps, without the other marts, dbt's tests, checks, pages, mails;
with `--from-archive` of the months that are archived already, and landing is not looked at.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from bench.marts import MARTS
from dagster_project import deliveries, quality
from dagster_project.extracts import load_specifications
from dagster_project.reference import Reference, load_reference
from dagster_project.settings import Settings, load_settings, make_home
from dagster_project.warehouse.scratch import build_in
from dagster_project.warehouse_file import reading_warehouse, sql_text

FROM_ARCHIVE = "--from-archive"


def main() -> None:
    settings = load_settings()
    make_home(settings)
    reference = load_reference(settings)
    if FROM_ARCHIVE not in sys.argv:
        receive(settings, reference)
    manifest = deliveries.Manifest(settings.manifest)
    build_in(settings, manifest.all(), manifest, [], reference, only=[f"+{mart}" for mart in MARTS])
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with reading_warehouse(settings) as warehouse:
        for mart in MARTS:
            path = out / f"{mart}.parquet"
            warehouse.execute(f"copy (from {mart} order by all) to {sql_text(path)} (format parquet)")


def receive(settings: Settings, reference: Reference) -> None:
    now = datetime.now(UTC)
    deliveries.receive(
        settings,
        reference,
        load_specifications(),
        quality.judge_deliveries(settings, []),
        load_id=deliveries.new_load_id(now),
        now=now,
    )


if __name__ == "__main__":
    main()
