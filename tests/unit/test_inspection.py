"""What `caseload inspect` shows and proposes: no value, nothing guessed, a mapping that loads."""

from __future__ import annotations

from pathlib import Path

import pytest
from deliveries_fixture import COUNCIL, arrive, csv_text, land, make_home, rows_of, workbook, write_reference
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.errors import PlainError
from dagster_project.extracts.source_system import read_source
from dagster_project.samples.systems import staff_list
from dagster_project.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = make_home(tmp_path / "home")
    monkeypatch.setenv("CASELOAD_HOME", str(settings.home))
    return settings


def inspect(*words: str | Path) -> str:
    result = CliRunner().invoke(app, ["inspect", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def staff_file(folder: Path) -> Path:
    lines = staff_list(rows_of("workforce", 14), rows_of("posts", 16), "37")
    started = lines[0].index("Start in Position")
    lines[1][started] = "25/03/2019"
    lines[3][lines[0].index("Surname")] = "Featherstonehaugh"
    lines[4][lines[0].index("Organisation Unit")] = "Council > Marsh Team"
    path = folder / "Who works here.xlsx"
    path.write_bytes(workbook({"Cover": [["Prepared by HR"]], "Staff": [["Staff list"], [], *lines]}))
    return path


def test_a_staff_list_is_recognised_under_its_title_and_unknown_teams_are_named(
    home: Settings, tmp_path: Path
) -> None:
    shown = inspect(staff_file(tmp_path), "--council", COUNCIL)

    assert "header in row 3" in shown
    assert "Has every required column of payroll_export for workforce and posts" in shown
    assert "1 name in team that northshire does not know" in shown
    assert "Marsh Team  (1 rows)" in shown


def test_no_value_of_a_row_is_shown_or_written(home: Settings, tmp_path: Path) -> None:
    target = tmp_path / "proposed.yml"
    file = staff_file(tmp_path)
    shown = inspect(file) + inspect(file, "--write", target) + target.read_text(encoding="utf-8")

    for value in ("Featherstonehaugh", "W001", "P003", "SW0000000001", "25/03/2019", "01/01/1980"):
        assert value not in shown


def test_the_proposed_mapping_of_a_known_layout_loads_as_it_is(home: Settings, tmp_path: Path) -> None:
    home.council_sources.mkdir(parents=True)
    file = staff_file(tmp_path)
    inspect(file, "--write", home.council_sources / "northshire_hr.yml")
    row = f"{COUNCIL},,northshire_hr,,,\n"
    write_reference(home, council_sources="council,extract,source,valid_from,valid_to,note\n" + row)
    land(home, file.name, file.read_bytes())

    recorded = {delivery.extract: delivery for delivery in arrive(home).recorded}

    assert {name: d.rows_accepted for name, d in recorded.items()} == {"workforce": 14, "posts": 16}
    assert not any(delivery.is_refused or delivery.rows_rejected for delivery in recorded.values())


def test_what_is_only_likely_is_a_comment_and_what_is_missing_is_named(
    home: Settings, tmp_path: Path
) -> None:
    rows = [
        {
            "Worker ID": f"W{n}",
            "Team Name": "North",
            "Role": "x",
            "Emp": "Perm",
            "Started on": f"{n}/13/2024",
            "FTE": "0,5",
        }
        for n in range(1, 9)
    ]
    file = tmp_path / "people.csv"
    file.write_text(csv_text(rows, ";"), encoding="utf-8")
    target = tmp_path / "people_system.yml"

    shown = inspect(file, "--write", target)
    text = target.read_text(encoding="utf-8")

    assert "text separated by semicolons" in shown
    assert "date, month first" in shown
    assert "date_order: month_first" in text.splitlines()
    assert "decimal: comma" in text.splitlines()
    assert "# team: {headers: [Team Name]}" in text
    assert "# employment: required and not placed" in text
    assert "#   Emp (" in text
    assert read_source(target).extracts["workforce"].columns["worker_id"].headers == ("Worker ID",)


def test_days_that_do_not_tell_leave_the_order_open(home: Settings, tmp_path: Path) -> None:
    rows = [row | {"started_on": "03/04/2020", "qualified_on": ""} for row in rows_of("workforce", 3)]
    file = tmp_path / "w.csv"
    file.write_text(csv_text(rows), encoding="utf-8")

    assert "# date_order: day_first or month_first?" in inspect(file)


def test_nothing_is_written_over(home: Settings, tmp_path: Path) -> None:
    target = tmp_path / "kept.yml"
    target.write_text("mine", encoding="utf-8")

    with pytest.raises(PlainError, match="already"):
        inspect(staff_file(tmp_path), "--write", target)

    assert target.read_text(encoding="utf-8") == "mine"


def test_a_file_without_anything_known_fits_nothing(home: Settings, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text("Colour,Shape\nred,round\nblue,square\n", encoding="utf-8")

    shown = inspect(file)

    assert "Fits no extract that is known" in shown
    assert "extracts: {}" in shown
