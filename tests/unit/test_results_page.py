"""The page of the checks: what failed first, with its counts over the loads; no script, no request, no value."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from dagster_project.quality import CheckResult, write_page, write_results
from dagster_project.settings import PROJECT_ROOT

FAILING = tuple({"council": "northshire", "unit": unit, "month": "2024-05-01"} for unit in ("ash", "birch"))
BREACH = CheckResult(
    suite="threshold_breaches",
    asset="average_caseload",
    check="no_unit_is_in_breach",
    severity="ERROR",
    passed=False,
    failing=FAILING,
    reason="the policy in force calls these units a breach",
    remedy="Look <at> the alert.",
)
WHOLE = replace(BREACH, asset="caseload_bands", check="no_row_of_the_month_is_left_out", severity="WARN")
REFUSED = replace(
    BREACH,
    asset="deliveries",
    check="not_every_row_is_rejected",
    failing=({"council": "northshire", "month": "2024-05-01"},),
    reason="every one of its {rows_read} rows is rejected",
)


def page_of(tmp_path: Path, *loads: list[CheckResult]) -> str:
    for number, results in enumerate(loads, start=1):
        write_results(tmp_path / "checks", f"2024060{number}T060000-aaaa", results)
    path = write_page(tmp_path, tmp_path / "checks", PROJECT_ROOT / "expectations")
    assert path.stat().st_mode & 0o777 == 0o640
    return path.read_text(encoding="utf-8")


def test_a_check_shows_its_counts_over_the_loads_its_rule_reason_remedy_and_councils(tmp_path: Path) -> None:
    page = page_of(
        tmp_path,
        [replace(BREACH, failing=FAILING[:1])],
        [replace(WHOLE, failing=())],
        [replace(WHOLE, failing=()), BREACH, REFUSED],
    )
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())

    assert "Checks of the load of 2024-06-03 06:00 UTC" in text
    assert "2 of 3 checks found something: error 2" in text
    assert "Average caseload: no unit is in breach 2 found, 1 more By load: 1, not asked, 2" in text
    assert "Where northshire 2 Rule No unit is in a band that the policy in force" in text
    assert "Why it is flagged A breach is what the council decided to act upon" in text
    assert "How to mend it Look &lt;at&gt; the alert." in text
    # What found nothing says the same.
    assert "Rule Every row that was delivered for the month counts in its figures." in text
    assert (
        text.index("To look at") < text.index("Nothing found") < text.index("no row of the month is left out")
    )
    assert "ash" not in text.split()


def test_each_check_of_each_suite_says_its_rule_its_reason_and_its_remedy_in_sentences() -> None:
    for path in sorted((PROJECT_ROOT / "expectations").glob("*.json")):
        for expectation in json.loads(path.read_text(encoding="utf-8"))["expectations"]:
            meta = expectation["meta"]
            for said in ("rule", "why", "remedy"):
                assert re.fullmatch(r"[A-Z][^_{}]*(_\w+\.csv)?[^_{}]*[.?]", meta[said]), (meta["check"], said)


def test_the_page_asks_for_nothing_and_runs_nothing(tmp_path: Path) -> None:
    page = page_of(tmp_path, [BREACH])

    assert "default-src 'none'" in page
    assert not re.search(r"<script|https?://|\bsrc=|\bhref=|\bon\w+=", page)


def test_every_tag_has_the_contrast_that_small_letters_need() -> None:
    style = (PROJECT_ROOT / "dagster_project/quality/templates/checks.html.j2").read_text(encoding="utf-8")
    pairs = [*re.findall(r"\.tag \{ background: #(\w{6}); color: #(\w{6});", style), ("ffffff", "484f53")]

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    contrasts = [(light(back) + 0.05) / (light(ink) + 0.05) for back, ink in pairs]
    assert len(contrasts) == 4 and min(contrasts) >= 4.5
