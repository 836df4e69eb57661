"""What of the published marts is drawn in the terminal: which month counts as a council's latest one."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from dagster_project.reports import published, terminal
from dagster_project.settings import Settings

BANDS = "council, month, unit, grain, open_cases"
BREACHES = "council, month, unit, metric, rounded_value, band, severity, state, months_in_breach"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two councils' cases in February; one of them has totals of posts alone for March."""
    settings = Settings(home=tmp_path)
    published.published_file(settings).parent.mkdir(parents=True)
    with duckdb.connect(str(published.published_file(settings))) as marts:
        marts.execute(
            f"create table caseload_bands as select * from (values "
            f"('east', date '2019-02-01', 'east', 'rows', 80), ('east', date '2019-03-01', 'east', 'rows', null), "
            f"('west', date '2019-02-01', 'west', 'rows', 20)) as bands({BANDS})"
        )
        marts.execute(
            f"create table threshold_breaches as select * from (values "
            f"('east', date '2019-01-01', 'east', 'average_caseload', 30.0, 'high', 'warning', 'new', 1), "
            f"('east', date '2019-02-01', 'east', 'average_caseload', 31.0, 'high', 'warning', 'continuing', 2), "
            f"('west', date '2019-02-01', 'west', 'average_caseload', 29.0, 'high', 'warning', 'new', 1)"
            f") as breaches({BREACHES})"
        )
    return settings


def test_totals_of_posts_alone_do_not_hide_what_the_latest_cases_crossed(settings: Settings) -> None:
    rows = published.breach_rows(settings, [])

    assert [(row["council"], row["rounded_value"]) for row in rows] == [("east", 31), ("west", 29)]


@pytest.mark.parametrize(("councils", "is_named"), [([], True), (["east"], False)])
def test_the_council_is_named_where_there_are_several(
    settings: Settings, councils: list[str], is_named: bool
) -> None:
    console = Console(file=StringIO(), width=120)

    terminal.print_breaches(
        console, published.breach_rows(settings, councils), {("east", "east"): "East Team"}
    )

    assert isinstance(console.file, StringIO)
    words = console.file.getvalue().split()
    assert ("council" in words) == is_named
    assert ("east" in words) == is_named
    assert "East" in words
