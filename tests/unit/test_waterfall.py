"""Figures that lead to one another: each bar begins where the one before ended, as long as its figure says."""

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
from dagster_project.site.drawing import LONG_LABEL, Step, waterfall
from dagster_project.site.reading import CouncilData, opened
from dagster_project.site.waterfalls import bridge_steps, gap_steps, month_steps

ESTABLISHMENT = {
    "posts_fte": "40.00",
    "in_post_fte": "30.50",
    "vacant_fte": "9.50",
    "agency_fte": "4.25",
    "uncovered_fte": "5.25",
}
PIPELINE = {"pipeline_fte": "6.00", "surplus_fte": "1.50", "remaining_gap_fte": "0.75"}
FLOWS = {
    "open_at_start": "338",
    "received": "44",
    "closed": "14",
    "stepped_down": "11",
    "transferred_out": "6",
    "open_at_end": "351",
}
BRIDGE = {"average": "21.6022"}
BAR = re.compile(r'<rect class="fall (\w+)" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"')


@pytest.fixture
def data(tmp_path: Path) -> Any:
    """A council of whom only the columns of some marts are known."""
    file = tmp_path / "marts.duckdb"
    with duckdb.connect(str(file)) as marts:
        for mart, figures, kind in (
            ("establishment", ESTABLISHMENT, "decimal(12, 2)"),
            ("recruitment_pipeline", PIPELINE, "decimal(12, 2)"),
            ("throughput", FLOWS, "integer"),
            ("caseload_bridge", BRIDGE, "decimal(9, 4)"),
        ):
            marts.execute(f"create table {mart} ({', '.join(f'{name} {kind}' for name in figures)})")
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


def test_the_cases_of_a_month_lead_from_its_start_to_its_end(data: CouncilData) -> None:
    steps = month_steps(data, row(FLOWS))

    assert [(step.label, step.words, step.end) for step in steps] == [
        ("Open at the start", "338", Decimal(338)),
        ("Opened", "+44", Decimal(382)),
        ("Closed", "\N{MINUS SIGN}14", Decimal(368)),
        ("Stepped down", "\N{MINUS SIGN}11", Decimal(357)),
        ("Transferred out", "\N{MINUS SIGN}6", Decimal(351)),
        ("Open at the end", "351", Decimal(351)),
    ]


def test_the_way_to_dfes_average_shows_the_steps_that_move_it(data: CouncilData) -> None:
    averages = (
        ("Own", "21.6022"),
        ("Nothing", "21.6022"),
        ("Without a worker", "21.5161"),
        ("Idle", "21.8689"),
    )
    rows = [
        Row({"step_label": label, "average": Decimal(average)})
        for label, average in (*averages, ("DfE", "21.8689"))
    ]

    assert [(step.label, step.words, step.end) for step in bridge_steps(data, rows)] == [
        ("The council's own", "21.6022", Decimal("21.6022")),
        ("Without a worker", "\N{MINUS SIGN}0.0861", Decimal("21.5161")),
        ("Idle", "+0.3528", Decimal("21.8689")),
        ("By DfE's definition", "21.8689", Decimal("21.8689")),
    ]


def test_a_long_label_stands_in_lines_that_have_room(data: CouncilData) -> None:
    label = "FTE of the role group social worker in roles that are not of social workers"
    drawn = waterfall([Step(label, "3", Decimal(0), Decimal(3), is_total=True)])

    lines = re.findall(r'<text class="label"[^>]*>([^<]*)</text>', drawn)
    assert " ".join(lines) == label
    assert len(lines) > 1 and max(map(len, lines)) <= LONG_LABEL
