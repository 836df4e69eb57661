"""The manager's site as a load leaves it: what is written, who may read it, what stays as it was."""

from __future__ import annotations

import errno
import html
import os
import re
import stat
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import COUNCIL, land, make_home, rows_of
from published_fixture import publish, published_row
from test_cli import run

from dagster_project.load import load, publish_with_pages, retell
from dagster_project.page_addresses import (
    DICTIONARY,
    INDEX,
    PROJECT,
    council_page,
    link,
    region_page,
    topic_page,
    unit_page,
)
from dagster_project.reference import load_reference
from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.site import building
from dagster_project.site.tables import NO_VALUE

TIERS = {"": (0o750, 0o640), "restricted": (0o700, 0o600), "public": (0o755, 0o644)}
OTHER, REGION, ONS_CODE = "southshire", "E12000004", "E10009991"
NEIGHBOUR, ABSENT_NEIGHBOUR = "E10000024", "E10009993"


@dataclass
class Loaded:
    settings: Settings
    first: Path
    built: building.Built = field(default_factory=building.Built)

    @property
    def current(self) -> Path:
        """What is published now; of versions before only the newest are kept."""
        return (self.settings.published / "current").resolve()

    def again(self, name: str) -> Path:
        """The same marts published once more."""
        version, self.built = publish_with_pages(self.settings, load_reference(self.settings), name)
        return version


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    settings = make_home(tmp_path_factory.mktemp("installation"))
    for name, count in (("caseload", 40), ("workforce", 6), ("posts", 8), ("agency_spend", 3)):
        land(settings, f"{name}.csv", rows_of(name, count), "2024-05")
    land(
        settings,
        "caseload.csv",
        [{**row, "team": "Duty Team"} for row in rows_of("caseload", 9)],
        "2024-05",
        OTHER,
    )
    neighbours = f"ons_code,neighbour_ons_code\n{ONS_CODE},{NEIGHBOUR}\n{ONS_CODE},{ABSENT_NEIGHBOUR}\n"
    (settings.council_reference / "statistical_neighbours.csv").write_text(neighbours, encoding="utf-8")
    # What DfE publishes of the neighbour, and the same once more of the council itself.
    with (PROJECT_ROOT / "seeds" / "dfe_benchmarks.csv").open(encoding="utf-8") as shipped:
        heading, *rows = shipped.read().splitlines()
    of_council = [row.replace(NEIGHBOUR, ONS_CODE, 1) for row in rows if row.startswith(NEIGHBOUR)]
    (settings.council_reference / "dfe_benchmarks.csv").write_text(
        "\n".join([heading, *of_council]), encoding="utf-8"
    )
    report = load(settings)
    assert report.pages and not report.pages.problem and report.pages.written > 10
    assert report.published
    return Loaded(settings, report.published)


def pages(version: Path, tier: str = "") -> dict[str, Path]:
    site = version / tier / "site"
    found = {path.relative_to(site).as_posix(): path for path in sorted(site.rglob("*.html"))}
    # dbt's own page; what holds for it stands in test_project_docs.py.
    found.pop(PROJECT, None)
    return found


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


@pytest.mark.parametrize("tier", TIERS)
def test_each_tier_has_its_pages_and_they_are_for_those_who_may_see_the_tier(
    loaded: Loaded, tier: str
) -> None:
    site = loaded.first / tier / "site"
    assert {"index.html", council_page(COUNCIL), unit_page(COUNCIL, "ash")} <= set(pages(loaded.first, tier))
    folder, file = TIERS[tier]
    for path in [site, *site.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (folder if path.is_dir() else file), path


@pytest.mark.parametrize("tier", TIERS)
def test_links_are_relative_and_lead_somewhere(loaded: Loaded, tier: str) -> None:
    for path in pages(loaded.first, tier).values():
        links = _Links()
        links.feed(path.read_text(encoding="utf-8"))
        assert links.found
        for href in links.found:
            if href == "data:,":
                continue
            assert not re.match(r"[a-z]+:|/", href), href
            target, _, place = href.partition("#")
            there = (path.parent / target).resolve() if target else path
            assert there.is_file(), f"{path.name}: {href}"
            assert not place or f'id="{place}"' in there.read_text(encoding="utf-8"), f"{path.name}: {href}"


def test_marts_that_did_not_change_keep_their_pages_as_the_same_files(loaded: Loaded) -> None:
    version = loaded.again("later-1")
    before, after = pages(loaded.first), pages(version)
    assert set(before) == set(after)
    assert all(before[address].samefile(after[address]) for address in before)
    assert loaded.built.written == 0


def test_a_page_that_went_missing_is_drawn_again(loaded: Loaded) -> None:
    version = loaded.again("later-2")
    (version / "site" / unit_page(COUNCIL, "ash")).unlink()
    repaired = loaded.again("later-3")
    assert (repaired / "site" / unit_page(COUNCIL, "ash")).is_file()
    assert loaded.built.written == 1


def test_a_page_that_was_damaged_is_not_taken_over_into_the_next_version(loaded: Loaded) -> None:
    version = loaded.again("later-2b")
    page = version / "site" / unit_page(COUNCIL, "ash")
    whole = page.read_bytes()
    page.write_bytes(whole.replace(b"Ashfield", b"Ashfielt", 1))

    repaired = loaded.again("later-2c") / "site" / unit_page(COUNCIL, "ash")

    assert repaired.read_bytes() == whole
    assert loaded.built.written == 1


def test_figures_do_not_wait_for_pages(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise KeyError("a value that nobody may read")

    monkeypatch.setattr(building, "pages_of", breaks)
    monkeypatch.setattr(building, "_remembered", lambda *_: {})
    version = loaded.again("later-4")
    assert (version / "marts.duckdb").is_file() and not (version / "site").exists()
    assert "KeyError" in loaded.built.problem and "nobody may read" not in loaded.built.problem


def test_pages_that_could_not_be_drawn_are_drawn_by_the_next_load_though_nothing_is_new(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a page")

    with monkeypatch.context() as patched:
        patched.setattr(building, "_build", is_full)
        loaded.again("later-4b")
    assert loaded.built.problem == "The operating system says: No space left on device (a page)"
    assert not (loaded.current / "site").exists()

    report = load(loaded.settings)

    assert report.was_damaged and report.arrival.recorded == []
    assert (loaded.current / "site" / "index.html").is_file()
    assert load(loaded.settings).changed_nothing


def test_a_slug_that_no_file_system_takes_still_has_an_address_below_its_council() -> None:
    address = unit_page("northshire", "../a b")
    assert address.startswith("northshire/units/") and ".." not in address and " " not in address
    assert unit_page("northshire", "a-b") != unit_page("northshire", "a b")
    assert link(unit_page("northshire", "ash"), council_page("northshire")) == "units/ash.html"


def test_what_is_muted_stands_on_the_alerts_pages_at_once_but_on_no_public_one(loaded: Loaded) -> None:
    settings, reference = loaded.settings, load_reference(loaded.settings)
    before = loaded.again("later-5") / "site" / topic_page(COUNCIL, "alerts")
    as_it_was = before.read_text(encoding="utf-8")
    version = loaded.again("later-6")
    assert (version / "site" / topic_page(COUNCIL, "alerts")).samefile(before)

    done = run(
        settings.home, "alerts", "mute", f"{COUNCIL}/ash", "--until", "2999-01-31", "--why", "the team moves",
    )  # fmt: skip

    assert done.code == 0, done.err
    page = version / "site" / topic_page(COUNCIL, "alerts")
    assert "the team moves" in page.read_text(encoding="utf-8")
    assert stat.S_IMODE(page.stat().st_mode) == 0o640
    assert before.read_text(encoding="utf-8") == as_it_was
    restricted = version / "restricted" / "site" / topic_page(COUNCIL, "alerts")
    assert "the team moves" in restricted.read_text(encoding="utf-8")
    public = [path.read_text(encoding="utf-8") for path in (version / "public").rglob("*.html")]
    assert len(public) > 5
    assert not [text for text in public if "the team moves" in text or "Who was told" in text]
    assert retell(settings, reference).written == 0
    assert loaded.again("later-7").name == "later-7" and loaded.built.written == 0


def words_of(page: Path) -> str:
    """What a reader sees of it."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8")).split()))


@pytest.mark.parametrize("tier", TIERS)
def test_every_page_leads_at_its_foot_to_what_explains_its_figures(loaded: Loaded, tier: str) -> None:
    version = loaded.current
    for address, path in pages(version, tier).items():
        links = _Links()
        links.feed(path.read_text(encoding="utf-8").partition("<footer>")[2])
        council, slash, _ = address.partition("/")
        wanted = [DICTIONARY]
        if slash and council != "regions":
            wanted.insert(0, topic_page(council, "definitions"))
        if (version / tier / "site" / PROJECT).is_file():
            wanted.append(PROJECT)
        assert links.found == [link(target, address) for target in wanted], address


def test_councils_of_a_region_stand_side_by_side_as_their_marts_have_them(loaded: Loaded) -> None:
    version = loaded.current
    page = version / "site" / region_page(REGION)
    with duckdb.connect(str(version / "marts.duckdb"), read_only=True) as marts:
        rows = marts.execute(
            "select unit_name, open_cases, fte_social_workers, average_caseload from caseload_bands"
            " where level = 'council' order by council"
        ).fetchall()
    assert [row[1] for row in rows] == [40, 9]
    said = words_of(page)
    names = [load_reference(loaded.settings).councils[council] for council in (COUNCIL, OTHER)]
    for name, (_, cases, fte, average) in zip(names, rows, strict=True):
        figures = [
            f"{NO_VALUE} no value" if figure is None else f"{figure:,}" for figure in (cases, fte, average)
        ]
        assert re.search(rf"{name} 31 May 2024 {' '.join(map(re.escape, figures))}", said), (
            name,
            figures,
            said,
        )
    assert "East Midlands" in said
    index = version / "site" / INDEX
    assert f'href="{region_page(REGION)}"' in index.read_text(encoding="utf-8")


def test_a_neighbour_of_whom_nothing_is_published_is_named(loaded: Loaded) -> None:
    said = words_of(loaded.current / "site" / topic_page(COUNCIL, "comparison"))
    assert f"of whom no figures by DfE are loaded: {ABSENT_NEIGHBOUR}." in said
    assert "Average caseload by DfE's definition of the statistical neighbours of Northshire" in said


@pytest.mark.long
def test_a_neighbour_stands_on_the_page_once_its_figures_are_imported(loaded: Loaded, tmp_path: Path) -> None:
    row = published_row(new_la_code=ABSENT_NEIGHBOUR, la_name="Eastshire", old_la_code="993")
    done = run(loaded.settings.home, "import-dfe", str(publish(tmp_path / "published.csv", [row])))

    assert done.code == 0, done.err
    said = words_of(loaded.current / "site" / topic_page(COUNCIL, "comparison"))
    assert "no figures by DfE" not in said and "Eastshire" in said
