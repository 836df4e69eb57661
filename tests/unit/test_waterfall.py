"""From posts to the gap: each bar begins where the one before ended, and stands as long as its figure says."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.reference import load_reference
from dagster_project.reports.council_marts import Row
from dagster_project.settings import Settings
from dagster_project.site.drawing import Step, waterfall
from dagster_project.site.reading import CouncilData, opened
from dagster_project.site.unit_page import gap_steps

ESTABLISHMENT = {
    "posts_fte": "40.00",
    "in_post_fte": "30.50",
    "vacant_fte": "9.50",
    "agency_fte": "4.25",
    "uncovered_fte": "5.25",
}
PIPELINE = {"pipeline_fte": "6.00", "surplus_fte": "1.50", "remaining_gap_fte": "0.75"}
BAR = re.compile(r'<rect class="fall (\w+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"')


@pytest.fixture
def data(tmp_path: Path) -> Any:
    """A council of whom only the columns of the two marts are known."""
    file = tmp_path / "marts.duckdb"
    with duckdb.connect(str(file)) as marts:
        for mart, figures in (("establishment", ESTABLISHMENT), ("recruitment_pipeline", PIPELINE)):
            marts.execute(f"create table {mart} ({', '.join(f'{name} decimal(12, 2)' for name in figures)})")
    with opened(file) as tier:
        yield CouncilData(tier, load_reference(Settings(home=tmp_path)), "northshire")


def row(figures: dict[str, str], **other: str) -> Row:
    return Row({name: Decimal(value) for name, value in {**figures, **other}.items()})


def figure(step: Step) -> Decimal:
    return Decimal(step.words.replace("\N{MINUS SIGN}", "-").replace(",", ""))


def test_the_figures_from_posts_to_the_gap_add_up(data: CouncilData) -> None:
    steps = gap_steps(data, row(ESTABLISHMENT), row(PIPELINE))

    assert [(step.label, step.words) for step in steps] == [
        ("Posts", "40.00"),
        ("Less in post", "\N{MINUS SIGN}30.50"),
        ("Vacant", "9.50"),
        ("Less agency cover", "\N{MINUS SIGN}4.25"),
        ("Not covered", "5.25"),
        ("Less on their way", "\N{MINUS SIGN}6.00"),
        ("Surplus elsewhere", "+1.50"),
        ("Gap that remains", "0.75"),
    ]
    running = Decimal(0)
    for step in steps:
        running = running + figure(step) if not step.is_total else running or figure(step)
        assert step.end == running, step.label
        assert step.end - step.start == figure(step), step.label
    for before, after in pairwise(steps):
        assert after.start == (0 if after.is_total else before.end), after.label


def test_the_bars_are_as_long_as_their_figures_on_one_scale(data: CouncilData) -> None:
    steps = gap_steps(data, row(ESTABLISHMENT), row(PIPELINE))

    bars = BAR.findall(waterfall(steps))

    assert [kind for kind, _, _ in bars] == [
        "total",
        "less",
        "total",
        "less",
        "total",
        "less",
        "more",
        "total",
    ]
    scale = float(bars[0][2]) / 40
    nought = float(bars[0][1])
    for step, (_, left, wide) in zip(steps, bars, strict=True):
        assert float(wide) == pytest.approx(abs(float(figure(step))) * scale, abs=0.15), step.label
        assert float(left) == pytest.approx(nought + float(min(step.start, step.end)) * scale, abs=0.15), (
            step.label
        )


def test_without_people_on_their_way_it_ends_at_what_is_not_covered(data: CouncilData) -> None:
    assert [step.label for step in gap_steps(data, row(ESTABLISHMENT), None)][-1] == "Not covered"
