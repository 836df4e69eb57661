"""A backup is whole or it is refused, and names the file; it never holds a key nor an identifier in clear."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from deliveries_fixture import COUNCIL, KEY, arrive, in_force, land, make_home, rows_of
from filelock import FileLock

from dagster_project.alerts.ledger import open_ledger
from dagster_project.backups import BackupError, check, restore, restoring, take
from dagster_project.backups.listed import NAME
from dagster_project.installation_lock import LoadInProgressError
from dagster_project.load import RestoreUnfinishedError, load
from dagster_project.sealing import SealError
from dagster_project.settings import PROJECT_ROOT, Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An archive of two deliveries, a ledger, a published copy of the owner's only; no load ever ended."""
    settings = make_home(tmp_path_factory.mktemp("backup") / "home")
    land(settings, "caseload.csv", rows_of("caseload", 12))
    land(settings, "workforce.csv", rows_of("workforce", 7))
    arrive(settings)
    with open_ledger(settings.alert_ledger):
        pass
    (settings.home / ".demo-pseudonym.key").write_text("b" * 64)
    (settings.archive / "originals" / ".reading-1").mkdir(parents=True)
    (settings.archive / "originals" / ".reading-1" / "x.csv").write_text("")
    return settings


@pytest.fixture
def backup(home: Settings, tmp_path: Path) -> Path:
    take(home, tmp_path / "backup")
    return tmp_path / "backup"


def elsewhere(home: Settings, tmp_path: Path) -> Settings:
    return replace(home, home=tmp_path / "new")


def files_below(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".sqlite"
    }


def rows_of_database(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())


def test_what_comes_back_is_byte_for_byte_what_was_there_with_its_modes(
    home: Settings, backup: Path, tmp_path: Path
) -> None:
    new = elsewhere(home, tmp_path)

    restore(new, backup)

    for folder in ("archive", "reference"):
        before = files_below(home.home / folder)
        assert {name: one for name, one in before.items() if "/." not in name} == files_below(
            new.home / folder
        )
        assert (new.home / folder).stat().st_mode == (home.home / folder).stat().st_mode
    assert any(mode == 0o440 for _, mode in files_below(new.archive).values()), (
        "archived rows stay as they were"
    )
    for database in ("archive/manifest.sqlite", "outbox/ledger.sqlite"):
        assert rows_of_database(new.home / database) == rows_of_database(home.home / database)
        assert (new.home / database).stat().st_mode == (home.home / database).stat().st_mode
    assert in_force(new).keys() == in_force(home).keys()
    assert not new.being_restored.exists()


def test_a_backup_holds_no_key_no_landed_file_and_no_scratch_and_is_for_its_owner_only(
    home: Settings, backup: Path
) -> None:
    names = [str(path.relative_to(backup)) for path in backup.rglob("*")]
    everything = b"".join(path.read_bytes() for path in backup.rglob("*") if path.is_file())

    assert not [name for name in names if "landing" in name or ".key" in name or "/." in name]
    assert KEY.encode() not in everything and b"b" * 64 not in everything
    for identifier in (b"CH00007", b"SW0000000003"):
        assert identifier not in everything
    assert [name for name in names if name.endswith(".sealed") and "crosswalk" in name]
    assert {stat.S_IMODE(path.stat().st_mode) for path in [backup, *backup.rglob("*")]} == {0o700, 0o600}
    assert check(backup).left_in_landing == 2


def change(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("harm", [change, cut, Path.unlink], ids=["changed", "cut", "lost"])
@pytest.mark.parametrize(
    "file", ["*.parquet", "*.sealed", "manifest.sqlite", "ledger.sqlite", "org_units.csv", NAME]
)
def test_a_backup_that_was_harmed_is_refused_by_the_name_of_the_file_and_nothing_comes_of_it(
    home: Settings, backup: Path, tmp_path: Path, harm: object, file: str
) -> None:
    victim = next(path for path in sorted(backup.rglob(file)) if path.is_file())
    assert callable(harm)
    harm(victim)
    new = elsewhere(home, tmp_path)

    for attempt in (lambda: check(backup), lambda: restore(new, backup)):
        with pytest.raises(BackupError) as refused:
            attempt()
        assert victim.name in str(refused.value)
    assert {path.name for path in new.home.glob("*")} <= {".load.lock", ".load.step.lock"}


def test_a_backup_that_was_cut_off_has_no_list_and_is_none(home: Settings, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("dagster_project.backups.taking.put_in_place", interrupted)
        with pytest.raises(KeyboardInterrupt):
            take(home, tmp_path / "cut off")

    with pytest.raises(BackupError, match="written last, is not there"):
        restore(elsewhere(home, tmp_path), tmp_path / "cut off")


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_home_that_holds_data_is_refused_or_set_aside_whole(
    home: Settings, backup: Path, tmp_path: Path
) -> None:
    new = elsewhere(home, tmp_path)
    restore(new, backup)
    (new.archive / "mine.txt").write_text("kept")
    land(new, "posts.csv", rows_of("posts", 1))

    with pytest.raises(BackupError, match="holds data already"):
        restore(new, backup)
    restored = restore(new, backup, replace=True)

    assert restored.set_aside is not None
    assert (restored.set_aside / "archive" / "mine.txt").read_text() == "kept"
    assert stat.S_IMODE(restored.set_aside.stat().st_mode) == 0o700
    assert not (new.archive / "mine.txt").exists()
    assert (new.landing / COUNCIL / "2024-05" / "posts.csv").is_file()


@pytest.mark.parametrize("step", range(1, 4))
def test_a_restore_that_is_cut_off_in_the_middle_lets_nothing_load_and_is_done_again(
    home: Settings, backup: Path, tmp_path: Path, step: int
) -> None:
    new = elsewhere(home, tmp_path)
    moved: list[Path] = []
    move = restoring._move

    def moving(folder: Path, to: Path) -> None:
        moved.append(folder)
        if len(moved) == step:
            raise KeyboardInterrupt
        move(folder, to)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(restoring, "_move", moving)
        with pytest.raises(KeyboardInterrupt):
            restore(new, backup)
    with pytest.raises(RestoreUnfinishedError, match="caseload restore"):
        load(new)

    restore(new, backup)

    assert files_below(new.archive)
    assert in_force(new).keys() == in_force(home).keys()


def test_another_key_is_refused_before_anything_is_put_in_place(
    home: Settings, backup: Path, tmp_path: Path
) -> None:
    new = elsewhere(home, tmp_path)
    with pytest.raises(BackupError, match=f"archive of {COUNCIL}"):
        restore(replace(new, pseudonym_key_variable="another"), backup)
    with pytest.raises(SealError):
        restore(replace(new, storage_key_variable="another"), backup)
    assert not new.archive.exists() and not new.being_restored.exists()


def test_a_backup_waits_for_a_load_and_says_so_when_it_waited_long_enough(
    home: Settings, tmp_path: Path
) -> None:
    with FileLock(home.lock_file), pytest.raises(LoadInProgressError):
        take(home, tmp_path / "backup", wait_seconds=0)
    assert not (tmp_path / "backup").exists()


def test_a_backup_goes_into_a_new_folder_outside_of_home_and_repository(
    home: Settings, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    for target, words in (
        (home.home / "backup", "lies in the data folder"),
        (PROJECT_ROOT / "backup", "lies in the repository"),
        (tmp_path / "full", "new or empty"),
    ):
        with pytest.raises(BackupError, match=words):
            take(home, target)


def test_a_damaged_ledger_is_told_and_not_backed_up(home: Settings, tmp_path: Path) -> None:
    damaged = replace(home, home=tmp_path / "damaged")
    shutil.copytree(home.home, damaged.home)
    with damaged.alert_ledger.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 8192)

    with pytest.raises(BackupError, match=r"ledger\.sqlite is damaged"):
        take(damaged, tmp_path / "backup")


def test_a_backup_of_a_later_release_or_another_form_is_refused(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagster_project.backups.taking.RELEASE", "99.0.0")
    take(home, tmp_path / "later")
    monkeypatch.setattr("dagster_project.backups.taking.FORM", 2)
    with pytest.raises(BackupError, match="its form is 2"):
        take(home, tmp_path / "other form")

    with pytest.raises(BackupError, match=r"later release, 99\.0\.0"):
        restore(elsewhere(home, tmp_path), tmp_path / "later")


def test_a_list_that_leads_out_of_its_folder_is_refused(backup: Path) -> None:
    inner = json.loads(json.loads((backup / NAME).read_text())["listed"])
    inner["files"][0]["path"] = "../../etc/passwd"
    text = json.dumps(inner)
    sealed = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "listed": text}
    (backup / NAME).write_text(json.dumps(sealed))

    with pytest.raises(BackupError, match="was changed"):
        check(backup)
