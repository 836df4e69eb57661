"""The data folder of every release so far is loaded on by this one; a later release's is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from breached_council import land_month, mails_in, make_council, marts_differing, told_in
from deliveries_fixture import KEY, arrive, in_force, land, make_home, rows_of
from releases.kept import FOLDER, MONTH, packed, unpack
from test_cli import FAILED, run

from dagster_project.alerts.ledger import open_ledger
from dagster_project.backups import take
from dagster_project.deliveries import Manifest
from dagster_project.load import NewerDataError, load
from dagster_project.release import RELEASE, is_newer
from dagster_project.settings import PROJECT_ROOT, Settings

RELEASES = sorted(path.name.removesuffix(".tar.xz") for path in FOLDER.glob("*.tar.xz"))
NEXT = "2024-05"


def test_every_release_told_of_in_the_changelog_has_its_data_folder_kept_and_so_has_this_one() -> None:
    changelog = (PROJECT_ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE))

    assert (told | {RELEASE}) - set(RELEASES) == set()
    assert all(packed(release).stat().st_size < 200_000 for release in RELEASES)


@pytest.mark.parametrize(
    ("one", "other", "newer"),
    [
        ("0.10.0", "0.9.9", True),
        ("1.0.0", "1.0.0", False),
        ("0.1.0", "0.1.1", False),
        ("1.0.0.dev1", "1.0.0", False),
    ],
)
def test_releases_follow_each_other_by_their_numbers(one: str, other: str, newer: bool) -> None:
    assert is_newer(one, other) == newer


def test_a_data_folder_of_a_later_release_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    settings = make_home(tmp_path / "home")
    land(settings, "caseload.csv", rows_of("caseload", 3))
    arrive(settings)
    Manifest(settings.manifest).set_mark("release", "99.1.0")
    land(settings, "posts.csv", rows_of("posts", 3))

    with pytest.raises(NewerDataError, match=r"99\.1\.0.* this is"):
        load(settings)
    with pytest.raises(NewerDataError):
        take(settings, tmp_path / "backup")
    told = run(settings.home, "load")

    assert told.code == FAILED and "99.1.0" in told.words
    assert {extract for _, _, extract in in_force(settings)} == {"caseload"}


@pytest.mark.parametrize("release", RELEASES)
def test_another_month_arrives_on_the_data_folder_of_an_earlier_release(release: str, tmp_path: Path) -> None:
    old = unpack(release, Settings(home=tmp_path / "old", pseudonym_key_variable=KEY))
    told = told_in(old)
    land_month(old, NEXT)

    arrived = arrive(old).recorded

    assert {delivery.extract for delivery in arrived if not delivery.is_refused} == {"caseload", "workforce"}
    assert {f"{month:%Y-%m}" for _, month, _ in in_force(old)} == {MONTH, NEXT}
    with open_ledger(old.alert_ledger):
        pass
    assert told_in(old) == told and len(told) == 1


@pytest.mark.long
@pytest.mark.parametrize("release", RELEASES)
def test_another_month_loaded_on_an_earlier_release_gives_the_marts_of_a_fresh_home(
    release: str, tmp_path: Path
) -> None:
    old = unpack(release, Settings(home=tmp_path / "old", pseudonym_key_variable=KEY))
    assert [f"{month:%Y-%m}" for _, month, _ in in_force(old)] == [MONTH] * 2
    before = told_in(old)
    assert len(before) == 1
    fresh = make_council(tmp_path / "fresh")
    for month in (MONTH, NEXT):
        land_month(fresh, month)
    (fresh.council_reference / "retention.csv").write_bytes(
        (old.council_reference / "retention.csv").read_bytes()
    )
    land_month(old, NEXT)

    report = load(replace(old))
    load(fresh)

    assert {delivery.extract for delivery in report.arrival.recorded} == {"caseload", "workforce"}
    assert marts_differing(old, fresh) == []
    assert told_in(old) == before, "of what continues nobody is told again"
    assert len(mails_in(old)) == 1
    assert Manifest(old.manifest).mark("release") == RELEASE
