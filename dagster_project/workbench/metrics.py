"""Metrics that are defined once, in dbt's semantic layer, asked of the published marts through MetricFlow.

MetricFlow says which SQL a question is; numerators and denominators come back exact and are divided here, once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb

from dagster_project.errors import PlainError
from dagster_project.settings import Settings
from dagster_project.warehouse_file import named_rows, sql_text
from dagster_project.workbench.published import marts_file

if TYPE_CHECKING:
    from metricflow.engine.metricflow_engine import MetricFlowEngine
    from metricflow.protocols.sql_client import SqlClient

LEVELS = ("council", "division", "service", "team")
PERIODS = ("month", "quarter", "year")
DEFINITIONS = "semantic_manifest.json"
RELATIONS_LIE_IN = "caseload"
"""The database that the definitions name; the published file is attached under it."""


class MetricError(PlainError):
    """The metrics cannot be asked so."""


@dataclass(frozen=True)
class Metric:
    """What a metric is, and how it is rounded; `parts` are numerator and denominator of a ratio."""

    name: str
    label: str
    description: str
    decimals: int
    times: int
    parts: tuple[str, str] | None

    @property
    def asked(self) -> tuple[str, ...]:
        return self.parts or (self.name,)

    def value(self, row: dict[str, Any]) -> Decimal | None:
        """From a row of what was asked; None where a part is unknown or nothing is divided into."""
        given = [row[part] for part in self.asked]
        if any(part is None for part in given):
            return None
        exact = Decimal(given[0])
        if self.parts:
            if not given[1]:
                return None
            exact = exact * self.times / Decimal(given[1])
        return exact.quantize(Decimal(1).scaleb(-self.decimals), rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Question:
    """Which metrics, of which units and months: `level` of units, `period` of months, each named or added up."""

    metrics: tuple[str, ...]
    level: str = "council"
    period: str = "month"
    council: str | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Answer:
    """Rows of council, unit and period with a column a metric, and the SQL they were made by."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    sql: str


def known_metrics(settings: Settings) -> list[Metric]:
    """The metrics of the current publication that may be asked, by name; parts of others are left out.

    Raises MetricError and PublishedMartsError.
    """
    return _metrics(_definitions(marts_file(settings)))


def _metrics(definitions: str) -> list[Metric]:
    return [
        Metric(
            name=metric["name"],
            label=metric["label"],
            description=metric["description"],
            decimals=metric["config"]["meta"]["decimals"],
            times=metric["config"]["meta"].get("times", 1),
            parts=_parts(metric),
        )
        for metric in sorted(json.loads(definitions)["metrics"], key=lambda metric: metric["name"])
        if "decimals" in ((metric.get("config") or {}).get("meta") or {})
    ]


def answer(settings: Settings, question: Question) -> Answer:
    """The metrics by council, unit of the level and period, in that order; only periods and units that have rows.

    Raises MetricError where a metric is unknown or MetricFlow is missing, and PublishedMartsError.
    """
    file = marts_file(settings)
    definitions = _definitions(file)
    known = {metric.name: metric for metric in _metrics(definitions)}
    unknown = [name for name in question.metrics if name not in known]
    if unknown:
        raise MetricError(f"{unknown[0]} is no metric; known are {', '.join(known)}")
    chosen = [known[name] for name in question.metrics]
    sql = _sql(definitions, question, chosen)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach {sql_text(file)} as {RELATIONS_LIE_IN} (read_only)")
        found = named_rows(connection.execute(sql))
    period = f"metric_time__{question.period}"
    rows = [
        (row["council"], row["unit"], row[period].date(), *(metric.value(row) for metric in chosen))
        for row in found
    ]
    return Answer(
        ("council", "unit", question.period, *question.metrics), tuple(sorted(rows, key=lambda r: r[:3])), sql
    )


def _parts(metric: dict[str, Any]) -> tuple[str, str] | None:
    given = metric["type_params"]
    if metric["type"] != "ratio":
        return None
    return given["numerator"]["name"], given["denominator"]["name"]


def _definitions(marts: Path) -> str:
    path = marts.with_name(DEFINITIONS)
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise MetricError("this publication holds no metrics yet: the next load publishes them") from error


def _sql(definitions: str, question: Question, chosen: Sequence[Metric]) -> str:
    if find_spec("metricflow") is None:
        raise MetricError("MetricFlow is not installed: pip install 'caseload[workbench]'")
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    where = [f"{{{{ Entity('level') }}}} = '{question.level}'"]
    if question.council:
        # A slug of councils.csv: letters, digits and underscores.
        where.append(f"{{{{ Entity('council') }}}} = {sql_text(question.council)}")
    if question.first:
        where.append(f"{{{{ TimeDimension('metric_time', 'month') }}}} >= '{question.first}'")
    if question.last:
        where.append(f"{{{{ TimeDimension('metric_time', 'month') }}}} <= '{question.last}'")
    asked = dict.fromkeys(part for metric in chosen for part in metric.asked)
    request = MetricFlowQueryRequest.create(
        metric_names=list(asked),
        group_by_names=["council", "unit", f"metric_time__{question.period}"],
        where_constraints=where,
    )
    return _engine(definitions).explain(mf_request=request).sql_statement.without_descriptions.sql


def _engine(definitions: str) -> MetricFlowEngine:
    from metricflow.engine.metricflow_engine import MetricFlowEngine
    from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

    lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(definitions))
    return MetricFlowEngine(semantic_manifest_lookup=lookup, sql_client=cast("SqlClient", _Dialect()))


class _Dialect:
    """What MetricFlow has to know to write SQL; it runs none."""

    def __init__(self) -> None:
        from metricflow.protocols.sql_client import SqlEngine
        from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer

        self.sql_engine_type = SqlEngine.DUCKDB
        self.sql_plan_renderer = DuckDbSqlPlanRenderer()
