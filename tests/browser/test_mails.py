"""Digests in a real browser, as mail programs show them: on a telephone and a desk, light and dark."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import date
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from alert_seam import JUNE, breach, load
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from dagster_project.alerts import Breach
from dagster_project.settings import Smtp

pytestmark = pytest.mark.browser
pytest_plugins = ["browser_window"]

# A mail is no page of a site: it has no landmarks of one.
OF_SITES_ONLY = {"region", "landmark-one-main", "page-has-heading-one"}


# The colour of each picture's corner, as the window draws it.
GROUNDS = """[...document.images].map(one => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    const drawing = canvas.getContext('2d');
    drawing.drawImage(one, 0, 0);
    return [...drawing.getImageData(0, 0, 1, 1).data].slice(0, 3).join();
})"""


def breaches() -> list[Breach]:
    """New ones with charts, workers, long names, what is over, and many that run on."""
    year = tuple((date(2017 + (6 + n) // 12, (6 + n) % 12 + 1, 1), Decimal("15.3125") + n) for n in range(12))
    new = replace(
        breach(),
        history=year,
        fewer_to_target=Decimal(85),
        fewer_of="cases",
        more_to_target=Decimal("4.12"),
        more_of="FTE of social workers",
    )
    long = "Family Support and Protection for the whole of the North and the South"
    workers = replace(
        new, unit="w", metric="worker_caseload", worker_key=1, level="worker", experience="asye"
    )
    over = replace(new, unit="o", unit_name=long, state="resolved", severity="none")
    running = [
        replace(
            new, unit=f"r{n}", unit_name=f"{long} {n}", state="continuing", since_month=JUNE, trend="worse"
        )
        for n in range(30)
    ]
    return [
        new,
        replace(new, unit="b", unit_name=long, state="worsened", severity="warning"),
        workers,
        over,
        *running,
    ]


def page_of(home: Path) -> str:
    """The mail's page with its pictures in place."""
    (digest,) = load(home, Smtp(), breaches()).digests
    message = message_from_bytes(digest.path.read_bytes(), policy=policy.default)
    body = message.get_body(("html",))
    assert body is not None
    page = str(body.get_content())
    for part in message.walk():
        if part.get_content_type() == "image/png":
            picture = base64.b64encode(bytes(part.get_content())).decode()
            page = page.replace(f"cid:{part['Content-ID'].strip('<>')}", f"data:image/png;base64,{picture}")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 800])
def test_a_digest_fits_the_window_shows_its_charts_and_breaks_no_rule_of_accessibility(
    chromium: Browser, tmp_path: Path, scheme: Any, width: int
) -> None:
    window = chromium.new_context(viewport={"width": width, "height": 700}, color_scheme=scheme)
    page = window.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(page_of(tmp_path))

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shown = page.evaluate("[...document.images].map(one => [one.naturalWidth, one.width, one.alt.length])")
    assert len(shown) == 3 and all(
        natural > 0 and 0 < wide < width and words for natural, wide, words in shown
    )
    assert not [url for url in asked if not url.startswith("data:")]
    drawn = page.evaluate(GROUNDS)
    assert set(drawn) == {"255,255,255" if scheme == "light" else "23,25,26"}
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(23, 25, 26)")
    found = Axe().run(page)
    broken = [
        f"{violation['id']}: {[node['target'] for node in violation['nodes'][:3]]}"
        for violation in found.response["violations"]
        if violation["id"] not in OF_SITES_ONLY
    ]
    window.close()
    assert not broken
