"""A lost machine: what was backed up comes back, with its marts, its modes and its memory of who was told."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from breached_council import land_month, mails_in, make_council, marts_of, told_in
from killing import killed_at
from test_cli import DONE, FAILED, run

from dagster_project.warehouse import marts_that_differ

pytestmark = pytest.mark.long

KILLED_AT = (("backups.listed:digest_of", 5), ("backups.restoring:_move", 2))


def modes_of(version: Path) -> dict[str, int]:
    return {
        str(path.relative_to(version)): stat.S_IMODE(path.stat().st_mode)
        for path in [version, *version.rglob("*")]
    }


def test_a_restored_installation_has_the_same_marts_and_tells_nobody_again(tmp_path: Path) -> None:
    home = make_council(tmp_path / "home")
    land_month(home, "2024-05")
    assert run(home.home, "load").code == DONE
    assert len(mails_in(home)) == 1
    published = modes_of((home.published / "current").resolve())

    assert run(home.home, "backup", str(tmp_path / "backup")).code == DONE
    new = replace(home, home=tmp_path / "new")
    for place, call in KILLED_AT:
        ended = killed_at(new.home, ["restore", str(tmp_path / "backup")], place, call)
        assert ended.was_killed, ended.printed
        refused = run(new.home, "load")
        assert refused.code == FAILED and "a restore of" in refused.words
    restored = run(new.home, "restore", str(tmp_path / "backup"))

    assert restored.code == DONE and "every mart holds the rows that were published" in restored.words
    assert marts_that_differ(marts_of(home), marts_of(new)) == []
    came_back = modes_of(new.published / "versions" / (home.published / "current").resolve().name)
    assert came_back == published
    land_month(new, "2024-05")
    again = run(new.home, "load")
    assert again.code == DONE and "Nothing new" in again.words
    assert told_in(new) == told_in(home) != []
    assert mails_in(new) == mails_in(home)
