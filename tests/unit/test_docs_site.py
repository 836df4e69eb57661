"""docs/ as a site: every link leads somewhere, every page is reached, and nothing is asked of another host."""

from __future__ import annotations

import json
import posixpath
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from dagster_project.settings import PROJECT_ROOT

FETCHED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src"}


class Names(HTMLParser):
    """What a page links to, what it fetches, and the anchors in it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value for name, value in attrs if value}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if FETCHED.get(tag) in found:
            self.fetched.append(found[FETCHED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--quiet",
        "-f",
        "docs_site/mkdocs.yml",
        "-d",
        str(folder),
    ]
    built = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Names]:
    return {page.name: Names(page) for page in site.glob("*.html") if page.name != "404.html"}


def test_every_page_of_docs_is_a_page_of_the_site(pages: dict[str, Names]) -> None:
    assert {page.stem for page in (PROJECT_ROOT / "docs").glob("*.md")} == {
        name.removesuffix(".html") for name in pages
    }


def test_every_link_and_anchor_of_the_built_pages_leads_somewhere(
    site: Path, pages: dict[str, Names]
) -> None:
    lost = []
    for name, page in pages.items():
        for target in [*page.links, *page.fetched]:
            address = urlsplit(target)
            if address.scheme or address.netloc:
                continue
            path = posixpath.normpath(unquote(address.path)) if address.path else name
            anchor = unquote(address.fragment)
            if not (site / path).is_file() or (
                anchor and path in pages and anchor not in pages[path].anchors
            ):
                lost.append((name, target))

    assert sum(len(page.links) for page in pages.values()) > 500
    assert lost == []


def test_no_page_asks_another_host_for_anything(site: Path, pages: dict[str, Names]) -> None:
    fetched = [target for page in pages.values() for target in page.fetched]
    styles = [
        address
        for style in site.rglob("*.css")
        for address in re.findall(r"url\(['\"]?([^)'\"]+)", style.read_text(encoding="utf-8"))
    ]

    assert fetched
    assert styles
    assert [one for one in [*fetched, *styles] if urlsplit(one).netloc] == []


def test_the_search_knows_every_page(site: Path, pages: dict[str, Names]) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))

    assert {entry["location"].partition("#")[0] for entry in index["docs"]} == pages.keys()
