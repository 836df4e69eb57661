"""The SSD export as a month's extracts: what the days themselves tell, and honest about what is wrong in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from deliveries_fixture import Row, csv_text, lines_of, workbook
from safeguarding_truth import assessment_rows, caseload_rows, export, make_cases, write_export

from dagster_project.deliveries.layout import Table
from dagster_project.deliveries.refusal import Refused
from dagster_project.deliveries.safeguarding import SafeguardingRules, read_safeguarding
from dagster_project.extracts import load_specifications
from dagster_project.extracts.source_system import SOURCES, load_sources

RULES = SafeguardingRules(**load_sources()["ssd"].rules)

MONTHS = [
    (date(2024, 1, 1), date(2024, 1, 31)),
    (date(2024, 2, 1), date(2024, 2, 29)),
    (date(2024, 3, 1), date(2024, 3, 31)),
]
MARCH = MONTHS[2]


def read(folder: Path, extract: str, month: tuple[date, date]) -> Table:
    files = {name: folder / f"ssd_{name}.csv" for name in RULES.tables}
    files = {name: path for name, path in files.items() if path.is_file()}
    return read_safeguarding(files, load_specifications()[extract], month, RULES, SOURCES / "ssd.sql")


def rows_of(table: Table) -> list[Row]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def one_case(**changes: Row) -> dict[str, list[Row]]:
    """An export of one case with one allocated worker; `changes` are cells of its tables."""
    tables = {
        "cin_episodes": {
            "cine_referral_id": "R1",
            "cine_person_id": "P1",
            "cine_referral_date": "2024-01-10",
            "cine_close_date": "",
            "cine_close_reason": "",
            "cine_referral_team": "71",
        },
        "involvements": {
            "invo_involvements_id": "I1",
            "invo_professional_id": "900",
            "invo_professional_role_id": "Allocated Case Worker",
            "invo_professional_team": "71",
            "invo_involvement_start_date": "2024-01-12",
            "invo_involvement_end_date": "",
            "invo_person_id": "P1",
            "invo_referral_id": "R1",
        },
        "professionals": {"prof_professional_id": "900", "prof_staff_id": "W1"},
        "cp_plans": {
            "cppl_cp_plan_id": "C1",
            "cppl_referral_id": "R1",
            "cppl_person_id": "P1",
            "cppl_cp_plan_start_date": "2024-02-20",
            "cppl_cp_plan_end_date": "",
        },
        "cin_assessments": {
            "cina_assessment_id": "A1",
            "cina_person_id": "P1",
            "cina_referral_id": "R1",
            "cina_assessment_start_date": "2024-01-12",
            "cina_assessment_auth_date": "2024-03-04",
        },
    }
    return {name: [{**row, **changes.get(name, {})}] for name, row in tables.items()}


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("seed", range(5))
def test_one_export_gives_every_month_the_state_its_days_tell(
    tmp_path: Path, month: tuple[date, date], seed: int
) -> None:
    cases = make_cases(seed=seed)
    write_export(tmp_path, export(cases, seed))
    found = rows_of(read(tmp_path, "caseload", month))
    wanted = caseload_rows(cases, *month)
    assert any(row["closure_outcome"] == "transferred" for row in wanted)
    assert sorted(found, key=lambda r: r["case_id"]) == sorted(wanted, key=lambda r: r["case_id"])
    completed = rows_of(read(tmp_path, "assessments", month))
    assert sorted(completed, key=lambda r: r["assessment_id"]) == sorted(
        assessment_rows(cases, *month), key=lambda r: r["assessment_id"]
    )


def test_a_professional_of_whom_nothing_is_known_is_told_by_their_own_identifier(tmp_path: Path) -> None:
    write_export(tmp_path, one_case(professionals={"prof_professional_id": "901"}))
    table = read(tmp_path, "caseload", MARCH)
    assert rows_of(table)[0]["worker_id"] == "900"
    assert table.notices["involvements_of_unknown_professionals"] == 1


@pytest.mark.parametrize(
    ("table", "cells", "header", "rule"),
    [
        (
            "involvements",
            {"invo_involvement_start_date": "32/01/2024"},
            "invo_involvement_start_date",
            "date",
        ),
        ("involvements", {"invo_involvement_end_date": "soon"}, "invo_involvement_end_date", "date"),
        ("cp_plans", {"cppl_cp_plan_end_date": "2024-13-01"}, "cppl_cp_plan_end_date", "date"),
        (
            "cin_episodes",
            {"cine_close_date": "2023-12-01", "cine_close_reason": "RC7"},
            "cine_close_date",
            "ends_before_it_starts",
        ),
    ],
)
def test_a_case_that_another_tables_cell_makes_unsure_is_rejected_with_its_own_row(
    tmp_path: Path, table: str, cells: Row, header: str, rule: str
) -> None:
    write_export(tmp_path, one_case(**{table: cells}))
    [fault] = read(tmp_path, "caseload", MARCH).faults
    assert (fault.row_number, fault.header, fault.rule) == (2, header, rule)


def test_a_role_that_is_not_declared_is_nobodys_allocation_and_none_at_all_is_refused(tmp_path: Path) -> None:
    write_export(tmp_path, one_case(involvements={"invo_professional_role_id": "Reviewing Officer"}))
    with pytest.raises(Refused, match="allocated_roles"):
        read(tmp_path, "caseload", MARCH)


def test_an_orphan_is_counted_and_an_assessment_without_an_episode_has_no_case(tmp_path: Path) -> None:
    tables = one_case(cin_assessments={"cina_referral_id": "R9"})
    tables["involvements"].append(
        {**tables["involvements"][0], "invo_involvements_id": "I2", "invo_referral_id": "R8"}
    )
    write_export(tmp_path, tables)
    assert read(tmp_path, "caseload", MARCH).notices["involvements_without_episode"] == 1
    assert rows_of(read(tmp_path, "assessments", MARCH))[0]["case_id"] == ""


def test_siblings_under_one_referral_are_two_cases_whose_names_hold_no_person(tmp_path: Path) -> None:
    tables = one_case()
    tables["cin_episodes"].append({**tables["cin_episodes"][0], "cine_person_id": "P2"})
    write_export(tmp_path, tables)
    assert [
        (r["case_id"], r["child_id"], r["worker_id"]) for r in rows_of(read(tmp_path, "caseload", MARCH))
    ] == [
        ("R1", "P1", "W1"),
        ("R1/2", "P2", ""),
    ]


def test_an_unknown_reason_is_left_for_the_checks_to_reject(tmp_path: Path) -> None:
    closed = {"cine_close_date": "2024-03-20", "cine_close_reason": "RC99"}
    write_export(tmp_path, one_case(cin_episodes=closed))
    assert rows_of(read(tmp_path, "caseload", MARCH))[0]["closure_outcome"] == "RC99"


def test_a_missing_table_is_refused_and_a_missing_department_leaves_the_teams_identifier(
    tmp_path: Path,
) -> None:
    write_export(tmp_path, one_case())
    assert rows_of(read(tmp_path, "caseload", MARCH))[0]["team"] == "71"
    (tmp_path / "ssd_cp_plans.csv").unlink()
    with pytest.raises(Refused, match="ssd_cp_plans"):
        read(tmp_path, "caseload", MARCH)


def test_where_no_role_speaks_of_allocation_the_social_workers_hold_the_cases(tmp_path: Path) -> None:
    write_export(tmp_path, one_case(involvements={"invo_professional_role_id": "SOCIAL WORKER"}))

    (case,) = rows_of(read(tmp_path, "caseload", MARCH))

    assert case["worker_id"] == "W1"


def test_an_identifier_that_a_workbook_turned_into_a_day_is_never_read_as_one(tmp_path: Path) -> None:
    def lost(table: str, column: str) -> Table:
        tables: dict[str, list[dict[str, object]]] = {
            name: [dict(row) for row in rows] for name, rows in one_case().items()
        }
        tables[table][0][column] = date(2024, 4, 3)
        path = tmp_path / "ssd_export.xlsx"
        path.write_bytes(workbook({f"ssd_{name}": lines_of(rows) for name, rows in tables.items()}))
        return read_safeguarding(
            {"": path}, load_specifications()["caseload"], MARCH, RULES, SOURCES / "ssd.sql"
        )

    assert [
        (fault.row_number, fault.header, fault.rule)
        for fault in lost("cin_episodes", "cine_person_id").faults
    ] == [(2, "cine_person_id", "not_as_typed")]
    with pytest.raises(Refused, match=r"row 2: invo_referral_id is a date or a fraction"):
        lost("involvements", "invo_referral_id")


@pytest.mark.parametrize(
    "written",
    [
        "{COLUMN}",
        "ssd_{table}.{column}",
        "{table}.{column}",
        "[dbo].[SSD_{table}].[{COLUMN}]",
        "'{column}'",
        "`{column}`",
        '"{column}"',
        '"ssd_{table}"."{column}"',
        " {column} ",
    ],
)
def test_headers_are_read_as_a_database_writes_them(tmp_path: Path, written: str) -> None:
    for name, rows in one_case().items():
        headers = [written.format(table=name, column=c, COLUMN=c.upper()) for c in rows[0]]
        named = [dict(zip(headers, row.values(), strict=True)) for row in rows]
        (tmp_path / f"ssd_{name}.csv").write_text(csv_text(named), encoding="utf-8")

    (case,) = rows_of(read(tmp_path, "caseload", MARCH))

    assert (case["case_id"], case["worker_id"], case["case_type"]) == ("R1", "W1", "child_protection")


def test_a_row_of_more_fields_than_its_table_refuses_the_export(tmp_path: Path) -> None:
    write_export(tmp_path, one_case(involvements={"invo_professional_team": "North, duty"}))
    path = tmp_path / "ssd_involvements.csv"
    path.write_text(path.read_text(encoding="utf-8").replace('"', ""), encoding="utf-8")

    with pytest.raises(Refused, match=r"ssd_involvements.csv, row 2: more fields"):
        read(tmp_path, "caseload", MARCH)
