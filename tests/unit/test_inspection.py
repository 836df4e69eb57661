"""What `caseload inspect` shows and proposes: no value, nothing guessed, a mapping that loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from census_return import document, worker
from deliveries_fixture import (
    COUNCIL,
    arrive,
    csv_bytes,
    csv_text,
    land,
    make_home,
    rows_of,
    workbook,
    write_reference,
)
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.errors import PlainError
from dagster_project.extracts.source_system import read_source
from dagster_project.inspection.headers import likely_headers
from dagster_project.samples.systems import staff_list
from dagster_project.settings import Settings


def test_short_headers_of_a_ledger_are_likely_ones() -> None:
    headers = ["PERIOD", "JNL", "CC", "CC_DESC", "SUBJ", "WE_DATE", "UNITS", "NET_AMT"]

    likely = likely_headers(["line_id", "team", "week_ending", "hours", "amount_gbp", "cost_type"], headers)

    assert likely == {
        "line_id": "JNL",
        "team": "CC_DESC",
        "week_ending": "WE_DATE",
        "hours": "UNITS",
        "amount_gbp": "NET_AMT",
        "cost_type": "SUBJ",
    }


@pytest.mark.parametrize("header", ["Allocated Worker", "Lead Professional", "Key Worker"])
def test_the_worker_of_a_case_is_proposed_by_what_case_systems_call_them(header: str) -> None:
    assert likely_headers(["case_id", "worker_id"], ["Case Ref", header]) == {
        "case_id": "Case Ref",
        "worker_id": header,
    }


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


@pytest.mark.parametrize("closed", ["Date Closed", "Closure"])
def test_a_column_that_another_one_wants_is_said_to_be_missing(
    home: Settings, tmp_path: Path, closed: str
) -> None:
    known = {"case_type": "child_in_need", "team": "Duty Team", "opened_on": "2026-08-03"}
    days = [{"case_id": f"K{n}", "child_id": f"C{n}", **known, closed: f"1{n}/09/2026"} for n in range(4)]
    file = tmp_path / "cases by team.csv"
    file.write_bytes(csv_bytes(days))

    warning = "closure_outcome: {absent: true}  # without it every row that has closed_on is turned away"
    target = tmp_path / "proposed.yml"
    inspect(file, "--extract", "caseload", "--write", target)
    assert (warning in target.read_text(encoding="utf-8")) == (closed == "Date Closed")


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
    assert "no extract fits" in shown
    with pytest.raises(PlainError, match="nothing was written"):
        inspect(file, "--write", "odd")
    assert not home.council_sources.exists()


A_PERSON = "Featherstonehaugh"
CASES_OF_A_CASE_SYSTEM = [
    {
        "Mosaic ID": f"10{n}", "Workflow Step ID": f"90{n}", "Name": f"{A_PERSON}, Anna",
        "Allocated Team": "Ashfield DCPT",
        "Allocated Worker ID": f"W{n % 3}", "Case Type": ("Child in Need", "CP Plan")[n % 2],
        "Referral Start Date": f"{13 + n}/01/2024", "Date Closed": "",
    }
    for n in range(10)
]  # fmt: skip
STAFF_OF_AN_HR_SYSTEM = [
    {
        "Person ref no": f"50{n}", "Surname": A_PERSON, "Post reference": f"P{n}", "Job title": "Social Worker",
        "Org unit name": "Birch Assessment", "Contract type": ("Permanent", "Agency")[n % 2],
        "Full time equivalent": "0.80", "Occupancy start date": f"{14 + n}/03/2020", "Occupancy end date": "",
    }
    for n in range(10)
]  # fmt: skip
LINES_OF_A_LEDGER = [
    {
        "Journal": f"J{n}", "Line": str(n), "Cost Centre": "Birch Assessment", "Subjective": "Agency pay",
        "Supplier Name": "Reed & Co", "Period End": f"2024-05-{10 + n}", "Net Amount": ("1,234.50", "(200.00)")[n % 2],
        "Narrative": A_PERSON,
    }
    for n in range(10)
]  # fmt: skip
CODES = {
    "Case Type": "Child in Need: child_in_need, CP Plan: child_protection",
    "Contract type": "Permanent: permanent, Agency: agency",
    "Subjective": "Agency pay: pay",
}
SOURCES = "council,extract,source,valid_from,valid_to,note\n"


def decided(text: str) -> str:
    """The mapping after a person found every proposed column right and gave the codes their meaning."""
    text = re.sub(r"# (\w+: \{headers: .*)  # .*is it this one\?", r"\1", text)
    for header, codes in CODES.items():
        text = re.sub(rf"{{headers: \[{header}\].*", f"{{headers: [{header}], codes: {{{codes}}}}}", text)
    return text


@pytest.mark.parametrize(
    ("rows", "name", "encoding", "separator", "extract", "source"),
    [
        (CASES_OF_A_CASE_SYSTEM, "mosaic 2024-05.csv", "utf-8-sig", ",", "caseload", "northshire_cases"),
        (STAFF_OF_AN_HR_SYSTEM, "iTrent people May 2024.csv", "cp1252", ";", "workforce", "northshire_hr"),
        (LINES_OF_A_LEDGER, "GL extract.txt", "utf-16", "\t", "agency_spend", "northshire_ledger"),
    ],
)
def test_an_unknown_file_is_proposed_kept_decided_and_then_loads_whole(
    home: Settings,
    tmp_path: Path,
    rows: list[dict[str, str]],
    name: str,
    encoding: str,
    separator: str,
    extract: str,
    source: str,
) -> None:
    file = tmp_path / name
    file.write_bytes(csv_text(rows, separator).encode(encoding))

    shown = inspect(file, "--council", COUNCIL, "--write", source)
    kept = home.council_sources / f"{source}.yml"
    proposed = kept.read_text(encoding="utf-8")

    assert f"{COUNCIL},{extract},{source},,," in shown
    assert A_PERSON not in shown + proposed
    # Undecided it does no harm: what is only likely is no part of it, and a load names what is missing.
    write_reference(home, council_sources=f"{SOURCES}{COUNCIL},,{source},,,\n")
    land(home, name.replace("May", "June"), file.read_bytes())
    (delivery,) = arrive(home).recorded
    assert "required column" in str(delivery.refused_because)

    kept.write_text(decided(proposed), encoding="utf-8")
    (delivery,) = arrive(home).recorded

    assert (delivery.extract, delivery.rows_accepted, delivery.refused_because) == (extract, 10, None)


LINES_WITHOUT_A_KNOWN_NAME = [
    {
        "Invoice Line": f"8{n}", "Charged To": "Birch", "Job Title": "Social Worker", "Employee No": f"W{n}",
        "Week Ending": f"{14 + n}/06/2024", "Hours": "37", "Net Amount": "1572.50", "Type of Charge": "Basic pay",
    }
    for n in range(6)
]  # fmt: skip


def test_an_extract_that_wants_little_does_not_claim_a_file_that_another_explains(
    home: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "agency lines.csv"
    file.write_text(csv_text(LINES_WITHOUT_A_KNOWN_NAME), encoding="utf-8")

    shown = inspect(file)

    assert "# team: {headers: [Charged To]}" in shown
    assert (
        "# cost_type: 1 word of the file in no code list: give it codes: {'word of the file': pay, ...}"
        in shown
    )
    assert "offers_summary" not in shown


def test_who_knows_what_a_file_is_can_say_so(home: Settings, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(csv_text(STAFF_OF_AN_HR_SYSTEM), encoding="utf-8")

    shown = inspect(file, "--extract", "posts")

    assert "  posts:\n" in shown
    assert "workforce" not in shown
    with pytest.raises(PlainError, match="--extract 'post' is none; known are agency_spend"):
        inspect(file, "--extract", "post")


def test_an_fte_of_its_own_is_proposed_before_one_reckoned_from_hours(home: Settings, tmp_path: Path) -> None:
    file = tmp_path / "HR Staff List.csv"
    rows = [row | {"Contracted Hours": "29.6", "FTE": "0.8"} for row in STAFF_OF_AN_HR_SYSTEM]
    file.write_text(csv_text(rows), encoding="utf-8")

    shown = inspect(file, "--source", "payroll_export", "--extract", "workforce")

    assert "fte: {headers: [FTE]}" in shown
    assert "standard_hours_per_week" not in shown


def test_a_row_of_data_is_never_taken_for_headers(home: Settings, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(f"{A_PERSON},North\nOkonkwo,North\nPatel,South\n", encoding="utf-8")
    cover = workbook({"Cover": [["Run by", A_PERSON], ["On", "Monday"]]})
    (tmp_path / "cover.xlsx").write_bytes(cover)

    for shown in (inspect(file), inspect(tmp_path / "cover.xlsx")):
        assert "no row that could be a header" in shown
        assert A_PERSON not in shown


def test_headers_broken_over_two_rows_are_proposed_as_a_load_reads_them(
    home: Settings, tmp_path: Path
) -> None:
    upper = ["Case", "Person", "Case", "Allocated", "Start"]
    lower = ["Reference", "ID", "Type", "Team", "Date"]
    rows = [[f"K{n}", f"C{n}", "child_in_need", "Ashfield DCPT", "2024-01-13"] for n in range(4)]
    file = tmp_path / "open cases.xlsx"
    file.write_bytes(workbook({"Open": [["Open cases"], upper, lower, *rows]}))

    shown = inspect(file, "--write", "open_cases")
    kept = home.council_sources / "open_cases.yml"
    kept.write_text(decided(kept.read_text(encoding="utf-8")), encoding="utf-8")
    write_reference(home, council_sources=f"{SOURCES}{COUNCIL},,open_cases,,,\n")
    land(home, file.name, file.read_bytes())

    assert "Allocated Team" in shown
    (delivery,) = arrive(home).recorded
    assert (delivery.rows_accepted, delivery.refused_because) == (4, None)


def test_a_file_that_needs_no_mapping_is_told_with_the_rows_that_switch_it_on(
    home: Settings, tmp_path: Path
) -> None:
    (tmp_path / "936_CSWW.xml").write_text(document(worker(SWENo=A_PERSON)), encoding="utf-8")
    (tmp_path / "cine.csv").write_text(
        "[dbo].[cine_referral_id],[dbo].[cine_person_id],[dbo].[cine_referral_date]\nR1,P1,2024-01-02\n"
    )

    returned = inspect(tmp_path / "936_CSWW.xml", "--council", COUNCIL)
    table = inspect(tmp_path / "cine.csv", "--council", COUNCIL)

    assert f"{COUNCIL},workforce_summary,csww,,," in returned
    assert f"{COUNCIL},caseload,ssd,,," in table
    assert "the export wants involvements" in " ".join(table.split())
    assert A_PERSON not in returned + table
    with pytest.raises(PlainError, match="needs no mapping"):
        inspect(tmp_path / "cine.csv", "--write", "mine")


def test_what_is_no_table_is_named(home: Settings, tmp_path: Path) -> None:
    for name, content, said in (
        ("cases.xlsx", b"%PDF-1.7\n", "a PDF, not a table"),
        ("cases.xls", b"<html><table>", "a web page, not a table"),
        ("cases.csv", b"", "empty"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PlainError, match=said):
            inspect(tmp_path / name)
