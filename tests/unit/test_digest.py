"""The form of a digest: its order, its charts, its length, its links, and what chats are told of it."""

from __future__ import annotations

import email
import email.policy
import re
import struct
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest
from alert_seam import JUNE, breach

from dagster_project.alerts import Breach, announce
from dagster_project.alerts.digest import CHARTS, FULL, ROWS
from dagster_project.settings import Settings, SettingsError, load_settings

NOW = datetime(2018, 7, 3, 6, 0, tzinfo=UTC)
YEAR = tuple((date(2017 + (6 + n) // 12, (6 + n) % 12 + 1, 1), Decimal("20.25") + n) for n in range(12))
HIGH = replace(
    breach(),
    value=Decimal("31.2500"),
    rounded_value=Decimal("31.0000"),
    fewer_to_target=Decimal("127.00"),
    fewer_of="cases",
    more_to_target=Decimal("6.20"),
    more_of="FTE of social workers",
    history=YEAR,
)
MAIL = "mailto:head@example.org"


def digest(
    home: Path,
    *breaches: Breach,
    site: str = "",
    channel: str = MAIL,
    clear: Sequence[tuple[str, str, str]] = (),
) -> EmailMessage:
    """The one message of a load that knows these breaches of the latest month."""
    announcement = announce(
        breaches,
        {("northshire", one.metric): JUNE for one in breaches},
        [{"council": "", "unit": "", "severity": "info", "channel": channel, "role": "head"}],
        {},
        Settings(home=home, site_url=site),
        NOW,
        "load-1",
        clear=clear,
    )
    (made,) = announcement.digests
    message = email.message_from_bytes(made.path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def pictures(message: EmailMessage) -> dict[str, bytes]:
    """By Content-ID."""
    return {
        str(part["Content-ID"]).strip("<>"): bytes(part.get_content())
        for part in message.walk()
        if part.get_content_type() == "image/png"
    }


class _Images(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.found.append(dict(attributes))


def images(message: EmailMessage) -> list[dict[str, str | None]]:
    parser = _Images()
    parser.feed(text(message, "html"))
    return parser.found


def units(count: int, **changes: object) -> list[Breach]:
    return [
        replace(HIGH, unit=f"u{n:03}", unit_name=f"Unit {n:03}", **changes)  # type: ignore[arg-type]
        for n in range(count)
    ]


def test_a_new_breach_has_a_small_picture_of_twelve_months_whose_words_say_its_numbers(
    tmp_path: Path,
) -> None:
    message = digest(tmp_path, HIGH)

    (content_id, png), (dark_id, dark_png) = pictures(message).items()
    (image,) = images(message)
    assert image["src"] == f"cid:{content_id}"
    dark = f'<source media="(prefers-color-scheme: dark)" srcset="cid:{dark_id}">'
    assert dark in text(message, "html") and dark_png != png and len(dark_png) < 15_000
    assert png.startswith(b"\x89PNG") and len(png) < 15_000
    width, height = struct.unpack(">II", png[16:24])
    assert int(image["width"] or 0) <= 320 and width == 2 * int(image["width"] or 0)
    assert height == 2 * int(image["height"] or 0)
    words = str(image["alt"])
    assert "Jul 2017 20.25, Aug 2017 21.25" in words and "Jun 2018 31.25." in words
    assert "Breach is 27 or more. Target 20.5." in words
    assert "By month: Jul 2017 20.25, Aug 2017 21.25" in " ".join(text(message).split())


def test_the_picture_lies_inside_the_mail_and_is_no_attachment(tmp_path: Path) -> None:
    message = digest(tmp_path, HIGH)

    assert message.get_content_type() == "multipart/alternative"
    plain, page = message.iter_parts()
    assert plain.get_content_type() == "text/plain"
    assert [part.get_content_type() for part in page.iter_parts()] == ["text/html"] + ["image/png"] * 2
    assert [part.get_content_disposition() for part in message.walk() if part.get_filename()] == [
        "inline"
    ] * 2
    assert "http" not in text(message, "html")


def test_what_was_withdrawn_looks_as_calm_as_what_is_over(tmp_path: Path) -> None:
    digest(tmp_path, HIGH)
    again = digest(tmp_path, replace(HIGH, state="withdrawn", severity="none"), clear=[HIGH.item.subject])

    page = text(again, "html")
    assert (
        'background:#cce2d8;color:#005a30;font-size:16px;line-height:20px;font-weight:bold;">Withdrawn<'
        in page
    )
    assert "background:#f4cdc6" not in page


def test_a_month_without_a_figure_is_no_month_of_the_chart_and_one_month_alone_is_no_chart(
    tmp_path: Path,
) -> None:
    gap = digest(tmp_path / "gap", replace(HIGH, history=(*YEAR[:4], *YEAR[6:])))
    alone = digest(tmp_path / "alone", replace(HIGH, history=YEAR[-1:]))

    assert "Nov 2017" not in str(images(gap)[0]["alt"]) and "Jan 2018" in str(images(gap)[0]["alt"])
    assert images(alone) == [] and pictures(alone) == {}


def test_a_chart_that_cannot_be_drawn_keeps_no_breach_from_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bytes:
        raise RuntimeError

    monkeypatch.setattr("dagster_project.reports.small_charts.year_of_months", fails)
    message = digest(tmp_path, replace(HIGH, unit_name="Drawn by nobody"))

    assert "Drawn by nobody" in text(message, "html") and "cid:" not in text(message, "html")
    assert pictures(message) == {} and "By month:" in text(message)


def test_of_workers_a_chart_shows_how_many_were_outside_the_threshold_and_no_figure_of_one(
    tmp_path: Path,
) -> None:
    counts = tuple((month, Decimal(f"{n % 3}.0000")) for n, (month, _) in enumerate(YEAR))
    own = replace(
        HIGH,
        metric="worker_caseload",
        level="worker",
        worker_key=4242424242,
        value=Decimal(1917),
        history=counts,
    )
    message = digest(tmp_path, own)

    (image,) = images(message)
    assert len(pictures(message)) == 2
    assert "workers outside the threshold" in str(image["alt"])
    assert "Jul 2017 0, Aug 2017 1, Sep 2017 2" in str(image["alt"])
    assert "By month: workers: Jul 2017 0, Aug 2017 1" in " ".join(text(message).split())
    assert "1917" not in text(message) + text(message, "html") and "4242" not in text(message, "html")


def test_a_long_digest_tells_all_that_is_new_with_few_pictures_and_cuts_what_runs_on(tmp_path: Path) -> None:
    new, running = units(120), units(200, metric="agency_share", state="continuing")
    message = digest(tmp_path, *new, *running, site="https://intranet.example/caseload")

    page = text(message, "html")
    assert len(pictures(message)) == 2 * len(images(message)) == 2 * CHARTS
    assert page.count("before rounding") == FULL
    for one in new:
        assert f">{one.unit_name}<" in page or f">{one.unit_name} <" in page
        assert one.unit_name in text(message)
    assert f"and {200 - ROWS} more on the page" in page
    assert (
        f"and {200 - ROWS} more on the page: https://intranet.example/caseload/northshire/alerts.html"
        in " ".join(text(message).split())
    )
    assert len(page.encode()) < 100_000
    assert sum(len(png) for png in pictures(message).values()) < 2 * CHARTS * 15_000


def test_what_runs_on_and_is_news_to_the_reader_stands_in_rows_under_its_rule_said_once(
    tmp_path: Path,
) -> None:
    told = text(digest(tmp_path, *units(30, state="continuing", since_month=date(2018, 4, 1), trend="worse")))

    assert "30 thresholds were crossed in an earlier month, told to you for the first time." in " ".join(
        told.split()
    )
    assert told.count("June 2018 report, paragraph 3") == 1
    assert "To target:   fewer cases / more FTE of social workers" in told
    rows = re.findall(r"Unit \d{3} .*", told)
    assert len(rows) == 30
    assert rows[0].split() == ["Unit", "000", "31", "Apr", "2018", "127", "/", "6.20", "worse"]


def test_the_plain_text_fits_a_narrow_window_and_its_columns_stand_in_line(tmp_path: Path) -> None:
    long = replace(
        HIGH, unit_name="A service with a name that is longer than a column", state="continuing", unit="z"
    )
    told = text(digest(tmp_path, HIGH, long, *units(9, state="eased", since_month=date(2018, 4, 1))))

    assert max(len(line) for line in told.splitlines()) < 78
    figures = {
        line.index(" 31 ")
        for line in told.splitlines()
        if re.match(r"  (Unit \d| {20})", line) and " 31 " in line
    }
    assert len(figures) == 1


def test_each_unit_is_linked_where_a_site_is_known_and_nothing_where_none_is(tmp_path: Path) -> None:
    breaches = [HIGH, *units(5, state="continuing")]
    linked = digest(tmp_path / "a", *breaches, site="https://intranet.example/caseload/")
    bare = digest(tmp_path / "b", *breaches)

    address = "https://intranet.example/caseload/northshire/units/ashfield.html"
    assert f'href="{address}"' in text(linked, "html") and address in text(linked)
    assert "northshire/units/u004.html" in text(linked, "html")
    assert "<a " not in text(bare, "html")


@pytest.mark.parametrize(
    "address", ["intranet.example", "javascript:alert(1)", "https://me:pw@host/x", "https://host/a b"]
)
def test_a_site_that_mails_cannot_link_to_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("CASELOAD_SITE_URL", address)

    with pytest.raises(SettingsError, match="CASELOAD_SITE_URL"):
        load_settings()


def test_the_page_suits_dark_and_narrow_screens_and_says_every_verdict_in_a_word(tmp_path: Path) -> None:
    page = text(digest(tmp_path, HIGH, *units(4, state="resolved", severity="none")), "html")

    assert '<html lang="en-GB">' in page
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "@media (prefers-color-scheme: dark)" in page and "@media (max-width: 480px)" in page
    preview = re.search(r"display:none[^>]*>([^<]*?)(&#8199;|\u2007|<)", page)
    assert preview and preview[1].startswith(
        "Ashfield DCPT: Average caseload: 31 cases per FTE social worker"
    )
    for verdict in (">Breach<", ">Resolved<"):
        assert verdict in page
    assert "<script" not in page and "<link" not in page and "url(" not in page


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    light = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def test_words_stand_out_from_their_ground_on_light_screens_and_dark(tmp_path: Path) -> None:
    page = text(
        digest(tmp_path, HIGH, *units(4, state="resolved", severity="none"), site="https://x.example"), "html"
    )
    dark = page[page.index("@media (prefers-color-scheme: dark)") : page.index("</style>")]
    paper = re.search(r"\.paper \{ background: (#\w{6})", dark)
    assert paper
    pairs = set(re.findall(r"background:(#\w{6});color:(#\w{6})", page))
    pairs |= {
        ("#ffffff", colour)
        for colour in re.findall(r"[^-]color:(#\w{6});(?!font-size:16px;line-height:20px)", page)
    }
    pairs -= {("#ffffff", colour) for colour in ("#ffffff",)}
    pairs |= {(paper[1], colour) for colour in re.findall(r"[ {]color: (#\w{6})", dark)}
    assert len(pairs) >= 7

    for ground, ink in pairs:
        lighter, darker = sorted((_luminance(ground), _luminance(ink)), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ground, ink)


def test_a_chat_is_told_the_same_facts_in_the_same_order_and_short(tmp_path: Path) -> None:
    breaches = [
        HIGH,
        replace(HIGH, unit="n", unit_name="Newark", state="worsened"),
        *units(12, state="continuing", since_month=date(2018, 4, 1)),
        replace(HIGH, unit="m", unit_name="Mansfield", state="resolved", severity="none"),
    ]
    mailed = digest(tmp_path / "mail", *breaches, site="https://intranet.example")
    chat = digest(
        tmp_path / "chat", *breaches, site="https://intranet.example", channel="json://127.0.0.1:1/x?retry=0"
    )

    said = text(chat)
    order = [
        said.index(word)
        for word in ("NEW", "Ashfield DCPT", "WORSE", "Newark", "RESOLVED", "Mansfield", "RUNNING ON")
    ]
    assert order == sorted(order)
    for fact in (
        "31 cases per FTE social worker (31.25 before rounding)",
        "high and must be reduced",
        "fewer cases: 127, or more FTE of social workers: 6.20",
        "Since: June 2018, first month",
        "27 or more",
        "June 2018 report, paragraph 3",
        "https://intranet.example/northshire/units/ashfield.html",
        "Unit 011: 31 since Apr 2018, to target 127 / 6.20",
    ):
        assert fact in said, fact
    assert said.count("June 2018 report, paragraph 3") == 1
    assert len(said) < 0.75 * len(text(mailed))
    assert pictures(chat) == {}
    assert chat["Subject"] == mailed["Subject"]


@pytest.mark.parametrize(
    ("severity", "state", "priority"),
    [("breach", "new", "P1 breach"), ("warning", "new", "P2 warning"), ("info", "new", "P3 information"),
     ("none", "resolved", "P4 over")],
)  # fmt: skip
def test_subjects_sort_by_month_then_council_then_what_is_gravest(
    tmp_path: Path, severity: str, state: str, priority: str
) -> None:
    message = digest(tmp_path, replace(HIGH, severity=severity, state=state))

    assert str(message["Subject"]) == f"Caseload 2018-06 Northshire {priority}: 1 {state}"
