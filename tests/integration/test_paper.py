"""The committee paper and the pack as people open them: figures of the marts, rules, sources, nothing suppressed."""

from __future__ import annotations

import csv
import re
import shutil
import stat
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest
from docx import Document
from docx.oxml.ns import qn
from landing import COUNCIL, NO_LEDGER, UNKNOWN_NAMES, first_day, land_month, make_small_council
from python_calamine import CalamineWorkbook
from test_cli import DONE, FAILED, WRONG_USAGE, run

from dagster_project.load import load
from dagster_project.reference import load_reference
from dagster_project.reports.contracts import contracts
from dagster_project.reports.council_marts import Copy
from dagster_project.reports.measures import words_of
from dagster_project.reports.paper import make_paper, page, word_file
from dagster_project.reports.paper.contents import Paper, Table
from dagster_project.reports.paper.sections import declared_sections
from dagster_project.reports.paper.wording import heading_of
from dagster_project.reports.published import published_file
from dagster_project.retention import kept_too_long
from dagster_project.settings import PROJECT_ROOT, Settings

MONTH, YEAR_BEFORE, WITHOUT_LEDGER = first_day(12), first_day(0), first_day(NO_LEDGER)
HIDDEN = ("open_cases", "average_caseload", "average_caseload_rounded")
ONE_LINE_A_UNIT = (
    "caseload", "caseload_by_team", "flow", "timeliness", "establishment_by_unit", "agency_by_unit", "stability",
)  # fmt: skip
HOSTILE = '=cmd|"/c calc"!A1 <script>alert(1)</script> & Sons'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Four months, one of unknown names and one without a ledger; a team has a name that would run in places."""
    settings = make_small_council(tmp_path_factory.mktemp("paper"))
    units = settings.council_reference / "org_units.csv"
    quoted = HOSTILE.replace('"', '""')
    named = units.read_text(encoding="utf-8").replace(",north,North,", f',north,"{quoted}",')
    units.write_text(named, encoding="utf-8")
    (settings.council_reference / "capacity_options.csv").write_text(
        "council,option,line,role,posts_fte,unit_cost_gbp,set_up_per_head_gbp,starts_on,ends_on,source\n"
        f"{COUNCIL},more_workers,workers,social_worker,3,45000,1000,2024-10-01,2026-03-31,A paper\n"
        f"{COUNCIL},a_team,workers,social_worker,1.5,48000,,2025-01-01,2025-12-31,A paper\n",
        encoding="utf-8",
    )
    for number in (0, UNKNOWN_NAMES, NO_LEDGER, 12):
        land_month(settings, number)
    load(settings)
    return settings


@pytest.fixture(scope="module")
def paper(home: Settings) -> Paper:
    return make_paper(home, COUNCIL, MONTH, Copy.INTERNAL)


@pytest.fixture(scope="module")
def public(home: Settings) -> Paper:
    return make_paper(home, COUNCIL, MONTH, Copy.PUBLIC)


@pytest.fixture(scope="module")
def docx(paper: Paper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("docx") / "paper.docx"
    path.write_bytes(word_file(paper))
    return path


@pytest.fixture(scope="module")
def html(paper: Paper) -> str:
    return page(paper)


def rows_of_mart(settings: Settings, sql: str, copy: Copy = Copy.INTERNAL) -> list[dict[str, Any]]:
    internal = published_file(settings)
    file = internal.parent / "public" / internal.name if copy is Copy.PUBLIC else internal
    with duckdb.connect(str(file), read_only=True) as marts:
        result = marts.execute(sql)
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def tables_of(paper: Paper) -> dict[str, Table]:
    return {table.key: table for section in paper.sections for table in section.tables}


def word_tables(path: Path) -> dict[str, list[list[str]]]:
    """The cells of each table of the Word file by its caption."""
    document = Document(str(path))
    found = {}
    for table in document.tables:
        caption = table._tbl.tblPr.find(qn("w:tblCaption")).get(qn("w:val"))
        found[caption] = [[cell.text for cell in row.cells] for row in table.rows]
    return found


class Page(HTMLParser):
    """Tags with their attributes, and the cells of each table by its caption."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self._caption: str | None = None
        self._text: list[str] | None = None
        self._row: list[str] = []
        self._rows: list[list[str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("caption", "th", "td"):
            self._text = []
        if tag == "table":
            self._rows = []
        if tag == "tr":
            self._row = []

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        words = "".join(self._text or []).strip()
        if tag == "caption":
            self._caption = words
        if tag in ("th", "td"):
            self._row.append(words)
        if tag in ("caption", "th", "td"):
            self._text = None
        if tag == "tr":
            self._rows.append(self._row)
        if tag == "table":
            self.tables[self._caption or ""] = self._rows


def test_the_caseload_table_prints_the_marts_own_figures(
    home: Settings, paper: Paper, docx: Path, html: str
) -> None:
    mart = {
        row["unit_name"]: row
        for row in rows_of_mart(
            home, f"select * from caseload_bands where council = '{COUNCIL}' and month = '{MONTH}'"
        )
    }
    above, teams = (tables_of(paper)[key] for key in ("caseload", "caseload_by_team"))
    for cells in (word_tables(docx), Page(html).tables):
        assert {line[0] for table in (above, teams) for line in cells[table.caption][1:]} == set(mart)
        lines = cells[teams.caption]
        assert lines[0] == [heading.text for heading in teams.headings]
        for line in lines[1:]:
            row = mart[line[0]]
            expected = {
                "Open cases": row["open_cases"],
                "Social workers (FTE)": row["fte_social_workers"],
                "Average before rounding": row["average_caseload"],
            }
            for heading, value in expected.items():
                assert line[lines[0].index(heading)] == ("no value" if value is None else f"{value:,}")


def test_every_number_of_a_list_is_a_number_of_its_mart(home: Settings, paper: Paper) -> None:
    for key, mart in (
        ("flow", "throughput"),
        ("agency_by_unit", "agency_costs"),
        ("stability", "workforce_stability"),
        ("caseload_forecast", "caseload_forecasts"),
        ("agency_forecast", "agency_forecasts"),
    ):
        printed = {
            cell.text for line in tables_of(paper)[key].lines for cell in line.cells if cell.kind == "number"
        }
        values = {
            words_of(value, measure)
            for row in rows_of_mart(home, f"select * from {mart} where month = '{MONTH}'")
            for name, value in row.items()
            if value is not None and not isinstance(value, bool)
            for measure in [_measure(mart, name)]
        }
        assert printed
        assert printed <= values


def _measure(mart: str, column: str) -> Any:
    return contracts()[mart].measure(column)


def test_the_year_before_stands_beside_the_month_where_it_was_delivered(home: Settings, paper: Paper) -> None:
    table = tables_of(paper)["caseload"]
    place = [heading.text for heading in table.headings].index("Average a year before")
    before = rows_of_mart(
        home,
        f"select average_caseload_rounded from caseload_bands where unit = '{COUNCIL}' and month = '{YEAR_BEFORE}'",
    )

    assert table.lines[0].cells[place - 1].text == str(before[0]["average_caseload_rounded"])


def test_agency_spend_stands_beside_the_year_before_with_its_change(home: Settings, paper: Paper) -> None:
    rows = rows_of_mart(
        home,
        f"select * from agency_spend_by_year where unit = '{COUNCIL}' and month = '{MONTH}' order by financial_year",
    )
    table = tables_of(paper)["agency_by_year"]

    assert (
        [line.heading for line in table.lines]
        == [row["financial_year"] for row in rows]
        == ["2023-24", "2024-25"]
    )
    last = rows[-1]
    assert [cell.text for cell in table.lines[-1].cells][-3:] == [
        f"{last['year_gbp']:,}",
        f"{last['change_gbp']:+,}",
        f"{last['change_rate']:+,}",
    ]
    assert any(f"£{last['year_gbp']:,}" in sentence for sentence in paper.summary)


def test_every_table_says_what_it_is_as_at_when_by_which_rule_and_from_where(
    paper: Paper, docx: Path
) -> None:
    document = Document(str(docx))
    words = [paragraph.text for paragraph in document.paragraphs]
    captions = [p.text for p in document.paragraphs if p.style is not None and p.style.name == "Caption"]
    tables = list(tables_of(paper).values())

    assert len(document.tables) == len(tables) > 8
    assert [table.number for table in tables] == list(range(1, len(tables) + 1))
    for table in tables:
        assert table.caption in captions
        assert re.search(r"as at \d+ \w+ \d{4}|month ends from \w+ \d{4} to \w+ \d{4}", table.caption)
    assert sum(text.startswith("Rule: ") and len(text) > 12 for text in words) == len(tables)
    assert sum(text.startswith("Source: mart ") for text in words) == len(tables)
    source = tables_of(paper)["caseload"].source
    for named in ("caseload_bands", "caseload", "workforce", "load ", "made up"):
        assert named in source


def test_the_word_file_is_one_that_a_screen_reader_can_read(paper: Paper, docx: Path) -> None:
    document = Document(str(docx))

    assert document.core_properties.title == paper.title
    assert document.core_properties.language == "en-GB"
    width, height = document.sections[0].page_width, document.sections[0].page_height
    assert width is not None
    assert height is not None
    assert (round(width.cm, 1), round(height.cm, 1)) == (21.0, 29.7)
    for table in document.tables:
        assert table.rows[0]._tr.find(f".//{qn('w:tblHeader')}") is not None
    pictures = document.element.body.findall(f".//{qn('wp:docPr')}")
    assert pictures
    for picture in pictures:
        assert len(picture.get("descr")) > 40
    with zipfile.ZipFile(docx) as parts:
        assert 'w:lang w:val="en-GB"' in parts.read("word/styles.xml").decode("utf-8")
        footer = "".join(parts.read(name).decode("utf-8") for name in parts.namelist() if "footer" in name)
        assert 'w:instr="PAGE"' in footer


def test_the_page_runs_nothing_fetches_nothing_and_names_every_picture_and_table(
    paper: Paper, html: str
) -> None:
    text = html
    found = Page(text)

    assert not [tag for tag, _ in found.tags if tag in ("script", "link", "iframe", "object")]
    places = [
        value for _, named in found.tags for name, value in named.items() if name in ("src", "href", "srcset")
    ]
    assert places
    assert all(place and place.startswith(("data:image/svg+xml;base64,", "#")) for place in places)
    assert "url(" not in text
    assert "@import" not in text
    assert ("html", {"lang": "en-GB"}) in found.tags
    pictures = [named for tag, named in found.tags if tag == "img"]
    assert pictures
    assert all(len(named["alt"] or "") > 40 for named in pictures)
    assert len(found.tables) == len(tables_of(paper))
    assert {named.get("scope") for tag, named in found.tags if tag == "th"} <= {"col", "row", "rowgroup"}


def test_a_name_that_would_run_is_only_a_name(
    home: Settings, paper: Paper, docx: Path, html: str, tmp_path: Path
) -> None:
    assert any(line.heading == HOSTILE for line in tables_of(paper)["caseload_by_team"].lines)
    assert "<script>" not in html
    assert any(HOSTILE in line for lines in Page(html).tables.values() for line in lines)
    assert any(HOSTILE in row for rows in word_tables(docx).values() for row in rows)

    run(
        home.home,
        "pack",
        "--council",
        COUNCIL,
        "--month",
        f"{MONTH:%Y-%m}",
        "--copy",
        "internal",
        "--to",
        str(tmp_path),
    )
    with zipfile.ZipFile(next(tmp_path.glob("*.xlsx"))) as parts:
        sheets = [parts.read(name).decode("utf-8") for name in parts.namelist() if "worksheets/sheet" in name]
    assert not [sheet for sheet in sheets if "<f>" in sheet]


def test_nothing_that_the_public_tier_suppresses_is_printed_in_its_paper(
    home: Settings, public: Paper, tmp_path: Path
) -> None:
    path = tmp_path / "public.docx"
    path.write_bytes(word_file(public))
    in_word, on_page = word_tables(path), Page(page(public)).tables
    titles = load_reference(home).unit_titles
    shown_tables = {shown.key: shown for section in declared_sections().sections for shown in section.tables}
    seen = 0
    for key in ONE_LINE_A_UNIT:
        table, shown = tables_of(public)[key], shown_tables[key]
        columns = {heading_of(contracts()[shown.mart], column): column.column for column in shown.columns}
        rows = {
            titles[COUNCIL, row["unit"]]: row
            for row in rows_of_mart(home, f"select * from {shown.mart} where month = '{MONTH}'", Copy.PUBLIC)
            if "role_group" not in row or row["role_group"] == "total"
        }
        for line, of_word, of_page in zip(
            table.lines, in_word[table.caption][1:], on_page[table.caption][1:], strict=True
        ):
            assert [line.heading, *(cell.text for cell in line.cells)] == of_word == of_page
            row = rows[line.heading]
            suppressed = (row["suppressed"] or "").split(",")
            for heading, cell in zip(table.headings[1:], line.cells, strict=True):
                column = columns.get(heading.text)
                if column and column in suppressed:
                    assert row[column] is None
                    assert (cell.text, cell.kind) == ("c", "suppressed")
                    seen += 1
                elif column:
                    assert cell.text != "c"
        if any(cell.text == "c" for line in table.lines for cell in line.cells):
            assert any(note.startswith("c: suppressed") for note in table.notes)
    assert seen > 20


@pytest.fixture(scope="module")
def one_team_hidden(home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Paper:
    """A public tier in which cases of one team alone are hidden, so that the others stand in the chart."""
    copied = tmp_path_factory.mktemp("hidden") / "home"
    settings = replace(home, home=shutil.copytree(home.home, copied, symlinks=True))
    internal = published_file(settings)
    public = internal.parent / "public" / internal.name
    public.unlink()
    with duckdb.connect(str(public)) as marts:
        marts.execute(f"attach '{internal}' as internal (read_only)")
        cells = ", ".join(f"case when unit = 'north' then null else {name} end as {name}" for name in HIDDEN)
        marts.execute(
            f"create table caseload_bands as select * replace ({cells}), "
            f"case when unit = 'north' then '{', '.join(HIDDEN)}' end as suppressed from internal.main.caseload_bands"
        )
    return make_paper(settings, COUNCIL, MONTH, Copy.PUBLIC)


def test_a_suppressed_average_is_in_no_chart_not_even_in_its_words(
    paper: Paper, one_team_hidden: Paper
) -> None:
    table, exact = (tables_of(made)["caseload_by_team"] for made in (one_team_hidden, paper))
    hidden = next(line for line in table.lines if line.heading == HOSTILE)
    shown = next(line for line in exact.lines if line.heading == HOSTILE)

    # Cases and average of the year before are hidden as well.
    assert [cell.text for cell in hidden.cells].count("c") == len(HIDDEN) + 2
    assert not [cell for cell in shown.cells if cell.text == "c"]
    average = shown.cells[3].text
    assert average.replace(".", "").isdigit()
    assert average not in {
        cell
        for rows in Page(page(one_team_hidden)).tables.values()
        for row in rows
        for cell in row
        if HOSTILE in row
    }
    assert table.picture is not None
    assert exact.picture is not None
    assert HOSTILE in exact.picture.alternative
    assert HOSTILE not in table.picture.alternative
    assert HOSTILE.split(" ", maxsplit=1)[0] not in table.picture.drawing.svg


def test_what_is_suppressed_is_in_no_sheet_of_the_public_pack(home: Settings, tmp_path: Path) -> None:
    result = run(home.home, "pack", "--council", COUNCIL, "--month", f"{MONTH:%Y-%m}", "--to", str(tmp_path))
    assert result.code == DONE, result.words
    sheet = (
        CalamineWorkbook.from_path(str(next(tmp_path.glob("*.xlsx"))))
        .get_sheet_by_name("caseload_bands")
        .to_python()
    )
    mart = rows_of_mart(
        home, f"select * from caseload_bands where month <= '{MONTH}' order by month, unit", Copy.PUBLIC
    )
    cases, average = sheet[0].index("Open cases"), sheet[0].index("Average caseload")
    seen = 0
    for line, row in zip(sheet[1:], mart, strict=True):
        suppressed = (row["suppressed"] or "").split(",")
        for place, column in ((cases, "open_cases"), (average, "average_caseload")):
            assert (line[place] == "c") == (column in suppressed)
            seen += column in suppressed
    assert seen > 10


def test_a_forecast_is_the_marts_own_and_says_plainly_where_the_history_is_too_short(
    home: Settings, paper: Paper, public: Paper
) -> None:
    far = rows_of_mart(
        home,
        f"select * from caseload_forecasts where unit = '{COUNCIL}' and month = '{MONTH}' order by months_ahead",
    )[-1]
    assert any(
        sentence.startswith("If cases go on") and f"{far['expected_average_caseload']:,}" in sentence
        for sentence in paper.summary
    )
    notes = " ".join(tables_of(paper)["caseload_forecast"].notes)
    assert "Average at least, Average at most: too few earlier forecasts can be compared." in notes

    first = make_paper(home, COUNCIL, YEAR_BEFORE, Copy.INTERNAL)
    assert "Average caseload is not forecast: too few months with rows of cases are loaded." in first.summary
    assert (
        "No range can be given for the year's agency spend: no earlier financial year is loaded whole."
        in first.summary
    )
    headings = [heading.text for heading in tables_of(first)["caseload_forecast"].headings]
    assert "Social workers (FTE)" in headings
    assert "Average caseload" not in headings

    assert "forecast_accuracy" not in tables_of(public)
    assert "How earlier forecasts of caseload came out across the council" in public.left_out
    assert f"Not part of this copy: {'; '.join(public.left_out)}." in page(public).replace("&#39;", "'")
    assert not paper.left_out


def test_an_option_has_one_line_with_its_first_year_and_another_table_has_every_year(
    home: Settings, paper: Paper
) -> None:
    every = rows_of_mart(
        home, f"select * from capacity_options where council = '{COUNCIL}' order by option, financial_year"
    )
    first = {row["option"]: row for row in reversed(every)}
    table, by_year = (tables_of(paper)[key] for key in ("options", "options_by_year"))

    headings = [heading.text for heading in table.headings]
    totals = [line.cells[headings.index("First year in all (£)") - 1].text for line in table.lines]
    assert totals == [f"{first[name]['total_gbp']:,}" for name in sorted(first)] != []
    assert len(by_year.lines) == len(first) == 2
    assert [heading.text for heading in by_year.headings[1:]] == sorted({r["financial_year"] for r in every})


def test_a_table_names_the_extracts_it_is_made_from_and_a_threshold_its_measure_in_words(
    paper: Paper, public: Paper
) -> None:
    for made in (paper, public):
        source = tables_of(made)["caseload"].source
        assert "workforce" in source
        assert not [name for name in ("visits", "contacts", "agency_spend") if name in source]
    measures = {
        line.cells[0].text
        for key, table in tables_of(paper).items()
        if key in ("breaches", "breaches_by_team")
        for line in table.lines
    }
    assert measures
    assert measures <= {
        name for row in _metrics() for name in (row["words"], f"{row['words']} ({row['unit']})")
    }
    assert "Time left until the managed team's contract ends (days)" in measures


def _metrics() -> list[dict[str, str]]:
    with (PROJECT_ROOT / "seeds" / "metrics.csv").open(encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


def test_no_cell_says_none_or_nan(paper: Paper, public: Paper) -> None:
    for made in (paper, public):
        cells = {cell for rows in Page(page(made)).tables.values() for row in rows for cell in row}
        assert not cells & {"None", "nan", "NaN", "NULL", "NaT"}
        assert not [sentence for sentence in made.summary if "None" in sentence or "nan" in sentence.split()]


def test_a_month_without_a_ledger_says_that_agency_spend_was_not_delivered(home: Settings) -> None:
    made = make_paper(home, COUNCIL, WITHOUT_LEDGER, Copy.INTERNAL)

    assert "agency spend" in made.not_delivered
    spend = next(section for section in made.sections if section.title == "Agency spend")
    by_unit = tables_of(made).get("agency_by_unit")
    said = [*spend.absent, *(by_unit.notes if by_unit else [])]
    assert any("not delivered" in words for words in said)
    assert "not delivered" in page(made)


def test_rows_in_quarantine_are_told_beneath_the_figures_they_are_missing_from(home: Settings) -> None:
    month = first_day(UNKNOWN_NAMES)
    incomplete = rows_of_mart(
        home, f"select * from caseload_bands where month = '{month}' and not is_complete"
    )
    assert incomplete
    made = make_paper(home, COUNCIL, month, Copy.INTERNAL)

    notes = " ".join(tables_of(made)["caseload"].notes)
    assert "Not complete" in notes
    assert f"Rows in quarantine: {incomplete[0]['rows_rejected']}" in notes


def test_the_pack_holds_every_mart_with_its_rows_and_every_column_defined(
    home: Settings, tmp_path: Path
) -> None:
    arguments = (
        "--council",
        COUNCIL,
        "--month",
        f"{MONTH:%Y-%m}",
        "--copy",
        "internal",
        "--to",
        str(tmp_path),
    )
    result = run(home.home, "pack", *arguments)
    assert result.code == DONE, result.words
    book = CalamineWorkbook.from_path(str(next(tmp_path.glob("*.xlsx"))))

    assert book.sheet_names[:2] == ["contents", "definitions"]
    assert {"caseload_bands", "establishment", "agency_costs", "deliveries"} <= set(book.sheet_names)
    sheet = book.get_sheet_by_name("caseload_bands").to_python()
    mart = rows_of_mart(home, f"select * from caseload_bands where month <= '{MONTH}' order by month, unit")
    assert len(sheet) - 1 == len(mart)
    heads = {text: place for place, text in enumerate(sheet[0])}
    for line, row in zip(sheet[1:], mart, strict=True):
        assert line[heads["Unit"]] == row["unit"]
        for heading, column in (("Open cases", "open_cases"), ("Average caseload", "average_caseload")):
            value = row[column]
            assert line[heads[heading]] == ("" if value is None else pytest.approx(float(value)))
    defined = {(row[0], row[1]) for row in book.get_sheet_by_name("definitions").to_python()[1:]}
    for name in book.sheet_names[2:]:
        rows = book.get_sheet_by_name(name).to_python()
        assert {(name, heading) for heading in rows[0]} <= defined
    with zipfile.ZipFile(next(tmp_path.glob("*.xlsx"))) as parts:
        bands = parts.read(f"xl/worksheets/sheet{book.sheet_names.index('caseload_bands') + 1}.xml").decode(
            "utf-8"
        )
    for wanted in ('state="frozen"', "<autoFilter", "<conditionalFormatting"):
        assert wanted in bands


@pytest.fixture(scope="module")
def written(home: Settings) -> list[Path]:
    asked = ("--council", COUNCIL, "--month", f"{MONTH:%Y-%m}")
    for command in (("paper", *asked, "--copy", "internal"), ("paper", *asked), ("pack", *asked)):
        result = run(home.home, *command)
        assert result.code == DONE, result.words
    return sorted((home.papers / COUNCIL / f"{MONTH:%Y-%m}").iterdir())


def test_files_lie_in_the_outbox_and_an_internal_copy_is_its_owners_only(
    home: Settings, written: list[Path]
) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in written}

    name = f"{COUNCIL}-{MONTH:%Y-%m}"
    assert modes == {
        f"{name}-internal-paper.docx": 0o600,
        f"{name}-internal-paper.html": 0o600,
        f"{name}-public-pack.xlsx": 0o644,
        f"{name}-public-paper.docx": 0o644,
        f"{name}-public-paper.html": 0o644,
    }
    assert stat.S_IMODE(home.outbox.stat().st_mode) == 0o700


def test_the_same_marts_give_the_same_bytes(
    home: Settings, written: list[Path], docx: Path, html: str, tmp_path: Path
) -> None:
    before = {path.name: path.read_bytes() for path in written}
    name = f"{COUNCIL}-{MONTH:%Y-%m}"
    run(home.home, "pack", "--council", COUNCIL, "--month", f"{MONTH:%Y-%m}", "--to", str(tmp_path))

    # The files of the command beside a paper made apart from it.
    assert before[f"{name}-internal-paper.docx"] == docx.read_bytes()
    assert before[f"{name}-internal-paper.html"] == html.encode("utf-8")
    assert before[f"{name}-public-pack.xlsx"] == (tmp_path / f"{name}-public-pack.xlsx").read_bytes()


def test_papers_kept_too_long_are_found_for_the_purge(home: Settings, written: list[Path]) -> None:
    reference = load_reference(home)
    days = reference.keep_days("council_paper", COUNCIL)
    later = datetime.now(UTC) + timedelta(days=days + 1)

    found = [item for item in kept_too_long(home, reference, later) if item.what == "council_paper"]
    assert sorted(item.path for item in found if item.path) == written
    assert {item.council for item in found} == {COUNCIL}
    assert not [i for i in kept_too_long(home, reference, datetime.now(UTC)) if i.what == "council_paper"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--council", COUNCIL, "--month", "2020-01"), FAILED, "2020-01 is not loaded"),
        (("--council", COUNCIL, "--month", "last May"), WRONG_USAGE, "is not a month"),
        (("--council", "nowhere", "--month", "2024-04"), WRONG_USAGE, "not registered"),
        (("--council", COUNCIL, "--month", "2024-04", "--copy", "secret"), WRONG_USAGE, "public or internal"),
    ],
)
@pytest.mark.parametrize("command", ["paper", "pack"])
def test_what_cannot_be_written_is_told_in_a_sentence(
    home: Settings, command: str, arguments: tuple[str, ...], code: int, words: str
) -> None:
    result = run(home.home, command, *arguments)

    assert result.code == code
    assert words in result.words
    assert "Traceback" not in result.words


def test_without_a_public_tier_no_exact_figure_is_written_in_its_place(
    home: Settings, tmp_path: Path
) -> None:
    public = published_file(home).parent / "public"
    aside = public.with_name("public-aside")
    public.rename(aside)
    try:
        result = run(
            home.home, "paper", "--council", COUNCIL, "--month", f"{MONTH:%Y-%m}", "--to", str(tmp_path)
        )
    finally:
        aside.rename(public)

    assert result.code == FAILED
    assert "no public copy of the marts is published yet" in result.words
    assert not list(tmp_path.iterdir())
