"""The draft impact assessment says what the reference data, the forms of extracts and the marts say."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable

import yaml

from dagster_project.extracts import load_specifications
from dagster_project.reference.tables import load_tables
from dagster_project.settings import PROJECT_ROOT
from dagster_project.warehouse.publishing import MODES, VERSIONS_KEPT, Tier

KIND = re.compile(r"^\| `(\w+)` \| ([\d,]+) \| (.+) \|$", re.MULTILINE)


def test_the_retention_table_is_that_of_the_shipped_reference_data() -> None:
    page = (PROJECT_ROOT / "docs" / "dpia.md").read_text(encoding="utf-8")
    with (PROJECT_ROOT / "seeds" / "retention.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if not row["council"]]

    assert KIND.findall(page) == [(r["what"], f"{int(r['keep_days']):,}", r["source"]) for r in rows]


def test_the_retention_page_explains_every_kind() -> None:
    page = (PROJECT_ROOT / "docs" / "retention.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(load_tables()["retention"].codes["what"])


def the_page() -> str:
    return (PROJECT_ROOT / "docs" / "dpia.md").read_text(encoding="utf-8")


def named(columns: Iterable[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns) or "none"


def test_what_becomes_of_each_identifier_and_written_word_is_what_the_forms_say() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| ((?:`\w+`(?:, )?)+|none) \| ((?:`\w+`(?:, )?)+|none) \|$", the_page(), re.MULTILINE
    )

    assert rows == [
        (
            name,
            named(c.name for c in form.columns if c.pseudonym),
            named(
                c.name for c in form.columns if not c.pseudonym and c.type in {"identifier", "text", "team"}
            ),
        )
        for name, form in sorted(load_specifications().items())
        if form.grain == "rows"
    ]


def test_no_form_has_a_column_for_what_the_page_says_there_is_none_for() -> None:
    assert "There is no column for a name, an address, a date of birth, a sex or an ethnicity" in " ".join(
        the_page().split()
    )
    words = {
        "name",
        "surname",
        "forename",
        "address",
        "postcode",
        "birth",
        "dob",
        "sex",
        "gender",
        "ethnicity",
    }
    columns = {
        f"{name}.{column.name}"
        for name, form in load_specifications().items()
        for column in form.columns
        if words & set(column.name.split("_"))
    }

    assert columns == set()


def test_the_tiers_hold_and_are_open_to_whom_the_page_says() -> None:
    meta = {
        model["name"]: model.get("config", {}).get("meta", {})
        for path in (PROJECT_ROOT / "dbt" / "models" / "marts").glob("**/*.yml")
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
    }
    page = the_page()
    rows = dict(re.findall(r"^\| (restricted|internal|public) \| (.+) \|$", page, re.MULTILINE))
    only, some = re.findall(r"((?:`\w+`(?:, | and )?)+)", rows["restricted"])

    assert set(re.findall(r"`(\w+)`", only)) == {n for n, m in meta.items() if m.get("tier") == "restricted"}
    assert set(re.findall(r"`(\w+)`", some)) == {n for n, m in meta.items() if m.get("restricted_rows")}
    for tier in Tier:
        assert f"({MODES[tier].folder:o}, {MODES[tier].file:o})" in rows[tier]
    assert f"the last {VERSIONS_KEPT} published versions" in page


def test_every_file_that_the_page_calls_a_proof_holds_tests() -> None:
    proofs = set(re.findall(r"\(\.\./(tests/[\w/]+\.py)\)", the_page()))

    assert len(proofs) > 8
    for proof in proofs:
        assert "def test_" in (PROJECT_ROOT / proof).read_text(encoding="utf-8"), proof
