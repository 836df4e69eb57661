"""dbt's own documentation of the project as one page that asks nobody for anything: what `dbt docs generate --static`
makes, from the manifest the build has just written, without paths, compiled SQL or a row's value. Runs no dbt.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dagster_project.extracts import load_specifications
from dagster_project.settings import Settings
from dagster_project.warehouse_file import reading_warehouse

WORDS = Path(__file__).with_name("column_words.yml")
CODE = (Path(__file__), WORDS)
# Of a node: where it lay on this machine, and SQL with that installation's paths.
OF_THIS_MACHINE = (
    "root_path", "build_path", "compiled_path", "compiled_code", "compiled", "extra_ctes", "created_at", "external",
    "external_location",
)  # fmt: skip
KINDS = ("nodes", "sources", "exposures", "metrics", "semantic_models", "docs", "groups")
MAPS = ("parent_map", "child_map", "group_map")
LEFT_OUT = ("unit_tests", "disabled", "selectors", "saved_queries", "functions")
TABLES = ("model", "seed")
ALL_COLUMNS = """
select table_schema, table_name, column_name, data_type from information_schema.columns
where table_catalog = current_database() order by ordinal_position
"""
METADATA = ("dbt_schema_version", "dbt_version", "project_name", "adapter_type")
CONTENT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; "
    "font-src data:; base-uri 'none'; form-action 'none'"
)
Columns = Mapping[tuple[str, str], Mapping[str, str]]
"""Types of columns by schema and name of their table."""
ICON = "${require('./assets/favicons/favicon.ico')}"


def project_docs(settings: Settings) -> Path | None:
    """The page, made again only when the project or this code changed; None where nothing was ever built."""
    manifest = settings.warehouse / "dbt" / "manifest.json"
    if not manifest.is_file():
        return None
    content = manifest.read_bytes()
    folder = settings.warehouse / "dbt_docs"
    # Which page was last found to be of which bytes: the manifest is long, and most loads leave it as it is.
    found, of = folder / "page_of_manifest", _sum_of(content)
    if before := _found_before(found, of):
        return before
    declared = json.loads(content)
    page = folder / f"{_fingerprint(declared)}.html"
    if not page.is_file():
        _draw(page, described(declared, _columns(settings)))
    found.write_text(f"{of} {page.name}", encoding="utf-8")
    return page


def _draw(page: Path, shown: Mapping[str, Any]) -> None:
    page.parent.mkdir(parents=True, exist_ok=True)
    being_written = page.with_suffix(".writing")
    being_written.write_text(_page(shown), encoding="utf-8")
    for old in page.parent.glob("*.html"):
        old.unlink()
    os.replace(being_written, page)


def _found_before(found: Path, of: str) -> Path | None:
    words = found.read_text(encoding="utf-8", errors="replace").split() if found.is_file() else []
    page = found.parent / words[1] if len(words) == 2 and words[0] == of else None
    return page if page and page.is_file() else None


def _sum_of(manifest: bytes) -> str:
    """Changes with whatever a page is made from, and with every parse."""
    return hashlib.sha256(manifest + b"".join(path.read_bytes() for path in CODE)).hexdigest()


def described(declared: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    """Dbt's manifest as it may be shown: without traces of the machine, each column of each model with its meaning.

    `columns` are the tables as they are, since only marts declare their columns to dbt.
    """
    shown: dict[str, Any] = {
        kind: {name: _without_machine(node) for name, node in declared.get(kind, {}).items()}
        for kind in KINDS
    }
    shown |= {kind: declared[kind] for kind in MAPS}
    shown |= {kind: {} for kind in LEFT_OUT}
    shown["metadata"] = {name: declared["metadata"][name] for name in METADATA}
    shown["metadata"]["send_anonymous_usage_stats"] = False
    ours = {name: one for name, one in declared["macros"].items() if one["package_name"] == "caseload"}
    shown["macros"] = {name: _without_machine(one) for name, one in ours.items()}
    words = _words(declared)
    for node in shown["nodes"].values():
        if node["resource_type"] in TABLES:
            _describe(node, columns.get((node["schema"], node["alias"]), {}), words)
    return shown


def _describe(node: dict[str, Any], columns: Mapping[str, str], words: Mapping[str, str]) -> None:
    of_its_own = _of_extract(node["name"]) or _of_reference(node)
    for name, kind in columns.items():
        empty = {"name": name, "description": "", "meta": {}, "tags": []}
        column = node["columns"].setdefault(name, empty)
        column["data_type"] = column.get("data_type") or kind.lower()
        column["description"] = column["description"] or of_its_own.get(name) or words.get(name, "")


def _without_machine(node: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = _pruned(node)
    if Path(str(kept.get("original_file_path", ""))).is_absolute():
        kept["original_file_path"] = f"seeds/{kept['path']}"
    if kept.get("resource_type") == "source":
        # A reader of files, by their path.
        kept["relation_name"] = f"{kept['source_name']}.{kept['name']}"
    return kept


def _pruned(value: Any) -> Any:
    """A copy without what is of this machine, at any depth."""
    if isinstance(value, Mapping):
        return {name: _pruned(one) for name, one in value.items() if name not in OF_THIS_MACHINE}
    return [_pruned(one) for one in value] if isinstance(value, list) else value


def _words(declared: Mapping[str, Any]) -> dict[str, str]:
    """Meanings that hold wherever a column of the name stands: those written down, then those of the marts."""
    of_marts = {
        name: column["description"]
        for node in declared["nodes"].values()
        if node["resource_type"] == "model"
        for name, column in node["columns"].items()
        if column["description"]
    }
    written_down: dict[str, str] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return of_marts | written_down


def _of_extract(model: str) -> dict[str, str]:
    """What the specification of a staging model's extract says of its columns."""
    specification = (
        load_specifications().get(model.removeprefix("stg_")) if model.startswith("stg_") else None
    )
    if specification is None:
        return {}
    return {column.archived_name: column.meaning for column in specification.columns}


def _of_reference(node: Mapping[str, Any]) -> dict[str, str]:
    """What the declaration of reference data says of its columns: where they lead, which codes they take."""
    meta = node["config"].get("meta", {})
    leads = {name: f"A row of {table}." for name, table in meta.get("references", {}).items()}
    codes = {name: f"One of: {', '.join(map(str, words))}." for name, words in meta.get("codes", {}).items()}
    return leads | codes


def _columns(settings: Settings) -> Columns:
    found: dict[tuple[str, str], dict[str, str]] = {}
    with reading_warehouse(settings) as connection:
        for schema, table, name, kind in connection.execute(ALL_COLUMNS).fetchall():
            found.setdefault((schema, table), {})[name] = kind
    return found


def _page(shown: Mapping[str, Any]) -> str:
    """Dbt's page with both of its files in it. A text that would end the script is written so that it does not."""
    from dbt.task.docs import DOCS_INDEX_FILE_PATH

    page = Path(DOCS_INDEX_FILE_PATH).read_text(encoding="utf-8")
    catalog = {"metadata": {}, "nodes": _catalog(shown["nodes"]), "sources": {}, "errors": None}
    for place, content in (("MANIFEST.JSON", shown), ("CATALOG.JSON", catalog)):
        text = json.dumps(content, ensure_ascii=True, separators=(",", ":")).replace("</", "<\\/")
        page = page.replace(f'"{place} INLINE DATA"', text)
    page = page.replace(ICON, "data:,").replace('<link rel="canonical" href="/overview/"/>', "")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">'
    return page.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{policy}', 1)


def _catalog(nodes: Mapping[str, Any]) -> dict[str, Any]:
    """Types and order of columns, as dbt's page wants them; no statistics, which would be of one load."""
    return {
        unique_id: {
            "unique_id": unique_id,
            "metadata": {
                "type": node["config"]["materialized"],
                "schema": node["schema"],
                "name": node["alias"],
                "database": node["database"],
                "comment": None,
                "owner": None,
            },
            "columns": {
                name: {"type": column["data_type"], "index": place, "name": name, "comment": None}
                for place, (name, column) in enumerate(node["columns"].items(), 1)
            },
            "stats": {},
        }
        for unique_id, node in nodes.items()
        if node["resource_type"] in TABLES
    }


def _fingerprint(declared: Mapping[str, Any]) -> str:
    """Changes with what a page is made from; not with the moment at which dbt parsed it."""
    digest = hashlib.sha256(declared["metadata"]["dbt_version"].encode())
    for kind in KINDS:
        nodes = {name: _without_machine(node) for name, node in declared.get(kind, {}).items()}
        digest.update(json.dumps(nodes, sort_keys=True).encode())
    for path in CODE:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
