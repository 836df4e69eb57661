"""The browser that tests draw pages and mails in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

KEPT_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own chromium; playwright's would be a download."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "no chromium here: apt-get install chromium"
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=list(KEPT_QUIET))
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A window; every test starts with an empty one."""
    made = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield made
    made.close()
