"""Compares the published marts with the expected ones, value by value. Writes nothing to the product's home
but, with `--make`, the councils' reference rows and landed files.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from .arithmetic import ANY, Exact, OneOf, half_up
from .council_maker import make_council, make_second_wave
from .expected_marts import expected_marts
from .expected_rows import ExpectedMart, ExpectedRow
from .truth import MadeUpCouncil

KEY_VARIABLE = "CASELOAD_PSEUDONYM_KEY"
PUBLISHED = Path("published/current/restricted/marts.duckdb")
EXAMPLES = 5
Published = dict[str, Any]

_OTHER_NAMES = {
    "rows_accepted": ("rows_accepted", "accepted_rows", "accepted"),
    "rows_rejected": ("rows_rejected", "rejected_rows", "rejected"),
    "rows_read": ("rows_read", "read_rows", "read"),
    "file_name": ("file_name", "file"),
    "is_refused": ("is_refused", "refused"),
}
"""The manifest's columns are described, not named: the first of these names that exists is read."""


@dataclass(frozen=True)
class Difference:
    mart: str
    key: tuple[Any, ...]
    column: str
    expected: Any
    published: Any

    def __str__(self) -> str:
        key = " ".join(str(part) for part in self.key)
        return f"{self.mart} [{key}] {self.column}: expected {self.expected}, published {self.published}"


@dataclass
class Report:
    """All differences, and how many values were compared per mart."""

    differences: list[Difference] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)

    @property
    def is_same(self) -> bool:
        return not self.differences

    def summary(self, examples: int = EXAMPLES) -> str:
        """A line per mart and column that differs, each with its first examples."""
        by_column: dict[tuple[str, str], list[Difference]] = defaultdict(list)
        for difference in self.differences:
            by_column[difference.mart, difference.column].append(difference)
        lines = []
        for (mart, column), found in sorted(by_column.items()):
            lines.append(f"{mart}.{column}: {len(found)} differences")
            lines += [f"    {difference}" for difference in found[:examples]]
        for mart, count in sorted(self.compared.items()):
            wrong = sum(1 for difference in self.differences if difference.mart == mart)
            lines.append(f"{mart}: {count} values compared, {wrong} differences")
        lines.append(f"in all {sum(self.compared.values())} values, {len(self.differences)} differences")
        return "\n".join(lines)


def same(expected: Any, published: Any, sql_type: str = "") -> bool:
    """Equal as numbers, dates or text; NULL equals NULL only. `sql_type` gives an open scale its places."""
    if expected is ANY:
        return True
    if isinstance(expected, OneOf):
        return any(same(value, published, sql_type) for value in expected.values)
    if expected is None or published is None:
        return expected is None and published is None
    if isinstance(expected, Exact):
        places = _scale(sql_type)
        value = expected.value
        if places is not None and (places >= expected.min_places or (value * 10**places).denominator == 1):
            return _number(published) == half_up(value, places)
        number = _number(published)
        return number is not None and Fraction(number) == value
    if isinstance(expected, bool):
        return published is expected
    if isinstance(expected, int | Decimal):
        return not isinstance(published, bool) and _number(published) == expected
    if isinstance(expected, date):
        return bool(_as_date(published) == expected)
    return bool(published == expected)


def _scale(sql_type: str) -> int | None:
    found = re.fullmatch(r"DECIMAL\(\d+,\s*(\d+)\)", sql_type)
    if found:
        return int(found.group(1))
    return 0 if sql_type.endswith("INT") or sql_type == "INTEGER" else None


def _number(value: Any) -> Decimal | None:
    if isinstance(value, float):
        return Decimal(repr(value))
    return Decimal(value) if isinstance(value, int | Decimal) else None


def _as_date(value: Any) -> Any:
    """A date from a date, a timestamp at midnight, or a month written YYYY-MM."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", value):
        return date.fromisoformat(value if len(value) == 10 else f"{value}-01")
    return value


def compare(home: Path, councils: list[MadeUpCouncil]) -> Report:
    """The differences between published and expected rows, missing and unexpected rows among them."""
    report = Report()
    key = os.environ[KEY_VARIABLE]
    with duckdb.connect(str(home / PUBLISHED), read_only=True) as connection:
        for council in councils:
            for mart in expected_marts(council, key):
                _compare_mart(connection, council, mart, report)
    return report


def _compare_mart(
    connection: duckdb.DuckDBPyConnection, council: MadeUpCouncil, mart: ExpectedMart, report: Report
) -> None:
    report.compared[mart.name] += 0
    try:
        types = {row[0]: row[1] for row in connection.sql(f'describe "{mart.name}"').fetchall()}
    except duckdb.CatalogException:
        report.differences.append(Difference(mart.name, (council.slug,), "(mart)", "published", "absent"))
        return
    cursor = connection.execute(f'select * from "{mart.name}" where council = ?', [council.slug])
    names = [column[0] for column in cursor.description or []]
    published = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if mart.name == "deliveries":
        published = _manifest(published, types)
    found: dict[tuple[Any, ...], Published] = {}
    for row in published:
        row["month"] = _as_date(row.get("month"))
        if mart.ignored(row):
            continue
        row_key = _key(mart, row)
        if row_key in found:
            report.differences.append(_whole_row(council, mart, row_key, "(row repeated)", "once", "twice"))
        found[row_key] = row
    for expected in mart.rows:
        row_key = tuple(expected.key[column] for column in mart.key)
        row = found.pop(row_key, {})
        if row:
            _compare_row(council, mart, expected, row, types, report)
        elif not expected.optional:
            report.differences.append(
                _whole_row(council, mart, row_key, "(row missing)", expected.values, None)
            )
    for row_key, row in found.items():
        report.differences.append(_whole_row(council, mart, row_key, "(row unexpected)", None, row))


def _whole_row(
    council: MadeUpCouncil, mart: ExpectedMart, key: tuple[Any, ...], what: str, expected: Any, published: Any
) -> Difference:
    return Difference(mart.name, (council.slug, *key), what, expected, published)


def _compare_row(
    council: MadeUpCouncil,
    mart: ExpectedMart,
    expected: ExpectedRow,
    row: Published,
    types: dict[str, str],
    report: Report,
) -> None:
    key = (council.slug, *(expected.key[column] for column in mart.key))
    for column, value in expected.values.items():
        if value is ANY:
            continue
        report.compared[mart.name] += 1
        if column not in row:
            report.differences.append(Difference(mart.name, key, column, value, "no such column"))
        elif not same(value, row[column], types.get(column, "")):
            report.differences.append(Difference(mart.name, key, column, value, row[column]))
        elif isinstance(row[column], float):
            report.differences.append(
                Difference(mart.name, key, f"{column} (type)", "DECIMAL", types[column])
            )


def _key(mart: ExpectedMart, row: Published) -> tuple[Any, ...]:
    parts = dict(row)
    if mart.name == "threshold_breaches":
        hashed = row.get("worker_key")
        parts["subject"] = row["unit"] if hashed is None else f"#{hashed}"
    return tuple(parts.get(column) for column in mart.key)


def _manifest(rows: list[Published], types: dict[str, str]) -> list[Published]:
    """The manifest's rows under the names expected here, numbered within month and extract in order."""
    renamed = []
    for row in sorted(rows, key=lambda r: str(r.get("received_at"))):
        known = dict(row)
        for name, others in _OTHER_NAMES.items():
            for other in others:
                if other in types:
                    known[name] = row[other]
                    break
        if isinstance(known.get("file_name"), str):
            known["file_name"] = known["file_name"].replace("\\", "/").rsplit("/", 1)[-1]
        renamed.append(known)
    seen: Counter[tuple[Any, Any]] = Counter()
    for row in renamed:
        place = (_as_date(row.get("month")), row.get("extract"))
        seen[place] += 1
        row["sequence"] = seen[place]
    return renamed


def made(seeds: list[int], home: Path, second_wave: bool) -> list[MadeUpCouncil]:
    """The councils of the seeds, written to the home; with the second wave, over files already landed."""
    councils = [make_council(seed, home) for seed in seeds]
    if second_wave:
        for council in councils:
            make_second_wave(council, home)
    return councils


def main(arguments: list[str] | None = None) -> int:
    """0 when nothing differs, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.compare", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="CASELOAD_HOME")
    parser.add_argument("--seeds", required=True, help="comma separated, one council each")
    parser.add_argument("--make", action="store_true", help="write the councils instead of comparing")
    parser.add_argument(
        "--second-wave", action="store_true", help="with the files that arrive after a first load"
    )
    options = parser.parse_args(arguments)
    seeds = [int(seed) for seed in options.seeds.split(",")]
    if options.make:
        for council in made(seeds, options.home, options.second_wave):
            refused = [d for d in council.deliveries if d.refused]
            print(f"{council.slug}: {len(council.deliveries)} deliveries, {len(refused)} to be refused")
            for delivery in refused:
                print(f"    {delivery.month:%Y-%m} {delivery.extract}: {delivery.refused}")
        return 0
    if KEY_VARIABLE not in os.environ:
        parser.error(f"{KEY_VARIABLE} is not set")
    with tempfile.TemporaryDirectory() as scratch:
        councils = made(seeds, Path(scratch), options.second_wave)
    report = compare(options.home, councils)
    print(report.summary())
    return 0 if report.is_same else 1


if __name__ == "__main__":
    sys.exit(main())
