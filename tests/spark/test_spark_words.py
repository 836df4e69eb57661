"""What Spark says otherwise than DuckDB where nobody tells it: found as other values of marts, held here alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project.settings import PROJECT_ROOT
from dagster_project.warehouse.spark_engine import open_session

pytest.importorskip("pyspark", reason="Spark is an optional extra: make test-spark")
pytestmark = pytest.mark.spark

Ask = Callable[[str], object]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """The one value that a query gives in the session of a load."""
    with open_session(tmp_path_factory.mktemp("words") / "spark", 1) as session:
        yield lambda query: session.sql(query).collect()[0][0]


def by_duckdb(query: str) -> object:
    found = duckdb.sql(query).fetchone()
    assert found
    return found[0]


def in_words(macro: str, *arguments: object) -> str:
    """What a macro of exact.sql says, for both engines where it has no words of one."""
    from jinja2 import Environment

    text = Path(PROJECT_ROOT / "dbt" / "macros" / "exact.sql").read_text(encoding="utf-8")
    macros = Environment(autoescape=False).from_string(text).module  # noqa: S701 - SQL, not a page
    return str(getattr(macros, macro)(*arguments))


def in_words_of(engine: str, macro: str, *arguments: object) -> str:
    """The macro's own words for an engine."""
    return in_words(f"{engine}__{macro}", *arguments)


@pytest.mark.parametrize("value", ["0.00", "0.000001", "0.0000000004", "-0.5", "-1234567.89", "6", "100"])
def test_a_decimal_is_written_with_its_digits_and_no_exponent(spark: Ask, value: str) -> None:
    written = spark(f"select {in_words_of('spark', 'all_digits', value)}")

    assert written == f"{Decimal(value):.15f}"
    assert written == by_duckdb(f"select {in_words_of('default', 'all_digits', value)}")


def test_where_wide_columns_become_one_the_decimals_are_kept(spark: Ask) -> None:
    query = (
        "select min(amount) from (select cast(337249.656 as decimal(38, 18)) as amount "
        "union all select cast(999999999 as decimal(38, 2)) as amount) as both_of_them"
    )

    assert spark(query) == Decimal("337249.656")


@pytest.mark.parametrize("numerator", ["0", "1", "-2.5", "3370", "99999999.99", "-499999999999999"])
@pytest.mark.parametrize("denominator", ["0", "0.000000000000001", "0.000001", "-0.01", "7", "999999999"])
def test_a_ratio_is_the_same_and_none_where_no_column_could_hold_it(
    spark: Ask, numerator: str, denominator: str
) -> None:
    for_all = [
        (f"cast({numerator} as decimal(38, 15))", f"cast({denominator} as decimal(38, 15))", *kind)
        for kind in ((0, 18), (1, 9), (4, 18))
    ]

    def asked(engine: str) -> str:
        ratios = [in_words_of(engine, "ratio_half_up", *one) for one in for_all]
        words = ", ".join(f"coalesce(cast({ratio} as varchar(40)), 'none')" for ratio in ratios)
        return f"select concat_ws(' ', {words})"

    assert spark(asked("spark")) == by_duckdb(asked("default"))


@pytest.mark.parametrize("value", ["2.4999", "2.5", "13", "0.5", "-0.5", "-2.5"])
def test_a_decimal_becomes_the_nearest_whole_number(spark: Ask, value: str) -> None:
    query = f"select {in_words('nearest_whole', f'cast({value} as decimal(18, 4))')}"

    assert spark(query) == by_duckdb(query) == by_duckdb(f"select cast({value}::decimal(18, 4) as integer)")
