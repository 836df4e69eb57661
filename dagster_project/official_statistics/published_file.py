"""The published CSV as rows of `dfe_benchmarks.csv`, its symbols told apart from numbers. Mends and guesses nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]

# Column of the reference file: column of the published one.
RATES = {
    "caseload": "caseload_fte",
    "agency_rate": "agency_rate_fte",
    "vacancy_rate": "vacancy_rate_fte",
    "turnover_rate": "turnover_rate_fte",
    "absence_rate": "absence_rate_fte",
    "turnover_rate_headcount": "turnover_rate_headcount",
    "agency_rate_headcount": "agency_rate_headcount",
}
FTE_AND_DAYS = (
    "inpost_fte",
    "leavers_fte",
    "agency_fte",
    "vacancy_fte",
    "case_holders_fte",
    "working_days_lost_fte",
)
COUNTS = ("inpost_headcount", "leavers_headcount", "agency_headcount", "cases")
MEASURES = {**RATES, **{name: name for name in (*FTE_AND_DAYS, *COUNTS)}}
"""What is kept of a row besides where it belongs."""

CODE_AND_NAME = {
    "National": ("country_code", "country_name"),
    "Regional": ("region_code", "region_name"),
    "Local authority": ("new_la_code", "la_name"),
}
PLACES = dict.fromkeys(
    ["time_period", "geographic_level", *(column for pair in CODE_AND_NAME.values() for column in pair)]
)

MOST_TOLD = 20
YEAR = re.compile(r"20\d\d")
CODE = re.compile(r"[A-Z]\d{8}( / [A-Z]\d{8})*")
COUNT = re.compile(r"\d+")
# Ratios are compared with what the publication's rounding allows, so a further decimal is not read over.
ONE_DECIMAL = re.compile(r"\d+(\.\d)?")


class StatisticsFileError(Exception):
    """The file cannot be used; `problems` holds one sentence for each thing that is wrong. Nothing was imported."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))

    def told(self) -> list[str]:
        """The first problems, and how many more there are: one misread column is wrong in every row."""
        more = len(self.problems) - MOST_TOLD
        return self.problems[:MOST_TOLD] + ([f"and {more:,} more"] if more > 0 else [])


@dataclass(frozen=True)
class Symbol:
    """What stands for a number: `low` stands for 0, the others for no number at all."""

    symbol: str
    is_zero: bool


def known_symbols(rows: Sequence[Mapping[str, str]]) -> dict[str, Symbol]:
    """The symbols of `dfe_symbols.csv` as they are written."""
    return {row["symbol"]: Symbol(row["symbol"], row["is_zero"].lower() == "true") for row in rows}


def read_published(path: Path, symbols: Mapping[str, Symbol]) -> list[Row]:
    """Every row of the published file in the columns of `dfe_benchmarks.csv`.

    Raises StatisticsFileError with every problem found, each naming file, row, column and rule; OSError for a file
    that cannot be opened.
    """
    name = path.name
    records, problems = _records(path)
    if problems:
        raise StatisticsFileError(problems)
    rows: list[Row] = []
    first_row: dict[tuple[str, str], int] = {}
    for number, record in records:
        row, wrong = _row(record, symbols)
        problems += [f"{name}, row {number}, {problem}" for problem in wrong]
        if not wrong:
            earlier = first_row.setdefault((row["ons_code"], row["year"]), number)
            if earlier != number:
                problems.append(
                    f"{name}, row {number}: {row['ons_code']} in {row['year']} stands in row {earlier} already"
                )
            rows.append(row)
    if not problems and not rows:
        problems.append(f"{name}: a header without rows")
    if problems:
        raise StatisticsFileError(problems)
    return rows


def _records(path: Path) -> tuple[list[tuple[int, Row]], list[str]]:
    """The lines of the file by their number, cells by column name; and what is wrong with the file's form."""
    name = path.name
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    if "\0" in text:
        return [], [f"{name}: not a CSV: it holds zero bytes"]
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = [cell.strip().lower() for cell in next(reader, [])]
        problems = [
            f"{name}: column {column} is missing"
            for column in (*PLACES, *MEASURES.values())
            if column not in header
        ]
        problems += [
            f"{name}: column {column} stands twice"
            for column in (*PLACES, *MEASURES.values())
            if header.count(column) > 1
        ]
        if problems:
            return [], problems
        records = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problems.append(
                    f"{name}, row {reader.line_num}: {len(cells)} cells where the header has {len(header)}"
                )
                continue
            records.append(
                (reader.line_num, {c: cell.strip() for c, cell in zip(header, cells, strict=True)})
            )
    except csv.Error as error:
        return [], [f"{name}: not a readable CSV ({error})"]
    return records, problems


def _row(record: Row, symbols: Mapping[str, Symbol]) -> tuple[Row, list[str]]:
    """One row in the reference file's columns, and what is wrong with it."""
    problems: list[str] = []
    year, level = record["time_period"], record["geographic_level"]
    if not YEAR.fullmatch(year):
        problems.append(f"column time_period: {year!r} is not a year")
    if level not in CODE_AND_NAME:
        return {}, [*problems, f"column geographic_level: {level!r} is not one of {', '.join(CODE_AND_NAME)}"]
    code_column, name_column = CODE_AND_NAME[level]
    code = " / ".join(part.strip() for part in record[code_column].split("/"))
    if not CODE.fullmatch(code):
        problems.append(
            f"column {code_column}: {record[code_column]!r} is not an ONS code, or several with / between"
        )
    row = {
        "ons_code": code,
        "name": record[name_column],
        "geographic_level": level,
        "year": year,
        "region_code": record["region_code"] if level == "Local authority" else "",
    }
    missing = []
    for column, published in MEASURES.items():
        cell = record[published]
        if cell in symbols:
            missing.append(f"{column}={cell}")
            row[column] = "0" if symbols[cell].is_zero else ""
        else:
            row[column] = cell
            problem = _problem_with(column, cell)
            if problem:
                problems.append(f"column {published}: {cell!r} {problem}, and none of {' '.join(symbols)}")
    row["missing"] = "; ".join(missing)
    return row, problems


def _problem_with(column: str, cell: str) -> str | None:
    if column in COUNTS:
        return None if COUNT.fullmatch(cell) else "is not a whole number of 0 or more"
    return None if ONE_DECIMAL.fullmatch(cell) else "is not a number of 0 or more with at most one decimal"


def codes_by_name(rows: Sequence[Row]) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Authorities published under more than one code: each code with its first and last year, oldest first."""
    years: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        if row["geographic_level"] == "Local authority":
            years.setdefault(row["name"], {}).setdefault(row["ons_code"], []).append(row["year"])
    for name, codes in sorted(years.items()):
        if len(codes) > 1:
            spans = [(code, min(found), max(found)) for code, found in codes.items()]
            yield name, sorted(spans, key=lambda span: span[1])
