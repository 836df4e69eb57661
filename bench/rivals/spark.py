"""Spark on this machine, two threads: the floor's own SQL, reading, hashing and writing with Spark's means."""

from __future__ import annotations

import os

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from bench.rivals.ground import (
    DAY,
    FLAG,
    FORMS,
    KINDS,
    PENNIES,
    TEXT,
    THOUSANDTHS,
    Ground,
    hmac_pads,
    key_column,
)
from bench.rivals.marts_sql import queries

TYPES = {
    TEXT: "string",
    DAY: "date",
    FLAG: "boolean",
    THOUSANDTHS: "decimal(12, 3)",
    PENNIES: "decimal(18, 2)",
}
WHOLE = {THOUSANDTHS: 1000, PENNIES: 100}


def main() -> None:
    ground = Ground.of_command_line()
    spark = (
        SparkSession.builder.master("local[2]")
        .appName("bench")
        .config("spark.sql.shuffle.partitions", os.environ.get("BENCH_SPARK_PARTITIONS", "2"))
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.driver.memory", os.environ.get("BENCH_SPARK_MEMORY", "2g"))
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    for extract in FORMS:
        if ground.files(extract):
            archive(spark, ground, extract)
    for name, rows, columns in (
        ("tree", ground.tree, "council string, unit string, descendant string"),
        (
            "units",
            [(u["council"], u["unit"], u["name"].lower()) for u in ground.units],
            "council string, unit string, name string",
        ),
        (
            "roles",
            ground.roles,
            "role string, role_group string, is_social_worker boolean, carries_cases boolean",
        ),
        ("costs", ground.costs, "council string, role string, annual_cost bigint"),
    ):
        spark.createDataFrame(rows, columns).createOrReplaceTempView(name)
    prepared, marts = queries("div")
    for name, query in prepared.items():
        # Several marts are made of each: kept, as the floor keeps them in tables.
        spark.sql(query).cache().createOrReplaceTempView(name)
    for name, query in marts.items():
        spark.sql(query).write.mode("overwrite").parquet(str(ground.mart(name)))
    spark.stop()


def archive(spark: SparkSession, ground: Ground, extract: str) -> None:
    form = FORMS[extract]
    schema = ", ".join(f"{name} {TYPES[kind]}" for name, kind in form.items())
    landed = (
        spark.read.csv([str(path) for path in ground.files(extract)], schema=schema, header=True)
        .withColumn("path", f.split(f.input_file_name(), "/"))
        .withColumn("council", f.element_at("path", -3))
        .withColumn("month", f.to_date(f.concat(f.element_at("path", -2), f.lit("-01"))))
        .drop("path")
    )
    for name, kind in form.items():
        if name in KINDS:
            landed = with_key(landed, ground, name)
        elif kind in WHOLE:
            landed = landed.withColumn(name, (f.col(name) * WHOLE[kind]).cast("bigint"))
    folder = str(ground.out / "archive" / extract)
    # One file a month: small files are dear to read again.
    landed.repartition("month").write.partitionBy("month").parquet(folder)
    spark.read.parquet(folder).createOrReplaceTempView(extract)


def with_key(landed: DataFrame, ground: Ground, name: str) -> DataFrame:
    """The key in place of the identifier: HMAC by hand, for Spark knows SHA-256 alone."""
    inner, outer = (f.unhex(f.lit(pad)) for pad in hmac_pads(ground.secret))
    message = f.concat_ws("\x1f", f.lit(KINDS[name]), f.col("council"), f.col(name)).cast("binary")
    digest = f.sha2(f.concat(outer, f.unhex(f.sha2(f.concat(inner, message), 256))), 256)
    key = f.conv(f.substring(digest, 1, 16), 16, -10).cast("bigint")
    return landed.withColumn(key_column(name), f.when(f.col(name).isNotNull(), key)).drop(name)


if __name__ == "__main__":
    main()
