"""DfE's published CSV, in; rows of the reference file, or sentences naming file, row, column and rule, out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from published_fixture import every_symbol, publish, published_row

from dagster_project.official_statistics.published_file import (
    MEASURES,
    MOST_TOLD,
    StatisticsFileError,
    Symbol,
    codes_by_name,
    known_symbols,
    read_published,
)
from dagster_project.reference import load_reference
from dagster_project.reference.tables import load_tables
from dagster_project.settings import Settings


@pytest.fixture(scope="module")
def symbols(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Symbol]:
    settings = Settings(home=tmp_path_factory.mktemp("shipped"))
    return known_symbols(load_reference(settings).rows("dfe_symbols"))


def test_every_number_is_copied_as_it_is_written(tmp_path: Path, symbols: Mapping[str, Symbol]) -> None:
    file = publish(tmp_path / "dfe.csv", [published_row(inpost_fte="10.0", cases="0122")])

    (row,) = read_published(file, symbols)

    assert row["inpost_fte"] == "10.0" and row["cases"] == "0122" and row["absence_rate"] == "10"
    assert (row["ons_code"], row["name"], row["year"], row["region_code"], row["missing"]) == (
        "E10009991",
        "Northshire",
        "2023",
        "E12000004",
        "",
    )
    assert row.keys() == set(load_tables()["dfe_benchmarks"].columns)


def test_each_symbol_is_kept_and_only_low_is_a_number(tmp_path: Path, symbols: Mapping[str, Symbol]) -> None:
    (row,) = read_published(publish(tmp_path / "dfe.csv", [every_symbol()]), symbols)

    assert dict(part.split("=") for part in row["missing"].split("; ")) == {
        "absence_rate": "z",
        "working_days_lost_fte": "c",
        "caseload": "x",
        "cases": "u",
        "turnover_rate": ":",
        "agency_fte": "low",
        "agency_rate": "low",
    }
    without = {column for column in MEASURES if row[column] == ""}
    assert without == {"absence_rate", "working_days_lost_fte", "caseload", "cases", "turnover_rate"}
    assert row["agency_fte"] == row["agency_rate"] == "0"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_file_is_read_in_the_encodings_it_is_saved_in(
    tmp_path: Path, symbols: Mapping[str, Symbol], encoding: str
) -> None:
    file = publish(tmp_path / "dfe.csv", [published_row(la_name="Zoëshire")], encoding=encoding)

    assert read_published(file, symbols)[0]["name"] == "Zoëshire"


def test_columns_are_found_by_name_in_any_order(tmp_path: Path, symbols: Mapping[str, Symbol]) -> None:
    turned = dict(reversed(published_row().items()))

    rows = read_published(publish(tmp_path / "a.csv", [{k.upper(): v for k, v in turned.items()}]), symbols)

    assert rows == read_published(publish(tmp_path / "b.csv", [published_row()]), symbols)


def test_regions_and_england_have_their_own_codes_and_no_region(
    tmp_path: Path, symbols: Mapping[str, Symbol]
) -> None:
    rows = read_published(
        publish(tmp_path / "a.csv", [published_row("England"), published_row("East Midlands")]), symbols
    )

    assert [(row["ons_code"], row["name"], row["region_code"]) for row in rows] == [
        ("E92000001", "England", ""),
        ("E12000004", "East Midlands", ""),
    ]


def test_two_authorities_published_as_one_keep_both_codes(
    tmp_path: Path, symbols: Mapping[str, Symbol]
) -> None:
    row = published_row(new_la_code="E06000061 /E06000062", old_la_code="940 / 941")

    assert read_published(publish(tmp_path / "a.csv", [row]), symbols)[0]["ons_code"] == (
        "E06000061 / E06000062"
    )


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"inpost_fte": "ten"}, "dfe.csv, row 3, column inpost_fte: 'ten' is not a number of 0 or more with at most"),
        ({"inpost_fte": "10.25"}, "column inpost_fte: '10.25' is not a number of 0 or more with at most one decimal"),
        ({"inpost_fte": "-1"}, "column inpost_fte: '-1' is not a number"),
        ({"inpost_fte": "1,010"}, "column inpost_fte: '1,010' is not a number"),
        ({"inpost_fte": "NaN"}, "column inpost_fte: 'NaN' is not a number"),
        ({"absence_rate_fte": "10%"}, "column absence_rate_fte: '10%' is not a number"),
        ({"absence_rate_fte": ""}, "column absence_rate_fte: '' is not a number"),
        ({"absence_rate_fte": "k"}, "'k' is not a number of 0 or more with at most one decimal, and none of : c low"),
        ({"cases": "122.0"}, "column cases: '122.0' is not a whole number of 0 or more"),
        ({"time_period": "2022/23"}, "column time_period: '2022/23' is not a year"),
        ({"geographic_level": "Ward"}, "column geographic_level: 'Ward' is not one of National, Regional, Local"),
        ({"new_la_code": ""}, "column new_la_code: '' is not an ONS code"),
        ({"time_period": "2022"}, "dfe.csv, row 3: E10009991 in 2022 stands in row 2 already"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_row_is_said_by_file_row_column_and_rule(
    tmp_path: Path, symbols: Mapping[str, Symbol], cells: dict[str, str], words: str
) -> None:
    file = publish(tmp_path / "dfe.csv", [published_row(year="2022"), published_row(**cells)])

    with pytest.raises(StatisticsFileError) as error:
        read_published(file, symbols)

    assert len(error.value.problems) == 1 and words in error.value.problems[0], error.value.problems


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "dfe.csv: column time_period is missing"),
        (b"PK\x03\x04\0\0", "dfe.csv: not a CSV: it holds zero bytes"),
        (b"a,b\n", "dfe.csv: column caseload_fte is missing"),
    ],
)
def test_what_is_wrong_with_the_file_is_said(
    tmp_path: Path, symbols: Mapping[str, Symbol], content: bytes, words: str
) -> None:
    (tmp_path / "dfe.csv").write_bytes(content)

    with pytest.raises(StatisticsFileError) as error:
        read_published(tmp_path / "dfe.csv", symbols)

    assert words in error.value.problems


def test_a_column_that_stands_twice_a_short_row_and_no_row_are_refused(
    tmp_path: Path, symbols: Mapping[str, Symbol]
) -> None:
    header, row = publish(tmp_path / "dfe.csv", [published_row()]).read_text().splitlines()[:2]
    for content, words in (
        (f"{header},cases\n{row},122\n", "dfe.csv: column cases stands twice"),
        (f"{header}\n{row.rsplit(',', 1)[0]}\n", "dfe.csv, row 2: 27 cells where the header has 28"),
        (f"{header}\n", "dfe.csv: a header without rows"),
    ):
        (tmp_path / "dfe.csv").write_text(content)
        with pytest.raises(StatisticsFileError) as error:
            read_published(tmp_path / "dfe.csv", symbols)
        assert error.value.problems == [words]


def test_of_many_problems_the_first_are_told_and_the_rest_counted() -> None:
    told = StatisticsFileError([f"problem {number}" for number in range(MOST_TOLD + 3)]).told()

    assert told[0] == "problem 0" and told[-1] == "and 3 more" and len(told) == MOST_TOLD + 1


def test_an_authority_of_several_codes_is_found_with_the_years_of_each(
    tmp_path: Path, symbols: Mapping[str, Symbol]
) -> None:
    former = [published_row(year=year, new_la_code="E10009980") for year in ("2020", "2019")]

    rows = read_published(publish(tmp_path / "a.csv", [published_row(), *former]), symbols)

    assert list(codes_by_name(rows)) == [
        ("Northshire", [("E10009980", "2019", "2020"), ("E10009991", "2023", "2023")])
    ]
