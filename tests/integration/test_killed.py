"""Killed (kill -9) on its way, a load, purge or change of key leaves no identifier, name or registration in clear.

Everything is searched that lies in the data folder beside landing, and in the folder for scratch: archive, warehouse
and what DuckDB keeps beside it, what dbt and Great Expectations wrote, workbooks, pages, mails, ledgers.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from deliveries_fixture import COUNCIL, KEY, MONTH, REFERENCE, csv_bytes, land, make_home, write_reference
from killing import Ended, killed_at
from leaks import MARKED, Leak, leaks_in_files, leaks_in_text
from test_cli import DONE, FAILED, run
from test_nothing_leaks import (
    COSTS,
    OF_FILE_NAMES,
    OF_RECORDS,
    OF_WRITTEN_NAMES,
    OTHER_MONTH,
    RECIPIENTS,
    RECORDS,
    is_for_managers,
    land_a_messy_month,
    land_a_sound_month,
    marked,
    told,
)

from dagster_project.deliveries import Manifest
from dagster_project.deliveries.originals import originals_folder
from dagster_project.deliveries.pseudonyms import fingerprint
from dagster_project.settings import Settings

pytestmark = pytest.mark.long

NEW_KEY = "another made-up key"
NEW = {"CASELOAD_NEW_PSEUDONYM_KEY": NEW_KEY}
KEPT = f"""\
council,what,keep_days,source
{COUNCIL},landed_original,0,made up
"""
GOING = KEPT + f"{COUNCIL},sealed_original,0,made up\n{COUNCIL},archive_delivery,0,made up\n"
GOING += f"{COUNCIL},superseded_delivery,0,made up\n"

LOAD = (
    ("deliveries.batch:check", 1),
    ("deliveries.batch:stage", 2),
    ("deliveries.batch:Crosswalk.write", 1),
    ("deliveries.crosswalk:write_sealed", 1),
    ("deliveries.batch:write_batch", 1),
    ("deliveries.archive:put_in_place", 2),
    ("deliveries.manifest:Manifest.record", 1),
    ("quarantine.workbooks:_workbook", 1),
    ("warehouse.building:invoke", 1),
    ("warehouse.transformation:_node_result", 1),
    ("quality:check_marts", 1),
    ("warehouse.publishing:_describe", 2),
    ("deliveries.landed_originals:write_sealed", 1),
)
READ_AGAIN = (("deliveries.batch:check", 1), ("deliveries.batch:write_batch", 1))
PURGE = (
    ("retention.purging:_take_away_originals", 1),
    ("retention.purging:_take_away_files", 1),
    ("retention.purging:remove_rows", 1),
    ("deliveries.archive:flush", 1),
    ("retention.purging:forget_unused", 1),
    ("retention.purging:rebuild", 1),
    ("retention.purging:_drop_what_was_published_before", 1),
)
BEFORE_THE_SWITCH = (
    ("key_rotation:write_council", 1),
    ("key_rotation:flush", 2),
    ("key_rotation:_prove", 1),
    ("key_rotation:write_sealed", 1),
    ("key_rotation:_switch", 1),
)
AFTER_THE_SWITCH = (("rotated_keys:_map_ledger", 1), ("load:rebuild", 1))


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A messy month, nothing of it loaded."""
    settings = make_home(tmp_path_factory.mktemp("killed") / "home")
    write_reference(settings, alert_recipients=RECIPIENTS, retention=KEPT, unit_costs=COSTS)
    land_a_messy_month(settings)
    return settings


@pytest.fixture(scope="module")
def loaded(landed: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two months, their originals sealed, with rows in quarantine that an alias would let in."""
    settings = replace(landed, home=tmp_path_factory.mktemp("whole") / "home")
    shutil.copytree(landed.home, settings.home)
    land_a_sound_month(settings, OTHER_MONTH)
    run(settings.home, "load")
    assert len(list(originals_folder(settings).rglob("*.sealed"))) >= 6
    return settings


def copied(settings: Settings, tmp_path: Path) -> Path:
    shutil.copytree(settings.home, tmp_path / "home", symlinks=True)
    return tmp_path / "home"


def plain_in(home: Path) -> list[Leak]:
    """People in clear, and what tells records apart outside the archive."""
    found = leaks_in_files(home, [MARKED, RECORDS], without=[home / "landing"])
    found += leaks_in_files(home.with_name("scratch"), [MARKED, RECORDS])
    return [leak for leak in found if not is_where_it_may_stand(leak)]


def is_where_it_may_stand(leak: Leak) -> bool:
    if MARKED.match(leak.value):
        places = (OF_WRITTEN_NAMES, OF_FILE_NAMES)
        return is_for_managers(leak) or any(place.match(leak.path) for place in places)
    return bool(OF_RECORDS.match(leak.path))


def open_to_others(home: Path) -> list[str]:
    """Files that others can come to, but for the public tier and what a council lays there itself."""
    found = []
    for folder, folders, files in os.walk(home):
        here = Path(folder)
        if here != home and not stat.S_IMODE(here.stat().st_mode) & 0o001:
            folders.clear()
            continue
        relative = here.relative_to(home)
        if relative.parts[:1] in {("reference",), ("landing",)} or "public" in relative.parts:
            folders.clear()
            continue
        found += [
            str(relative / name)
            for name in files
            if not (here / name).is_symlink() and (here / name).stat().st_mode & 0o004
        ]
    return [path for path in found if path not in {".load.lock", ".load.step.lock", ".delivery.lock"}]


def assert_nothing_is_plain(home: Path, ended: Ended, place: str = "") -> None:
    assert ended.was_killed, f"{place}: {ended.printed}"
    assert not leaks_in_text(ended.printed, [MARKED, RECORDS], None)
    found = plain_in(home)
    assert found == [], f"{place}: {told(found)}"
    assert open_to_others(home) == [], place


def killed_over_and_over(
    home: Path, command: Sequence[str], steps: Sequence[tuple[str, int]], **environment: str
) -> None:
    """Each run gets one step further than the one before, and is killed there."""
    for place, call in steps:
        ended = killed_at(home, command, place, call, **environment)
        assert_nothing_is_plain(home, ended, place)


def test_a_load_that_is_killed_at_one_step_after_the_other_leaves_nobody_in_clear(
    landed: Settings, tmp_path: Path
) -> None:
    home = copied(landed, tmp_path)

    killed_over_and_over(home, ["load"], LOAD)

    run(home, "load")
    assert list(originals_folder(Settings(home=home)).rglob("*.sealed"))
    assert (home / "published" / "current" / "marts.duckdb").is_file()
    assert not list((home / "published" / "versions").glob(".*")), "what was begun is gone"


def test_what_a_killed_load_spilled_is_encrypted(tmp_path: Path) -> None:
    settings = make_home(tmp_path / "home")
    land(settings, "caseload.csv", csv_bytes(marked("caseload", 60_000)))

    ended = killed_at(settings.home, ["load"], "deliveries.batch:Crosswalk.write", memory="44MB")

    assert_nothing_is_plain(settings.home, ended)
    spilled = [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in spilled) > 1_000_000


def test_a_load_that_is_killed_while_it_reads_sealed_files_again_leaves_nobody_in_clear(
    loaded: Settings, tmp_path: Path
) -> None:
    home = copied(loaded, tmp_path)
    write_reference(
        Settings(home=home), unit_aliases=REFERENCE["unit_aliases"] + f"{COUNCIL},nobody's team,ash\n"
    )
    shutil.rmtree(home / "landing")

    killed_over_and_over(home, ["load"], READ_AGAIN)

    assert list((home / "archive" / "originals").glob(".reading-*")), "it was reading them"


def test_a_purge_that_is_killed_at_one_step_after_the_other_leaves_nobody_in_clear_and_is_finished_by_the_next(
    loaded: Settings, tmp_path: Path
) -> None:
    home = copied(loaded, tmp_path)
    write_reference(Settings(home=home), retention=GOING)

    killed_over_and_over(home, ["purge", "--yes"], PURGE)

    assert run(home, "purge", "--yes").code == DONE
    assert not list((home / "archive" / "originals").rglob("*.sealed"))
    assert "Nothing is kept" in run(home, "purge").words
    assert plain_in(home) == []


def test_a_change_of_key_that_is_killed_leaves_nobody_in_clear_and_one_generation_whole(
    loaded: Settings, tmp_path: Path
) -> None:
    """Before the switch the old keys hold and it can be made again; after it the next load finishes what was begun."""
    home = copied(loaded, tmp_path)

    for step in BEFORE_THE_SWITCH:
        killed_over_and_over(home, ["rotate-key"], [step], **NEW)
        assert keys_of(home) == {fingerprint(KEY.encode())}
    again = run(home, "load")
    assert again.code in (DONE, FAILED) and "Unexpected" not in again.words, again.words
    killed_over_and_over(home, ["rotate-key"], [("key_rotation:finish_rotation", 1)], **NEW)
    assert keys_of(home) == {fingerprint(NEW_KEY.encode())}
    refused = run(home, "load")
    assert refused.code == FAILED and "CASELOAD_PSEUDONYM_KEY" in refused.words
    killed_over_and_over(home, ["load"], AFTER_THE_SWITCH, CASELOAD_PSEUDONYM_KEY=NEW_KEY)

    finished = run(home, "load", key=NEW_KEY)

    assert finished.code in (DONE, FAILED) and "Unexpected" not in finished.words, finished.words
    assert [path.name for path in (home / "archive").glob("generation-*")] == ["generation-2"]
    assert not (home / "archive" / "caseload").exists()
    assert plain_in(home) == []


def keys_of(home: Path) -> set[str]:
    return set(Manifest(Settings(home=home).manifest).key_fingerprints().values())


def test_a_file_that_nobody_may_read_is_found_by_the_search(tmp_path: Path) -> None:
    """The searches above find what they look for."""
    home = tmp_path / "home"
    (home / "published" / "x").mkdir(parents=True)
    (home / "published" / "x" / "marts.duckdb.wal").write_bytes(b"..." + csv_bytes(marked("caseload", 1)))
    (home / "archive" / "caseload" / f"month={MONTH}-01").mkdir(parents=True)
    (home / "archive" / "workforce" / f"month={MONTH}-01").mkdir(parents=True)
    (home / "archive" / "workforce" / f"month={MONTH}-01" / "x.parquet").write_text("Zqxjkvor-W007")

    assert {leak.path for leak in plain_in(home) if MARKED.match(leak.value)} == {
        "published/x/marts.duckdb.wal",
        f"archive/workforce/month={MONTH}-01/x.parquet",
    }
    assert "published/x/marts.duckdb.wal" in open_to_others(home)
