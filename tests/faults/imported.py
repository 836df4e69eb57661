"""What every load imports, imported once: the processes that are killed are forked from one that has done it."""

from importlib import import_module

for name in (
    "dagster_project.cli",
    "dagster_project.load",
    "dagster_project.reports.terminal",
    "dbt.cli.main",
    "dbt.adapters.duckdb",
    "great_expectations",
):
    import_module(name)
