"""A load that brings a second month meets a fault. Then the next one completes, its marts are those of an undisturbed
load, the alert went out once, and whoever read the published copy meanwhile read it whole.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from threading import Event, Thread

import duckdb
import pytest
from breached_council import land_month, mails_in, make_council, marts_differing, marts_of, told_in
from deliveries_fixture import COUNCIL, in_force
from faults.chance import COMMANDS, Meeting, draw
from faults.documentation import tables
from faults.running import run_apart
from faults.system_calls import is_possible
from faults.tried import (
    CLOCK_BACK,
    DAMAGED,
    DISK_FULL,
    KILLED,
    NOT_AS_WRITTEN,
    POWER_CUT,
    READ_AGAIN,
    READ_ONLY,
    SIGNALS,
    TRIES_BY_CHANCE,
    Fault,
)
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
def counted() -> Counter[str]:
    """How many changes of files an undisturbed load makes, by the part of the home; filled by that load."""
    return Counter()


@pytest.fixture(scope="module")
def undisturbed(one_month: Settings, renames: Path, counted: Counter[str]) -> Settings:
    settings = copied(one_month, one_month.home.with_name("undisturbed"))
    meeting = Meeting(settings.home)
    told = meeting if is_possible() else None
    assert run_apart(settings.home, watched=renames, decide=told).code == 0
    counted.update(meeting.counted)
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


def flip_a_bit(path: Path) -> None:
    """In the middle of the rows, so that the file is still one of Parquet."""
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.chmod(0o640)
    path.write_bytes(bytes(data))


def file_of(settings: Settings, extract: str) -> Path:
    return next((settings.archive / extract / f"month={BEFORE}-01").glob("*.parquet"))


@pytest.mark.long
def test_a_damaged_archive_or_warehouse_is_told_and_mended(
    one_month: Settings, undisturbed: Settings, tmp_path: Path
) -> None:
    settings = copied(one_month, tmp_path / "home")
    file = file_of(settings, "caseload")
    whole = file.read_bytes()
    landed = settings.landing / COUNCIL / BEFORE / "caseload.csv"
    kept = landed.read_bytes()
    landed.unlink()
    flip_a_bit(file)
    assert_fails(settings, NOT_AS_WRITTEN)
    file.write_bytes(whole)
    landed.write_bytes(kept)
    damage(settings.database)
    assert_fails(settings, DAMAGED)
    # What the new marts would be compared with: it is only said that they were not.
    damage(marts_of(settings))
    # A program that makes copies of what it finds.
    file.with_name(f"{file.stem} (1).parquet").write_bytes(whole)

    # The file was taken away, so a plain load would do as well; a rebuild says more.
    rebuilt = run_apart(settings.home, "rebuild")
    assert "nothing published that could be compared" in rebuilt.printed
    last = run_apart(settings.home)

    assert rebuilt.code == last.code == 0, rebuilt.printed + last.printed
    assert_as_if_nothing_had_been(settings, undisturbed)


@pytest.mark.long
def test_files_of_the_archive_that_are_not_what_was_written_are_made_again_from_what_landed(
    one_month: Settings, undisturbed: Settings, tmp_path: Path
) -> None:
    settings = copied(one_month, tmp_path / "home")
    flip_a_bit(file_of(settings, "caseload"))
    file_of(settings, "workforce").unlink()

    with being_read(settings) as found:
        ended = run_apart(settings.home)

    assert READ_AGAIN.says == "" and ended.code == 0, ended.printed
    assert " ".join(ended.printed.split()).count("was read again") == READ_AGAIN.tries
    assert found == [[BEFORE], [BEFORE, NEW]]
    # Which says that the month was delivered twice.
    assert marts_differing(settings, undisturbed) == ["deliveries"]
    assert told_in(settings) == told_in(undisturbed)
    assert len(mails_in(settings)) == 1


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


TRIES = int(os.environ.get("CASELOAD_FAULT_TRIES") or TRIES_BY_CHANCE)
SEED = int(os.environ.get("CASELOAD_FAULT_SEED") or time.time())


@pytest.mark.long
@pytest.mark.skipif(not is_possible(), reason="the kernel cannot be asked about system calls here")
def test_a_fault_at_any_change_of_a_file_leaves_a_home_that_the_next_load_completes(
    one_month: Settings, undisturbed: Settings, counted: Counter[str], tmp_path: Path
) -> None:
    """Points are drawn by chance among all changes of files that a load makes, so none of them is on a list.

    Each run meets what the one before left, until one ends well by itself; then a new home is begun. A night:
    `CASELOAD_FAULT_TRIES=300 make test-long ARGS="-k any_change"`; CASELOAD_FAULT_SEED draws the same again.
    """
    chance, left, tried = Random(SEED), TRIES, [f"CASELOAD_FAULT_SEED={SEED}"]
    print(tried[0])
    while left:
        settings = copied(one_month, Path(mkdtemp(dir=tmp_path)) / "home")
        with being_read(settings) as found:
            while left:
                left -= 1
                point = draw(chance, counted)
                command = [word.format(mkdtemp(dir=tmp_path)) for word in chance.choice(COMMANDS)]
                meeting = Meeting(settings.home, point)
                ended = run_apart(settings.home, *command, decide=meeting)
                tried.append(
                    f"{command[0]}: {point}; {'met' if meeting.met else 'not met'}, code {ended.code}"
                )
                print(tried[-1])

                _, stopped = SIGNALS.get(point.kind, (None, 0))
                assert ended.was_killed or ended.code in {0, 1, stopped}, "\n".join([*tried, ended.printed])
                assert "Unexpected" not in ended.printed, "\n".join([*tried, ended.printed])
                assert ended.code != 1 or "Error: " in ended.printed or "could not be drawn" in ended.printed
                if ended.code == 0 and command == ["load"]:
                    break
            last = run_apart(settings.home)

        assert last.code == 0, "\n".join([*tried, last.printed])
        assert found == [[BEFORE], [BEFORE, NEW]], tried
        try:
            assert_as_if_nothing_had_been(settings, undisturbed)
        except AssertionError as error:
            raise AssertionError("\n".join(tried)) from error
        shutil.rmtree(settings.home)
