"""One installation's loads after each other, as its readers see them: marts, manifest, published files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deliveries_fixture import COUNCIL, Row, csv_bytes, land, make_home, rows_of
from filelock import FileLock

from dagster_project import warehouse
from dagster_project.deliveries import Manifest
from dagster_project.installation_lock import LoadInProgressError
from dagster_project.load import LoadReport, load
from dagster_project.settings import Settings
from dagster_project.warehouse import TransformationError

APRIL, MAY, FEBRUARY = date(2024, 4, 1), date(2024, 5, 1), date(2024, 2, 1)


@dataclass
class Story:
    """What each load reported, and what its readers found afterwards."""

    settings: Settings
    reports: dict[str, LoadReport] = field(default_factory=dict)
    open_cases: dict[str, dict[tuple[str, date], int]] = field(default_factory=dict)
    reader: duckdb.DuckDBPyConnection | None = None
    words_of_failure: str = ""
    published_after_failure: str = ""

    def load(self, name: str, hour: int) -> None:
        self.reports[name] = load(self.settings, now=datetime(2024, 6, 3, hour, tzinfo=UTC))
        rows = self.marts("select unit, month, open_cases from caseload_bands where council = ?")
        self.open_cases[name] = {(unit, month): cases for unit, month, cases in rows}

    def marts(self, sql: str) -> list[tuple[Any, ...]]:
        """As a reader that opens the published marts now."""
        current = (self.settings.published / "current").resolve()
        with duckdb.connect(str(current / "restricted" / "marts.duckdb"), read_only=True) as connection:
            return connection.execute(sql, [COUNCIL]).fetchall()


def land_month(settings: Settings, month: str, cases: list[Row]) -> None:
    land(settings, "caseload.csv", cases, month)
    land(settings, "workforce.csv", rows_of("workforce", 6), month)
    land(settings, "posts.csv", rows_of("posts", 8), month)
    land(settings, "offers.csv", rows_of("offers", 2), month)
    ledger = [{**row, "week_ending": f"{month}-17"} for row in rows_of("agency_spend", 3)]
    land(settings, "agency_spend.csv", ledger, month)


def cases(count: int) -> list[Row]:
    """The first has a team nobody knows, the second breaks a rule, the third is another team's."""
    rows = [{**row, "opened_on": "2023-11-06", "allocated_on": ""} for row in rows_of("caseload", count)]
    rows[0]["team"] = "Nobody’s Team"
    rows[1]["case_type"] = "toddler"
    rows[2]["team"] = "birch assessment"
    return rows


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    settings = make_home(tmp_path_factory.mktemp("installation"))
    told = Story(settings)
    land_month(settings, "2024-04", cases(40))
    land_month(settings, "2024-05", cases(50))
    told.load("first", 6)
    told.load("the same again", 7)
    told.reader = duckdb.connect(str(settings.published / "current" / "marts.duckdb"), read_only=True)

    land(settings, "caseload.csv", cases(30), "2024-04")
    land(settings, "posts.csv", [*rows_of("posts", 1), {**rows_of("posts", 1)[0], "fte": "0.5"}], "2024-05")
    land(settings, "caseload.csv", csv_bytes(cases(50))[:-40], "2024-05")
    land_month(settings, "2024-02", cases(20))
    land(settings, "caseload.csv", cases(10), council="nowhere")
    with (settings.council_reference / "councils.csv").open("a", encoding="utf-8") as councils:
        councils.write("unitless,Unitless,,,,,\n")
    land(settings, "caseload.csv", cases(10), council="unitless")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(warehouse, "build", _fail)
        with pytest.raises(TransformationError) as failure:
            told.load("that fails", 8)
    told.words_of_failure = str(failure.value)
    told.published_after_failure = (settings.published / "current").resolve().name
    told.load("after it", 9)
    flip_a_bit(
        (settings.published / "current").resolve() / "restricted" / "parquet" / "caseload_bands.parquet"
    )
    told.load("over damaged marts", 10)
    told.load("over whole ones", 11)
    yield told
    told.reader.close()


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def _fail(*_: object) -> None:
    raise TransformationError(["model caseload_bands: a made-up fault"])


def test_the_first_load_publishes_what_landed(story: Story) -> None:
    report = story.reports["first"]

    assert len(report.arrival.accepted) == 10 and not report.has_refusals
    found = story.open_cases["first"]
    assert found["ash", APRIL] == 37 and found["birch", APRIL] == 1 and found["unmapped", APRIL] == 1
    assert found["fieldwork", APRIL] == 38 and found["northshire", APRIL] == 39
    assert found["northshire", MAY] == 49


def test_rows_in_quarantine_make_the_month_s_figures_incomplete(story: Story) -> None:
    rows = story.marts(
        "select distinct rows_rejected, is_complete from caseload_bands where council = ? and month = '2024-04-01'"
    )

    assert rows == [(1, False)]


def test_loading_the_same_again_changes_nothing_and_says_so(story: Story) -> None:
    report = story.reports["the same again"]

    assert report.changed_nothing and report.published is None
    assert report.arrival.already_loaded == 10
    assert story.open_cases["the same again"] == story.open_cases["first"]
    assert report.announcement is not None and not report.announcement.digests


def test_a_build_that_fails_leaves_what_was_published_and_the_next_load_makes_up_for_it(story: Story) -> None:
    assert story.words_of_failure == "model caseload_bands: a made-up fault"
    assert story.published_after_failure == story.reports["first"].load_id
    assert story.reports["after it"].arrival.recorded == []
    assert story.reports["after it"].published is not None


def test_published_marts_that_were_damaged_are_published_again_by_the_next_load(story: Story) -> None:
    report, after = story.reports["over damaged marts"], story.reports["over whole ones"]

    assert report.arrival.recorded == [] and report.was_damaged
    assert report.published is not None and report.published.name != story.reports["after it"].load_id
    assert story.open_cases["over damaged marts"] == story.open_cases["after it"]
    assert report.announcement is not None and not report.announcement.digests
    assert after.changed_nothing and not after.was_damaged


def test_a_corrected_month_replaces_the_old_one_in_every_mart(story: Story) -> None:
    assert story.open_cases["after it"]["northshire", APRIL] == 29
    rows = story.marts(
        "select rows_accepted, superseded_by is null from deliveries "
        "where council = ? and extract = 'caseload' and month = '2024-04-01' order by received_at"
    )
    assert rows == [(39, False), (29, True)]
    totals = story.marts(
        "select sum(open_cases) from worker_caseloads where council = ? and month = '2024-04-01'"
    )
    assert totals[0][0] <= 29


def test_a_refused_file_changes_no_mart_and_its_reason_is_published(story: Story) -> None:
    assert story.open_cases["after it"]["northshire", MAY] == 49
    rows = story.marts(
        "select extract, refused_because from deliveries where council = ? and is_refused order by extract"
    )
    assert [extract for extract, _ in rows] == ["caseload", "posts"]
    assert rows[0][1].startswith("caseload.csv: the last line has ")
    assert rows[1][1] == "posts.csv: one key (post_id) with different values, rows 2 and 3"
    posts = story.marts(
        "select posts_fte from establishment where council = ? and month = '2024-05-01' "
        "and unit = 'northshire' and role_group = 'total'"
    )
    assert posts == [(8,)]


def test_data_quality_tells_the_month_of_what_was_refused_rejected_missing_and_unknown(story: Story) -> None:
    rows = story.marts(
        "select strftime(month, '%m') as month, \"check\", asset, failing_rows from data_quality "
        "where council = ? and not passed order by all"
    )

    found = {(month, check, asset): failing for month, check, asset, failing in rows}
    assert {key: failing for key, failing in found.items() if key[1] == "delivery_refused"} == {
        ("05", "delivery_refused", "caseload"): 1,
        ("05", "delivery_refused", "posts"): 1,
    }
    for month in ("02", "04", "05"):
        assert found[month, "rows_rejected", "caseload"] == 1
        assert found[month, "unmapped_rows", "caseload"] == 1
    assert found["04", "months_missing_before", "months"] == 1
    assert ("05", "months_missing_before", "months") not in found


def test_a_month_before_the_last_one_loaded_is_built_and_the_gap_stays_empty(story: Story) -> None:
    months = {month for _, month in story.open_cases["after it"]}

    assert months == {FEBRUARY, APRIL, MAY}
    assert story.open_cases["after it"]["northshire", FEBRUARY] == 19


def test_a_council_registered_before_its_units_is_refused_and_stops_nobody_else(story: Story) -> None:
    (line,) = [d for d in Manifest(story.settings.manifest).all() if d.council == "unitless"]

    assert line.refused_because == "caseload.csv: council unitless has no units in org_units.csv"
    assert story.open_cases["after it"]["northshire", FEBRUARY] == 19


def test_a_council_that_is_not_registered_has_a_line_in_the_manifest_and_no_mart(story: Story) -> None:
    (line,) = [d for d in Manifest(story.settings.manifest).all() if d.council == "nowhere"]

    assert line.is_refused and "council nowhere is not registered" in (line.refused_because or "")
    assert not [key for key in story.open_cases["after it"] if key[0] == "nowhere"]


def test_a_reader_that_had_the_marts_open_keeps_reading_what_it_opened(story: Story) -> None:
    assert story.reader is not None

    found = story.reader.execute(
        "select open_cases from caseload_bands where unit = 'northshire' and month = '2024-04-01'"
    ).fetchall()

    assert found == [(39,)] and story.open_cases["after it"]["northshire", APRIL] == 29


def test_a_load_beside_another_one_is_turned_away(story: Story) -> None:
    with (
        FileLock(story.settings.lock_file),
        pytest.raises(LoadInProgressError, match=r"another load is at work on .*Wait for it to end"),
    ):
        load(story.settings)


def test_an_empty_landing_area_is_nothing_new(tmp_path: Path) -> None:
    report = load(make_home(tmp_path))

    assert report.changed_nothing and report.published is None and report.announcement is None
