"""Files landed with their control totals and with oddities, and what `data_quality` says of each, with its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import duckdb
import pytest
from deliveries_fixture import Row, land, make_home, rows_of, workbook
from rich.console import Console

from dagster_project.history import as_known
from dagster_project.load import LoadReport, load
from dagster_project.reports.manifest import print_status
from dagster_project.settings import Settings

pytestmark = pytest.mark.long

BEFORE = ("2024-01", "2024-02", "2024-03", "2024-04")


@dataclass
class Story:
    """What each load reported, and the rows of the checks that failed or passed in May after it."""

    settings: Settings
    reports: dict[str, LoadReport] = field(default_factory=dict)
    checks: dict[str, dict[tuple[str, str], tuple[bool, int, str | None]]] = field(default_factory=dict)

    def load(self, name: str, day: int) -> None:
        self.reports[name] = load(self.settings, now=datetime(2024, 6, day, 9, tzinfo=UTC))
        self.checks[name] = checks(self.settings.published / "current" / "marts.duckdb")


def checks(file: Any) -> dict[tuple[str, str], tuple[bool, int, str | None]]:
    with duckdb.connect(str(file.resolve()), read_only=True) as marts:
        rows = marts.execute(
            "select \"check\", asset, passed, failing_rows, detail from data_quality where month = '2024-05-01'"
        ).fetchall()
    return {(check, asset): (passed, failing, detail) for check, asset, passed, failing, detail in rows}


def cases(count: int) -> list[Row]:
    return [
        {**row, "worker_id": f"W{1 + number % 6:03}", "opened_on": "2023-11-06", "allocated_on": ""}
        for number, row in enumerate(rows_of("caseload", count))
    ]


def odd_cases() -> list[Row]:
    """Twice as many; twenty without a worker, two of a worker nobody knows, three with one who has left."""
    rows = cases(60)
    for number, row in enumerate(rows):
        row["worker_id"] = (
            "" if number < 20 else "STRANGER" if number < 22 else "W001" if number < 25 else "W004"
        )
    return rows


def odd_workers() -> list[Row]:
    """One has left, one has two whole posts, one holds a post twice; and as many again as before."""
    rows = rows_of("workforce", 14)
    rows[0] |= {"ended_on": "2024-05-10", "leaving_reason": "resignation"}
    second = {**rows[1], "post_id": "P900"}
    again = {**rows[2], "started_on": "2024-02-05", "fte": "0.25"}
    rows[2]["fte"] = "0.5"
    return [*rows, second, again]


def ledger(month: str, count: int) -> list[Row]:
    return [{**row, "week_ending": f"{month}-17"} for row in rows_of("agency_spend", count)]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    settings = make_home(tmp_path_factory.mktemp("trust"))
    for month in BEFORE:
        land(settings, "caseload.csv", cases(30), month)
        land(settings, "workforce.csv", rows_of("workforce", 6), month)
        land(settings, "agency_spend.csv", ledger(month, 3), month)
    spoilt = [*odd_workers(), {**rows_of("workforce", 30)[29], "role": "no such role", "fte": "0.75"}]
    land(settings, "caseload.csv", odd_cases())
    land(settings, "workforce.csv", spoilt)
    land(settings, "agency_spend.csv", ledger("2024-05", 12))
    posts, offers = rows_of("posts", 8), rows_of("offers", 2)
    pack = {
        "posts": [list(posts[0]), *([*p.values()] for p in posts)],
        "offers": [list(offers[0]), *([*o.values()] for o in offers)],
    }
    land(settings, "hr.xlsx", workbook(pack))
    told = Story(settings)

    # 14 workers, 1 second post, 1 post again, 1 row that is rejected: 13 x 1.0 + 0.5 + 1.0 + 0.25 + 0.75.
    land(settings, "workforce.control.csv", b"rows,sum_fte\n17,15.50\n")
    land(settings, "agency_spend.control.csv", 'measure,value\nrows,13\nTotal amount,"£17,760.01"\n'.encode())
    land(settings, "hr.control.csv", b"extract,rows,fte\nposts,8,8.0\noffers,3,2.0\n")
    told.load("with control totals", 3)

    land(settings, "agency_spend.control.csv", b"rows,sum_amount\n12,17760.00\n")
    land(settings, "caseload.control.csv", b"Zebedee\nrows\nSmith\n")
    (settings.landing / "northshire" / "2024-05" / "hr.control.csv").unlink()
    (settings.landing / "northshire" / "2024-05" / "posts.control.csv").symlink_to("/etc/hostname")
    told.load("control totals changed", 4)
    told.load("nothing new", 5)
    return told


def test_rows_and_fte_are_compared_with_all_that_was_sent_and_what_was_accepted_is_told(story: Story) -> None:
    found = story.checks["with control totals"]

    assert found["rows_rejected", "workforce"][1] == 1
    assert found["control_rows", "workforce"] == (True, 0, "expected 17; found 17; difference 0; accepted 16")
    assert found["control_fte", "workforce"] == (
        True,
        0,
        "expected 15.5; found 15.5; difference 0; accepted 14.75",
    )


def test_a_total_that_differs_by_a_penny_fails_with_its_numbers(story: Story) -> None:
    found = story.checks["with control totals"]

    assert found["control_rows", "agency_spend"] == (
        False,
        1,
        "expected 13; found 12; difference -1; accepted 12",
    )
    assert found["control_amount", "agency_spend"] == (
        False,
        1,
        "expected 17760.01; found 17760; difference -0.01; accepted 17760",
    )


def test_the_control_file_of_a_pack_speaks_of_each_of_its_extracts(story: Story) -> None:
    found = story.checks["with control totals"]

    assert found["control_fte", "posts"][0] and found["control_rows", "posts"][0]
    assert found["control_rows", "offers"] == (False, 1, "expected 3; found 2; difference -1; accepted 2")


def test_a_delivery_without_control_totals_has_no_such_row(story: Story) -> None:
    found = story.checks["with control totals"]

    assert [check for check, asset in found if asset == "caseload" and check.startswith("control")] == []


def test_a_control_file_that_changes_is_compared_anew_though_no_delivery_came(story: Story) -> None:
    report, found = story.reports["control totals changed"], story.checks["control totals changed"]

    assert not report.arrival.recorded
    assert found["control_rows", "agency_spend"][0] and found["control_amount", "agency_spend"][0]


def test_a_control_file_taken_out_of_landing_still_counts(story: Story) -> None:
    assert story.checks["control totals changed"]["control_rows", "offers"][1] == 1


def test_a_control_file_that_cannot_be_read_is_a_finding_and_stops_nothing(story: Story) -> None:
    report, found = story.reports["control totals changed"], story.checks["control totals changed"]
    shown = StringIO()
    print_status(Console(width=200, file=shown), story.settings, None, (None, None))
    words = " ".join(shown.getvalue().split())

    assert not report.has_refusals and not report.arrival.strangers
    assert found["control_file", "caseload"] == (False, 1, "line 3, rows: a whole number is wanted")
    assert found["control_file", "posts"] == (False, 1, "a link or a folder stands in the file's place")
    assert found["control_file", "workforce"][0]
    assert "2024-05 caseload.control.csv: line 3, rows: a whole number is wanted" in words
    assert "offers control rows: expected 3; found 2; difference -1; accepted 2" in words
    assert "Smith" not in words and "Zebedee" not in words


def test_an_unchanged_control_file_is_not_taken_in_again(story: Story) -> None:
    report = story.reports["nothing new"]

    assert report.changed_nothing and not report.arrival.controls


def test_the_marts_of_an_earlier_day_know_the_control_totals_of_that_day(story: Story) -> None:
    known = as_known(story.settings, datetime(2024, 6, 3, tzinfo=UTC).date())

    assert checks(known.folder / "marts.duckdb") == story.checks["with control totals"]


@pytest.mark.parametrize(
    ("check", "asset", "failing", "detail"),
    [
        ("surprising_rows", "caseload", 1, "60.00; 30.00 to 30.00 in 4 months before"),
        ("surprising_fte", "workforce", 1, "13.75; 6.00 to 6.00 in 4 months before"),
        ("surprising_spend", "agency_spend", 1, "17760.00; 4440.00 to 4440.00 in 4 months before"),
        ("surprising_unallocated", "caseload", 1, "33.30; 0.00 to 0.00 in 4 months before"),
        ("worker_unknown", "caseload", 2, None),
        ("cases_of_leavers", "caseload", 3, None),
        ("fte_over_one", "workforce", 1, None),
        ("overlapping_posts", "workforce", 1, None),
    ],
)
def test_what_is_odd_is_told_with_its_numbers(
    story: Story, check: str, asset: str, failing: int, detail: str | None
) -> None:
    assert story.checks["with control totals"][check, asset] == (False, failing, detail)
