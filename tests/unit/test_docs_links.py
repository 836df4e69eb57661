"""What README.md and docs/ promise is there: links and anchors, command lines, marts, columns, rules and settings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
import yaml

from dagster_project.cli import app
from dagster_project.deliveries.cell_rules import FAILED_TYPE
from dagster_project.deliveries.checking import ROW_RULES, UNMAPPED_RULE
from dagster_project.deliveries.safeguarding import EXPECTED
from dagster_project.extracts import load_specifications
from dagster_project.quarantine import rules
from dagster_project.reference.tables import load_tables
from dagster_project.settings import PROJECT_ROOT

DOCS = PROJECT_ROOT / "docs"
PAGES = [PROJECT_ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*bin/)?caseload(?P<words>\s.*)?$")
IDENTIFIER = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
FENCES_WITH_COMMANDS = {"", "sh", "bash", "console"}
# Words in analyst.md that are no mart and no column, and where they come from.
OTHER_WORDS = {
    "threshold_policy",
    "unit_costs",
    "component_published_rounded",
    "contradicts_its_own_integers",
    "unallocated_cases",
    "managed_team_days_to_end",
    "workers_per_support_officer",
    "survey_answer",
    "alert_rules",
    "metrics",
    "average_caseload",
    *load_specifications(),
} | {
    "bank_holidays",
    "forecast_rules",
    "time_limits",
}


def _name(page: Path) -> str:
    return str(page.relative_to(PROJECT_ROOT))


def _prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    anchors: dict[str, int] = {}
    for heading in re.findall(r"^#{1,6} (.+)$", _prose(page), re.MULTILINE):
        text = LINK.sub(lambda link: link[0].split("](")[0].lstrip("!["), heading)
        slug = re.sub(r"[^\w\- ]", "", text.replace("`", "").lower()).strip().replace(" ", "-")
        anchors[slug] = anchors.get(slug, -1) + 1
    return {slug if not n else f"{slug}-{n}" for slug, times in anchors.items() for n in range(times + 1)}


def _relative_links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for target in LINK.findall(_prose(page)):
            if not re.match(r"[a-z]+:", target):
                yield page, target


@pytest.mark.parametrize(
    ("page", "target"), [pytest.param(p, t, id=f"{_name(p)} {t}") for p, t in _relative_links()]
)
def test_a_relative_link_leads_to_a_file_and_its_anchor(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page

    assert file.exists(), f"{_name(page)} links to {path}"
    if anchor:
        assert anchor in _anchors(file), f"{_name(page)} links to #{anchor} of {file.name}"


def _command_lines() -> Iterator[tuple[Path, str]]:
    """Lines of shell fences and inline code that call `caseload`, each once a page."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        quoted = [
            line
            for kind, body in FENCE.findall(text)
            if kind in FENCES_WITH_COMMANDS
            for line in body.splitlines()
        ]
        lines = dict.fromkeys(line.strip() for line in [*quoted, *INLINE.findall(FENCE.sub("", text))])
        yield from ((page, line) for line in lines if COMMAND.match(line))


@pytest.mark.parametrize(
    ("page", "line"), [pytest.param(p, x, id=f"{_name(p)}: {x}") for p, x in _command_lines()]
)
def test_a_command_line_in_the_documentation_is_one_the_command_line_takes(page: Path, line: str) -> None:
    match = COMMAND.match(line)
    assert match
    words = shlex.split(match["words"] or "", comments=True)
    end = next((i for i, word in enumerate(words) if re.match(r"\d?[|;&<>]", word)), len(words))
    words = words[:end]
    group: Any = typer.main.get_command(app)
    asked = [word for word in words if word != "--help"]

    if asked:
        assert asked[0] in group.commands, f"{_name(page)}: {line}"
        group.commands[asked[0]].make_context(asked[0], asked[1:])


@cache
def _contracts() -> dict[str, dict[str, str]]:
    """Columns and types of each mart by its published name."""
    contracts = {}
    for path in sorted((PROJECT_ROOT / "dbt" / "models" / "marts").rglob("*.yml")):
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        for model in content.get("models", []):
            name = model.get("config", {}).get("alias", model["name"])
            contracts[name] = {column["name"]: column["data_type"] for column in model["columns"]}
    return contracts


def _sections() -> dict[str, str]:
    """The sections of the analysts' page by heading."""
    parts = re.split(r"^## (.+)$", (DOCS / "analyst.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_analysts_page_has_one_section_for_each_mart() -> None:
    assert _contracts().keys() <= _sections().keys()


@pytest.mark.parametrize("mart", sorted(_contracts()))
def test_the_columns_a_marts_section_explains_are_columns_of_that_mart(mart: str) -> None:
    explained = [
        name
        for cell in re.findall(r"^\| (`[^|]+) \|", _sections()[mart], re.MULTILINE)
        for name in INLINE.findall(cell)
    ]

    assert explained
    assert set(explained) <= _contracts()[mart].keys()


def test_every_name_in_the_analysts_prose_is_a_mart_or_a_column() -> None:
    known = (
        _contracts().keys() | {name for columns in _contracts().values() for name in columns} | OTHER_WORDS
    )
    named = {
        name.removesuffix(".csv")
        for name in INLINE.findall(_prose(DOCS / "analyst.md"))
        if IDENTIFIER.fullmatch(name.removesuffix(".csv"))
    }

    assert named
    assert named <= known


@pytest.mark.parametrize(
    "query",
    [
        body
        for page in ("analyst.md", "workbench.md")
        for kind, body in FENCE.findall((DOCS / page).read_text(encoding="utf-8"))
        if kind == "sql"
    ],
)
def test_a_query_of_the_analysts_pages_runs_on_tables_of_the_contracts(query: str) -> None:
    with duckdb.connect(":memory:") as connection:
        for mart, columns in _contracts().items():
            declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"create table {mart} ({declared})")
        connection.execute(query)


def test_every_rule_that_a_row_can_break_is_explained() -> None:
    known = {
        "required",
        "required_when",
        "error_cell",
        "range",
        UNMAPPED_RULE,
        *FAILED_TYPE.values(),
        *ROW_RULES,
        *EXPECTED,
    }
    for specification in load_specifications().values():
        for column in specification.columns:
            known |= {bound.rule for bound in (column.not_after, column.not_before) if bound}

    assert set(rules()) == known


def test_the_engineers_page_explains_every_setting() -> None:
    settings = (PROJECT_ROOT / "dagster_project" / "settings.py").read_text(encoding="utf-8")
    page = (DOCS / "engineer.md").read_text(encoding="utf-8")

    assert set(re.findall(r"CASELOAD_[A-Z_]+[A-Z]", settings)) <= set(re.findall(r"`(CASELOAD_\w+)`", page))


def test_the_engineers_example_council_has_columns_that_reference_files_have() -> None:
    page = (DOCS / "engineer.md").read_text(encoding="utf-8")
    examples = re.findall(r"^`(\w+)\.csv`.*?```csv\n(.*?)\n", page, re.MULTILINE | re.DOTALL)

    assert examples
    for name, header in examples:
        assert set(header.split(",")) <= set(load_tables()[name].columns), name
        assert set(load_tables()[name].required) <= set(header.split(",")), name
