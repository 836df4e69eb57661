"""The oracle's own arithmetic and self-consistency. No product code runs here."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pandas as pd
import pytest

from .arithmetic import (
    ANY,
    Exact,
    OneOf,
    add_months,
    divide,
    financial_year,
    half_up,
    last_day,
    months_between,
    percent,
)
from .compare import KEY_VARIABLE, PUBLISHED, compare, same
from .council_maker import make_council, make_second_wave
from .expected_caseload import caseload_bands, throughput
from .expected_marts import expected_marts
from .expected_rows import ExpectedMart
from .expected_workforce import recruitment_pipeline
from .messy_cells import Speller, as_decimal
from .policies import band_of, rounded
from .pseudonyms import worker_key
from .totals import counted
from .truth import Band, MadeUpCouncil

KEY = "a made-up key, not a secret"
SEEDS = range(1, 11)
NOTTINGHAMSHIRE = [
    Band(
        "n",
        "average_caseload",
        "integer",
        Fraction(low),
        None if high is None else Fraction(high),
        band,
        "none",
    )
    for low, high, band in (
        (0, 20, "capacity"),
        (20, 22, "manageable"),
        (22, 27, "high"),
        (27, None, "must_reduce"),
    )
]


@pytest.fixture(scope="module")
def councils(tmp_path_factory: pytest.TempPathFactory) -> list[MadeUpCouncil]:
    home = tmp_path_factory.mktemp("home")
    return [make_council(seed, home) for seed in SEEDS]


@pytest.mark.parametrize(
    ("cases", "fte", "stored", "printed", "band"),
    [
        (927, 36, "25.7500", 26, "high"),
        (389, 16, "24.3125", 24, "high"),
        (2054, 94, "21.8511", 22, "high"),
        (2173, Fraction("101.07"), "21.5000", 21, "manageable"),
    ],
)
def test_an_average_is_banded_by_its_rounded_exact_value(
    cases: int, fte: Fraction | int, stored: str, printed: int, band: str
) -> None:
    average = divide(cases, fte)
    assert average is not None
    assert half_up(average, 4) == Decimal(stored)
    assert half_up(average, 0) == printed
    found = band_of(NOTTINGHAMSHIRE, average)
    assert found is not None and found.band == band


def test_the_workers_needed_to_reach_the_manageable_average_are_those_of_n04() -> None:
    needed = Fraction(3370) / Fraction("20.5") - 146
    assert half_up(needed, 2) == Decimal("18.39")
    assert half_up(needed, 0) == 18
    assert half_up(needed * Fraction(776000, 18), 2) == Decimal("792823.85")
    assert half_up(needed * Fraction("43111.11"), 2) == Decimal("792823.83")


def test_half_up_rounds_ties_away_from_zero_for_credits_too() -> None:
    assert half_up(Fraction("0.005"), 2) == Decimal("0.01")
    assert half_up(Fraction("-0.005"), 2) == Decimal("-0.01")
    assert half_up(Fraction("314460.50"), 0) == 314461
    assert half_up(Fraction("-0.004"), 2) == 0
    assert [str(percent(n, d)) for n, d in ((9, 80), (9, 144), (46, 160))] == ["11.3", "6.3", "28.8"]
    assert percent(1, 0) is None
    assert rounded(Fraction("5.05"), "one_decimal") == Fraction("5.1")


def test_the_months_last_day_stands_for_later_days() -> None:
    assert months_between(date(2024, 1, 31), date(2024, 2, 29)) == 1
    assert months_between(date(2023, 8, 31), date(2024, 2, 29)) == 6
    assert months_between(date(2024, 2, 1), date(2024, 2, 29)) == 0
    assert financial_year(date(2018, 3, 1)) == "2017-18"
    assert add_months(date(2024, 1, 1), -11) == date(2023, 2, 1)


def test_a_worker_key_is_the_first_eight_bytes_signed() -> None:
    key = worker_key(KEY, "ambershire", " W1 ")
    assert key == worker_key(KEY, "ambershire", "W1") and -(2**63) <= key < 2**63
    assert key != worker_key(KEY, "calderford", "W1")


def test_null_equals_null_only_and_an_open_scale_takes_the_published_places() -> None:
    assert same(None, None) and not same(None, 0) and not same(0, None)
    assert same(ANY, "whatever") and same(OneOf((None, False)), False)
    third = Exact(Fraction(1, 3))
    assert same(third, Decimal("0.3333"), "DECIMAL(18,4)") and not same(third, 0, "INTEGER")
    assert same(Decimal("1.50"), Decimal("1.5")) and not same(1, True)


def test_the_same_seed_lands_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for home in (first, second):
        make_second_wave(make_council(4, home), home)
    files = sorted(p.relative_to(first) for p in first.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(second) for p in second.rglob("*") if p.is_file())
    assert all((first / f).read_bytes() == (second / f).read_bytes() for f in files)


def test_reference_rows_of_several_councils_share_one_header(tmp_path: Path) -> None:
    for seed in (1, 2, 1):
        make_council(seed, tmp_path)
    with (tmp_path / "reference" / "councils.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["council"] for row in csv.DictReader(stream)] == ["brackshire", "caldershire"]


def test_a_delivery_to_be_accepted_is_within_the_limit(councils: list[MadeUpCouncil]) -> None:
    for council in councils:
        assert any(d.refused for d in council.deliveries)
        for delivery in council.deliveries:
            bad = delivery.rows_rejected + delivery.rows_unmapped
            if not delivery.refused:
                assert bad <= 2 or 20 * bad <= delivery.rows_read
                assert delivery.rows_read == bad + len(delivery.rows) - delivery.rows_unmapped + (
                    delivery.rows_repeated
                )


def test_every_accepted_row_keeps_every_rule(councils: list[MadeUpCouncil]) -> None:
    for council in councils:
        for delivery in council.deliveries:
            first, last = delivery.month, last_day(delivery.month)
            rows = delivery.rows
            if delivery.extract == "caseload":
                assert len({r["case_id"] for r in rows}) == len(rows)
                for r in rows:
                    assert r["opened_on"] <= last
                    assert (r["closed_on"] is None) == (r["closure_outcome"] is None)
                    assert r["closed_on"] is None or max(first, r["opened_on"]) <= r["closed_on"]
                    assert (r["closure_outcome"] == "transferred") == (r["transferred_to"] is not None)
            elif delivery.extract == "workforce":
                assert len({(r["worker_id"], r["post_id"], r["started_on"]) for r in rows}) == len(rows)
                for r in rows:
                    assert 0 < r["fte"] <= 1 and r["started_on"] <= last
                    assert r["ended_on"] is None or max(first, r["started_on"]) <= r["ended_on"]
                    assert (r["ended_on"] is None) == (r["leaving_reason"] is None)
            elif delivery.extract == "posts":
                assert len({r["post_id"] for r in rows}) == len(rows)
                assert all(0 <= r["vacant_fte"] <= r["fte"] for r in rows)
            elif delivery.extract == "agency_spend":
                assert all((r["week_ending"] - last).days <= 6 for r in rows)
                assert all(r["amount_gbp"] * 100 == int(r["amount_gbp"] * 100) for r in rows)


def test_throughput_adds_up_and_matches_the_open_cases(councils: list[MadeUpCouncil]) -> None:
    for council in councils:
        bands = {tuple(row.key.values()): row.values for row in caseload_bands(council).rows}
        for row in throughput(council).rows:
            v = row.values
            if v.get("received") is None:
                continue
            left = v["closed"] + v["stepped_down"] + v["transferred_out"]
            assert v["open_at_start"] + v["received"] - left == v["open_at_end"]
            assert v["open_at_end"] == bands[tuple(row.key.values())]["open_cases"]


@pytest.mark.long
def test_the_total_gap_is_the_sum_of_the_floored_gaps(councils: list[MadeUpCouncil]) -> None:
    for council in councils:
        by_month: dict[date, dict[str, Any]] = {}
        for row in recruitment_pipeline(council).rows:
            by_month.setdefault(row.key["month"], {})[row.key["role_group"]] = row.values["remaining_gap_fte"]
        for gaps in by_month.values():
            total = gaps.pop("total")
            if total is not None and all(gap == round(gap, 2) for gap in gaps.values()) and council.seed % 4:
                assert total == sum(gaps.values())


def test_a_units_own_total_stands_for_those_below_it_unless_rows_came(councils: list[MadeUpCouncil]) -> None:
    council = councils[0]
    month = council.months[-1]
    teams = [u.unit for u in council.units_in_force(month) if u.parent == "assessment"]
    totals = {"assessment": 9, "cdt": 5, "unmapped": 2, **dict.fromkeys(teams, 1)}

    assert counted(council, month, "assessment", totals, set()) == {"assessment": 9}
    assert counted(council, month, "assessment", totals, {teams[0]}) == dict.fromkeys(teams[1:], 1)
    assert counted(council, month, council.council_unit, totals, {"cdt"}) == {"assessment": 9, "unmapped": 2}


def test_money_is_spelled_only_in_forms_that_read_back(councils: list[MadeUpCouncil]) -> None:
    speller = Speller(councils[0], Random(1), "csv")
    for pence in (0, 5, -5, 123456, -20000, -1234567):
        for _ in range(30):
            text = str(speller.spell("money", Fraction(pence, 100))).strip().replace("£", "").replace(",", "")
            negative = text.startswith(("(", "-")) or text.endswith("-")
            read = Fraction(text.strip("()-")) * (-1 if negative else 1)
            assert read == Fraction(pence, 100)
    assert str(as_decimal(Fraction("0.675"))) == "0.675"


def _publish(home: Path, council: MadeUpCouncil, marts: list[ExpectedMart]) -> None:
    """Expected rows as a product would publish them."""
    path = home / PUBLISHED
    path.parent.mkdir(parents=True)
    with duckdb.connect(str(path)) as connection:
        for mart in marts:
            rows = [
                _plain({**row.key, **row.values, "council": council.slug}) for row in mart.rows if row.values
            ]
            columns = {name: _sql_type(mart, name) for row in rows for name in row if name != "subject"}
            names = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f'create table "{mart.name}" ({names})')
            texts = pd.DataFrame(
                {n: [None if r.get(n) is None else str(r[n]) for r in rows] for n in columns}, dtype=object
            )
            connection.register("texts", texts)
            casts = ", ".join(f'cast("{name}" as {kind})' for name, kind in columns.items())
            connection.execute(f'insert into "{mart.name}" select {casts} from texts')


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    plain = {}
    for name, value in row.items():
        value = value.values[0] if isinstance(value, OneOf) else value
        value = half_up(value.value, 6) if isinstance(value, Exact) else value
        plain[name] = None if value is ANY else value
    return plain


def _sql_type(mart: ExpectedMart, name: str) -> str:
    found = [row.values.get(name, row.key.get(name)) for row in mart.rows]
    for value in (v.values[-1] if isinstance(v, OneOf) else v for v in found):
        if isinstance(value, bool):
            return "BOOLEAN"
        if isinstance(value, int):
            return "BIGINT"
        if isinstance(value, Decimal | Exact):
            return "DECIMAL(24,6)"
        if isinstance(value, date):
            return "DATE"
    return "VARCHAR"


@pytest.mark.long
def test_compare_finds_one_wrong_penny_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    council = make_council(5, tmp_path / "made")
    _publish(tmp_path, council, expected_marts(council, KEY))
    assert compare(tmp_path, [council]).differences == []

    last = last_day(council.loaded_months()[-1])
    with duckdb.connect(str(tmp_path / PUBLISHED)) as connection:
        connection.execute(
            "update agency_costs set pay_gbp = pay_gbp + 0.01 where as_at = ? and level = 'council'", [last]
        )
        connection.execute("delete from throughput where as_at = ? and level = 'council'", [last])
    report = compare(tmp_path, [council])
    assert {(d.mart, d.column) for d in report.differences} == {
        ("agency_costs", "pay_gbp"),
        ("throughput", "(row missing)"),
    }
    assert "agency_costs.pay_gbp: 1 differences" in report.summary()
