"""A made-up file in the form of DfE's published statistics, for tests to bend one thing at a time. Asserts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deliveries_fixture import Row, csv_bytes

PLACES: dict[str, Row] = {
    "England": {"geographic_level": "National"},
    "East Midlands": {
        "geographic_level": "Regional",
        "region_code": "E12000004",
        "region_name": "East Midlands",
    },
    "Northshire": {
        "geographic_level": "Local authority",
        "region_code": "E12000004",
        "region_name": "East Midlands",
        "old_la_code": "991",
        "new_la_code": "E10009991",
        "la_name": "Northshire",
    },
}
# Of ten workers in post one left and two more are agency; every rate follows.
MEASURES: Row = {
    "inpost_fte": "10",
    "inpost_headcount": "10",
    "starters_fte": "1",
    "leavers_fte": "1",
    "leavers_headcount": "1",
    "turnover_rate_fte": "10",
    "turnover_rate_headcount": "10",
    "agency_fte": "2.5",
    "agency_headcount": "2",
    "agency_rate_fte": "20",
    "agency_rate_headcount": "16.7",
    "vacancy_fte": "2.5",
    "vacancy_rate_fte": "20",
    "case_holders_fte": "8",
    "cases": "122",
    "caseload_fte": "15.3",
    "working_days_lost_fte": "253",
    "absence_rate_fte": "10",
}


def published_row(place: str = "Northshire", year: str = "2023", **cells: str) -> Row:
    return {
        "time_period": year,
        "time_identifier": "Reporting year",
        "geographic_level": "",
        "country_code": "E92000001",
        "country_name": "England",
        "region_code": "",
        "region_name": "",
        "old_la_code": "",
        "new_la_code": "",
        "la_name": "",
        **MEASURES,
        **PLACES[place],
        **cells,
    }


def every_symbol(year: str = "2021") -> Row:
    """A row in which each symbol stands for a number once, `low` for a rate and what it is made of."""
    return published_row(
        year=year,
        absence_rate_fte="z",
        working_days_lost_fte="c",
        caseload_fte="x",
        cases="u",
        turnover_rate_fte=":",
        agency_fte="low",
        agency_rate_fte="low",
    )


def publish(path: Path, rows: Sequence[Row], *, encoding: str = "utf-8") -> Path:
    path.write_bytes(csv_bytes(rows, encoding))
    return path
