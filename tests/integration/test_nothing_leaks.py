"""No identifier, name or registration number gets out: everything that is written and printed is searched for them.

What lands here carries one odd word in every personal value; what keeps records apart and is no person (a case, a post,
a ledger line) carries another, and may stand in the archive and the restricted files only.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from deliveries_fixture import (
    COUNCIL,
    KEY,
    MONTH,
    Row,
    csv_bytes,
    csv_text,
    formula,
    land,
    lines_of,
    make_home,
    rows_of,
    workbook,
    write_reference,
)
from disclosure_audit import attack, determined, small_cells, too_narrow
from disclosure_derived import attack_derived
from leaks import MARK, MARKED, SAMPLE_IDENTIFIER, Leak, leaks_in_files, leaks_in_text
from test_cli import DONE, FAILED, Ran, run

from dagster_project.cli import app
from dagster_project.definitions import build_defs
from dagster_project.deliveries import Manifest, batch
from dagster_project.deliveries.discovery import discover
from dagster_project.deliveries.file_limits import file_limits
from dagster_project.deliveries.layout import read_table
from dagster_project.deliveries.originals import originals_folder
from dagster_project.deliveries.packs import unpack
from dagster_project.extracts import load_specifications
from dagster_project.load import load
from dagster_project.reference import load_reference
from dagster_project.settings import PROJECT_ROOT, Settings

RECORD = "Wvkqzjpx"
"""In the identifier of a case, a post, a ledger line: what tells records apart, not people."""
RECORDS = re.compile(rf"{RECORD}[A-Za-z0-9-]*", re.IGNORECASE)
NAME = f"{MARK} Smith"
OTHER_MONTH = "2024-06"
PEOPLE = {"child_id", "family_id", "worker_id", "registration_no"}

# Where records, and the words a sender wrote into a name of a team or supplier, have to stay for later months.
OF_RECORDS = re.compile(
    r"archive/(generation-2/)?[a-z_]+/month=|warehouse/caseload\.duckdb|warehouse/shadow/"
)
# The restricted pages show a unit's workers by the council's own reference, and by nothing else of theirs.
OF_MANAGERS = re.compile(r"published/versions/[^/]+/restricted/site/[^/]+/units/[^/]+\.html")
OWN_REFERENCE = re.compile(rf"{MARK}-[AW][0-9]{{3}}")
OF_WRITTEN_NAMES = re.compile(r"archive/(generation-2/)?(caseload|agency_spend)/month=")
# What a file was called finds it again: it stands in the manifest, and is told by its shape everywhere else.
OF_FILE_NAMES = re.compile(r"archive/manifest\.sqlite$")


def marked(extract: str, count: int) -> list[Row]:
    """Sound rows whose people and records carry their words."""
    rows = rows_of(extract, count)
    for row in rows:
        for column, value in row.items():
            if column in PEOPLE and value:
                row[column] = f"{MARK}-{value}"
            elif column.endswith("_id") and value:
                row[column] = f"{RECORD}-{value}"
    return rows


def land_a_messy_month(settings: Settings) -> None:
    """Every place in which a person can stand where none belongs, each once."""
    cases = marked("caseload", 400)
    for number, wrong in enumerate(
        (
            {"case_type": NAME},
            {"opened_on": f"{NAME} 2024"},
            {"worker_id": f"  {MARK} W 7 "},
            {"team": f"{NAME}'s team"},
            {"child_id": ""},
            {"closed_on": "2024-05-09", "closure_outcome": "transferred", "transferred_to": f"to {NAME}"},
            {"closed_on": "2024-05-09", "closure_outcome": NAME},
            {"plan_started_on": NAME},
            {"case_id": NAME},
            {"child_id": f"{MARK}\n{MARK}"},
            {"case_id": ""},
            {"team": ""},
            {"family_id": f"\u00a0{MARK}é"},
        )
    ):
        cases[number] |= wrong
    text = csv_text([{**row, f"notes of {NAME}": f"ring {NAME}"} for row in [*cases, cases[30]]])
    title = f"Open cases, for {NAME}\r\n\r\n"
    land(settings, "caseload.csv", (title + text + f"Note: {NAME} told us\r\n").encode())

    workers = marked("workforce", 200)
    workers[0] |= {"role": NAME}
    workers[1] |= {"fte": NAME}
    workers[2] |= {"registration_no": f"{MARK} SW 12"}
    workers[3] |= {"leaving_reason": NAME, "ended_on": "2024-05-03"}
    workers[4] |= {"asye": NAME}
    lines = lines_of(workers)
    lines[3][5] = formula(f'="{NAME}"', "")
    sheets: dict[str, Sequence[Sequence[Any]]] = {"May": lines, f"{NAME} hidden": [[NAME]]}
    land(settings, "workforce.xlsx", workbook(sheets, hidden=[f"{NAME} hidden"]))

    ledger = [
        {**row, "supplier": f"{NAME} Ltd", "contract_id": f"{RECORD}-9"} for row in marked("agency_spend", 20)
    ]
    ledger[0] |= {"amount_gbp": f"£{NAME}"}
    ledger[1] |= {"hours": NAME}
    land(settings, "agency_spend.csv", csv_bytes(ledger, "utf-16"))

    posts = marked("posts", 4)
    land(settings, "posts.csv", [*posts, {**posts[0], "fte": "0.25"}])
    land(settings, "offers.csv", f'offer_id,role,employment,fte,expected_start_on\r\n"{NAME}'.encode())
    land(settings, "contacts.csv", f"{NAME},{MARK}-1,contact\r\n1,2,3\r\n".encode())
    land(settings, "visits.csv", f"visit_id,case_id,team,{NAME}\r\n1,2,{NAME},4\r\n".encode())
    land(settings, "assessments.csv", NAME.encode("utf-16-be") + b"\xff\xfe\x00")
    land(
        settings,
        "strategy_meetings.csv",
        csv_bytes([dict.fromkeys(rows_of("strategy_meetings", 1)[0], NAME)] * 5),
    )
    land(settings, "May pack.xlsx", workbook({"demand_summary": [[NAME], [NAME]], NAME[:31]: [[NAME]]})[:900])


def land_what_is_called_after_a_person(settings: Settings) -> None:
    """Files, sheets, headers and folders of that name, and totals of it; nothing of them is a sound delivery."""
    posts = lines_of(marked("posts", 3))
    land(settings, f"caseload {NAME}.csv", marked("caseload", 5), OTHER_MONTH)
    land(
        settings,
        f"{NAME} pack.xlsx",
        workbook({"offers": [[NAME], [f"{MARK}-1"]], NAME[:31]: posts}),
        OTHER_MONTH,
    )
    land(settings, f"{NAME}.xlsx", b"PK no workbook", OTHER_MONTH)
    land(settings, f"{NAME}.control.csv", f"extract,rows\r\n{NAME},5\r\n".encode(), OTHER_MONTH)
    land(
        settings,
        "caseload.control.csv",
        f"measure,value\r\n{NAME},5\r\nrows,{MARK}\r\n".encode(),
        OTHER_MONTH,
    )
    land(settings, "caseload.csv", marked("caseload", 2), NAME)


def land_a_sound_month(settings: Settings, month: str) -> None:
    for extract in ("caseload", "workforce", "posts", "agency_spend"):
        rows = marked(extract, 30)
        if extract == "agency_spend":
            rows = [{**row, "week_ending": f"{month}-07", "supplier": f"{NAME} Ltd"} for row in rows]
        land(settings, f"{extract}.csv", rows, month)


@dataclass
class Lived:
    """An installation in which everything went wrong once, and all that its commands printed."""

    settings: Settings
    printed: dict[str, Ran]


RECIPIENTS = "council,unit,severity,channel,role\nnorthshire,,info,mailto:head@example.org,head of service\n"
COSTS = f"""\
council,role,grade,is_default,annual_cost_gbp,set_up_cost_gbp,includes_on_costs,valid_from,valid_to,source
{COUNCIL},social_worker,Band C,true,50000,1000,true,2017-04-01,,made up
"""
KEPT = f"""\
council,what,keep_days,source
{COUNCIL},landed_original,0,made up
{COUNCIL},sealed_original,99999,made up
{COUNCIL},archive_delivery,99999,made up
,outbox_mail,99999,made up
"""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    settings = make_home(tmp_path_factory.mktemp("messy") / "home")
    write_reference(settings, alert_recipients=RECIPIENTS, retention=KEPT, unit_costs=COSTS)
    land_a_messy_month(settings)
    load(settings, now=datetime(2024, 7, 1, 6, tzinfo=UTC))
    for month in (MONTH, OTHER_MONTH):
        land_a_sound_month(settings, month)
    land_what_is_called_after_a_person(settings)
    land(
        settings, "caseload.csv", [*marked("caseload", 40), {**marked("caseload", 41)[40], "case_type": NAME}]
    )
    load(settings, now=datetime(2024, 7, 2, 6, tzinfo=UTC))
    land_a_messy_month(settings)
    assert len({leak.path for leak in leaks_in_files(settings.landing, [MARKED])}) >= 7
    printed = {}
    for name, arguments in every_command(settings):
        printed[name] = run(settings.home, *arguments, **ENVIRONMENT.get(name, {}))
    return Lived(settings, printed)


ENVIRONMENT = {"rotate-key": {"CASELOAD_NEW_PSEUDONYM_KEY": "another made-up key"}}


def every_command(settings: Settings) -> Iterator[tuple[str, Sequence[str]]]:
    """How each command is called here, by name; what a command prints of a wrong file counts as well."""
    outside = Path(tempfile.mkdtemp())
    cases = outside / f"cases of {COUNCIL}.csv"
    cases.write_bytes(csv_bytes(marked("caseload", 30)))
    sheet = outside / "sheet.csv"
    people = [{"unit": "Ashfield DCPT", "measure": "open cases", "value": "3"}]
    people += [
        {"unit": NAME, "measure": "open cases", "value": "4"},
        {"unit": "ash", "measure": NAME, "value": NAME},
    ]
    sheet.write_bytes(csv_bytes(people))

    def delivery(extract: str) -> str:
        known = Manifest(settings.manifest).all()
        return [d.delivery for d in known if d.extract == extract and not d.is_refused][-1]

    policies = outside / "threshold_policy.csv"
    policies.write_bytes((PROJECT_ROOT / "seeds" / "threshold_policy.csv").read_bytes())
    month = ["--council", COUNCIL, "--month", MONTH]
    price = ["option", "--council", COUNCIL, "--start", OTHER_MONTH, "--posts", "social_worker=2"]
    yield "load", ["load"]
    yield "load again", ["load"]
    yield "status", ["status"]
    yield "status --deliveries", ["status", "--deliveries"]
    yield "withdraw", ["withdraw", delivery("caseload"), "--why", "a test"]
    yield "withdraw --undo", ["withdraw", delivery("caseload"), "--undo"]
    yield "as-known", ["as-known", "2024-07-01", "--month", MONTH]
    yield "changes", ["changes", "--all"]
    yield "site", ["site"]
    yield "rebuild", ["rebuild"]
    yield "compact", ["compact"]
    yield "backup", ["backup", str(outside / "backup")]
    yield "restore", ["restore", str(outside / "backup"), "--check"]
    yield "restore over it", ["restore", str(outside / "backup")]
    yield "publish", ["publish", "--to", str(outside / "share")]
    yield "import-dfe", ["import-dfe", str(cases), "--each"]
    yield "shadow", ["shadow", str(sheet), *month]
    yield "shadow of rows", ["shadow", str(cases), *month]
    yield "original", ["original", delivery("workforce"), "--to", str(outside / "back"), "--why", "a test"]
    yield "purge", ["purge"]
    yield "purge --yes", ["purge", "--yes"]
    yield "quarantine", ["quarantine", "--rows", "--to-folder", str(outside / "to mend")]
    yield "inspect", ["inspect", str(cases)]
    yield "figures", ["figures"]
    yield "forecast", ["forecast", "--council", COUNCIL]
    yield "forecast of a unit", ["forecast", "--council", COUNCIL, "--unit", "ash", "--month", MONTH]
    yield "investments", ["investments", "--council", COUNCIL]
    yield "option", [*price, "--save", "two_more"]
    yield "option again", [*price, "--csv"]
    yield "load with it", ["load"]
    yield "paper", ["paper", *month]
    yield (
        "paper of the next month",
        ["paper", "--council", COUNCIL, "--month", OTHER_MONTH, "--copy", "internal"],
    )
    yield "paper internal", ["paper", *month, "--copy", "internal"]
    yield "pack", ["pack", *month]
    yield "pack internal", ["pack", *month, "--copy", "internal"]
    yield "policy lint", ["policy", "lint"]
    yield "recipients lint", ["recipients", "lint"]
    yield "policy try", ["policy", "try", str(cases)]
    yield "policy try of policies", ["policy", "try", str(policies), "--csv", str(outside / "changes.csv")]
    yield "health", ["health"]
    place = [f"{COUNCIL}/ash", "average_caseload"]
    yield "alerts", ["alerts", "--severity", "info"]
    yield "alerts ack", ["alerts", "ack", *place, "--note", "known"]
    yield "alerts unack", ["alerts", "unack", *place]
    yield "alerts mute", ["alerts", "mute", *place, "--until", "2999-01-01", "--why", "a test"]
    yield "alerts unmute", ["alerts", "unmute", *place]
    yield "alerts try", ["alerts", "try"]
    yield "alerts send", ["alerts", "send", "--at-once"]
    yield "alerts resend", ["alerts", "resend", "caseload"]
    yield "who --log", ["who", "--log"]
    yield "rotate-key", ["rotate-key"]
    yield "sql", ["sql", "-c", "from marts()"]
    yield "metrics", ["metrics", "average_caseload", "open_cases", "--by", "team"]
    yield "notebook", ["notebook"]
    yield "sample", ["sample"]


REALLY_WRITE = {
    "option", "option again", "paper", "paper of the next month", "paper internal", "pack", "pack internal",
    "policy try of policies", "forecast", "as-known", "publish", "original", "purge --yes", "rotate-key",
}  # fmt: skip
# `demo` is searched by the identifiers of its samples, below.
SEARCHED_ELSEWHERE = {"demo"}


def told(leaks: Sequence[Leak]) -> str:
    return "\n".join(f"{leak.path} [{leak.part}]: {leak.value}" for leak in leaks[:40])


@pytest.mark.long
def test_no_command_is_left_out(lived: Lived) -> None:
    commands = {
        command.name or command.callback.__name__ for command in app.registered_commands if command.callback
    }

    groups = {
        group.name or instance.info.name: instance
        for group in app.registered_groups
        if (instance := group.typer_instance)
    }
    for group, inside in groups.items():
        commands |= {
            f"{group} {command.name or command.callback.__name__}"
            for command in inside.registered_commands
            if command.callback
        }
    called = {
        " ".join(name.split()[: 2 if name.split()[0] in groups else 1])
        for name in lived.printed
        if name not in groups
    }

    assert commands == called | SEARCHED_ELSEWHERE


@pytest.mark.long
def test_what_landed_was_as_messy_as_meant(lived: Lived) -> None:
    """Otherwise nothing could leak: rows were rejected, files refused, names kept, originals sealed."""
    first = [d for d in Manifest(lived.settings.manifest).all() if d.received_at < "2024-07-02"]

    assert {d.extract for d in first if d.is_refused} >= {
        "posts",
        "offers",
        "contacts",
        "visits",
        "assessments",
    }
    let_in = [d for d in first if not d.is_refused]
    assert {d.extract for d in let_in if d.rows_rejected} == {"caseload", "workforce", "agency_spend"}
    assert any(d.rows_unmapped for d in first)
    assert list(originals_folder(lived.settings).rglob("*.sealed")) and list(
        lived.settings.outbox.glob("*.eml")
    )


@pytest.mark.long
def test_no_command_prints_a_person_or_a_record(lived: Lived) -> None:
    for name, ran in lived.printed.items():
        assert not leaks_in_text(ran.out + ran.err, [MARKED, RECORDS], None), f"{name}:\n{ran.out}{ran.err}"
        assert ran.code in (DONE, FAILED) and "Unexpected" not in ran.err, f"{name}: {ran.err}"


def is_for_managers(leak: Leak) -> bool:
    return bool(OF_MANAGERS.fullmatch(leak.path) and OWN_REFERENCE.fullmatch(leak.value))


@pytest.mark.long
def test_workers_stand_by_their_own_reference_on_restricted_pages_only(lived: Lived) -> None:
    found = leaks_in_files(lived.settings.published, [OWN_REFERENCE])
    assert found and all(OF_MANAGERS.fullmatch(f"published/{leak.path}") for leak in found), told(found)


@pytest.mark.long
def test_no_file_holds_a_person(lived: Lived) -> None:
    home = lived.settings.home
    found = leaks_in_files(home, [MARKED], without=[lived.settings.landing])
    found = [leak for leak in found if not is_for_managers(leak)]
    found = [leak for leak in found if not OF_FILE_NAMES.match(leak.path)]
    written_names = [leak for leak in found if OF_WRITTEN_NAMES.match(leak.path)]

    assert [leak for leak in found if leak not in written_names] == [], told(
        [leak for leak in found if leak not in written_names]
    )
    columns = {leak.part for leak in written_names if leak.part.startswith("parquet.")}
    # Where no rule can tell a name from what belongs there; docs/dpia.md says so.
    assert columns == {"parquet.team", "parquet.transferred_to", "parquet.supplier", "parquet.case_id"}


@pytest.mark.long
def test_the_manifest_names_a_person_by_the_name_of_a_file_alone(lived: Lived) -> None:
    with sqlite3.connect(lived.settings.manifest) as manifest:
        tables = [name for (name,) in manifest.execute("select name from sqlite_master where type = 'table'")]
        named = {
            f"{table}.{column}"
            for table in tables
            for _, column, *_ in manifest.execute(f"pragma table_info({table})").fetchall()
            if manifest.execute(f'select 1 from {table} where "{column}" like ?', [f"%{MARK}%"]).fetchone()
        }

    assert named <= {
        "deliveries.file_name",
        "controls.file_name",
        "originals.file_name",
        "deliveries.council",
    }
    assert "controls.file_name" in named


@pytest.mark.long
def test_every_output_was_really_written(lived: Lived) -> None:
    """A command that refuses to run leaks nothing, and proves nothing."""
    assert {
        name: ran.words[-300:]
        for name, ran in lived.printed.items()
        if ran.code != DONE and name in REALLY_WRITE
    } == {}
    written = {path.suffix for path in (lived.settings.outbox / "papers").rglob("*") if path.is_file()}
    assert written >= {".docx", ".html", ".xlsx"}
    assert (lived.settings.council_reference / "capacity_options.csv").is_file()


@pytest.mark.long
def test_records_stand_in_the_archive_and_in_restricted_files_only(lived: Lived) -> None:
    found = leaks_in_files(lived.settings.home, [RECORDS], without=[lived.settings.landing])

    elsewhere = [leak for leak in found if not OF_RECORDS.match(leak.path)]
    assert elsewhere == [], told(elsewhere)
    assert len(elsewhere) < len(found), "they are found where they have to be"


class Quotes(duckdb.ConversionException):
    """What a library may say of a cell."""


@contextmanager
def a_reader_that_quotes() -> Iterator[None]:
    def quoting(*_: object) -> None:
        raise Quotes(f"Could not convert string '{NAME}' to INT32")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(batch, "check", quoting)
        yield


def test_an_error_that_quotes_a_cell_is_told_by_kind_and_place(tmp_path: Path) -> None:
    settings = make_home(tmp_path / "home")
    land(settings, "caseload.csv", marked("caseload", 3))

    with a_reader_that_quotes():
        ran = run(settings.home, "load")

    assert ran.code == FAILED and "Unexpected Quotes at batch.py:" in ran.words
    assert not leaks_in_text(ran.out + ran.err, [MARKED, RECORDS], None)
    assert leaks_in_files(settings.home, [MARKED, RECORDS], without=[settings.landing]) == []


@contextmanager
def instance_on_disk(folder: Path) -> Iterator[dg.DagsterInstance]:
    folder.mkdir(parents=True)
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        yield instance


@pytest.mark.parametrize("fails", [pytest.param(False, marks=pytest.mark.long), True])
def test_dagster_keeps_and_logs_no_person(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], fails: bool
) -> None:
    settings = make_home(tmp_path / "home")
    write_reference(settings, alert_recipients=RECIPIENTS)
    if not fails:
        land_a_messy_month(settings)
    land(settings, "caseload.csv", marked("caseload", 30), OTHER_MONTH)
    job = build_defs(settings).resolve_job_def("month")
    months = [OTHER_MONTH] if fails else [MONTH, OTHER_MONTH]

    with instance_on_disk(settings.home / ".dagster") as instance:
        for month in months:
            key = f"{COUNCIL}|{month}"
            if fails:
                with a_reader_that_quotes():
                    ran = job.execute_in_process(instance=instance, raise_on_error=False, partition_key=key)
            else:
                ran = job.execute_in_process(instance=instance, raise_on_error=False, partition_key=key)
            said = "\n".join(str(record) for record in instance.all_logs(ran.run_id))
            assert "archive" in said and not leaks_in_text(said, [MARKED, RECORDS], None)
            assert not fails or "Unexpected Quotes at batch.py:" in said
    shown = capfd.readouterr()

    assert not leaks_in_text(shown.out + shown.err, [MARKED, RECORDS], None)
    found = leaks_in_files(settings.home, [MARKED, RECORDS], without=[settings.landing])
    elsewhere = [leak for leak in found if not (OF_RECORDS.match(leak.path) or is_for_managers(leak))]
    assert elsewhere == [], told(elsewhere)


@pytest.mark.long
def test_what_dagster_keeps_of_a_launch_in_a_process_of_its_own_names_no_person(tmp_path: Path) -> None:
    """Its runs, events, metadata and the captured output of steps, with rejected rows and refused files."""
    settings = make_home(tmp_path / "home")
    land_a_messy_month(settings)
    instance = settings.home / ".dagster"
    instance.mkdir()
    shutil.copy(PROJECT_ROOT / "dagster_project" / "dagster.yaml", instance)
    launch = ["asset", "materialize", "-m", "dagster_project.definitions", "--select", "*"]

    ran = subprocess.run(
        [str(Path(sys.executable).with_name("dagster")), *launch, "--partition", f"{COUNCIL}|{MONTH}"],
        env={
            **os.environ,
            "CASELOAD_HOME": str(settings.home),
            "CASELOAD_PSEUDONYM_KEY": KEY,
            "DAGSTER_HOME": str(instance),
        },
        cwd=PROJECT_ROOT,
        capture_output=True,
        timeout=500,
        check=False,
    )

    printed = (ran.stdout + ran.stderr).decode()
    captured = [path for path in instance.glob("storage/*/compute_logs/*") if path.stat().st_size]
    assert "offers.csv: unreadable near line 2" in printed and captured
    assert list(settings.archive.glob("workforce/*/*.parquet"))
    assert not leaks_in_text(printed, [MARKED, RECORDS], None)
    assert list(settings.outbox.glob("quarantine/*.xlsx")), "what goes back to senders is written here too"
    assert leaks_in_files(instance, [MARKED, RECORDS]) == []
    assert leaks_in_files(settings.outbox, [MARKED, RECORDS]) == []


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Ran]:
    home = tmp_path_factory.mktemp("samples") / "home"
    ran = run(home, "demo")
    return Settings(home=home, pseudonym_key_variable=KEY), ran


def landed_identifiers(settings: Settings) -> tuple[frozenset[str], frozenset[str]]:
    """Every identifier in landing, of people and of records, read as a load reads them."""
    specifications, reference = load_specifications(), load_reference(settings)
    landing = discover(settings.landing, specifications, reference.councils, source_of=reference.source_of)
    unpack(
        landing,
        specifications,
        file_limits(reference),
        source_of=reference.source_of,
        refuse_unreadable=True,
    )
    people: set[str] = set()
    records: set[str] = set()
    for landed in landing.deliveries:
        specification = specifications[landed.extract]
        table = read_table(landed.path, specification, landed.sheet)
        for column in specification.columns:
            if column.type == "identifier":
                position = table.columns.index(column.name)
                kind = people if column.pseudonym else records
                kind.update(str(row[position]).strip() for row in table.rows)
    return frozenset(people - {""}), frozenset(records - {""})


@pytest.mark.long
def test_no_identifier_of_the_samples_gets_out(demonstrated: tuple[Settings, Ran]) -> None:
    settings, ran = demonstrated
    people, records = landed_identifiers(settings)
    assert len(people) > 10_000 and len(records) > 10_000
    told_by_form = [value for value in people if not SAMPLE_IDENTIFIER.fullmatch(value)]
    assert told_by_form == [], "an identifier of the samples that is not odd enough to be searched for"

    assert ran.code == DONE
    assert not leaks_in_text(ran.out + ran.err, [SAMPLE_IDENTIFIER], None)
    found = leaks_in_files(settings.home, [SAMPLE_IDENTIFIER], without=[settings.landing])
    found = [leak for leak in found if not (OF_MANAGERS.fullmatch(leak.path) and "-W" in leak.value)]
    assert [leak for leak in found if leak.value in people] == [], told(
        [x for x in found if x.value in people]
    )
    elsewhere = [leak for leak in found if not OF_RECORDS.match(leak.path)]
    assert elsewhere == [], told(elsewhere)


@pytest.mark.long
def test_nobody_works_out_what_the_public_tier_of_the_samples_hides(
    demonstrated: tuple[Settings, Ran],
) -> None:
    current = (demonstrated[0].published / "current").resolve()
    internal, public = current / "marts.duckdb", current / "public" / "marts.duckdb"
    rows = {}
    for name in ("org_units", "report_figure_measures"):
        with (demonstrated[0].merged_reference / f"{name}.csv").open(newline="") as file:
            rows[name] = list(csv.DictReader(file))
    for council in sorted({row["council"] for row in rows["org_units"]}):
        units = [
            (council, row["unit"], row["parent_unit"] or None)
            for row in rows["org_units"]
            if row["council"] == council
        ]
        asked = [
            {**row, "month": date.fromisoformat(row["month"])}
            for row in rows["report_figure_measures"]
            if row["council"] == council and row["month"]
        ]
        found = attack(internal, public, units, council)
        attack_derived(found, internal, public, units, council, asked)

        small = list(small_cells(found))
        assert len(small) > 100
        assert determined(found) == {}
        assert too_narrow(found, small[::10]) == {}
