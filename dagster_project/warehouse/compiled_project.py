"""What dbt compiled, kept and run again: the months due are built and tested without dbt compiling the same SQL anew.

In each build of an unchanged project dbt compiles every model and test to the same SQL, for the months due stand in
a file that the SQL reads. So dbt runs where something is new to it (the project, the reference data, the first build),
and what it compiled is kept; the builds between run that in dbt's order, each model in a transaction of its own, and
every test. What reference data alone makes stands as dbt built it. What many models read is read once and held in
memory for the build: the inputs, and of few months the rows that landed. Whatever does not go through is left to dbt,
which builds the same months from the beginning and says why.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb

from dagster_project.durable import put_in_place
from dagster_project.release import RELEASE
from dagster_project.settings import Settings
from dagster_project.warehouse.archive_offered import place_offered
from dagster_project.warehouse.scope import NOTHING
from dagster_project.warehouse.transformation import NodeResult, project_fingerprint
from dagster_project.warehouse_file import CATALOG, attach_warehouse, sql_text

MODEL, TEST = "model", "test"
VIEW = "view"
WRITTEN_BY_DBT = ("manifest.json", "semantic_manifest.json")
"""What a publication reads of dbt's last run; only dbt makes them again."""
PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb")
FEW_COUNCIL_MONTHS = 100
"""Up to these due, a second processor costs more in being waited for than it does: a council's month reaches 13."""
BUILT = "rows_built"
"""The temporary table of what was built of a model."""
HELD = "memory.main"
"""Where the build holds what is read once: the database of its connection, which is nobody else's and in no file."""
SCOPE = f'{HELD}."build_scope"'
OF_FEW_MONTHS = (
    "set threads = 1",
    # What it spares a thousand rows is less than what the search for it costs.
    "set disabled_optimizers = 'common_subexpressions'",
)


class NotAsCompiledError(Exception):
    """A test found rows, or a mart has other columns than it had: for dbt to tell of."""


@dataclass(frozen=True)
class Node:
    """A model or a test as dbt compiled it; `relation` is a model's name in SQL.

    `keeps_columns` where its table has those of a contract, or rows of months that are not built. `reach` is how far a
    change reaches what is built by months, None for what is built whole. `is_of_reference` where nothing but reference
    data reaches it; `is_landed` where it is a view of that and of the files offered, and of nothing that is built.
    """

    unique_id: str
    name: str
    kind: str
    materialized: str
    relation: str
    keeps_columns: bool
    reach: int | None
    sql: str
    is_of_reference: bool = False
    is_landed: bool = False


def keep_compiled(settings: Settings) -> None:
    """Keep what dbt has just compiled. Nothing where it is not all there or is of a kind that only dbt can run."""
    path = _place(settings)
    manifest = json.loads((settings.warehouse / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    declared = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in {MODEL, TEST}
    }
    if not all(_can_be_run(node) for node in declared.values()):
        path.unlink(missing_ok=True)
        return
    order = TopologicalSorter(
        {
            unique_id: [parent for parent in node["depends_on"]["nodes"] if parent in declared]
            for unique_id, node in sorted(declared.items())
        }
    ).static_order()
    nodes: dict[str, Node] = {}
    for unique_id in order:
        nodes[unique_id] = _node(declared[unique_id], nodes)
    being_written = path.with_name(f".{path.name}.writing")
    content = json.dumps([asdict(node) for node in nodes.values()])
    being_written.write_text(f"{json.dumps(_head(settings, content.encode()))}\n{content}", encoding="utf-8")
    put_in_place(being_written, path)


def compiled_nodes(settings: Settings) -> list[Node] | None:
    """What is kept, each after what it reads.

    None where dbt has to compile: it is not there or not what was written, or of something else, or what dbt wrote
    beside it is no more what it was. dbt flushes nothing, so the power can leave less of that than of what is kept.
    """
    try:
        head, content = _place(settings).read_bytes().split(b"\n", maxsplit=1)
        is_as_kept = json.loads(head) == _head(settings, content)
        return [Node(**node) for node in json.loads(content)] if is_as_kept else None
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _head(settings: Settings, nodes: bytes) -> dict[str, Any]:
    """What has to be the same for these nodes to be run: what they were compiled of, and every byte."""
    beside = {name: _sum((settings.warehouse / "dbt" / name).read_bytes()) for name in WRITTEN_BY_DBT}
    return {"of": _fingerprint(settings), "beside": beside, "sum": _sum(nodes)}


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def run_compiled(
    settings: Settings, nodes: Sequence[Node], on_node: Callable[[str], None] | None = None
) -> list[NodeResult]:
    """Build the months due and test them.

    Raises NotAsCompiledError or duckdb.Error; then some models may be built, which the next build builds again.
    """
    with duckdb.connect(":memory:") as connection:
        attach_warehouse(connection, settings, CATALOG, read_only=False)
        # As in dbt's profile: nothing asks in which order rows lie in the warehouse.
        connection.execute("set preserve_insertion_order = false")
        connection.execute(f"use {CATALOG}.main")
        held = _hold_inputs(connection, settings.run_inputs)
        is_of_few_months = _months_due(connection) <= FEW_COUNCIL_MONTHS
        for setting in OF_FEW_MONTHS if is_of_few_months else ():
            connection.execute(setting)
        results = []
        for node in nodes:
            started = perf_counter()
            if not node.is_of_reference:
                _run(connection, node, held)
                if node.is_landed and is_of_few_months:
                    _hold(connection, held, node.relation, node.name, _of_held(node.sql, held))
            results.append(
                NodeResult(
                    unique_id=node.unique_id,
                    name=node.name,
                    kind=node.kind,
                    status="pass" if node.kind == TEST else "success",
                    seconds=perf_counter() - started,
                    message="",
                )
            )
            if on_node and node.kind == MODEL:
                on_node(node.name)
        return results


def _months_due(connection: duckdb.DuckDBPyConnection) -> int:
    due = connection.execute(f"select count(*) from {SCOPE} where reach <> {NOTHING}").fetchone()
    return int(due[0]) if due else 0


def _hold_inputs(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, str]:
    """What the SQL says where it reads an input, and the name of the table that has its rows."""
    held: dict[str, str] = {}
    for path in sorted(folder.glob("*.parquet")):
        _hold(connection, held, _reading(path), path.stem, f"from {_reading(path)}")
    return held


def _hold(
    connection: duckdb.DuckDBPyConnection, held: dict[str, str], said: str, name: str, sql: str
) -> None:
    connection.execute(f'create table {HELD}."{name}" as (\n{sql}\n)')
    held[said] = f'{HELD}."{name}"'


def _reading(path: Path) -> str:
    return f"read_parquet({sql_text(path)})"


def _of_held(sql: str, held: Mapping[str, str]) -> str:
    """The SQL reading what is held; what it says otherwise is read where it lies."""
    for said, table in held.items():
        sql = sql.replace(said, table)
    return sql


def _run(connection: duckdb.DuckDBPyConnection, node: Node, held: Mapping[str, str]) -> None:
    # A view lasts longer than what is held.
    sql = node.sql if node.materialized == VIEW else _of_held(node.sql, held)
    if node.kind == TEST:
        _test(connection, replace(node, sql=sql))
    else:
        _build(connection, replace(node, sql=sql))


def _test(connection: duckdb.DuckDBPyConnection, node: Node) -> None:
    if connection.execute(f"select 1 from ({node.sql}\n) as found limit 1").fetchone():
        raise NotAsCompiledError(node.name)


def _build(connection: duckdb.DuckDBPyConnection, node: Node) -> None:
    connection.begin()
    try:
        if not node.keeps_columns:
            connection.execute(f"create or replace {node.materialized} {node.relation} as (\n{node.sql}\n)")
        else:
            _fill(connection, node)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _fill(connection: duckdb.DuckDBPyConnection, model: Node) -> None:
    """The table keeps the columns by which dbt made it.

    What is built by months does as the macro of the strategy `by_scope`: the months due are taken out, and what was
    built for them is put in. Raises NotAsCompiledError where other columns were built.
    """
    connection.execute(f"create or replace temporary table {BUILT} as (\n{model.sql}\n)")
    built, there = (_columns(connection, table) for table in (f"temp.{BUILT}", model.relation))
    if built != there:
        raise NotAsCompiledError(model.name)
    if model.reach is None:
        columns = ", ".join(f'"{name}"' for name in there)
        connection.execute(f"create or replace table {model.relation} as select {columns} from temp.{BUILT}")
    else:
        connection.execute(
            f"delete from {model.relation} as mart where exists ("
            f"select 1 from {SCOPE} as due "
            "where due.council = mart.council and due.month = mart.month and due.reach <= ?)",
            [model.reach],
        )
        connection.execute(f"insert into {model.relation} by name from temp.{BUILT}")
    connection.execute(f"drop table temp.{BUILT}")


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {
        name: str(kind) for name, kind, *_ in connection.execute(f"from {table} limit 0").description or []
    }


def _can_be_run(node: Mapping[str, Any]) -> bool:
    """Whether it was compiled and is of the plain kinds that the project has; any other is for dbt."""
    config = node["config"]
    if not node.get("compiled_code") or config.get("pre-hook") or config.get("post-hook"):
        return False
    if node["resource_type"] == TEST:
        plain = (
            config["severity"],
            config["fail_calc"],
            config["error_if"],
            config["limit"],
            config["store_failures"],
        )
        return plain == ("ERROR", "count(*)", "!= 0", None, None)
    is_contracted = bool(config["contract"]["enforced"])
    if config["materialized"] == "incremental":
        return bool(config["incremental_strategy"] == "by_scope")
    return config["materialized"] == "table" or (config["materialized"] == "view" and not is_contracted)


def _node(node: Mapping[str, Any], before: Mapping[str, Node]) -> Node:
    """The node, those that it reads being among those before it."""
    config = node["config"]
    by_months = config["materialized"] == "incremental"
    read = node["depends_on"]["nodes"]
    built = [before[one] for one in read if one in before]
    reads_a_source = any(one.startswith("source.") for one in read)
    return Node(
        unique_id=node["unique_id"],
        name=node["name"],
        kind=node["resource_type"],
        materialized=config["materialized"],
        relation=node["relation_name"] or "",
        keeps_columns=by_months or bool(config.get("contract", {}).get("enforced")),
        reach=int(config["meta"].get("reach", 0)) if by_months else None,
        sql=node["compiled_code"],
        is_of_reference=not reads_a_source and all(one.is_of_reference for one in built),
        is_landed=config["materialized"] == VIEW and all(one.is_landed for one in built),
    )


def _fingerprint(settings: Settings) -> str:
    """Changes when dbt would compile something else: another project or release, or files that lie elsewhere."""
    return " ".join(
        [
            project_fingerprint(settings.dbt_project),
            RELEASE,
            *(version(name) for name in PACKAGES),
            str(place_offered(settings)),
        ]
    )


def _place(settings: Settings) -> Path:
    return settings.warehouse / "dbt" / "compiled.json"
