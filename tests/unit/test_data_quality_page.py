"""Each check of the mart is explained where its row says."""

from __future__ import annotations

import csv
import re

from dagster_project.settings import PROJECT_ROOT

CHECKS = PROJECT_ROOT / "seeds" / "data_quality_checks.csv"
MODEL = PROJECT_ROOT / "dbt" / "models" / "marts" / "governance" / "data_quality.sql"


def _checks() -> list[dict[str, str]]:
    with CHECKS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_check_links_to_its_own_heading_and_every_heading_is_a_check() -> None:
    page = PROJECT_ROOT / "docs" / "data-quality.md"
    headings = set(re.findall(r"^### (\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE))

    assert {row["link"] for row in _checks()} == {f"docs/{page.name}#{name}" for name in headings}
    assert all(row["link"].endswith(f"#{row['check_id']}") for row in _checks())


def test_every_check_is_made_by_the_mart() -> None:
    sql = MODEL.read_text(encoding="utf-8")

    assert [row["check_id"] for row in _checks() if f"'{row['check_id']}'" not in sql] == []
