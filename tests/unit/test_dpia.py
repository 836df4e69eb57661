"""The draft impact assessment says of retention what the reference data says."""

from __future__ import annotations

import csv
import re

from dagster_project.reference.tables import load_tables
from dagster_project.settings import PROJECT_ROOT

KIND = re.compile(r"^\| `(\w+)` \| ([\d,]+) \| (.+) \|$", re.MULTILINE)


def test_the_retention_table_is_that_of_the_shipped_reference_data() -> None:
    page = (PROJECT_ROOT / "docs" / "dpia.md").read_text(encoding="utf-8")
    with (PROJECT_ROOT / "seeds" / "retention.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["council"]]

    assert KIND.findall(page) == [(r["what"], f"{int(r['keep_days']):,}", r["source"]) for r in rows]


def test_the_retention_page_explains_every_kind() -> None:
    page = (PROJECT_ROOT / "docs" / "retention.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(load_tables()["retention"].codes["what"])
