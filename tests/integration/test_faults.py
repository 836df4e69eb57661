"""A load that brings a second month meets a fault. Then the next one completes, its marts are those of an undisturbed
load, the alert went out once, and whoever read the published copy meanwhile read it whole.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import duckdb
import pytest
from breached_council import land_month, mails_in, make_council, marts_differing, told_in
from deliveries_fixture import in_force
from faults.documentation import tables
from faults.running import run_apart
from faults.tried import CLOCK_BACK, CUT_SHORT, DAMAGED, DISK_FULL, KILLED, POWER_CUT, READ_ONLY, Fault
from test_rebuild import damage

from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.steps import STEPS

BEFORE, NEW = "2024-04", "2024-05"


@pytest.fixture(scope="module")
def one_month(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A month loaded, with nobody to be told; the next one landed, with its team over the limit."""
    settings = make_council(tmp_path_factory.mktemp("faults") / "home")
    land_month(settings, BEFORE, cases=20)
    assert run_apart(settings.home).code == 0
    land_month(settings, NEW, cases=80)
    return settings


@pytest.fixture(scope="module")
def renames(one_month: Settings) -> Path:
    return one_month.home.with_name("renames.json")


@pytest.fixture(scope="module")
def undisturbed(one_month: Settings, renames: Path) -> Settings:
    settings = copied(one_month, one_month.home.with_name("undisturbed"))
    assert run_apart(settings.home, watched=renames).code == 0
    assert len(mails_in(settings)) == len(told_in(settings)) == 1
    return settings


def copied(settings: Settings, home: Path) -> Settings:
    shutil.copytree(settings.home, home, symlinks=True)
    return replace(settings, home=home)


def has_new_month(settings: Settings) -> bool:
    return any(f"{month:%Y-%m}" == NEW for _, month, _ in in_force(settings))


def months_published(settings: Settings) -> list[str]:
    """What a reader finds in the internal copy, opened as analysts do."""
    file = (settings.published / "current").resolve() / "marts.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        found = connection.execute("select distinct strftime(month, '%Y-%m') from caseload_bands order by 1")
        return [month for (month,) in found.fetchall()]


@contextmanager
def being_read(settings: Settings) -> Iterator[list[list[str]]]:
    """Somebody reads the published copy over and over; what was found, as it changed. An error of theirs is raised."""
    over, found, errors = Event(), [months_published(settings)], list[BaseException]()

    def read() -> None:
        try:
            while not over.wait(0.2):
                months = months_published(settings)
                if months != found[-1]:
                    found.append(months)
        except BaseException as error:  # noqa: BLE001  told by the thread that waits
            errors.append(error)

    reader = Thread(target=read)
    reader.start()
    try:
        yield found
    finally:
        over.set()
        reader.join()
    if errors:
        raise errors[0]


def assert_as_if_nothing_had_been(settings: Settings, undisturbed: Settings) -> None:
    assert marts_differing(settings, undisturbed) == []
    assert told_in(settings) == told_in(undisturbed)
    assert len(mails_in(settings)) == len(mails_in(undisturbed))
    assert not list((settings.published / "versions").glob(".*"))


def assert_fails(settings: Settings, fault: Fault) -> None:
    ended = run_apart(settings.home)
    assert ended.code == 1, ended.printed
    assert fault.says in ended.printed
    assert "Unexpected" not in ended.printed, ended.printed
    assert months_published(settings) == [BEFORE]


def test_the_walk_takes_every_step_there_is() -> None:
    assert tuple(one.step for one in KILLED) == STEPS


def test_every_step_is_reached_somewhere_in_the_code_and_no_other() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((PROJECT_ROOT / "dagster_project").rglob("*.py"))
    )
    assert [step for step in STEPS if f'reached("{step}")' not in code] == []


def test_the_page_of_reliability_shows_the_faults() -> None:
    shown = (PROJECT_ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")

    assert [table for table in tables() if table not in shown] == []


@pytest.mark.long
def test_a_load_killed_at_one_step_after_the_other_comes_to_the_same_end(
    one_month: Settings, undisturbed: Settings, tmp_path: Path
) -> None:
    """Each run is killed one step further than the one before, so each of them meets what the last one left."""
    settings = copied(one_month, tmp_path / "home")
    with being_read(settings) as found:
        for killed in KILLED:
            ended = run_apart(settings.home, die_at=killed.step)

            assert ended.was_killed, f"{killed.step}: {ended.printed}"
            assert has_new_month(settings) == killed.recorded, killed.step
            assert months_published(settings) == ([BEFORE, NEW] if killed.published else [BEFORE]), (
                killed.step
            )
            assert len(mails_in(settings)) == killed.told, killed.step
        last = run_apart(settings.home)

    assert last.code == 0, last.printed
    assert found == [[BEFORE], [BEFORE, NEW]]
    assert_as_if_nothing_had_been(settings, undisturbed)


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser mounts a small disk")
def test_a_disk_that_is_full_or_read_only_stops_a_load_with_a_sentence(
    one_month: Settings, undisturbed: Settings, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=500m", "tmpfs", str(disk)):
        settings = copied(one_month, disk / "home")
        used = shutil.disk_usage(disk).used
        with being_read(settings):
            for room in (4_096, 3_000_000):
                remount(disk, f"size={used + room}")
                assert_fails(settings, DISK_FULL)
            remount(disk, "size=500m")
            remount(disk, "ro")
            assert_fails(settings, READ_ONLY)
            remount(disk, "rw")
            published = str(settings.published)
            with mounted("--bind", published, published):
                remount(settings.published, "bind,ro")
                assert_fails(settings, READ_ONLY)
            last = run_apart(settings.home)
        assert last.code == 0, last.printed
        assert_as_if_nothing_had_been(settings, undisturbed)


@contextmanager
def mounted(*arguments: str) -> Iterator[None]:
    run_as_root("mount", *arguments)
    try:
        yield
    finally:
        run_as_root("umount", arguments[-1])


def remount(disk: Path, how: str) -> None:
    run_as_root("mount", "-o", f"remount,{how}", str(disk))


def run_as_root(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    assert found, program
    subprocess.run([found, *arguments], check=True)


@pytest.mark.long
def test_a_damaged_archive_or_warehouse_is_told_and_mended(
    one_month: Settings, undisturbed: Settings, tmp_path: Path
) -> None:
    settings = copied(one_month, tmp_path / "home")
    file = next((settings.archive / "caseload" / f"month={BEFORE}-01").glob("*.parquet"))
    whole = file.read_bytes()
    file.chmod(0o640)
    file.write_bytes(whole[: len(whole) // 2])
    assert_fails(settings, CUT_SHORT)
    file.write_bytes(whole)
    damage(settings.database)
    assert_fails(settings, DAMAGED)

    rebuilt = run_apart(settings.home, "rebuild")
    last = run_apart(settings.home)

    assert rebuilt.code == last.code == 0, rebuilt.printed + last.printed
    assert_as_if_nothing_had_been(settings, undisturbed)


@pytest.mark.long
def test_a_clock_that_goes_back_changes_no_figure(
    one_month: Settings, undisturbed: Settings, tmp_path: Path
) -> None:
    settings = copied(one_month, tmp_path / "home")

    ended = run_apart(settings.home, now=datetime.now(UTC) - timedelta(days=400))

    assert CLOCK_BACK.says == "" and ended.code == 0, ended.printed
    assert months_published(settings) == [BEFORE, NEW]
    assert_as_if_nothing_had_been(settings, undisturbed)


@pytest.mark.long
def test_what_gets_a_name_is_on_disk_before_it_and_its_name_after(
    undisturbed: Settings, renames: Path
) -> None:
    told = json.loads(renames.read_text(encoding="utf-8"))

    assert POWER_CUT.tries == 1 and told["seen"] > 5
    assert told["unsafe"] == []
