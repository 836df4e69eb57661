"""The census return as a council's totals: who counts, what is refused, and what an attacker gets."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from census_return import Worker, document, worker

from dagster_project.deliveries.layout import Table
from dagster_project.deliveries.refusal import Refused
from dagster_project.deliveries.workforce_census import CensusRules, read_census
from dagster_project.extracts import load_specifications
from dagster_project.extracts.source_system import load_sources

RULES = CensusRules(**load_sources()["csww"].rules)
SEPTEMBER = (date(2024, 9, 1), date(2024, 9, 30))


def read(path: Path, text: str, month: tuple[date, date] = SEPTEMBER, code: str = "991") -> Table:
    file = path / "csww.xml"
    file.write_text(text, encoding="utf-8")
    return read_census(file, load_specifications()["workforce_summary"], month, code, RULES)


def totals(table: Table) -> dict[str, str]:
    return dict(zip(table.columns, table.rows[0], strict=True))


def test_in_post_are_employees_of_every_role_at_the_reference_date(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        document(
            worker(FTE="0.6", OrgRole="1"),
            worker(FTE="0.123456", SWENo="SW1"),
            worker(FTE="1", SWENo="SW2", RoleEndDate="2024-10-04", ReasonLeave="1"),
            worker(FTE="0.5", SWENo="SW3", RoleStartDate="2024-10-01"),
            {"AgencyWorker": "1", "SWENo": "SW4", "FTE": "1"},
        ),
    )
    found = totals(table)
    assert (found["in_post_fte"], found["headcount"], found["unit"]) == ("1.723456", "3", "")
    assert (found["sickness_days"], found["qualified_under_18_months"]) == ("", "")
    assert table.notices["agency_workers_not_counted"] == 1
    assert table.records == 5


def test_leavers_are_those_of_the_month_and_a_move_within_the_authority_is_none(tmp_path: Path) -> None:
    leaving = [
        ("2024-09-30", "1", "0.5"),
        ("2024-09-01", "3", "0.7"),
        ("2024-09-15", "7", "1"),
        ("2024-08-31", "1", "1"),
        ("2024-09-10", "5", "0.25"),
    ]
    table = read(
        tmp_path,
        document(*(worker(RoleEndDate=d, ReasonLeave=r, FTE=f, SWENo=d + r) for d, r, f in leaving)),
    )
    found = totals(table)
    assert (found["leavers_fte"], found["voluntary_leavers_fte"], found["headcount"]) == ("1.45", "0.75", "0")
    assert table.notices["leavers_of_other_months"] == 1


@pytest.mark.parametrize(
    ("cells", "header", "rule"),
    [
        ({"AgencyWorker": "Y"}, "AgencyWorker", "code"),
        ({"FTE": "0,8"}, "FTE", "number"),
        ({"FTE": ""}, "FTE", "required"),
        ({"FTE": "1.2"}, "FTE", "range"),
        ({"RoleStartDate": "06/01/2020"}, "RoleStartDate", "date"),
        ({"RoleEndDate": "2019-01-01", "ReasonLeave": "1"}, "RoleEndDate", "ends_before_it_starts"),
        ({"RoleEndDate": "2024-09-10"}, "ReasonLeave", "required"),
        ({"RoleEndDate": "2024-09-10", "ReasonLeave": "11"}, "ReasonLeave", "code"),
    ],
)
def test_a_worker_that_cannot_be_read_is_rejected_at_its_position(
    tmp_path: Path, cells: Worker, header: str, rule: str
) -> None:
    table = read(tmp_path, document(worker(), worker(**cells)))
    assert [(f.row_number, f.header, f.rule) for f in table.faults] == [(2, header, rule)]
    assert totals(table)["headcount"] == "1"


@pytest.mark.parametrize(
    "year", [{"GenderCurrent": "2", "QualInst": "A place", "CFKSSstatus": "1"}, {"Sex": "F"}]
)
def test_the_elements_of_every_year_are_known_and_another_is_reported(tmp_path: Path, year: Worker) -> None:
    assert read(tmp_path, document(worker(**year))).unknown_columns == 0
    assert read(tmp_path, document(worker(**year, Nonsense="1"))).unknown_columns == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (document(), "no CSWWWorker"),
        (document(worker())[:-30], "cut short"),
        (document(worker()).replace("Message", "Massage"), "not Message"),
        (document(worker()).replace("2024-09-30", "2024-03-31"), "as at 2024-03-31"),
        (document(worker()).replace("<LEA>991", "<LEA>992"), "names authority 992"),
        (document(worker()).replace(">CSWW<", ">CIN<"), "not the collection"),
        (document(worker(), before='<!DOCTYPE Message [<!ENTITY a "aaaa">]>'), "types or entities"),
        (document(worker(), before='<!DOCTYPE Message SYSTEM "file:///etc/passwd">'), "types or entities"),
        ("<Message>" + "<a>" * 20 + "</a>" * 20 + "</Message>", "deeper"),
    ],
)
def test_what_is_no_such_return_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(tmp_path, text)


RETURN = document(worker(SWENo="SW1", RoleEndDate="", ReasonLeave=""), worker(AgencyWorker="1"))


@pytest.mark.parametrize(
    "content",
    [
        RETURN.replace("<Message>", '<Message xmlns="urn:somebody">').encode(),
        re.sub(r"<(/?)(\w)", r"<\1c:\2", RETURN)
        .replace("<c:Message>", '<c:Message xmlns:c="urn:somebody">')
        .encode(),
        RETURN.replace("<RoleEndDate></RoleEndDate>", "<RoleEndDate/>").encode(),
        RETURN.replace("<Message>", '<Message xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">')
        .replace("<ReasonLeave>", '<ReasonLeave xsi:nil="true">')
        .encode(),
        RETURN.replace("<CSWWWorker>", "<CSWWWorker><Details>")
        .replace("</CSWWWorker>", "</Details></CSWWWorker>")
        .encode(),
        RETURN.replace("</LALevelVacancies>", "</LALevelVacancies><Workers>")
        .replace("</Message>", "</Workers></Message>")
        .encode(),
        RETURN.replace('"1.0"?>', '"1.0" encoding="UTF-16"?><!-- made by a supplier -->').encode("utf-16"),
        b"\xef\xbb\xbf" + RETURN.encode(),
        b"\r\n" + RETURN.encode(),
        RETURN.replace("<LEA>991", "<LEA>\n 991 ").encode(),
    ],
    ids=[
        "namespace",
        "prefixes",
        "empty element",
        "nil",
        "leaves in a group",
        "workers in a group",
        "UTF-16",
        "mark",
        "empty line first",
        "blanks",
    ],
)
def test_a_return_is_read_in_whatever_way_its_supplier_wrote_it(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "csww.xml"
    file.write_bytes(content)

    table = read_census(file, load_specifications()["workforce_summary"], SEPTEMBER, "991", RULES)

    assert (totals(table)["headcount"], totals(table)["in_post_fte"]) == ("1", "1.000000")
    assert (table.records, table.faults, table.unknown_columns) == (2, [], 0)
    assert table.notices["agency_workers_not_counted"] == 1
