"""How amounts that a mart tells as text are written for people."""

from __future__ import annotations

import pytest

from dagster_project.reports.measures import amount_words


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("5500000 GBP", "£5,500,000"),
        ("255000.5 GBP, 7 FTE", "£255,000.50, 7 FTE"),
        ("-1200 GBP", "-£1,200"),
        ("5156", "5,156"),
        ("372.59", "372.59"),
        ("1 earlier", "1 earlier"),
        ("summary", "summary"),
        ("2019-02", "2019-02"),
    ],
)
def test_an_amount_told_as_text_is_written_as_elsewhere(told: str, words: str) -> None:
    assert amount_words(told) == words
