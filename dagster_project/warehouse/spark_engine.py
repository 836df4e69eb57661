"""The other engine: dbt's own models run by Spark in this process (dbt-spark, session method), in tables that are made
before and taken into the warehouse file afterwards. No SQL of marts here.

What lies in the warehouse file is the state from one load to the next, whichever engine made it: a load that dies in
Spark has left nothing, and either engine adds the next month.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dagster_project.errors import PlainError
from dagster_project.settings import Settings, make_private
from dagster_project.warehouse.archive_offered import place_offered
from dagster_project.warehouse.spark_tables import MARTS, marts_there, offer_tables, take_in
from dagster_project.warehouse.transformation import NodeResult, invoke, table_models

TARGET = "spark"
SEEDS = ("seed",)
VIEWS_AND_TESTS = (
    *("build", "--exclude-resource-type", "unit_test"),
    *("--select", "config.materialized:view", "resource_type:test"),
)
SETTINGS = {
    # Moments are kept without a zone, as DuckDB's are.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    # Tables of this session only: no metastore to look after, none to be left behind.
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.sources.default": "parquet",
    "spark.sql.legacy.createHiveTableByDefault": "false",
    # As DuckDB: a product keeps all its decimals, or there is an error.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    # Where two columns become one (`union`, `case`), decimals are kept too: else Spark 4 drops them without a word.
    "spark.sql.legacy.decimal.retainFractionDigitsOnTruncate": "true",
    # Hundreds of statements over few rows: planning and compiling them is most of the cost on one machine.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m",
    # No task for each small file, and beside each file written none with its checksum, whose mode is a process more.
    "spark.sql.files.minPartitionNum": "1",
    "spark.sql.files.openCostInBytes": "65536",
    "spark.sql.leafNodeDefaultParallelism": "1",
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    # Nobody looks at the plans of what has run.
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.ui.retainedExecutions": "1",
    "spark.ui.retainedJobs": "1",
    "spark.ui.retainedStages": "1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.driver.memory": "2g",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


BYTES_OF_A_PARTITION = 64 * 2**20
"""So much of the archive is one part of a shuffle: a council is one part, which needs no second task."""


class EngineError(PlainError):
    """The engine asked for is not there, or cannot do what this installation needs."""


def check_spark(settings: Settings) -> None:
    """Nothing where a load can use Spark. Raises EngineError before anything is read."""
    if settings.has_storage_key:
        raise EngineError(
            "Spark writes its tables in the clear while it builds, and this installation encrypts its data "
            "(CASELOAD_STORAGE_KEY): load it without --engine spark"
        )
    if find_spec("pyspark") is None or find_spec("dbt.adapters.spark") is None:
        raise EngineError(
            "Spark is not installed here: it is the optional extra `spark` (docs/scale.md says how to install it)"
        )
    if shutil.which("java") is None:
        raise EngineError("Spark needs Java 17 or newer, and no `java` was found on the path")


def build_with_spark(
    settings: Settings,
    *,
    is_full: bool,
    with_seeds: bool,
    on_node: Callable[[str], None] | None = None,
) -> list[NodeResult]:
    """Build the marts of the months due with Spark; the warehouse file then has them, and they are tested there.

    Raises TransformationError; the warehouse file's marts are what they were where Spark could not build them.
    """
    check_spark(settings)
    # The reference data is small and read by DuckDB either way; Spark reads it as tables.
    refresh = ["--full-refresh"] if is_full else []
    results = invoke(settings, [*SEEDS, *refresh]) if with_seeds else []
    tables, marts = table_models(settings)
    before = [] if is_full else marts_there(settings, marts)
    folder = _folder(settings)
    with open_session(folder, _partitions(settings)) as session:
        offer_tables(session, settings, folder, before)
        results += invoke(settings, ["run", *refresh], on_node, target=TARGET)
        take_in(settings, folder / "tables" / f"{MARTS}.db", tables)
    # Staging and the other views, which nothing of Spark's stands in for. The rows are the same ones, so what is
    # asked of them is asked where an answer costs little.
    return results + invoke(settings, VIEWS_AND_TESTS)


def clear_unfinished(settings: Settings) -> None:
    """What a build by Spark that was killed has left is gone; for who holds the installation's lock."""
    shutil.rmtree(_folder(settings), ignore_errors=True)


def _folder(settings: Settings) -> Path:
    return settings.warehouse / "spark"


def _partitions(settings: Settings) -> int:
    offered = sum(file.stat().st_size for file in place_offered(settings).rglob("*.parquet"))
    return 1 + offered // BYTES_OF_A_PARTITION


@contextmanager
def open_session(folder: Path, partitions: int) -> Iterator[Any]:
    """A session whose tables, and what it puts aside, lie in the folder, which is empty before and gone afterwards."""
    from pyspark.sql import SparkSession

    shutil.rmtree(folder, ignore_errors=True)
    make_private(folder)
    builder = SparkSession.builder.master("local[2]").appName("caseload")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    builder = builder.config("spark.sql.shuffle.partitions", str(partitions))
    builder = builder.config("spark.local.dir", str(folder / "aside"))
    session = builder.config("spark.sql.warehouse.dir", str(folder / "tables")).getOrCreate()
    try:
        yield session
    finally:
        session.stop()
        shutil.rmtree(folder, ignore_errors=True)
