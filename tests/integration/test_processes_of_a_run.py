"""Dagster runs of two councils at once, a process for each step: they take turns under one lock."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from breached_council import marts_differing
from several_councils import MONTHS, TEAMS, start
from test_many_at_once import (
    LONGEST,
    OF_A_RUN,
    is_whole,
    landed,
    one_after_the_other,
    run_of,
    wait_for_holder,
)

from dagster_project.load import load
from dagster_project.settings import Settings

__all__ = ["landed", "one_after_the_other"]
pytestmark = pytest.mark.servers


def test_runs_of_several_councils_with_a_process_for_each_step_take_turns_and_lose_nothing(
    landed: Settings, one_after_the_other: Settings, tmp_path: Path
) -> None:
    places = [(council, MONTHS[0]) for council in TEAMS]
    runs = [
        run_of(landed, council, month, tmp_path / f"{council}-{month}", in_processes=True)
        for council, month in places
    ]
    wait_for_holder(landed, 120)
    refused = start(landed, "caseload", "load", printed_to=tmp_path / "refused")
    codes = [one.wait(LONGEST) for one in runs]
    load(landed)

    printed = [(tmp_path / f"{council}-{month}").read_text() for council, month in places]
    assert codes == [0, 0], [text[-3000:] for text in printed]
    assert refused.wait(LONGEST) == 1 and OF_A_RUN.search((tmp_path / "refused").read_text())
    # Steps were processes of their own, and who came second said for whom it waited.
    assert all(len(set(re.findall(r"Launching subprocess for \"(\w+)\"", text))) > 5 for text in printed)
    assert sum("Waiting for another load: the Dagster run " in text for text in printed) == 1
    assert is_whole(landed)
    assert marts_differing(landed, one_after_the_other) == []
