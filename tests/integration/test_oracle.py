"""Made-up councils with messy files, landed, loaded and compared, value by value, with an independent computation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from deliveries_fixture import KEY
from oracle.compare import KEY_VARIABLE, Report, compare, made
from oracle.truth import MadeUpCouncil

from dagster_project.load import LoadReport, load
from dagster_project.settings import Settings

# Twelve months and fewer, monthly totals, a month pack, a gap, months of refused files.
SEEDS = [3, 5, 7]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("councils"), pseudonym_key_variable=KEY)


@pytest.fixture(scope="module")
def key() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(KEY_VARIABLE, KEY)
        yield


def loaded(home: Settings, *, second_wave: bool, hour: int) -> tuple[LoadReport, Report, list[MadeUpCouncil]]:
    councils = made(SEEDS, home.home, second_wave)
    report = load(home, now=datetime(2026, 1, 5, hour, tzinfo=UTC))
    os.environ[KEY_VARIABLE] = KEY
    return report, compare(home.home, councils), councils


@pytest.fixture(scope="module")
def first(home: Settings, key: None) -> tuple[LoadReport, Report, list[MadeUpCouncil]]:
    return loaded(home, second_wave=False, hour=6)


@pytest.fixture(scope="module")
def second(home: Settings, first: object) -> tuple[LoadReport, Report, list[MadeUpCouncil]]:
    """After corrections, a repair, a refused correction and the month that was left out."""
    return loaded(home, second_wave=True, hour=7)


def test_no_mart_value_differs_from_the_independent_computation(
    first: tuple[LoadReport, Report, list[MadeUpCouncil]],
) -> None:
    _, report, _ = first

    assert report.is_same, report.summary()
    assert sum(report.compared.values()) > 3000 * len(SEEDS)


def test_as_many_deliveries_are_refused_as_were_made_to_be(
    first: tuple[LoadReport, Report, list[MadeUpCouncil]],
) -> None:
    load_report, _, councils = first

    spoiled = {(c.slug, d.month, d.extract) for c in councils for d in c.deliveries if d.refused}
    assert {(d.council, d.month, d.extract) for d in load_report.arrival.refused} == spoiled


@pytest.mark.long
def test_no_mart_value_differs_after_corrections_and_late_months(
    second: tuple[LoadReport, Report, list[MadeUpCouncil]],
) -> None:
    load_report, report, _ = second

    assert load_report.arrival.recorded and report.is_same, report.summary()


@pytest.mark.long
def test_totals_in_the_place_of_rows_and_beside_them_mean_what_the_pages_say(
    tmp_path_factory: pytest.TempPathFactory, key: None
) -> None:
    """Totals of several levels, of months and years, beside rows of other teams; contracts that were decided on."""
    told = Settings(home=tmp_path_factory.mktemp("totals"), pseudonym_key_variable=KEY)
    councils = made([101, 202, 303], told.home, second_wave=False)

    load(told, now=datetime(2026, 1, 5, 6, tzinfo=UTC))
    os.environ[KEY_VARIABLE] = KEY
    report = compare(told.home, councils)

    assert report.is_same, report.summary()
    assert sum(report.compared.values()) > 200_000


@pytest.mark.long
def test_loading_again_changes_nothing(
    home: Settings, second: tuple[LoadReport, Report, list[MadeUpCouncil]]
) -> None:
    published: Path = (home.published / "current").resolve()

    report = load(home, now=datetime(2026, 1, 5, 8, tzinfo=UTC))

    assert report.changed_nothing and (home.published / "current").resolve() == published
