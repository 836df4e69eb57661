"""The manager's site in a real browser: what it shows, who can use it, and that it asks nobody for anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from deliveries_fixture import land, rows_of
from playwright.sync_api import Browser, BrowserContext, Page

from dagster_project.demo import prepare
from dagster_project.load import load
from dagster_project.page_addresses import (
    DICTIONARY,
    PROJECT,
    council_page,
    region_page,
    topic_page,
    unit_page,
)
from dagster_project.reports.measures import month_words
from dagster_project.settings import Settings
from dagster_project.site.reading import opened
from dagster_project.site.tables import capitalised, heading
from dagster_project.workbench import LEVELS, Question, answer

pytestmark = pytest.mark.browser
pytest_plugins = ["browser_window"]

TIERS = {"internal": ".", "restricted": "restricted", "public": "public"}
LOOKED_AT = (
    "index.html",
    DICTIONARY,
    council_page("west_sussex"),
    unit_page("west_sussex", "west_sussex"),
    unit_page("nottinghamshire", "assessment"),
    topic_page("nottinghamshire", "investments"),
    topic_page("tameside", "managed-teams"),
    unit_page("tameside", "duty_and_assessment"),
)


# A council of the region of one of the samples, so that there is a page of the region.
NEIGHBOUR, REGION = "fernshire", "E12000004"
NEIGHBOURS_ROWS = {
    "councils.csv": f"council,name,region_code\n{NEIGHBOUR},Fernshire,{REGION}\n",
    "org_units.csv": "council,unit,name,level,parent_unit,service_area,frontline,valid_from\n"
    f"{NEIGHBOUR},{NEIGHBOUR},Fernshire,council,,other,false,2017-04-01\n"
    f"{NEIGHBOUR},duty,Duty Team,team,{NEIGHBOUR},assessment,true,2017-04-01\n",
}


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Everything `make demo` loads and a neighbour; DEMO_HOME names one that is there already."""
    there = os.environ.get("DEMO_HOME")
    if there:
        return Settings(home=Path(there))
    settings = Settings(home=tmp_path_factory.mktemp("demo"))
    prepare(settings)
    for name, rows in NEIGHBOURS_ROWS.items():
        (settings.council_reference / name).write_text(rows, encoding="utf-8")
    cases = [{**row, "team": "Duty Team"} for row in rows_of("caseload", 30)]
    land(settings, "caseload.csv", cases, "2024-05", NEIGHBOUR)
    load(settings)
    return settings


@pytest.fixture(scope="session")
def published(demo: Settings) -> Path:
    return (demo.published / "current").resolve()


def site_of(published: Path, tier: str) -> Path:
    return published / TIERS[tier] / "site"


def pages_of(site: Path) -> list[Path]:
    """Those drawn here; dbt's own page is looked at by itself."""
    return sorted(path for path in site.rglob("*.html") if path.name != PROJECT)


def council_pages(site: Path) -> list[Path]:
    """Every kind of page once: all pages of one council but its units, and some units of each."""
    region = site / region_page(REGION)
    return [
        *(site / address for address in LOOKED_AT),
        *([region] if region.is_file() else []),
        *sorted((site / "west_sussex").glob("*.html")),
    ]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_breaks_a_rule_of_accessibility(
    chromium: Browser, published: Path, tier: str, scheme: Any
) -> None:
    made = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page = made.new_page()
    axe, broken = Axe(), []
    for path in dict.fromkeys(council_pages(site_of(published, tier))):
        page.goto(path.as_uri())
        found = axe.run(page)
        broken += [
            f"{path.name}: {violation['id']}: {[node['target'] for node in violation['nodes'][:3]]}"
            for violation in found.response["violations"]
        ]
    made.close()
    assert not broken


@pytest.mark.parametrize("tier", TIERS)
def test_a_page_asks_for_its_own_files_only_and_says_nothing_on_the_console(
    context: BrowserContext, published: Path, tier: str
) -> None:
    site = site_of(published, tier)
    asked: list[str] = []
    said: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in pages_of(site):
        page.goto(path.as_uri())
    outside = [url for url in asked if not url.startswith((site.as_uri(), "data:,"))]
    assert len(asked) > len(pages_of(site)) and not outside
    assert not said
    assert not [path for path in pages_of(site) if "<script" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("tier", TIERS)
def test_every_link_leads_to_a_page_or_a_place_that_is_there(
    context: BrowserContext, published: Path, tier: str
) -> None:
    page = context.new_page()
    places: dict[Path, set[str]] = {}
    wanted: list[tuple[Path, Path, str]] = []
    for path in pages_of(site_of(published, tier)):
        page.goto(path.as_uri())
        places[path] = set(page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)"))
        for href in page.evaluate("[...document.querySelectorAll('a[href]')].map(one => one.href)"):
            parts = urlsplit(href)
            wanted.append((path, Path(unquote(parts.path)), unquote(parts.fragment)))
    dead = [
        f"{source.name} -> {target}#{place}"
        for source, target, place in wanted
        if not (target.name == PROJECT and target.is_file())
        and (target not in places or (place and place not in places[target]))
    ]
    assert len(wanted) > len(places) and not dead


def test_the_cells_of_the_heat_map_are_those_of_the_mart(context: BrowserContext, published: Path) -> None:
    page = context.new_page()
    with duckdb.connect(str(published / "marts.duckdb"), read_only=True) as marts:
        councils = [
            slug
            for (slug,) in marts.execute(
                "select council from caseload_bands group by council having count(distinct month) > 10"
            ).fetchall()
        ]
        assert len(councils) > 1
        for council in councils:
            page.goto((published / "site" / council_page(council)).as_uri())
            shown = cells_of_heat_map(page)
            latest, months = shown[1][0], list(shown[0][1:])
            assert latest and len(months) > 10
            rows = marts.execute(
                """
                select unit, strftime(month, '%b %Y'), average_caseload_rounded, severity
                from caseload_bands where council = ? and month > (
                    select max(month) - interval 24 month from caseload_bands
                    where council = ? and open_cases is not null
                )
                """,
                [council, council],
            ).fetchall()
            known = {
                (unit_page(council, unit), month): (figure, severity)
                for unit, month, figure, severity in rows
            }
            compared = 0
            for name, *cells in shown[1:]:
                for month, (text, severity) in zip(months, cells, strict=True):
                    figure, judged = known.get((name, month), (None, None))
                    assert text == ("" if figure is None else str(figure)), (council, name, month)
                    assert severity == (judged or ("missing" if figure is None else "unjudged")), (
                        name,
                        month,
                    )
                    compared += figure is not None
            assert compared == sum(
                figure is not None for (_, month), (figure, _) in known.items() if month in months
            )


def cells_of_heat_map(page: Page) -> list[Any]:
    """The months, then for each unit the address of its page and its cells: figure and verdict."""
    found: list[Any] = page.evaluate(
        """() => {
            const map = document.querySelector('table.heat-map')
            const site = document.querySelector('link[rel=stylesheet]').href.replace(/style.css$/, '')
            const head = [...map.tHead.rows[0].cells].map(cell => cell.innerText.replace(/\\s+/, ' '))
            const body = [...map.tBodies[0].rows].map(row => [
                row.querySelector('th a').href.replace(site, ''),
                ...[...row.querySelectorAll('td')].map(cell => [
                    cell.querySelector('.value')?.textContent ?? '',
                    cell.className.replace('heat ', ''),
                ]),
            ])
            return [head, ...body]
        }"""
    )
    return found


@pytest.mark.parametrize("tier", ["internal", "public"])
def test_a_page_fits_a_telephone_and_a_window_at_twice_its_size(
    chromium: Browser, published: Path, tier: str
) -> None:
    too_wide = []
    for width in (320, 640):
        made = chromium.new_context(viewport={"width": width, "height": 700})
        page = made.new_page()
        for path in dict.fromkeys(council_pages(site_of(published, tier))):
            page.goto(path.as_uri())
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                too_wide.append(f"{path.name} at {width}: {wide}")
        made.close()
    assert not too_wide


@pytest.mark.parametrize("tier", TIERS)
def test_the_keyboard_alone_reaches_every_link_and_table_of_every_kind_of_page(
    context: BrowserContext, published: Path, tier: str
) -> None:
    page = context.new_page()
    for path in dict.fromkeys(council_pages(site_of(published, tier))):
        page.goto(path.as_uri())
        stops = page.locator("a[href], [tabindex='0']").count()
        reached = set()
        for _ in range(stops):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
        wanted = page.evaluate(
            """() => {
                const all = [...document.querySelectorAll('*')]
                return [...document.querySelectorAll("a[href], [tabindex='0']")].map(one => all.indexOf(one))
            }"""
        )
        assert len(wanted) > 3 and set(wanted) <= reached, path.name
        assert page.locator(".scroll").count() == page.locator(".scroll[tabindex='0']").count(), path.name


def test_the_first_stop_of_the_keyboard_skips_to_the_page(context: BrowserContext, published: Path) -> None:
    page = context.new_page()
    page.goto((published / "site" / council_page("west_sussex")).as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize(
    ("mart", "caption"), [("throughput", "Cases of"), ("workforce_stability", "Social workers of")]
)
def test_what_the_public_tier_suppresses_is_a_letter_in_its_pages(
    context: BrowserContext, published: Path, mart: str, caption: str
) -> None:
    public = published / "public"
    with opened(public / "marts.duckdb") as marts:
        measures = marts.measures[mart]
        rows = [row for row in marts.rows(mart) if row.suppressed]
    page = context.new_page()
    looked_at = 0
    for council, unit in sorted({(row["council"], row["unit"]) for row in rows}):
        page.goto((public / "site" / unit_page(council, unit)).as_uri())
        shown = table_of(page, caption)
        for row in rows:
            line = shown.get(month_words(row["month"]))
            if (row["council"], row["unit"]) == (council, unit) and line is not None:
                for column in row.suppressed:
                    name = heading(measures[column]).text
                    if name in line:
                        looked_at += 1
                        assert line[name] == "c", (council, unit, row["month"], column)
    assert looked_at > 50


@pytest.mark.parametrize(
    ("council", "topic", "mart", "caption", "columns", "where"),
    [
        (
            "west_sussex",
            "demand",
            "caseload_forecasts",
            "What to expect of each unit",
            ("expected_average_caseload", "lower_average_caseload", "expected_open_cases"),
            "months_ahead = 3",
        ),
        (
            "nottinghamshire",
            "demand",
            "timeliness",
            "Timeliness of each unit",
            ("assessments_in_45_days_rate", "visits_in_time_rate", "median_assessment_working_days"),
            "true",
        ),
        (
            "nottinghamshire",
            "options",
            "support_officers",
            "Support officers of each unit",
            ("officer_fte", "workers_per_officer", "gap_fte"),
            "true",
        ),
    ],
)
def test_what_each_unit_is_to_expect_and_how_it_works_is_as_the_mart_has_it(
    context: BrowserContext,
    published: Path,
    council: str,
    topic: str,
    mart: str,
    caption: str,
    columns: tuple[str, ...],
    where: str,
) -> None:
    page = context.new_page()
    page.goto((published / "site" / topic_page(council, topic)).as_uri())
    shown = table_of(page, caption)
    with opened(published / "marts.duckdb") as marts:
        measures = marts.measures[mart]
        rows = marts.query(
            f"""
            select b.unit_name, {", ".join(f"m.{column}" for column in columns)}
            from {mart} as m inner join caseload_bands as b using (council, unit, month)
            where council = ? and {where} and month = (
                select max(month) from {mart} where council = ? and {columns[0]} is not null
            )
            """,
            [council, council],
        )
    assert len(rows) > 10 and len(shown) == len(rows)
    for name, *figures in rows:
        for column, figure in zip(columns, figures, strict=True):
            text = shown[name][heading(measures[column]).text]
            said = "\N{EN DASH}no value" if figure is None else f"{figure:,}".replace("-", "\N{MINUS SIGN}")
            assert text == said, (name, column)


def test_what_an_investment_moved_and_what_surveys_said_is_as_the_marts_have_it(
    context: BrowserContext, published: Path
) -> None:
    page = context.new_page()
    page.goto((published / "site" / topic_page("nottinghamshire", "investments")).as_uri())
    with opened(published / "marts.duckdb") as marts:
        answers = marts.query("select question, value from survey_results where council = 'nottinghamshire'")
        moved = marts.query(
            """
            select value_at_start, value_now, direction from investment_impact
            where council = 'nottinghamshire' and month = date '2018-05-01' and direction in ('better', 'worse')
            """
        )
    surveys = table_of(page, "Answers of surveys")
    assert len(answers) > 3 and len(surveys) == len(answers)
    for question, value in answers:
        assert surveys[capitalised(question)]["Value"] == f"{value.normalize():f}"
    impact = [
        (cells["Before"], cells["Now"], cells["Since"])
        for cells in table_of(page, "What its paper hoped").values()
        if cells["Since"] in ("Better", "Worse")
    ]
    known = {
        (f"{before.normalize():,f}", f"{now.normalize():,f}", direction.capitalize())
        for before, now, direction in moved
    }
    assert len(impact) > 4 and set(impact) <= known


def test_the_average_by_quarter_on_a_page_is_what_the_metric_answers(
    context: BrowserContext, demo: Settings, published: Path
) -> None:
    page = context.new_page()
    names = {
        (council, unit): name
        for council, unit, name in duckdb_rows(
            published, "select distinct council, unit, unit_name from caseload_bands"
        )
    }
    compared = 0
    shown = {}
    for council in sorted({council for council, _ in names}):
        page.goto((published / "site" / council_page(council)).as_uri())
        shown[council] = table_of(page, "Average caseload of each unit")
    for level in LEVELS:
        for council, unit, quarter, average in answer(
            demo, Question(("average_caseload",), level=level, period="quarter")
        ).rows:
            cells = shown[council].get(names[council, unit], {})
            said = [
                text
                for head, text in cells.items()
                if head.startswith(f"{quarter:%b} to ") and f"{quarter:%Y}" in head
            ]
            if said and average is not None:
                compared += 1
                assert said == [f"{average:,}"], (council, unit, quarter)
    printed = sum(
        text.replace(".", "").isdigit()
        for table in shown.values()
        for cells in table.values()
        for head, text in cells.items()
        if head != "Unit"
    )
    assert compared == printed > 100


def test_the_overview_says_which_teams_to_look_at_first_since_when_and_what_moved(
    context: BrowserContext, published: Path
) -> None:
    page = context.new_page()
    page.goto((published / "site" / council_page("nottinghamshire")).as_uri())
    shown = table_of(page, "Teams whose thresholds are crossed")
    (worst, since, months, month, cases, fte) = duckdb_rows(
        published,
        """
        select
            b.unit_name, strftime(t.since_month, '%B %Y'), t.months_in_breach, strftime(t.month, '%B %Y'), b.open_cases,
            b.fte_social_workers
        from threshold_breaches as t inner join caseload_bands as b using (council, unit, month)
        where council = 'nottinghamshire' and t.metric = 'average_caseload' and b.level = 'team'
            and t.severity in ('warning', 'breach')
        qualify month = max(month) over ()
        order by t.severity, b.average_caseload desc limit 1
        """,
    )[0]
    first, cells = next(iter(shown.items()))
    assert first == worst
    assert cells["Since"] == f"{since}, {months} months; known to {month}"
    assert f"to {cases:,}" in cells["What moved since"] and f"to {fte:,}" in cells["What moved since"]


def test_a_units_page_says_why_its_caseload_changed_as_the_marts_have_it(
    context: BrowserContext, published: Path
) -> None:
    page = context.new_page()
    page.goto((published / "site" / unit_page("nottinghamshire", "gedling_dcpt")).as_uri())
    (start, opened_, closed, down, out, end) = duckdb_rows(
        published,
        "select open_at_start, received, closed, stepped_down, transferred_out, open_at_end from throughput"
        " where council = 'nottinghamshire' and unit = 'gedling_dcpt' and month = date '2018-05-01'",
    )[0]
    minus = "\N{MINUS SIGN}"
    assert {step: cells["Cases"] for step, cells in table_of(page, "Open cases of Gedling DCPT").items()} == {
        "Open at the start": f"{start}",
        "Opened": f"+{opened_}",
        "Closed": f"{minus}{closed}",
        "Stepped down": f"{minus}{down}",
        "Transferred out": f"{minus}{out}",
        "Open at the end": f"{end}",
    }
    (was, now) = (
        average
        for (average,) in duckdb_rows(
            published,
            "select average_caseload from caseload_bands where council = 'nottinghamshire' and unit = 'gedling_dcpt'"
            " and month in (date '2017-10-01', date '2018-05-01') order by month",
        )
    )
    made_of = table_of(page, "What the average of Gedling DCPT is made of")["Average caseload"]
    assert list(made_of.values()) == ["Average caseload", f"{was}", f"{now}", f"+{now - was}"]


def test_the_councils_of_a_region_stand_side_by_side(context: BrowserContext, published: Path) -> None:
    address = published / "site" / region_page(REGION)
    if not address.is_file():
        pytest.skip("DEMO_HOME holds one council of the region")
    page = context.new_page()
    page.goto(address.as_uri())
    assert page.locator("h1").inner_text().endswith("East Midlands")
    shown = table_of(page, "Councils of East Midlands")
    assert shown["Fernshire"]["Open cases"] == "30" and shown["Nottinghamshire"]["Open cases"] == "3,370"
    page.get_by_role("link", name="Fernshire").click()
    assert page.locator("h1").inner_text().endswith("Fernshire")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_telephone_a_row_of_sentences_stands_in_lines_and_breaks_no_rule(
    chromium: Browser, published: Path, scheme: Any
) -> None:
    made = chromium.new_context(viewport={"width": 320, "height": 700}, color_scheme=scheme)
    page = made.new_page()
    page.goto((published / "site" / council_page("nottinghamshire")).as_uri())
    cells = page.locator("table.prose").first.locator("tbody tr").first.locator("th, td")
    boxes = [cells.nth(place).bounding_box() for place in range(cells.count())]
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 320 for box in boxes)
    tops = [box["y"] for box in boxes if box]
    assert len(tops) == 5 and tops == sorted(set(tops))
    assert Axe().run(page).response["violations"] == []
    made.close()


def duckdb_rows(published: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(published / "marts.duckdb"), read_only=True) as marts:
        return marts.execute(sql).fetchall()


def table_of(page: Page, caption: str) -> dict[str, dict[str, str]]:
    """The cells of the first table whose caption begins so, by the row's heading and the column's."""
    found: dict[str, dict[str, str]] = page.evaluate(
        """wanted => {
            const table = [...document.querySelectorAll('table')].find(
                one => one.caption.textContent.startsWith(wanted))
            if (!table) return {}
            const head = [...table.tHead.rows[0].cells].map(cell => cell.textContent)
            return Object.fromEntries([...table.tBodies[0].rows].map(row => {
                const cells = [...row.cells].map(cell => cell.textContent)
                return [cells[0], Object.fromEntries(cells.map((text, place) => [head[place], text]))]
            }))
        }""",
        caption,
    )
    return found


def test_no_page_of_the_tiers_for_all_names_a_key_of_a_worker(published: Path) -> None:
    with duckdb.connect(str(published / "restricted" / "marts.duckdb"), read_only=True) as marts:
        keys = {
            str(key)
            for (key,) in marts.execute("select distinct worker_key from worker_caseloads").fetchall()
        }
    assert len(keys) > 100
    for tier in ("internal", "public"):
        text = "".join(path.read_text(encoding="utf-8") for path in pages_of(site_of(published, tier)))
        assert not [key for key in keys if key in text]


def test_dbts_page_shows_a_model_and_asks_nobody(published: Path, context: BrowserContext) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{(site_of(published, 'internal') / PROJECT).as_uri()}#!/model/model.caseload.int_case_totals")
    page.get_by_text("Cases closed in the month.").first.wait_for()

    assert [one for one in asked if urlsplit(one).scheme not in ("file", "data")] == []
