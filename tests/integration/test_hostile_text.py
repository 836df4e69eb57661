"""Text that a program may run stands wherever a council may write some, and comes out of every command as text.

One installation is walked through once: what its commands printed and what they wrote is then looked at by kind.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path

import pytest
from deliveries_fixture import COUNCIL, MONTH, csv_bytes, land, make_home, rows_of, write_reference
from test_cli import DONE, Ran, run

from dagster_project.settings import Settings
from dagster_project.spreadsheets import is_run

FORMULA = "=cmd|' /C calc'!A0"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"
TEMPLATE = "{{7*7}}"
TURNED = "\u202egpj.exe\x1b[31m\x07"
LONG = "W" * 3_000
HOSTILE = (FORMULA, MARKUP, TEMPLATE, TURNED, LONG, f"@SUM(1+1)*{FORMULA}", f"-2+3+{FORMULA}")
TEAM = f"{FORMULA} {MARKUP} {TEMPLATE}"
SUPPLIER = f"{FORMULA} {MARKUP} {TEMPLATE} {LONG[:200]}"
FREE_TEXT = f"{FORMULA} {MARKUP} {TEMPLATE}"
NOTE = f"{FREE_TEXT} \u202egpj.exe\x1b[31m"
NEXT_MONTH = "2024-06"


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


REFERENCE = {
    "org_units": f"""\
council,unit,name,level,parent_unit,service_area,frontline,valid_from,valid_to
{COUNCIL},{COUNCIL},{quoted(TEMPLATE + MARKUP)},council,,other,false,2010-04-01,
{COUNCIL},fieldwork,{quoted(FORMULA)},division,{COUNCIL},other,true,2010-04-01,
{COUNCIL},ash,{quoted(TEAM)},team,fieldwork,child_protection,true,2010-04-01,
{COUNCIL},birch,{LONG},team,fieldwork,assessment,true,2010-04-01,
""",
    "councils": f"""\
council,name,ons_code,former_ons_codes,dfe_code,region_code,standard_hours_per_week
{COUNCIL},{quoted(MARKUP + TEMPLATE)},E10009991,,991,E12000004,37
""",
    "unit_aliases": f"council,alias,unit\n{COUNCIL},{quoted('@' + TEAM)},birch\n{COUNCIL},Ashfield DCPT,ash\n",
    "role_aliases": f"council,alias,role\n{COUNCIL},{quoted(TEAM)},social_worker\n",
    "alert_recipients": "council,unit,severity,channel,role\n"
    f"{COUNCIL},,info,mailto:head@example.org,{quoted(FREE_TEXT)}\n",
    "unit_costs": "council,role,grade,is_default,annual_cost_gbp,set_up_cost_gbp,includes_on_costs,valid_from,"
    f"valid_to,source\n{COUNCIL},social_worker,{quoted(FORMULA)},true,50000,1000,true,2017-04-01,,{quoted(FREE_TEXT)}\n",
    "managed_contracts": "council,contract_id,unit,supplier,starts_on,ends_on,months,price_gbp,travel_gbp,"
    f"ends_on_alternative,source\n{COUNCIL},bought,ash,{quoted(SUPPLIER)},2024-04-01,2024-09-30,6,1000,,,"
    f"{quoted(FREE_TEXT)}\n",
    "investments": "council,investment,line,amount_gbp,posts_fte,starts_on,ends_on,source\n"
    f"{COUNCIL},{quoted(FORMULA)},{quoted(MARKUP)},1000,1,2024-04-01,,{quoted(TEMPLATE)}\n",
    "investment_indicators": "council,investment,indicator,unit,item,better,target,source\n"
    f"{COUNCIL},{quoted(FORMULA)},open_cases,ash,,lower,10,{quoted(FREE_TEXT)}\n",
    "surveys": "council,survey,question,taken_on,value,unit,source\n"
    f"{COUNCIL},{quoted(FORMULA)},{quoted(MARKUP)},2024-04-30,50,percent,{quoted(TEMPLATE)}\n",
}


@dataclass
class Walked:
    """What an installation with hostile names printed and wrote, also outside its own folders."""

    settings: Settings
    outside: Path
    printed: dict[str, Ran]

    def files(self, ending: str) -> list[Path]:
        return [
            path
            for folder in (self.settings.outbox, self.outside)
            for path in sorted(folder.rglob(f"*{ending}"))
            if path.is_file()
        ]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    settings = make_home(tmp_path_factory.mktemp("hostile") / "home")
    outside = tmp_path_factory.mktemp("outside")
    write_reference(settings, **REFERENCE)
    for month in (MONTH, NEXT_MONTH):
        land_hostile_rows(settings, month)
    sheet, cases, policies = (outside / name for name in ("mine.csv", "cases.csv", "threshold_policy.csv"))
    sheet.write_bytes(
        csv_bytes([{"unit": text, "measure": text, "value": "3"} for text in (TEAM, NOTE, "ash")])
    )
    cases.write_bytes(csv_bytes(hostile_cases()))
    policies.write_bytes(policies_with_hostile_labels())
    of_month = ["--council", COUNCIL, "--month", MONTH]
    place = [f"{COUNCIL}/ash", "unallocated_cases"]
    price = ["option", "--council", COUNCIL, "--start", NEXT_MONTH, "--posts", "social_worker=2"]
    commands = {
        "load": ["load"],
        "status": ["status"],
        "option": [*price, "--save", "two_more", "--source", FREE_TEXT],
        "option as csv": [*price, "--csv"],
        "an option of that name": [*price, "--save", FORMULA],
        "load again": ["load"],
        "paper": ["paper", *of_month],
        "paper internal": ["paper", *of_month, "--copy", "internal"],
        "pack": ["pack", *of_month],
        "pack internal": ["pack", *of_month, "--copy", "internal"],
        "shadow": ["shadow", str(sheet), *of_month],
        "shadow of rows": ["shadow", str(cases), *of_month],
        "quarantine": ["quarantine", "--rows", "--to-folder", str(outside / "to mend")],
        "inspect": ["inspect", str(cases), "--council", COUNCIL, "--write", str(outside / "proposed.yml")],
        "policy lint": ["policy", "lint", str(policies)],
        "policy try": ["policy", "try", str(policies), "--csv", str(outside / "changes.csv")],
        "investments": ["investments", "--council", COUNCIL],
        "forecast": ["forecast", "--council", COUNCIL, "--unit", "ash"],
        "alerts": ["alerts", "--severity", "info"],
        "ack": ["alerts", "ack", *place, "--note", NOTE],
        "mute": ["alerts", "mute", *place, "--until", "2999-01-01", "--why", NOTE],
        "alerts then": ["alerts", "--severity", "info"],
        "try": ["alerts", "try"],
        "send": ["alerts", "send", "--at-once"],
        "health": ["health"],
        "changes": ["changes", "--all", "--to-file", str(outside / "moved.csv")],
        "who": ["who", "1", "--why", NOTE],
        "who --log": ["who", "--log"],
    }
    return Walked(settings, outside, {name: run(settings.home, *given) for name, given in commands.items()})


def hostile_cases() -> list[dict[str, str]]:
    rows = rows_of("caseload", 900)
    for number, text in enumerate(HOSTILE):
        rows[number]["team"] = text
        rows[10 + number]["case_type"] = text
        rows[20 + number]["opened_on"] = text
        rows[30 + number] |= {
            "closed_on": "2024-05-09",
            "closure_outcome": "transferred",
            "transferred_to": text,
        }
    rows[50]["team"], rows[51]["team"] = TEAM, "@" + TEAM
    for row in rows[60:90]:
        row["worker_id"] = row["allocated_on"] = ""
    return [{**row, FREE_TEXT: FORMULA} for row in rows]


def land_hostile_rows(settings: Settings, month: str) -> None:
    land(settings, "caseload.csv", csv_bytes(hostile_cases()), month)
    workers = rows_of("workforce", 5)
    workers[0]["role"], workers[1]["role"] = TEAM, MARKUP
    land(settings, "workforce.csv", workers, month)
    ledger = [
        {**row, "supplier": SUPPLIER, "contract_id": text, "week_ending": f"{month}-07"}
        for row, text in zip(rows_of("agency_spend", len(HOSTILE)), HOSTILE, strict=True)
    ]
    land(settings, "agency_spend.csv", ledger, month)
    land(settings, "posts.csv", rows_of("posts", 3), month)
    land(settings, f"caseload {MARKUP.replace('/', '')} {TURNED}.csv", b"a,b\n1,2\n", month)
    land(settings, "workforce.control.csv", f"measure,value\n{FORMULA},5\n{MARKUP},6\n".encode(), month)
    land(settings, "visits.csv", f"visit_id,{FORMULA},{MARKUP}\nV\x00,{TURNED},3\n".encode(), month)


def policies_with_hostile_labels() -> bytes:
    seeds = Path(__file__).parents[2] / "seeds" / "threshold_policy.csv"
    with seeds.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, source in zip(rows, (FORMULA, MARKUP, FREE_TEXT), strict=False):
        row["source"] = source
    return csv_bytes(rows)


@pytest.mark.long
def test_hostile_text_went_in_everywhere(walked: Walked) -> None:
    """Otherwise nothing could come out: the names are told, in the places where people read them."""
    told = " ".join(ran.out for ran in walked.printed.values())

    assert "' /C calc'!A0" in told and "onerror" in told and TEMPLATE in told
    assert walked.printed["ack"].code == DONE, walked.printed["ack"].words
    assert walked.files(".xlsx") and walked.files(".docx") and walked.files(".html") and walked.files(".eml")
    assert [name for name, ran in walked.printed.items() if "Unexpected" in ran.err] == []


@pytest.mark.long
def test_no_command_moves_the_cursor_or_turns_a_line(walked: Walked) -> None:
    for name, ran in walked.printed.items():
        odd = {sign for sign in ran.out + ran.err if unicodedata.category(sign) in {"Cc", "Cf"}} - {
            "\n",
            "\t",
        }
        assert not odd, f"{name}: {[hex(ord(sign)) for sign in odd]}"


@pytest.mark.long
def test_no_cell_of_a_workbook_is_run(walked: Walked) -> None:
    seen = 0
    for path in walked.files(".xlsx"):
        with zipfile.ZipFile(path) as book:
            for name in book.namelist():
                text = book.read(name).decode("utf-8", errors="strict")
                assert "<f>" not in text and "<f " not in text, f"{path.name}: {name} holds a formula"
                assert "externalLink" not in name and "vbaProject" not in name
                if name.endswith(".rels"):
                    assert 'TargetMode="External"' not in text, f"{path.name}: {name} points outside"
                seen += FORMULA.replace("'", "&apos;") in text or FORMULA in text
    assert seen, "the formula stands in a workbook, as text"


@pytest.mark.long
def test_no_cell_of_a_csv_is_run(walked: Walked) -> None:
    texts = {
        path.name: path.read_text(encoding="utf-8-sig") for path in walked.files(".csv") if is_output(path)
    }
    texts["option as csv"] = walked.printed["option as csv"].out
    assert set(texts) >= {"changes.csv", "option as csv"}
    for name, text in texts.items():
        for row in csv.reader(io.StringIO(text)):
            assert not [cell[:60] for cell in row if is_run(cell)], name


def is_output(path: Path) -> bool:
    return path.name not in {"mine.csv", "cases.csv", "threshold_policy.csv"}


class Live(HTMLParser):
    """Collects what a browser would run, and what would have been computed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "link", "base", "form"}:
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (value or "").lower().lstrip().startswith("javascript:"):
                self.found.append(f"{tag} {name}")
            if tag == "img" and not (value or "").startswith(("data:", "cid:")) and name == "src":
                self.found.append(f"img {value}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def pages(walked: Walked) -> Iterator[tuple[str, str]]:
    for path in walked.files(".html"):
        yield path.name, path.read_text(encoding="utf-8")
    for path in walked.files(".eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        for part in message.walk():
            if part.get_content_type() == "text/html":
                yield path.name, part.get_content()


@pytest.mark.long
def test_no_page_and_no_mail_holds_live_html(walked: Walked) -> None:
    templates = 0
    for name, page in pages(walked):
        live = Live()
        live.feed(page)
        assert live.found == [], name
        templates += TEMPLATE in "".join(live.text)
    assert templates, "the template's sign stands there as it was written"


@pytest.mark.long
def test_a_mail_has_no_control_code_and_no_header_of_a_name(walked: Walked) -> None:
    for path in walked.files(".eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert {str(message["to"])} <= {"head@example.org"}
        parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        for text in (*parts, *map(str, message.values())):
            odd = {sign for sign in text if unicodedata.category(sign) == "Cc"} - {"\n", "\t", "\r"}
            assert not odd and "\u202e" not in text, path.name


@pytest.mark.long
def test_a_word_file_holds_text_and_no_field_of_it(walked: Walked) -> None:
    for path in walked.files(".docx"):
        with zipfile.ZipFile(path) as document:
            body = document.read("word/document.xml").decode("utf-8")
            linked = "".join(
                document.read(name).decode() for name in document.namelist() if name.endswith(".rels")
            )
        fields = re.findall(r"<w:instrText[^>]*>([^<]*)<", body)
        assert not [field for field in fields if "cmd" in field or "DDE" in field.upper()], path.name
        assert "<script" not in body and "\u202e" not in body
        assert 'TargetMode="External"' not in linked
