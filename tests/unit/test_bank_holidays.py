"""The shipped bank holidays and time limits, held to what is known of them from elsewhere."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from deliveries_fixture import make_home

from dagster_project.reference import Reference, ReferenceDataError, load_reference

# Years with a royal wedding, jubilees, a state funeral and a coronation; every other year has eight.
MORE_THAN_EIGHT = {2011: 9, 2012: 9, 2022: 10, 2023: 9}


@pytest.fixture
def reference(tmp_path: Path) -> Reference:
    return load_reference(make_home(tmp_path))


def days(reference: Reference) -> set[date]:
    return {date.fromisoformat(row["date"]) for row in reference.rows("bank_holidays")}


def test_every_year_has_its_eight_bank_holidays_and_the_extra_ones(reference: Reference) -> None:
    by_year = Counter(day.year for day in days(reference))

    assert by_year == {year: MORE_THAN_EIGHT.get(year, 8) for year in range(2010, 2028)}


def test_no_bank_holiday_is_at_a_weekend(reference: Reference) -> None:
    assert [day for day in days(reference) if day.weekday() > 4] == []


@pytest.mark.parametrize(
    ("moved_from", "moved_to"),
    [
        (["2012-05-28"], ["2012-06-04", "2012-06-05"]),
        (["2020-05-04"], ["2020-05-08"]),
        (["2022-05-30"], ["2022-06-02", "2022-06-03", "2022-09-19"]),
        (["2010-12-25", "2010-12-26"], ["2010-12-27", "2010-12-28"]),
        (["2015-12-26"], ["2015-12-28"]),
        (["2016-12-25", "2017-01-01"], ["2016-12-26", "2016-12-27", "2017-01-02"]),
        (["2021-12-25", "2022-01-01"], ["2021-12-27", "2021-12-28", "2022-01-03"]),
        ([], ["2011-04-29", "2023-05-08", "2019-04-19", "2019-04-22", "2027-03-26", "2027-03-29"]),
    ],
)
def test_moved_and_extra_days_stand_where_they_were(
    reference: Reference, moved_from: list[str], moved_to: list[str]
) -> None:
    known = {day.isoformat() for day in days(reference)}

    assert known >= set(moved_to)
    assert known.isdisjoint(moved_from)


def test_a_councils_own_row_adds_a_bank_holiday(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    (home.council_reference / "bank_holidays.csv").write_text(
        "date,name\n2028-01-03,New Year's Day\n", "utf-8"
    )

    assert date(2028, 1, 3) in days(load_reference(home))


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        (
            "bank_holidays",
            "date,name\n3 January 2028,New Year's Day\n",
            "column date: not a date as YYYY-MM-DD",
        ),
        ("time_limits", "measure,working_days\nassessment,\n", "column working_days: required and empty"),
        ("time_limits", "measure,working_days\nassesment,45\n", "column measure: not one of assessment"),
    ],
)
def test_what_is_wrong_with_them_is_said(tmp_path: Path, file: str, content: str, words: str) -> None:
    home = make_home(tmp_path)
    (home.council_reference / f"{file}.csv").write_text(content, "utf-8")

    with pytest.raises(ReferenceDataError) as error:
        load_reference(home)

    assert any(words in problem for problem in error.value.problems), error.value.problems
