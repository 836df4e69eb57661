"""`caseload import-dfe`: a published file in, rates out; a file with a fault leaves everything as it was."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from test_cli import DONE, FAILED, run

from dagster_project.official_statistics.published_file import (
    CODE_AND_NAME,
    COUNTS,
    FTE_AND_DAYS,
    RATES,
)
from dagster_project.settings import PROJECT_ROOT

COLUMNS = list(
    dict.fromkeys(
        [
            "time_period",
            "geographic_level",
            *(column for pair in CODE_AND_NAME.values() for column in pair),
            *RATES.values(),
            *FTE_AND_DAYS,
            *COUNTS,
        ]
    )
)
PUBLISHED = Path(
    os.environ.get("CASELOAD_DFE_FILE")
    or PROJECT_ROOT.parent / "shared" / "data" / "dfe_csww_indicators_2017_to_2025.csv"
)
# Reproduced and published, of the 1,463 rows. Absence counts three rates that a symbol says round to zero.
CONFORMANCE = {
    "turnover_rate_headcount": (1453, 1455),
    "agency_rate_headcount": (1458, 1460),
    "caseload": (1427, 1458),
    "vacancy_rate": (1419, 1461),
    "absence_rate": (1433, 1447),
}

Line = dict[str, str]


def authority(year: str = "2021", code: str = "E06000999", **values: str) -> Line:
    """A row of the published form in which every measure is a number."""
    line = dict.fromkeys(COLUMNS, "10")
    line |= {
        "time_period": year,
        "geographic_level": "Local authority",
        "country_code": "E92000001",
        "country_name": "England",
        "region_code": "E12000008",
        "region_name": "South East",
        "new_la_code": code,
        "la_name": "Made-up Island",
    }
    return line | values


def published(path: Path, lines: Sequence[Line], encoding: str = "utf-8-sig") -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(lines)
    path.write_bytes(text.getvalue().encode(encoding))
    return str(path)


def imported(home: Path) -> dict[tuple[str, str], Line]:
    with (home / "reference" / "dfe_benchmarks.csv").open(encoding="utf-8", newline="") as file:
        return {(row["ons_code"], row["year"]): row for row in csv.DictReader(file)}


def rates(home: Path, sql: str) -> list[tuple[object, ...]]:
    file = (home / "published" / "current").resolve() / "marts.duckdb"
    with duckdb.connect(str(file), read_only=True) as marts:
        return marts.execute(sql).fetchall()


@pytest.mark.long
def test_where_nothing_was_ever_loaded_the_rates_of_a_file_are_published(tmp_path: Path) -> None:
    lines = [
        authority(turnover_rate_headcount="11.3", leavers_headcount="9", inpost_headcount="80"),
        authority("2022", absence_rate_fte="u", cases="x", agency_fte="low", agency_rate_fte="low"),
        authority("2017", caseload_fte=":", vacancy_fte="c", turnover_rate_fte="z"),
    ]
    home = tmp_path / "home"

    first = run(home, "import-dfe", published(tmp_path / "statistics.csv", lines))
    again = run(home, "import-dfe", str(tmp_path / "statistics.csv"))

    assert first.code == DONE, first.words
    assert "3 rows of 2017 to 2022: 3 new, 0 changed" in first.words
    assert again.code == DONE and "0 new, 0 changed" in again.words
    assert "Nothing new: the marts are as they were." in again.words
    rows = imported(home)
    assert rows["E06000999", "2022"]["missing"] == "agency_rate=low; absence_rate=u; agency_fte=low; cases=x"
    assert (rows["E06000999", "2022"]["agency_fte"], rows["E06000999", "2022"]["cases"]) == ("0", "")
    assert rows["E06000999", "2017"]["missing"] == "caseload=:; turnover_rate=z; vacancy_fte=c"
    assert rates(
        home,
        "select published, recomputed, reproduces from dfe_rates where ons_code = 'E06000999' and year = 2021 "
        "and measure = 'turnover_rate_headcount'",
    ) == [(Decimal("11.3"), Decimal("11.3"), True)]
    assert rates(
        home,
        "select symbol from dfe_rates where ons_code = 'E06000999' and year = 2022 and measure = 'absence_rate'",
    ) == [("u",)]


@pytest.mark.long
def test_rows_of_other_years_stay_and_those_of_the_same_are_replaced(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(home, "import-dfe", published(tmp_path / "a.csv", [authority("2020"), authority("2021")]))

    second = run(
        home, "import-dfe", published(tmp_path / "b.csv", [authority("2021", cases="11"), authority("2022")])
    )

    assert "1 new, 1 changed" in second.words and "and 1 imported before" in second.words
    assert {year: row["cases"] for (_, year), row in imported(home).items()} == {
        "2020": "10",
        "2021": "11",
        "2022": "10",
    }


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([authority(), authority("2022", cases="ten")], "row 3, column cases: 'ten' is not a whole number"),
        ([authority(caseload_fte="q")], "row 2, column caseload_fte: 'q' is not a number"),
        ([authority(caseload_fte="1.25")], "row 2, column caseload_fte: '1.25' is not a number"),
        ([authority(), authority()], "row 3: E06000999 in 2021 stands in row 2 already"),
        ([authority(code="Surrey")], "row 2, column new_la_code: 'Surrey' is not an ONS code"),
        ([authority("last year")], "row 2, column time_period: 'last year' is not a year"),
        ([authority(geographic_level="Parish")], "column geographic_level: 'Parish' is not one of"),
        ([{k: v for k, v in authority().items() if k != "cases"}], "column cases is missing"),
    ],
)
def test_a_fault_is_told_by_row_and_column_and_nothing_is_imported(
    tmp_path: Path, lines: list[Line], words: str
) -> None:
    home = tmp_path / "home"
    (home / "reference").mkdir(parents=True)
    before = b"ons_code,name,year\r\nE06000998,Kept,2020\r\n"
    (home / "reference" / "dfe_benchmarks.csv").write_bytes(before)

    ran = run(home, "import-dfe", published(tmp_path / "statistics.csv", lines))

    assert ran.code == FAILED
    assert "statistics.csv" in ran.words and words in ran.words
    assert (home / "reference" / "dfe_benchmarks.csv").read_bytes() == before
    assert not (home / "published").exists()


@pytest.mark.skipif(not PUBLISHED.is_file(), reason=f"DfE's published file does not lie at {PUBLISHED}")
def test_our_formulas_give_the_published_rates_but_for_those_it_rounds_or_contradicts_itself(
    tmp_path: Path,
) -> None:
    ran = run(tmp_path, "import-dfe", str(PUBLISHED))

    assert ran.code == DONE, ran.words
    assert "1,463 rows of 2017 to 2025" in ran.words
    found = rates(
        tmp_path,
        "select measure, count(*) filter (where reproduces), count(published), "
        "count(*) filter (where not reproduces and class is null) from dfe_rates group by measure",
    )
    counts = {measure: (same, of) for measure, same, of, _ in found}
    assert {measure: counts[measure] for measure in CONFORMANCE} == CONFORMANCE
    assert not any(without_class for *_, without_class in found)
