"""The marts that every contender builds, and whether their rows are the same. Builds none itself."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb

# The columns that every contender computes; what needs policies, transfers or other extracts is left out.
MARTS = {
    "caseload_bands": (
        *(
            "council",
            "month",
            "unit",
            "open_cases",
            "open_children",
            "unallocated_cases",
            "manager_held_cases",
        ),
        *("fte_social_workers", "average_caseload", "average_caseload_rounded"),
        *("dfe_cases", "dfe_fte", "dfe_average_caseload"),
    ),
    "throughput": (
        *(
            "council",
            "month",
            "unit",
            "open_at_start",
            "received",
            "closed",
            "stepped_down",
            "transferred_out",
        ),
        *("open_at_end", "restated_cases", "closed_rate", "stepped_down_rate"),
    ),
    "worker_caseloads": (
        *(
            "council",
            "month",
            "unit",
            "worker_key",
            "role",
            "employment",
            "fte",
            "open_cases",
            "open_children",
        ),
        *("families", "cases_per_fte", "is_asye", "months_since_qualified"),
    ),
    "agency_costs": (
        *("council", "month", "unit", "agency_cost_gbp", "pay_gbp", "agency_fte", "cost_per_agency_fte_gbp"),
        *("permanent_equivalent_gbp", "premium_gbp", "year_to_date_gbp", "forecast_year_gbp"),
    ),
    "establishment": (
        *("council", "month", "unit", "role_group", "posts_fte", "in_post_fte", "newly_created_fte"),
        *("vacant_fte", "agency_fte", "uncovered_fte", "vacancy_rate", "agency_rate"),
    ),
}
KEYS = {"council", "month", "unit", "worker_key", "role", "role_group", "employment", "is_asye"}


def rows_that_differ(one: Path, other: Path) -> dict[str, int]:
    """Of each mart how many rows only one of two folders of Parquet has; marts that are equal are left out."""
    found = {}
    with duckdb.connect(":memory:") as connection:
        for mart, columns in MARTS.items():
            # Numbers of any type are compared as what they print: more digits than any of them has.
            shown = ", ".join(
                f"cast({column} as varchar)" if column in KEYS else f"cast({column} as decimal(18, 6))"
                for column in columns
            )
            sides = [f"select {shown} from {_mart(side, mart)}" for side in (one, other)]
            (count,) = connection.execute(
                f"select count(*) from (({sides[0]} except all {sides[1]}) "
                f"union all ({sides[1]} except all {sides[0]}))"
            ).fetchone() or (0,)
            if count:
                found[mart] = count
    return found


def compare(places: Mapping[str, Path]) -> None:
    """Stop where one of several folders has other rows than the first, or where that has none."""
    (first, ours), *others = places.items()
    if not rows(ours):
        sys.exit(f"{first} made no rows to compare")
    for name, theirs in others:
        if differing := rows_that_differ(ours, theirs):
            sys.exit(f"{name} makes other rows than {first}, nothing is told: {differing}")


def rows(folder: Path) -> int:
    """How many rows all marts of a folder have."""
    with duckdb.connect(":memory:") as connection:
        return sum(
            (connection.execute(f"select count(*) from {_mart(folder, mart)}").fetchone() or (0,))[0]
            for mart in MARTS
        )


def _mart(folder: Path, mart: str) -> str:
    """A file of Parquet, or a folder of them as Spark writes."""
    path = folder / f"{mart}.parquet"
    return f"read_parquet('{path}/*.parquet')" if path.is_dir() else f"read_parquet('{path}')"
