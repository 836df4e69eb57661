"""The largest and the smallest number each column takes, and totals beyond sense: every mart is built all the same."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import land, make_home, rows_of
from test_cli import DONE, run

from dagster_project.extracts import Column, Specification, load_specifications
from dagster_project.settings import Settings

SPECIFICATIONS = load_specifications()
NUMBERS = {
    extract: [column for column in specification.columns if column.type in ("decimal", "money")]
    for extract, specification in SPECIFICATIONS.items()
}
MONTHS = {
    ("rows", "largest"): "2024-05",
    ("rows", "smallest"): "2024-06",
    ("summary", "largest"): "2024-07",
    ("summary", "smallest"): "2024-08",
}
ABSURD_TOTALS = (
    b"measure,value\nrows,4000000000\nfte,999999999999999999999999.99\namount,999999999999999999999999.99\n"
)


def bound(column: Column, which: str) -> str:
    """The number farthest from all that is usual which the column still takes."""
    if which == "largest":
        return str(column.maximum if column.maximum is not None else 1)
    least = Decimal(1).scaleb(-column.scale) if not column.minimum else Decimal(column.minimum)
    return f"{least:f}"


def at_bounds(specification: Specification, which: str, month: str) -> list[dict[str, str]]:
    rows = rows_of(specification.extract, 1 if specification.extract == "demand_summary" else 2)
    for row in rows:
        for name in row:
            if name in {"received_on", "completed_on", "due_on", "held_on", "week_ending"}:
                row[name] = f"{month}-07"
            if name in {"closed_on", "closure_outcome", "ended_on", "leaving_reason", "transferred_to"}:
                row[name] = ""
    rows[0] |= {column.name: bound(column, which) for column in NUMBERS[specification.extract]}
    return rows


def land_at_bounds(settings: Settings, grain: str, which: str) -> None:
    month = MONTHS[grain, which]
    for extract, specification in SPECIFICATIONS.items():
        if specification.grain == grain:
            land(settings, f"{extract}.csv", at_bounds(specification, which, month), month)
            if {"fte", "amount_gbp"} & {column.name for column in NUMBERS[extract]}:
                land(settings, f"{extract}.control.csv", ABSURD_TOTALS, month)


@pytest.mark.long
def test_numbers_at_their_bounds_stop_no_mart(tmp_path: Path) -> None:
    settings = make_home(tmp_path / "home")
    for grain, which in MONTHS:
        land_at_bounds(settings, grain, which)

    loaded = run(settings.home, "load")

    assert loaded.code == DONE, loaded.words
    published = settings.published / "current" / "marts.duckdb"
    with duckdb.connect(str(published), read_only=True) as marts:
        found = marts.sql(
            "select strftime(month, '%Y-%m'), max(open_cases) from caseload_bands where unit = 'ash' group by all"
        ).fetchall()
        absurd = marts.sql("select count(*) from data_quality where \"check\" = 'control_rows'").fetchall()
    assert {month for month, _ in found} == set(MONTHS.values())
    assert (
        dict(found)[MONTHS["summary", "largest"]]
        == SPECIFICATIONS["caseload_summary"].column("open_cases").maximum
    )
    assert absurd != [(0,)]
