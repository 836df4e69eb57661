"""A source system's file lands, the canonical rows come out: mappings, their faults, and the ready ones."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import (
    COUNCIL,
    MAY,
    arrive,
    arrive_one,
    csv_text,
    in_force,
    land,
    lines_of,
    make_home,
    rows_of,
    workbook,
    write_reference,
)

from dagster_project.deliveries.manifest import Manifest
from dagster_project.deliveries.mapped_cells import as_iso, exactly, number_of
from dagster_project.extracts import SourceError, load_sources, load_specifications
from dagster_project.extracts.source_system import read_source
from dagster_project.reference import ReferenceDataError, load_reference
from dagster_project.samples.systems import ledger_lines, staff_list
from dagster_project.settings import Settings

OWN = """\
source: own_system
kind: table
title: Made up
extracts:
  contacts:
    files: [Front door *]
    columns:
      contact_id: {headers: [Ref]}
      received_on: {headers: [Taken], date_order: month_first}
      outcome: {headers: [Result], codes: {"01": referral, "NFA": no_further_action}}
      is_re_referral: {headers: [Again], true_words: [Y], false_words: [N]}
"""
HEADER = "Ref,Taken,Result,Again\r\n"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return make_home(tmp_path)


def choose(home: Settings, *lines: str) -> None:
    text = "council,extract,source,valid_from,valid_to,note\n" + "".join(f"{line}\n" for line in lines)
    write_reference(home, council_sources=text)


def give(home: Settings, content: str = OWN, name: str = "own_system") -> Path:
    home.council_sources.mkdir(parents=True, exist_ok=True)
    path = home.council_sources / f"{name}.yml"
    path.write_text(content, encoding="utf-8")
    return path


def archived(home: Settings, extract: str) -> list[tuple[object, ...]]:
    delivery = in_force(home)[COUNCIL, MAY, extract]
    file = home.archive / str(delivery.archive_file)
    left_out = "* exclude (delivery, council, row_number)"
    return duckdb.sql(f"select {left_out} from read_parquet('{file}') order by all").fetchall()


def test_a_councils_own_mapping_reads_its_file_under_its_own_name(home: Settings) -> None:
    give(home)
    choose(home, f"{COUNCIL},contacts,own_system,,,")
    land(home, "Front Door May.csv", (HEADER + "K1,05/07/2024,01,Y\r\nK2,5/08/2024,nfa,N\r\n").encode())

    delivery = arrive_one(home)

    assert (delivery.extract, delivery.rows_accepted, delivery.rows_rejected) == ("contacts", 2, 0)
    rows = archived(home, "contacts")
    assert [row[1] for row in rows] == [date(2024, 5, 7), date(2024, 5, 8)]
    assert [row[3] for row in rows] == ["referral", "no_further_action"]
    assert [row[5] for row in rows] == [True, False]


def test_an_unknown_code_is_a_rejected_row_with_the_files_row_number_and_the_senders_shape(
    home: Settings,
) -> None:
    give(home)
    choose(home, f"{COUNCIL},,own_system,,,")
    land(home, "Front door.csv", b"")
    land(
        home,
        "Front door 5.csv",
        ("Contacts of May,,,\r\n" + HEADER + "K1,05/07/2024,99x,Y\r\nK2,5/08/2024,01,N\r\n").encode(),
    )
    (home.landing / COUNCIL / "2024-05" / "Front door.csv").unlink()

    delivery = arrive_one(home)

    assert [(c.row_number, c.column, c.rule, c.shape) for c in delivery.rejected] == [
        (3, "outcome", "code", "99a")
    ]
    assert delivery.rejected[0].expected.endswith("the file's column Result")


def test_a_mended_mapping_reads_a_quarantined_delivery_again(home: Settings) -> None:
    give(home)
    choose(home, f"{COUNCIL},contacts,own_system,,,")
    land(home, "Front door.csv", (HEADER + "K1,05/07/2024,02,Y\r\nK2,5/08/2024,01,N\r\n").encode())
    assert arrive_one(home).rows_rejected == 1
    assert arrive(home).already_loaded == 1

    give(home, OWN.replace('"01": referral', '"01": referral, "02": advice'))

    assert arrive_one(home).rows_rejected == 0


def test_a_source_holds_from_its_first_day(home: Settings) -> None:
    give(home)
    choose(home, f"{COUNCIL},contacts,own_system,2024-06-01,,", f"{COUNCIL},contacts,canonical,,2024-06-01,")
    reference = load_reference(home)

    assert reference.source_of(COUNCIL, "contacts", MAY).source == "canonical"
    assert reference.source_of(COUNCIL, "contacts", date(2024, 6, 1)).source == "own_system"
    assert reference.source_of(COUNCIL, "workforce", MAY).source == "canonical"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (f"{COUNCIL},contacts,nowhere,,,", "has no mapping"),
        (f"{COUNCIL},visits,payroll_export,,,", "is no extract of payroll_export.yml"),
        ("elsewhere,,payroll_export,,,", "is not in councils.csv"),
    ],
)
def test_a_row_of_council_sources_that_cannot_hold_is_named(home: Settings, line: str, problem: str) -> None:
    choose(home, line)

    with pytest.raises(ReferenceDataError, match=problem):
        load_reference(home)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("title:", "titel:", "titel"),
        ("  contacts:", "  kontakts:", "no extract of that name"),
        ("contact_id: {", "contact: {", "contacts.columns.contact: no column"),
        ('"01": referral', '"01": referal', "'referal' is none of"),
        ('"01": referral', "01: referral", "put codes in quotes"),
        ("headers: [Ref]", "headers: [Ref], constant: x", "found headers, constant"),
        ("headers: [Ref]", "absent: true", "cannot be absent"),
        ("headers: [Result], codes", "headers: [Result], headers: [R], codes", "stands twice"),
        ("kind: table", "kind: xml", "`root` goes with kind xml"),
    ],
)
def test_a_mapping_that_cannot_be_used_names_file_and_field(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert old in OWN
    path = tmp_path / "own_system.yml"
    path.write_text(OWN.replace(old, new), encoding="utf-8")

    with pytest.raises(SourceError, match=r"own_system\.yml") as error:
        read_source(path)

    assert problem in str(error.value)


def test_the_canonical_mapping_holds_every_extract() -> None:
    assert set(load_sources()["canonical"].extracts) == set(load_specifications())


@pytest.mark.parametrize("as_workbook", [False, True])
def test_one_staff_list_is_workforce_and_posts(home: Settings, as_workbook: bool) -> None:
    workers = rows_of("workforce", 4)
    workers[0] |= {"fte": "0.6", "ended_on": "2024-05-20", "leaving_reason": "retirement", "asye": "true"}
    workers[1] |= {
        "post_id": "P001",
        "fte": "0.4",
        "absent_at_month_end": "maternity",
        "employment": "fixed_term",
    }
    workers[2] |= {"post_id": "", "employment": "agency"}
    posts = rows_of("posts", 6)[3:] + rows_of("posts", 1)
    posts[0] |= {"vacant_fte": "0.25", "created_on": "2024-01-02", "newly_created": "true"}
    land(home, "workforce.csv", workers)
    land(home, "posts.csv", posts)
    arrive(home)
    canonical = {extract: archived(home, extract) for extract in ("workforce", "posts")}
    for name in canonical:
        (home.landing / COUNCIL / "2024-05" / f"{name}.csv").unlink()

    choose(home, f"{COUNCIL},,payroll_export,,,")
    lines = staff_list(workers, posts, "37")
    if as_workbook:
        land(home, "HR_Staff_List 2024-05.xlsx", workbook({"Staff": [["Staff list"], [], *lines]}))
    else:
        land(
            home,
            "HR_Staff_List.csv",
            csv_text([dict(zip(lines[0], line, strict=True)) for line in lines[1:]]).encode(),
        )
    recorded = {delivery.extract: delivery for delivery in arrive(home).recorded}

    assert {extract: archived(home, extract) for extract in canonical} == canonical
    assert recorded["workforce"].notices["vacant_positions"] == 2
    posts_notices = recorded["posts"].notices
    assert (posts_notices["said_before"], posts_notices["without_a_position"]) == (1, 1)
    assert not recorded["posts"].rows_rejected


def test_ledger_credits_are_negative_and_budgets_are_left_out(home: Settings) -> None:
    spend = rows_of("agency_spend", 4)
    spend[0] |= {"amount_gbp": "-200.10", "hours": "", "hourly_rate_gbp": "", "cost_type": "travel"}
    land(home, "agency_spend.csv", spend)
    arrive(home)
    canonical = archived(home, "agency_spend")
    (home.landing / COUNCIL / "2024-05" / "agency_spend.csv").unlink()
    choose(home, f"{COUNCIL},agency_spend,finance_ledger,,,")
    lines = ledger_lines([{**row, "line_id": f"{row['line_id']}-1"} for row in spend])
    land(
        home,
        "GL transactions.csv",
        csv_text([dict(zip(lines[0], x, strict=True)) for x in lines[1:]]).encode(),
    )

    delivery = arrive_one(home)

    def known(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        return sorted((row[1:] for row in rows), key=str)

    assert known(archived(home, "agency_spend")) == known(canonical)
    assert delivery.notices["budgets_and_commitments"] == 1


def test_a_missing_status_column_refuses_the_file_rather_than_keep_what_does_not_belong(
    home: Settings,
) -> None:
    choose(home, f"{COUNCIL},,payroll_export,,,")
    lines = [
        [c for i, c in enumerate(line) if i != 18]
        for line in staff_list(rows_of("workforce", 1), rows_of("posts", 1), "37")
    ]
    land(home, "Staff List.xlsx", workbook({"Staff": lines}))

    recorded = {delivery.extract: delivery for delivery in arrive(home).recorded}

    assert "Position Status" in str(recorded["posts"].refused_because)
    assert not recorded["workforce"].is_refused


@pytest.mark.parametrize(
    ("own_row", "fte"),
    [("", "0.500000000000000"), (f"{COUNCIL},,standard_hours_per_week,35,,made up\n", "0.528571428571429")],
)
def test_a_council_that_gives_no_working_week_has_the_one_assumed(
    home: Settings, own_row: str, fte: str
) -> None:
    write_reference(
        home,
        councils=f"council,name\n{COUNCIL},Northshire\nsouthshire,Southshire\n",
        council_sources=f"council,extract,source,valid_from,valid_to,note\n{COUNCIL},,payroll_export,,,\n",
        option_assumptions=f"council,option_kind,assumption,amount,item,source\n{own_row}",
    )
    workers = rows_of("workforce", 1)
    workers[0]["fte"] = "0.5"
    land(home, "Staff List.xlsx", workbook({"Staff": staff_list(workers, rows_of("posts", 1), "37")}))

    arrive(home)

    assert fte in {str(value) for value in archived(home, "workforce")[0]}


def test_an_identifier_that_a_workbook_turned_into_a_day_is_told_by_the_senders_header(
    home: Settings,
) -> None:
    give(home)
    choose(home, f"{COUNCIL},contacts,own_system,,,")
    rows = [
        {"Ref": ref, "Taken": "05/02/2024", "Result": "01", "Again": "N"} for ref in (date(2024, 4, 3), 7)
    ]
    land(home, "Front door May.xlsx", workbook({"Calls": lines_of(rows)}))

    (reason,) = arrive_one(home).rejected

    assert (reason.row_number, reason.column, reason.rule) == (2, "contact_id", "not_as_typed")
    assert reason.expected.endswith("the file's column Ref")
    assert [row[0] for row in archived(home, "contacts")] == ["7"]


def test_a_missing_column_is_named_as_the_sender_heads_it(home: Settings) -> None:
    choose(home, f"{COUNCIL},,payroll_export,,,")
    land(home, "Staff List.xlsx", workbook({"Staff": lines_of([{"Employee Number": "1", "Job Title": "x"}])}))

    reasons = {delivery.extract: delivery.refused_because for delivery in arrive(home).recorded}

    assert "Contracted Hours" in str(reasons["workforce"])


def test_two_files_of_one_extract_are_refused(home: Settings) -> None:
    choose(home, f"{COUNCIL},,payroll_export,,,")
    land(home, "Staff List A.csv", b"x")
    land(home, "Staff List B.csv", b"y")

    assert all("two files of one extract" in str(d.refused_because) for d in arrive(home).refused)
    assert len(Manifest(home.manifest).all()) == 2


@pytest.mark.parametrize(
    ("text", "order", "iso"),
    [
        ("05/07/2018", "month_first", "2018-05-07"),
        ("05/07/2018", "day_first", "2018-07-05"),
        ("5.7.2018 00:00", "day_first", "2018-07-05 00:00"),
        ("25/12/2018", "month_first", "2018-25-12"),
        ("25/12/2018", "iso", "25.12.2018"),
        ("2018-12-25", "month_first", "2018-12-25"),
        ("01/02/18", "day_first", "01.02.18"),
        ("43210", "day_first", "43210"),
        ("7-May-2018", "month_first", "7-May-2018"),
    ],
)
def test_a_day_is_read_in_the_declared_order_only(text: str, order: str, iso: str) -> None:
    assert as_iso(text, order) == iso  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("£1,234.50", "1234.5"),
        ("(200.00)", "-200"),
        ("200.00-", "-200"),
        ("-£3", "-3"),
        ("n/a", None),
        ("1.234,50", None),
        ("(-3)", None),
        ("", None),
    ],
)
def test_a_number_is_read_as_checking_reads_it(text: str, number: str | None) -> None:
    assert number_of(text) == (None if number is None else Fraction(number))


def test_shares_are_exact_and_rounded_half_up() -> None:
    assert exactly(Fraction(30, 37), 15) == "0.810810810810811"
    assert exactly(Fraction(1, 2), 0) == "1"
    assert exactly(Fraction(-5, 1000), 2) == "-0.01"
    assert exactly(Fraction(185, 10)) == "18.5"


def test_a_decimal_comma_is_read_only_where_the_mapping_says_so(home: Settings) -> None:
    spend = (
        "source: comma_ledger\nkind: table\ntitle: Made up\ndecimal: comma\nextracts:\n  agency_spend: {}\n"
    )
    rows = rows_of("agency_spend", 3)
    rows[0]["amount_gbp"], rows[0]["hourly_rate_gbp"] = "1.480,00", "40,00"
    rows[1]["amount_gbp"], rows[1]["hourly_rate_gbp"] = "1.5", "40,00"
    rows[2]["amount_gbp"], rows[2]["hourly_rate_gbp"] = "-3,25", ""
    give(home, spend, "comma_ledger")
    choose(home, f"{COUNCIL},agency_spend,comma_ledger,,,")
    land(home, "agency_spend.csv", csv_text(rows, ";").encode())

    delivery = arrive_one(home)

    assert [(c.row_number, c.column, c.shape) for c in delivery.rejected] == [(3, "amount_gbp", "9.9")]
    assert sorted(str(row[9]) for row in archived(home, "agency_spend")) == ["-3.25", "1480.00"]


def test_ssd_tables_are_found_under_names_with_a_schema_and_a_day_beside_other_tables(home: Settings) -> None:
    choose(home, f"{COUNCIL},caseload,ssd,,,")
    for table, cells in {
        "cin_episodes": {
            "cine_referral_id": "R1",
            "cine_person_id": "P1",
            "cine_referral_date": "2024-01-10",
        },
        "involvements": {
            "invo_involvements_id": "I1",
            "invo_professional_id": "900",
            "invo_professional_role_id": "Allocated Case Worker",
            "invo_professional_team": "Ashfield DCPT",
            "invo_involvement_start_date": "2024-01-12",
            "invo_referral_id": "R1",
        },
        "professionals": {"prof_professional_id": "900"},
        "cp_plans": {
            "cppl_cp_plan_id": "C1",
            "cppl_cp_plan_start_date": "2024-02-20",
            "cppl_referral_id": "R1",
        },
        "cin_assessments": {
            "cina_assessment_id": "A1",
            "cina_person_id": "P1",
            "cina_assessment_start_date": "2024-01-12",
        },
    }.items():
        named = {f"[dbo].[ssd_{table}].[{column}]": cell for column, cell in cells.items()}
        land(home, f"dbo.SSD_{table}_20240531.csv", [named])
    land(home, "ssd_person.csv", [{"pers_person_id": "P1"}])

    arrival = arrive(home)

    (delivery,) = arrival.recorded
    assert (delivery.extract, delivery.rows_accepted, delivery.refused_because) == ("caseload", 1, None)
    assert [name for name in arrival.strangers if "ssd_person.csv" in name]
