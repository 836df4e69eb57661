"""docs/ as a site in a real browser: the search finds, and nothing is asked of another host."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext

from dagster_project.settings import PROJECT_ROOT

pytestmark = pytest.mark.browser
pytest_plugins = ["browser_window"]


class SlowIndex(SimpleHTTPRequestHandler):
    """Answers as a busy machine does: the index of the search comes after its reader has begun to type."""

    def do_GET(self) -> None:
        if self.path.endswith("search_index.json"):
            time.sleep(2)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = str(tmp_path_factory.mktemp("docs"))
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-f", "docs_site/mkdocs.yml", "-d", folder]
    subprocess.run(command, cwd=PROJECT_ROOT, check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SlowIndex, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_search_leads_to_what_is_looked_for(address: str, context: BrowserContext) -> None:
    page = context.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)

    page.goto(f"{address}/index.html")
    page.get_by_role("link", name="Search").click()
    page.get_by_placeholder("Search...").press_sequentially("another load is at work")
    found = page.locator('#mkdocs-search-results a[href*="runbook.html#the-load-stopped"]').first
    found.wait_for()
    found.click()

    assert page.url.startswith(f"{address}/runbook.html")
    assert "another load is at work" in page.inner_text("body")
    assert {urlsplit(one).netloc for one in asked} == {urlsplit(address).netloc}
    assert wrong == []
