"""Two years of monthly totals beside one year of rows: what the marts of demand, timeliness and the bridge say of them.

One council sends the totals the West Sussex paper prints, the other a handful of rows that can be counted by hand.
"""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deliveries_fixture import Row, land, make_home, rows_of

from dagster_project.load import load
from dagster_project.settings import PROJECT_ROOT, Settings

pytestmark = pytest.mark.long

TOTALS, ROWS = "northshire", "southshire"
DECEMBER = date(2018, 12, 1)
PRINTED = {
    "2016-12": {"children_in_need": "4652", "child_protection": "417", "children_looked_after": "639"},
    "2018-12": {"children_in_need": "5220", "child_protection": "775", "children_looked_after": "704"},
}
LATE = "2017-11"
LONG_IN_POST = {"started_on": "2015-01-05", "qualified_on": "2014-07-01"}


def months(first: date, count: int) -> list[str]:
    numbers = [first.year * 12 + first.month - 1 + number for number in range(count)]
    return [f"{number // 12}-{number % 12 + 1:02}" for number in numbers]


def land_totals(settings: Settings, month: str, **replaced: str) -> None:
    totals = {
        **rows_of("demand_summary", 1)[0],
        "children_0_17": "174690",
        **PRINTED.get(month, {}),
        **replaced,
    }
    land(settings, "demand_summary.csv", [totals], month, TOTALS)


def land_rows(settings: Settings, number: int, month: str) -> None:
    land(settings, "caseload.csv", cases(number), month, ROWS)
    if month != f"{DECEMBER:%Y-%m}":
        return
    for extract, rows in DECEMBERS_ROWS.items():
        land(settings, f"{extract}.csv", rows, month, ROWS)


def cases(number: int) -> list[Row]:
    """A child whose first case changes hands twice and whose second closed in October, and one that never moved;
    in December two new children and one whose case nobody has.
    """
    rows = [
        case("C1", "CH1", f"W{number // 4}", case_type="child_protection"),
        case("C3", "CH2", "W1"),
    ]
    if 5 <= number <= 9:
        ended = {"closed_on": "2018-10-15", "closure_outcome": "closed"} if number == 9 else {}
        rows.append(case("C2", "CH1", "W9", **ended))
    if number == 11:
        plan = {"plan_started_on": "2018-01-01", "plan_ended_on": "2018-12-31"}
        rows += [
            case("C4", "CH3", "W1", opened_on="2018-12-03", allocated_on="2018-12-06", **plan),
            case("C5", "CH4", "W2", opened_on="2018-12-10", allocated_on="2018-12-14"),
            case("C6", "CH5", "", opened_on="2018-12-20", allocated_on=""),
        ]
    return rows


def case(case_id: str, child_id: str, worker_id: str, **values: str) -> Row:
    row = {**rows_of("caseload", 1)[0], "case_id": case_id, "child_id": child_id, "worker_id": worker_id}
    return {**row, "team": "Duty Team", "opened_on": "2017-06-05", "allocated_on": "2017-06-06", **values}


def several(extract: str, *values: dict[str, str]) -> list[Row]:
    team = {"team": "Duty Team"} if "team" in rows_of(extract, 1)[0] else {}
    rows = rows_of(extract, len(values))
    return [{**row, **team, **value} for row, value in zip(rows, values, strict=True)]


DECEMBERS_ROWS = {
    "workforce": several(
        "workforce",
        {"worker_id": "W1", "fte": "0.6", **LONG_IN_POST},
        {"worker_id": "W2", "fte": "0.8", "role": "advanced_practitioner", **LONG_IN_POST},
        {"worker_id": "W5", "fte": "1", **LONG_IN_POST},
    ),
    "contacts": several(
        "contacts",
        {"received_on": "2018-12-03", "is_re_referral": "true"},
        {"received_on": "2018-12-04"},
        {"received_on": "2018-12-31", "outcome": "advice"},
    ),
    # Two working days over Christmas, 45 and 46.
    "assessments": several(
        "assessments",
        {"started_on": "2018-12-21", "completed_on": "2018-12-27"},
        {"started_on": "2018-10-24", "completed_on": "2018-12-28"},
        {"started_on": "2018-10-23", "completed_on": "2018-12-28"},
    ),
    "visits": several(
        "visits",
        {"due_on": "2018-12-10", "seen_on": "2018-12-10"},
        {"due_on": "2018-12-10", "seen_on": "2018-12-11"},
        {"due_on": "2018-12-10", "seen_on": ""},
    ),
    "strategy_meetings": several(
        "strategy_meetings",
        {"due_on": "2018-12-10", "held_on": "2018-12-10"},
        {"due_on": "2018-12-10", "held_on": "2018-12-12"},
        {"due_on": "", "held_on": "2018-12-12"},
    ),
}


class Story:
    """One installation and what its readers find after each of two loads."""

    def __init__(self, path: Path) -> None:
        self.settings = make_home(path)
        (self.settings.council_reference / "surveys.csv").write_text(
            "council,survey,question,taken_on,value,unit,source\n"
            f"{TOTALS},staff_survey,would_stay,2018-11-30,62.5,percent,made up\n",
            encoding="utf-8",
        )
        for month in months(date(2016, 12, 1), 25):
            if month != LATE:
                land_totals(self.settings, month)
        for number, month in enumerate(months(date(2018, 1, 1), 12)):
            land_rows(self.settings, number, month)
        self.first = self._load(6)
        land_totals(self.settings, LATE, children_in_need="4900")
        land_totals(self.settings, "2016-12", children_in_need="4000")
        self.second = self._load(7)

    def _load(self, hour: int) -> dict[date, dict[str, Any]]:
        """The rows of demand of the council that sends totals, by month."""
        report = load(self.settings, now=datetime(2026, 1, 5, hour, tzinfo=UTC))
        assert not report.has_refusals, report.arrival.refused
        return {row["month"]: row for row in self.rows("demand", council=TOTALS)}

    def rows(self, mart: str, **where: object) -> list[dict[str, Any]]:
        condition = " and ".join(f"{column} = ?" for column in where) or "true"
        with self.reader(self.settings.published / "current" / "marts.duckdb") as marts:
            found = marts.execute(
                f"select * from {mart} where {condition} order by all", list(where.values())
            )
            names = [column[0] for column in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    @staticmethod
    def reader(path: Path) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(path.resolve()), read_only=True)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(tmp_path_factory.mktemp("installation"))


def test_two_years_of_totals_give_the_changes_the_paper_prints(story: Story) -> None:
    december = story.first[DECEMBER]

    assert (december["unit"], december["level"], december["grain"]) == (TOTALS, "council", "summary")
    assert december["children_in_need_change_2y"] == Decimal("12.2")
    assert december["child_protection_change_2y"] == Decimal("85.9")
    assert december["children_looked_after_change_2y"] == Decimal("10.2")
    assert december["looked_after_per_10000"] == Decimal("40.3")
    assert story.first[date(2018, 11, 1)]["children_in_need_change_1y"] is None


def test_a_late_and_a_corrected_month_reach_the_months_a_year_and_two_after_them(story: Story) -> None:
    changed = {
        month: {name for name, value in row.items() if value != story.first.get(month, {}).get(name)}
        for month, row in story.second.items()
        if row != story.first.get(month)
    }

    # The late month lies thirteen months before December 2018, so only the look-back of two years gets there.
    assert {f"{month:%Y-%m}" for month in changed} == {"2016-12", "2017-11", "2017-12", "2018-11", "2018-12"}
    assert story.second[date(2018, 11, 1)]["children_in_need_change_1y"] == Decimal("-80.6")
    assert story.second[date(2017, 12, 1)]["children_in_need_change_1y"] == Decimal("-76.3")
    assert changed[DECEMBER] == {"children_in_need_change_2y"}
    assert story.second[DECEMBER]["children_in_need_change_2y"] == Decimal("30.5")


def test_demand_of_rows_is_counted_from_them(story: Story) -> None:
    (december,) = story.rows("demand", council=ROWS, month=DECEMBER)

    assert december["grain"] == "rows"
    assert (december["contacts"], december["referrals"], december["conversion_rate"]) == (
        3,
        2,
        Decimal("66.7"),
    )
    assert (december["re_referrals"], december["re_referral_rate"]) == (1, 50)
    assert (december["children_in_need"], december["child_protection"]) == (4, 1)
    assert (december["plans_ended"], december["mean_plan_days"]) == (1, 364)
    (november,) = story.rows("demand", council=ROWS, month=date(2018, 11, 1))
    assert (november["contacts"], november["children_in_need"]) == (None, 1)


@pytest.mark.parametrize("unit", ["duty", ROWS])
def test_timeliness_is_counted_in_the_team_and_above_it(story: Story, unit: str) -> None:
    (december,) = story.rows("timeliness", council=ROWS, unit=unit, month=DECEMBER)

    assert (december["cases_allocated"], december["median_days_to_allocation"]) == (2, Decimal("3.5"))
    assert (december["assessments_completed"], december["assessments_in_45_days"]) == (3, 2)
    assert december["median_assessment_working_days"] == 45
    assert december["assessments_in_45_days_rate"] == Decimal("66.7")
    assert (december["visits_due"], december["visits_in_time"]) == (3, 1)
    assert (december["strategy_meetings_due"], december["strategy_meetings_in_time"]) == (2, 1)
    # Four, one, one, one and none.
    assert (december["open_children"], december["child_workers_12m"]) == (5, 7)
    assert december["workers_per_child_12m"] == Decimal("1.40")


def test_workers_per_child_is_unknown_before_twelve_months(story: Story) -> None:
    (november,) = story.rows("timeliness", council=ROWS, unit="duty", month=date(2018, 11, 1))

    assert (november["open_children"], november["child_workers_12m"]) == (2, None)
    assert (november["assessments_completed"], november["visits_due"]) == (None, None)


def test_the_bridge_leads_to_dfes_average_and_stands_only_where_workers_were_delivered(story: Story) -> None:
    steps = {row["step"]: row for row in story.rows("caseload_bridge", council=ROWS)}

    assert {row["month"] for row in steps.values()} == {DECEMBER}
    assert (steps["start"]["cases"], steps["start"]["fte"]) == (5, Decimal("1.60"))
    assert steps["unallocated"]["cases_change"] == -1
    assert steps["without_cases"]["fte_change"] == -1
    assert steps["advanced_practitioners"]["fte_change"] == Decimal("0.80")
    assert (steps["end"]["cases"], steps["end"]["fte"]) == (4, Decimal("1.40"))
    assert steps["end"]["average"] == Decimal("2.8571")
    assert sum(row["fte_change"] for row in steps.values()) == Decimal("1.40")
    assert story.rows("caseload_bridge", council=TOTALS) == []


def test_a_councils_own_survey_answers_stand_beside_those_of_the_reports(story: Story) -> None:
    found = {(row["council"], row["question"]): row["value"] for row in story.rows("survey_results")}

    assert found[TOTALS, "would_stay"] == Decimal("62.5")
    assert found["nottinghamshire", "hours_saved_per_social_worker_per_week"] == Decimal("6.5")


def test_working_days_are_monday_to_friday_without_the_bank_holidays(story: Story) -> None:
    with (PROJECT_ROOT / "seeds" / "bank_holidays.csv").open(encoding="utf-8") as file:
        holidays = {date.fromisoformat(row["date"]) for row in csv.DictReader(file)}
    expected, so_far, day = {}, 0, date(2010, 1, 1)
    while day.year < 2028:
        so_far += day.weekday() < 5 and day not in holidays
        expected[day] = so_far
        day += timedelta(days=1)

    with story.reader(story.settings.database) as warehouse:
        rows = warehouse.execute("select day, working_days_so_far from int_working_days").fetchall()

    assert dict(rows) == expected and len(rows) == len(expected)
