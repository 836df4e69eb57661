"""Where the marks of a chart stand."""

from __future__ import annotations

import re
from decimal import Decimal

from dagster_project.reports.charts import Bar, bars


def place_of(svg: str, words: str) -> float:
    """How far from the left the words begin."""
    found = re.search(rf'transform="translate\(([\d.]+),[\d.]+\)"[^>]*>{words}<', svg)
    assert found, words
    return float(found.group(1))


def test_no_targets_line_runs_through_the_words_beside_a_bar() -> None:
    drawn = [
        Bar("short", Decimal(10), "10 within"),
        Bar("near", Decimal(24), "24 within"),
        Bar("beyond", Decimal(31), "31 above"),
    ]
    without = bars(drawn, "cases").svg
    svg = bars(drawn, "cases", target=(Decimal(25), "25")).svg

    for words in ("10 within", "31 above"):
        assert place_of(svg, words) == place_of(without, words)
    a_case = (place_of(without, "31 above") - place_of(without, "10 within")) / 21
    assert abs(place_of(svg, "24 within") - place_of(without, "24 within") - a_case) < 0.01
