"""The sample councils as they lie in landing, read back from the files and held to the printed figures."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from dagster_project.extracts import Column, Specification, load_specifications
from dagster_project.reference import name_key
from dagster_project.samples import SampleError, write_samples
from dagster_project.samples.fitting import misfits, require_fit
from dagster_project.samples.months import add_months, month_end, months_from
from dagster_project.samples.spellings import SEEDS, Spellings
from dagster_project.samples.workers import partition
from dagster_project.settings import PROJECT_ROOT

COUNCIL = "nottinghamshire"
MONTHS = months_from(date(2017, 6, 1), 12)
LAST = MONTHS[-1]
EXTRACTS = ("caseload", "workforce", "posts", "offers", "agency_spend")
ACTIVITY = ("contacts", "assessments", "visits", "strategy_meetings")
COUNCILS = {
    COUNCIL: MONTHS,
    "west_sussex": months_from(date(2018, 3, 1), 12),
    "tameside": months_from(date(2021, 10, 1), 12),
}
SUMMARIES = {
    COUNCIL: {
        ("2018-06", "caseload_summary"),
        ("2014-03", "agency_spend_summary"),
        ("2015-03", "agency_spend_summary"),
        ("2016-03", "agency_spend_summary"),
        ("2017-03", "agency_spend_summary"),
        ("2018-03", "agency_spend_summary"),
        ("2015-03", "workforce_summary"),
        ("2017-03", "workforce_summary"),
        ("2015-12", "demand_summary"),
        ("2015-12", "caseload_summary"),
    },
    "west_sussex": {
        ("2016-12", "demand_summary"),
        ("2017-12", "demand_summary"),
        ("2018-12", "demand_summary"),
        ("2018-02", "workforce_summary"),
        ("2019-03", "establishment_summary"),
        ("2019-03", "offers_summary"),
    },
    "tameside": set(),
}
# June 2018, table 1 and the table of para 8.
TABLE_1 = {
    "assessment": (927, Decimal(36)),
    "disability": (389, Decimal(16)),
    "child_protection": (2054, Decimal(94)),
}
SUPPORT_OFFICERS = {
    "ashfield_dcpt": Decimal(3),
    "bassetlaw_dcpt": Decimal(4),
    "broxtowe_rushcliffe_dcpt": Decimal(3),
    "mansfield_dcpt": Decimal(3),
    "childrens_disability_team": Decimal(3),
    "looked_after_team": Decimal("4.5"),
}

# March 2019, tables 1 and 2: newly created, posts, vacant, agency workers; agency and permanent starters.
WEST_SUSSEX_TABLES = {
    "social_worker": ("37.00", "365.07", "92.84", "40.40", "15.00", "19.60"),
    "advanced_practitioner": ("4.00", "23.70", "7.08", "0.00", "0.00", "0.00"),
    "manager": ("7.00", "99.76", "17.52", "11.00", "3.00", "9.60"),
}
MANAGED_TEAM = "managed_project_team"

Row = dict[str, Any]


class Landed:
    """The landed files of one sample council, each read once; units and roles are told by any of their names."""

    def __init__(self, home: Path, paths: Sequence[Path], council: str = COUNCIL) -> None:
        self.folder = home / "landing" / council
        self.paths = [path for path in paths if self.folder in path.parents]
        self.spellings = Spellings(council)
        self.unit_of = _slugs(self.spellings.units)
        self.role_of = _slugs(self.spellings.roles)
        self.places = {
            (path.parent.name, extract): path for path in self.paths for extract in _extracts_in(path)
        }
        self.known: dict[tuple[str, str], list[Row]] = {}

    def of(self, extract: str, month: date) -> list[Row]:
        place = (f"{month:%Y-%m}", extract)
        if place not in self.known:
            self.known[place] = _read(self.places[place], extract)
        return self.known[place]

    def unit(self, row: Row, column: str = "team") -> str:
        return self.unit_of[name_key(row[column])]

    def role(self, row: Row) -> str:
        return self.role_of[name_key(row["role"])]

    def in_post(self, month: date) -> list[Row]:
        last_day = month_end(month)
        return [r for r in self.of("workforce", month) if r["ended_on"] is None or r["ended_on"] >= last_day]

    def fte(self, month: date, role: str) -> dict[str, Decimal]:
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for row in self.in_post(month):
            if self.role(row) == role:
                totals[self.unit(row)] += row["fte"]
        return totals

    def open_at_end(self, month: date) -> Counter[str]:
        return Counter(self.unit(row) for row in self.of("caseload", month) if _is_open(row, month))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Landed]:
    """Every sample council, by slug."""
    home = tmp_path_factory.mktemp("home")
    paths = write_samples(home)
    return {council: Landed(home, paths, council) for council in COUNCILS}


@pytest.fixture(scope="module")
def landed(sample: dict[str, Landed]) -> Landed:
    return sample[COUNCIL]


@pytest.fixture(scope="module")
def west_sussex(sample: dict[str, Landed]) -> Landed:
    return sample["west_sussex"]


@pytest.fixture(scope="module")
def tameside(sample: dict[str, Landed]) -> Landed:
    return sample["tameside"]


def test_the_last_month_holds_the_cases_and_workers_of_table_1(landed: Landed) -> None:
    service_of = {
        row["unit"]: row["parent_unit"] for row in _seed("org_units.csv") if row["council"] == COUNCIL
    }
    cases: Counter[str] = Counter()
    for unit, count in landed.open_at_end(LAST).items():
        cases[service_of[unit]] += count
    workers: dict[str, Decimal] = defaultdict(Decimal)
    for unit, fte in landed.fte(LAST, "social_worker").items():
        workers[service_of[unit]] += fte

    assert {service: (cases[service], workers[service]) for service in TABLE_1} == TABLE_1


def test_the_printed_table_arrives_as_the_summary_of_june(landed: Landed) -> None:
    rows = landed.of("caseload_summary", date(2018, 6, 1))

    assert [row["unit"] for row in rows] == [
        "Assessment",
        "Children\u2019s Disability Service (CDS)",
        "District Chid Protection Teams (DCPTs)",
    ]
    assert {
        landed.unit(row, "unit"): (row["open_cases"], row["fte_social_workers"]) for row in rows
    } == TABLE_1


def test_support_officers_are_deployed_as_printed(landed: Landed) -> None:
    assert landed.fte(LAST, "support_officer") == SUPPORT_OFFICERS
    assert sum(landed.fte(LAST, "senior_support_officer").values()) == 2


def test_the_printed_share_of_social_workers_qualified_under_18_months(landed: Landed) -> None:
    month = date(2018, 1, 1)
    recent_from = date(2016, 8, 1)
    workers = {
        row["worker_id"]: row["qualified_on"] >= recent_from
        for row in landed.in_post(month)
        if landed.role(row) in landed.spellings.social_work_roles and row["employment"] != "agency"
    }

    assert _half_up(Decimal(100) * sum(workers.values()) / len(workers)) == 47


def test_west_sussex_holds_tables_1_and_2_in_its_rows(west_sussex: Landed) -> None:
    month = date(2019, 2, 1)
    totals: dict[str, list[Decimal]] = {group: [Decimal(0)] * 6 for group in WEST_SUSSEX_TABLES}
    group_of = {row["role"]: row["role_group"] for row in _seed("roles.csv")}
    for row in west_sussex.of("posts", month):
        sums = totals[group_of[west_sussex.role(row)]]
        sums[0] += row["fte"] if row["newly_created"] else 0
        sums[1] += row["fte"]
        sums[2] += row["vacant_fte"]
    for row in west_sussex.in_post(month):
        totals[group_of[west_sussex.role(row)]][3] += row["fte"] if row["employment"] == "agency" else 0
    for row in west_sussex.of("offers", month):
        latest = date(2019, 4, 1) if row["employment"] == "agency" else date(2019, 5, 31)
        assert row["expected_start_on"] <= latest
        totals[group_of[west_sussex.role(row)]][4 if row["employment"] == "agency" else 5] += row["fte"]

    assert totals == {group: [Decimal(x) for x in row] for group, row in WEST_SUSSEX_TABLES.items()}


def test_the_printed_tables_of_west_sussex_arrive_as_the_totals_of_march(west_sussex: Landed) -> None:
    posts = west_sussex.of("establishment_summary", date(2019, 3, 1))
    offers = west_sussex.of("offers_summary", date(2019, 3, 1))
    columns = ("newly_created_fte", "posts_fte", "vacant_fte", "agency_fte")

    assert [row["role"] for row in posts] == [
        "Social Workers",
        "Advanced Practitioners",
        "Managers of Social Worker Teams",
    ]
    assert {west_sussex.unit(row, "unit") for row in posts} == {"west_sussex"}
    for row, printed in zip(posts, WEST_SUSSEX_TABLES.values(), strict=True):
        by_kind = {o["employment"]: o["fte"] for o in offers if o["role"] == row["role"]}
        found = [*(row[column] for column in columns), by_kind["agency"], by_kind["permanent"]]
        assert found == [Decimal(x) for x in printed]


def test_new_posts_follow_the_decision_of_october_and_agency_workers_grow(west_sussex: Landed) -> None:
    agency = []
    for month in COUNCILS["west_sussex"]:
        new = [row["created_on"] for row in west_sussex.of("posts", month) if row["newly_created"]]
        assert all(created_on > date(2018, 10, 31) for created_on in new)
        assert bool(new) == (month > date(2018, 10, 1))
        workers = west_sussex.in_post(month)
        agency.append(sum(row["fte"] for row in workers if row["employment"] == "agency"))

    assert agency[-1] > agency[len(agency) // 2] > agency[0]


def test_children_of_december_2018_are_those_the_paper_counts(west_sussex: Landed) -> None:
    month = date(2018, 12, 1)
    children = defaultdict(set)
    for row in west_sussex.of("caseload", month):
        if _is_open(row, month):
            children[row["case_type"]].add(row["child_id"])
    (printed,) = west_sussex.of("demand_summary", month)
    (before,) = west_sussex.of("demand_summary", date(2016, 12, 1))

    counts = {
        "children_in_need": len(children["child_in_need"]),
        "child_protection": len(children["child_protection"]),
        "children_looked_after": len(children["child_looked_after"]),
    }
    assert counts == {"children_in_need": 5220, "child_protection": 775, "children_looked_after": 704}
    assert {measure: printed[measure] for measure in counts} == counts
    assert [_half_up(100 * (counts[m] / before[m] - 1)) for m in counts] == [12, 86, 10]
    assert (10000 * printed["children_looked_after"] / printed["children_0_17"]).quantize(
        Decimal("0.1"), ROUND_HALF_UP
    ) == Decimal("40.3")


def test_referrals_of_december_rose_as_printed(west_sussex: Landed) -> None:
    (before,) = west_sussex.of("demand_summary", date(2017, 12, 1))
    contacts = west_sussex.of("contacts", date(2018, 12, 1))
    now = sum(row["outcome"] == "referral" for row in contacts)

    assert _half_up(10000 * (Decimal(now) / before["referrals"] - 1)) == 976
    assert all((row["referral_id"] is None) == (row["outcome"] != "referral") for row in contacts)


def test_most_teams_of_west_sussex_hold_more_than_25_and_managers_hold_cases(west_sussex: Landed) -> None:
    month = date(2019, 2, 1)
    cases, fte = west_sussex.open_at_end(month), west_sussex.fte(month, "social_worker")
    high = [unit for unit in fte if cases[unit] / fte[unit] > 25]
    managers = {
        row["worker_id"]
        for row in west_sussex.in_post(month)
        if west_sussex.role(row) in west_sussex.spellings.manager_roles
    }
    open_cases = [row for row in west_sussex.of("caseload", month) if _is_open(row, month)]

    assert len(high) > len(fte) * 2 / 3
    assert sum(row["worker_id"] in managers for row in open_cases) > 100


def test_voluntary_turnover_of_january_2019_is_the_printed_one(west_sussex: Landed) -> None:
    january = date(2019, 1, 1)
    (before,) = west_sussex.of("workforce_summary", date(2018, 2, 1))
    left = before["voluntary_leavers_fte"]
    for month in COUNCILS["west_sussex"]:
        if month <= january:
            left += sum(
                row["fte"]
                for row in _employed(west_sussex, west_sussex.of("workforce", month))
                if row["leaving_reason"] in {"resignation", "retirement"}
            )
    in_post = sum(row["fte"] for row in _employed(west_sussex, west_sussex.in_post(january)))

    assert _half_up(10000 * left / in_post) == 1699


def test_the_bought_team_of_tameside_did_what_the_paper_counts(tameside: Landed) -> None:
    first, last = date(2022, 4, 11), date(2022, 8, 26)
    latest: dict[str, Row] = {}
    for month in COUNCILS["tameside"]:
        for row in tameside.of("caseload", month):
            if tameside.unit(row) == MANAGED_TEAM:
                latest[row["case_id"]] = row
    received = [row for row in latest.values() if first <= row["opened_on"] <= last]
    ended = [row for row in received if row["closed_on"] and row["closed_on"] <= last]
    outcomes = Counter(row["closure_outcome"] for row in ended)
    targets = {tameside.unit(row, "transferred_to") for row in ended if row["transferred_to"]}

    assert len(received) == 428
    assert outcomes["closed"] + outcomes["stepped_down"] == 272
    assert outcomes["transferred"] == 94
    assert len(received) - len(ended) == 62
    assert targets == {f"neighbourhood_team_{number}" for number in (1, 2, 3, 4)}
    assert min(row["opened_on"] for row in latest.values()) >= first
    assert all(row["closed_on"] <= date(2022, 9, 23) for row in latest.values())


def test_the_bought_team_is_agency_workers_and_costs_what_the_paper_says(tameside: Landed) -> None:
    in_may = [r for r in tameside.of("workforce", date(2022, 5, 1)) if tameside.unit(r) == MANAGED_TEAM]
    lines = [
        row
        for month in COUNCILS["tameside"]
        for row in tameside.of("agency_spend", month)
        if row["contract_id"] == "managed_project_team_2022"
    ]
    (contract,) = [row for row in _seed("managed_contracts.csv") if row["council"] == "tameside"]

    assert Counter(tameside.role(row) for row in in_may) == {"social_worker": 6, "team_manager": 1}
    assert {(r["employment"], r["started_on"]) for r in in_may} == {("agency", date(2022, 4, 11))}
    assert {tameside.unit(row) for row in lines} == {MANAGED_TEAM}
    assert sum(row["amount_gbp"] for row in lines) == 255000
    assert sum(row["amount_gbp"] for row in lines if row["cost_type"] == "travel") == 1000
    assert Decimal(contract["price_gbp"]) + Decimal(contract["travel_gbp"]) == 255000
    assert (contract["ends_on"], contract["ends_on_alternative"]) == ("2022-09-23", "2022-09-27")


def test_open_cases_of_the_neighbourhood_teams_fell_as_printed(tameside: Landed) -> None:
    before, now = (
        sum(n for unit, n in tameside.open_at_end(month).items() if unit.startswith("neighbourhood_team"))
        for month in (date(2022, 3, 1), date(2022, 8, 1))
    )

    assert _half_up(100 * (1 - Decimal(now) / before)) == 21


def test_the_mix_of_experience_of_september_2022_is_the_printed_one(tameside: Landed) -> None:
    month = date(2022, 9, 1)
    workers = [
        row for row in tameside.in_post(month) if tameside.role(row) in tameside.spellings.social_work_roles
    ]
    employed = _employed(tameside, workers)
    under_two_years = sum(row["qualified_on"] > date(2020, 9, 30) for row in employed)
    shares = [len(workers) - len(employed), under_two_years, len(employed) - under_two_years]

    assert [_half_up(Decimal(100) * share / len(workers)) for share in shares] == [30, 60, 10]
    assert 100 * sum(row["asye"] for row in employed) // len(employed) == 33


def test_every_vacancy_of_social_workers_was_filled_by_september(tameside: Landed) -> None:
    assert [_uncovered(tameside, month) for month in (date(2022, 3, 1), date(2022, 9, 1))] == [17, 0]


def test_workers_in_their_assessed_year_are_protected_from_summer_on(tameside: Landed) -> None:
    most = {}
    for month in COUNCILS["tameside"]:
        assessed = {row["worker_id"] for row in tameside.in_post(month) if row["asye"]}
        held = Counter(row["worker_id"] for row in tameside.of("caseload", month) if _is_open(row, month))
        most[month] = max(held[worker] for worker in assessed)

    assert most[date(2022, 3, 1)] > 15
    assert all(count <= 15 for month, count in most.items() if month >= date(2022, 7, 1))


@pytest.mark.parametrize("council", COUNCILS)
def test_work_on_cases_is_of_cases_that_the_month_knows(sample: dict[str, Landed], council: str) -> None:
    landed = sample[council]
    for month in COUNCILS[council]:
        cases = {row["case_id"]: row for row in landed.of("caseload", month)}
        for extract in ("assessments", "visits", "strategy_meetings"):
            for row in landed.of(extract, month):
                case = cases[row["case_id"]]
                done_on = row.get("completed_on") or row.get("seen_on") or row.get("held_on")
                assert landed.unit(row) == landed.unit(case)
                assert done_on is None or case["opened_on"] <= done_on <= (
                    case["closed_on"] or month_end(month)
                )
                assert extract != "assessments" or case["case_type"] == "assessment"
                assert extract != "assessments" or row["started_on"] == case["opened_on"]
        numbers = [len(landed.of(extract, month)) for extract in ACTIVITY]
        assert all(numbers), month


def test_work_gets_timely_in_tameside_and_nowhere_else(sample: dict[str, Landed]) -> None:
    for council, months in COUNCILS.items():
        for first, last in zip(
            _in_time(sample[council], months[:3]), _in_time(sample[council], months[-2:]), strict=True
        ):
            assert (last > 0.85) if council == "tameside" else (last < 0.85)
            assert (last - first > 0.1) == (council == "tameside")


def test_a_month_of_tameside_comes_as_one_workbook(tameside: Landed) -> None:
    (path,) = {path for (folder, _), path in tameside.places.items() if folder == "2022-06"}

    assert path.suffix == ".xlsx" and path.stem not in load_specifications()
    assert CalamineWorkbook.from_path(str(path)).sheet_names == [*EXTRACTS, *ACTIVITY]


def test_demand_rose_since_2015_as_far_as_the_paper_says(landed: Landed) -> None:
    month = date(2017, 12, 1)
    (then,) = landed.of("demand_summary", date(2015, 12, 1))
    (assessment,) = landed.of("caseload_summary", date(2015, 12, 1))
    plans = [r for r in landed.of("caseload", month) if r["plan_ended_on"]]
    mean_days = Decimal(sum((r["plan_ended_on"] - r["plan_started_on"]).days for r in plans)) / len(plans)
    cases = landed.open_at_end(month)
    open_now = cases["assessment_north"] + cases["assessment_south"]

    assert _half_up(100 * (len(landed.of("contacts", month)) / then["contacts"] - 1)) == 70
    assert _half_up(100 * (open_now / assessment["open_cases"] - 1)) == 95
    assert _half_up(100 * (mean_days / then["mean_plan_days"] - 1)) == 27


@pytest.mark.parametrize(("month", "printed"), [(date(2015, 3, 1), 163), (date(2017, 3, 1), 112)])
def test_sickness_of_years_before_the_system_is_the_printed_one(
    landed: Landed, month: date, printed: int
) -> None:
    (row,) = landed.of("workforce_summary", month)

    assert landed.unit(row, "unit") == "child_protection"
    assert _half_up(10 * row["sickness_days"] / row["in_post_fte"]) == printed


def test_agency_spend_of_a_year_arrives_as_a_total_beside_the_ledger(landed: Landed) -> None:
    (spent,) = landed.of("agency_spend_summary", date(2017, 3, 1))
    (forecast,) = landed.of("agency_spend_summary", date(2018, 3, 1))

    assert (spent["amount_gbp"], spent["financial_year"], spent["is_forecast"]) == (5200000, "2016-17", False)
    assert (forecast["amount_gbp"], forecast["financial_year"], forecast["is_forecast"]) == (
        4200000,
        "2017-18",
        True,
    )
    assert landed.of("agency_spend", date(2018, 3, 1))


@pytest.mark.parametrize("month", [date(2018, 1, 1), date(2018, 2, 1), date(2018, 3, 1)])
def test_agency_spend_of_2017_18_heads_for_the_printed_forecast(landed: Landed, month: date) -> None:
    loaded = [m for m in MONTHS if m <= month]
    spent = sum(row["amount_gbp"] for m in loaded for row in landed.of("agency_spend", m))

    assert _half_up(spent / len(loaded) * 12 / 100_000) == 42


@pytest.mark.parametrize("council", COUNCILS)
def test_every_row_satisfies_its_specification(sample: dict[str, Landed], council: str) -> None:
    landed = sample[council]
    for folder, extract in landed.places:
        month = date.fromisoformat(f"{folder}-01")
        spec = load_specifications()[extract]
        assert misfits(spec, landed.of(extract, month), month, landed.spellings) == [], (folder, extract)


@pytest.mark.parametrize("council", COUNCILS)
def test_every_month_of_every_extract_is_landed(sample: dict[str, Landed], council: str) -> None:
    landed = sample[council]
    wanted = {
        (f"{month:%Y-%m}", extract) for month in COUNCILS[council] for extract in (*EXTRACTS, *ACTIVITY)
    }

    assert set(landed.places) == wanted | SUMMARIES[council]
    assert sorted(landed.paths) == sorted(landed.folder.rglob("*.*"))


@pytest.mark.parametrize("council", COUNCILS)
def test_each_month_starts_with_the_cases_the_last_one_ended_with(
    sample: dict[str, Landed], council: str
) -> None:
    landed, months = sample[council], COUNCILS[council]
    for month in months[:-1]:
        following = add_months(month, 1)
        before = {
            r["case_id"]: _lasting(r, landed) for r in landed.of("caseload", month) if _is_open(r, month)
        }
        after = {
            r["case_id"]: _lasting(r, landed)
            for r in landed.of("caseload", following)
            if r["opened_on"] < following
        }
        assert before == after, month


@pytest.mark.parametrize("council", COUNCILS)
def test_nothing_is_known_before_it_happens(sample: dict[str, Landed], council: str) -> None:
    landed, months = sample[council], COUNCILS[council]
    dates = {"caseload": ("allocated_on", "closed_on", "plan_started_on"), "workforce": ("ended_on",)}
    for month in months:
        for extract, columns in dates.items():
            for row in landed.of(extract, month):
                assert all(row[column] is None or row[column] <= month_end(month) for column in columns)


@pytest.mark.parametrize("council", COUNCILS)
def test_a_transferred_case_goes_on_as_a_case_of_the_receiving_team(
    sample: dict[str, Landed], council: str
) -> None:
    landed, months = sample[council], COUNCILS[council]
    for month in months:
        rows = landed.of("caseload", month)
        opened = Counter((r["child_id"], landed.unit(r), r["opened_on"]) for r in rows)
        moved = Counter(
            (r["child_id"], landed.unit(r, "transferred_to"), r["closed_on"])
            for r in rows
            if r["closure_outcome"] == "transferred"
        )
        assert moved
        assert not moved - opened
        assert all(
            landed.unit(r) != landed.unit(r, "transferred_to")
            for r in rows
            if r["closure_outcome"] == "transferred"
        )


@pytest.mark.parametrize("council", COUNCILS)
def test_an_open_case_is_held_by_a_worker_in_post_or_by_nobody(
    sample: dict[str, Landed], council: str
) -> None:
    landed, months = sample[council], COUNCILS[council]
    unallocated = []
    for month in months:
        started = {row["worker_id"]: row["started_on"] for row in landed.in_post(month)}
        held = [row for row in landed.of("caseload", month) if _is_open(row, month)]
        for row in held:
            assert row["worker_id"] is None or row["worker_id"] in started
            assert (row["worker_id"] is None) == (row["allocated_on"] is None)
            assert row["allocated_on"] is None or row["allocated_on"] >= row["opened_on"]
        unallocated.append(sum(row["worker_id"] is None for row in held))
        assert unallocated[-1] < len(held) / 30
    assert any(unallocated)


@pytest.mark.parametrize("council", COUNCILS)
def test_vacancies_are_the_part_of_the_posts_that_nobody_employed_holds(
    sample: dict[str, Landed], council: str
) -> None:
    landed, months = sample[council], COUNCILS[council]
    for month in months:
        posts = {row["post_id"]: row for row in landed.of("posts", month)}
        held: dict[str, Decimal] = defaultdict(Decimal)
        for row in landed.in_post(month):
            if row["employment"] != "agency":
                held[row["post_id"]] += row["fte"]
        assert set(held) <= set(posts)
        assert all(post["fte"] - post["vacant_fte"] == held[post_id] for post_id, post in posts.items())


@pytest.mark.parametrize("council", COUNCILS)
def test_an_offer_is_a_starter_of_a_later_month(sample: dict[str, Landed], council: str) -> None:
    landed, months = sample[council], COUNCILS[council]
    for month, following in pairwise(months):
        offers = landed.of("offers", month)
        assert all(row["accepted_on"] <= month_end(month) < row["expected_start_on"] for row in offers)
        due = Counter(
            (landed.unit(r), landed.role(r), r["fte"], r["expected_start_on"])
            for r in offers
            if r["expected_start_on"] <= month_end(following)
        )
        started = Counter(
            (landed.unit(r), landed.role(r), r["fte"], r["started_on"])
            for r in landed.of("workforce", following)
        )
        assert not due - started, month


@pytest.mark.parametrize("council", COUNCILS)
def test_pay_is_hours_at_the_hourly_rate_save_for_credit_notes(
    sample: dict[str, Landed], council: str
) -> None:
    landed, months = sample[council], COUNCILS[council]
    lines = [row for month in months for row in landed.of("agency_spend", month)]
    timesheets = [row for row in lines if row["hours"] is not None]

    assert all(
        abs(r["hours"] * r["hourly_rate_gbp"] - r["amount_gbp"]) <= Decimal("0.01") for r in timesheets
    )
    assert len({row["line_id"] for row in lines}) == len(lines)
    assert {row["cost_type"] for row in lines} == {"pay", "fee", "travel"}
    assert any(row["amount_gbp"] < 0 for row in lines)


def test_the_year_holds_what_real_deliveries_hold(landed: Landed) -> None:
    cases, staff = landed.of("caseload", LAST), landed.of("workforce", LAST)
    children = Counter(row["child_id"] for row in cases if _is_open(row, LAST))
    families = Counter(row["family_id"] for row in cases if row["family_id"])
    managers = {row["worker_id"] for row in staff if landed.role(row) == "team_manager"}
    reasons = {row["leaving_reason"] for month in MONTHS for row in landed.of("workforce", month)}
    spelt = {row["team"] for month in MONTHS for row in landed.of("caseload", month)}

    assert max(children.values()) > 1
    assert max(families.values()) > 2
    assert any(row["worker_id"] in managers for row in cases)
    assert {"resignation", "retirement", "end_of_contract", "internal_move"} <= reasons
    assert {row["fte"] for row in staff} >= {Decimal("0.5"), Decimal("0.6"), Decimal("0.8"), Decimal(1)}
    assert any(row["asye"] for row in staff)
    assert any(row["absent_at_month_end"] == "maternity" for row in staff)
    assert any(row["post_id"] is None for m in MONTHS for row in landed.of("workforce", m))
    assert {"Broxtowe & Rushcliffe DCPTs", "Ashfield District Child Protection Team (DCPT)"} <= spelt
    assert any("\u2019" in name for name in spelt)
    assert {path.suffix for path in landed.paths} == {".csv", ".xlsx"}


@pytest.mark.parametrize("council", COUNCILS)
def test_identifiers_cannot_be_taken_for_real_ones(sample: dict[str, Landed], council: str) -> None:
    landed, last = sample[council], COUNCILS[council][-1]
    for row in landed.of("workforce", last):
        assert row["worker_id"].startswith("EX")
        assert row["registration_no"] is None or row["registration_no"].startswith("SW0000")
    assert all(row["child_id"].startswith("EX") for row in landed.of("caseload", last))


@pytest.mark.long
def test_another_process_writes_the_same_bytes(landed: Landed, tmp_path: Path) -> None:
    code = "import pathlib, dagster_project.samples as s; s.write_samples(pathlib.Path('.'))"
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "7",
        "TZ": "Pacific/Auckland",
        "PYTHONPATH": str(PROJECT_ROOT),
    }
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path)

    home = landed.folder.parent.parent
    assert _digests(tmp_path) == _digests(home)


def test_writing_again_leaves_files_and_recipients_untouched(tameside: Landed) -> None:
    home = tameside.folder.parent.parent
    recipients = home / "reference" / "alert_recipients.csv"
    shipped = recipients.read_text(encoding="utf-8")
    assert all(
        shipped.count(f"@{domain}.example,") for domain in ("nottinghamshire", "west-sussex", "tameside")
    )
    before = {path: path.stat().st_mtime_ns for path in tameside.paths}
    recipients.write_text("council,unit,severity,channel,role\n", encoding="utf-8")

    write_samples(home, ["tameside"])

    assert {path: path.stat().st_mtime_ns for path in tameside.paths} == before
    assert recipients.read_text(encoding="utf-8") == "council,unit,severity,channel,role\n"
    recipients.write_text(shipped, encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"case_id": None}, "case_id is required"),
        ({"case_type": "adoption"}, "case_type"),
        ({"team": "Rutland Team"}, "team"),
        ({"opened_on": date(2018, 6, 1)}, "opened_on"),
        ({"closed_on": date(2018, 5, 4)}, "closure_outcome is required"),
        ({"colour": "red"}, "columns unknown"),
    ],
)
def test_a_row_that_does_not_fit_is_not_written(change: Row, complaint: str) -> None:
    fitting: Row = {
        "case_id": "EX-C1",
        "child_id": "EX-P1",
        "case_type": "assessment",
        "team": "Assessment North",
        "opened_on": date(2018, 5, 1),
    }
    spec = load_specifications()["caseload"]
    require_fit(spec, [fitting], LAST, Spellings(COUNCIL))

    with pytest.raises(SampleError, match=complaint):
        require_fit(spec, [{**fitting, **change}], LAST, Spellings(COUNCIL))


@pytest.mark.parametrize("hundredths", [0, 50, 100, 110, 149, 150, 200, 1240, 1860, 3467])
def test_contracts_add_up_to_the_total_exactly(hundredths: int) -> None:
    parts = partition(hundredths, part_time=True)

    assert sum(parts) == hundredths
    assert all(0 < part <= 100 for part in parts)


def _extracts_in(path: Path) -> list[str]:
    """The extract a file is named for, or those that the sheets of a month pack are."""
    if path.stem in load_specifications():
        return [path.stem]
    return CalamineWorkbook.from_path(str(path)).sheet_names


def _read(path: Path, extract: str) -> list[Row]:
    spec = load_specifications()[extract]
    if path.suffix == ".xlsx":
        table: list[list[Any]] = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(extract).to_python()
    else:
        content = path.read_bytes()
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252")
        table = [list(line) for line in csv.reader(io.StringIO(text, newline=""))]
    headers = [str(cell).lower().replace(" ", "_") for cell in table[0]]
    if spec.columns[0].name not in headers:
        table = table[2:]
        headers = [str(cell) for cell in table[0]]
    parsers = [_parser(spec, header) for header in headers]
    return [
        {header: parse(cell) for header, parse, cell in zip(headers, parsers, line, strict=True)}
        for line in table[1:]
    ]


def _parser(spec: Specification, header: str) -> Callable[[Any], Any]:
    column: Column = spec.column(header)
    parse = {"date": _date, "decimal": _number, "money": _number, "boolean": _boolean}.get(column.type, str)
    known: dict[Any, Any] = {"": None}

    def value(cell: Any) -> Any:
        if cell not in known:
            known[cell] = parse(cell)
        return known[cell]

    return value


def _date(cell: Any) -> date:
    if isinstance(cell, date):
        return cell
    pattern = "%d/%m/%Y" if "/" in cell else "%Y-%m-%d"
    return datetime.strptime(cell, pattern).date()


def _number(cell: Any) -> Decimal:
    text = str(cell).replace("£", "").replace(",", "")
    return -Decimal(text[1:-1]) if text.startswith("(") else Decimal(text)


def _boolean(cell: Any) -> bool:
    return {"true": True, "false": False}[str(cell).lower()]


def _is_open(row: Row, month: date) -> bool:
    return row["closed_on"] is None or row["closed_on"] > month_end(month)


def _lasting(row: Row, landed: Landed) -> tuple[Any, ...]:
    """What a case keeps from month to month."""
    return (landed.unit(row), row["child_id"], row["family_id"], row["case_type"], row["opened_on"])


def _employed(landed: Landed, rows: Sequence[Row]) -> list[Row]:
    """Qualified social workers without agency workers."""
    return [
        row
        for row in rows
        if row["employment"] != "agency" and landed.role(row) in landed.spellings.social_work_roles
    ]


def _uncovered(landed: Landed, month: date) -> Decimal:
    """FTE of social workers' posts that neither an employee nor an agency worker fills."""
    posts = [row["fte"] for row in landed.of("posts", month) if landed.role(row) == "social_worker"]
    return sum(posts, Decimal(0)) - sum(landed.fte(month, "social_worker").values())


def _in_time(landed: Landed, months: Sequence[date]) -> list[float]:
    """Shares of assessments (within nine weeks), visits and meetings that were in time."""
    done: dict[str, list[bool]] = defaultdict(list)
    for month in months:
        for row in landed.of("assessments", month):
            done["assessments"].append((row["completed_on"] - row["started_on"]).days <= 63)
        for row in landed.of("visits", month):
            done["visits"].append(row["seen_on"] is not None and row["seen_on"] <= row["due_on"])
        for row in landed.of("strategy_meetings", month):
            done["meetings"].append(row["held_on"] <= row["due_on"])
    return [sum(shares) / len(shares) for shares in done.values()]


def _slugs(spellings: Mapping[str, list[str]]) -> dict[str, str]:
    return {name_key(name): slug for slug, names in spellings.items() for name in (slug, *names)}


def _seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _half_up(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def _digests(home: Path) -> dict[str, str]:
    files = (path for path in home.rglob("*") if path.is_file())
    return {str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
