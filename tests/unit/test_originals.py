"""Landed files that were taken in are sealed and leave landing; nothing else does, and nothing changes for readers."""

from __future__ import annotations

import os
import stat
import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from deliveries_fixture import (
    COUNCIL,
    FIRST_LOAD,
    MAY,
    REFERENCE,
    arrive,
    arrive_one,
    csv_bytes,
    in_force,
    land,
    lines_of,
    make_home,
    rows_of,
    workbook,
    write_reference,
)

from dagster_project.deliveries import Manifest, Sealed, landed_originals, seal_landed
from dagster_project.deliveries.layout import read_table
from dagster_project.deliveries.originals import (
    OriginalError,
    Originals,
    originals_folder,
    read_original,
)
from dagster_project.deliveries.sealed_as_landed import sealed_as_landed
from dagster_project.deliveries.set_aside import rows_set_aside
from dagster_project.extracts import load_specifications
from dagster_project.reference import load_reference
from dagster_project.settings import Settings

LATER = FIRST_LOAD + timedelta(days=365)
HIDDEN = ".caseload.csv.sealing"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_home(tmp_path / "home")


def seal(settings: Settings, now: datetime = LATER) -> Sealed:
    return seal_landed(settings, load_reference(settings), load_specifications(), now=now)


def only_sealed_file(settings: Settings) -> Path:
    (path,) = originals_folder(settings).rglob("*.sealed")
    return path


def original_bytes(settings: Settings) -> bytes:
    (original,) = Originals(settings.manifest).kept().values()
    return read_original(settings, original)


def keep_landed(settings: Settings, days: int) -> None:
    write_reference(
        settings, retention=f"council,what,keep_days,source\n{COUNCIL},landed_original,{days},made up\n"
    )


def test_a_file_stays_in_landing_for_its_days_and_is_sealed_after_them(settings: Settings) -> None:
    keep_landed(settings, 3)
    landed = land(settings, "caseload.csv", rows_of("caseload", 3))
    content = landed.read_bytes()
    received = datetime.fromisoformat(arrive_one(settings).received_at)

    assert seal(settings, received + timedelta(days=3) - timedelta(seconds=1)).originals == []
    assert landed.exists()

    (original,) = seal(settings, received + timedelta(days=3)).originals
    assert not landed.exists() and list(landed.parent.iterdir()) == []
    assert original_bytes(settings) == content
    assert (original.council, original.month, original.file_name) == (COUNCIL, MAY, "caseload.csv")
    path = only_sealed_file(settings)
    assert path == originals_folder(settings) / COUNCIL / "2024-05" / f"{original.sha256}.sealed"
    assert b"CH00001" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(
        stat.S_IMODE(folder.stat().st_mode) == 0o700
        for folder in (originals_folder(settings), path.parent.parent, path.parent)
    )


def test_no_days_at_all_seal_with_the_load_that_takes_the_file_in(settings: Settings) -> None:
    keep_landed(settings, 0)
    landed = land(settings, "caseload.csv", rows_of("caseload", 3))
    received = datetime.fromisoformat(arrive_one(settings).received_at)

    assert len(seal(settings, received).originals) == 1
    assert not landed.exists()


def test_after_sealing_a_load_says_nothing_new(settings: Settings) -> None:
    land(settings, "caseload.csv", rows_of("caseload", 3))
    delivery = arrive_one(settings)
    seal(settings)

    arrival = arrive(settings)

    assert (arrival.recorded, arrival.only_sealed, arrival.problems) == ([], 1, [])
    assert in_force(settings)[COUNCIL, MAY, "caseload"] == delivery
    assert arrive(settings, council="southshire").only_sealed == 0
    assert arrive(settings, extracts=["posts"]).only_sealed == 0


def test_strangers_refused_files_and_files_not_yet_loaded_stay(settings: Settings) -> None:
    stranger = land(settings, "letter.docx", b"for somebody else")
    refused = land(settings, "workforce.csv", b"nothing,that,is,known\n1,2,3,4\n")
    land(settings, "posts.csv", rows_of("posts", 3))
    arrive(settings)
    corrected = land(settings, "posts.csv", rows_of("posts", 4))
    not_yet = land(settings, "offers.csv", rows_of("offers", 2))

    assert seal(settings).originals == []
    assert all(path.exists() for path in (stranger, refused, corrected, not_yet))


def test_a_pack_is_sealed_when_all_of_its_extracts_are_in(settings: Settings) -> None:
    bad = [*rows_of("posts", 4), {**rows_of("posts", 1)[0], "vacant_fte": "0.5"}]
    cases = lines_of(rows_of("caseload", 3))
    pack = land(settings, "May.xlsx", workbook({"caseload": cases, "posts": lines_of(bad)}))
    assert len(arrive(settings).recorded) == 2
    assert seal(settings).originals == [] and pack.exists()

    land(settings, "May.xlsx", workbook({"caseload": cases, "posts": lines_of(rows_of("posts", 4))}))
    arrive(settings)

    assert len(seal(settings).originals) == 1 and not pack.exists()
    assert arrive(settings).only_sealed == 2


def test_a_changed_alias_reads_rejected_and_unmapped_rows_again_from_the_sealed_file(
    settings: Settings,
) -> None:
    cases, workers = rows_of("caseload", 40), rows_of("workforce", 40)
    cases[0]["team"] = "Nobody's Team"
    workers[0]["role"] = "Wizard"
    land(settings, "caseload.csv", cases)
    land(settings, "workforce.csv", workers)
    arrive(settings)
    seal(settings)
    write_reference(
        settings,
        unit_aliases=REFERENCE["unit_aliases"] + "northshire,Nobody's Team,ash\n",
        role_aliases=REFERENCE["role_aliases"] + "northshire,Wizard,social_worker\n",
    )

    arrival = arrive(settings)

    assert {(d.extract, d.rows_accepted, d.rows_unmapped) for d in arrival.recorded} == {
        ("caseload", 40, 0),
        ("workforce", 40, 0),
    }
    assert arrive(settings).recorded == []
    assert not list(originals_folder(settings).glob(".reading-*"))


def test_while_a_sealed_original_is_read_no_plain_copy_of_it_lies_anywhere(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a process killed then leaves none."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    cases = rows_of("caseload", 40)
    cases[3]["worker_id"] = "ZQXJKVOR-1"
    land(settings, "caseload.csv", cases)
    delivery = arrive_one(settings)
    seal(settings)

    reading = sealed_as_landed(settings, load_reference(settings), load_specifications(), [delivery], [])
    with reading as landed:
        table = read_table(landed[0].path, load_specifications()["caseload"])
        holding = [p for p in tmp_path.rglob("*") if p.is_file() and b"ZQXJKVOR-1" in p.read_bytes()]

    assert "ZQXJKVOR-1" in [row[table.columns.index("worker_id")] for row in table.rows]
    assert holding == []


def test_a_sheet_of_a_sealed_pack_is_read_again(settings: Settings) -> None:
    cases = rows_of("caseload", 40)
    cases[0]["team"] = "Nobody's Team"
    sheets = {"caseload": lines_of(cases), "posts": lines_of(rows_of("posts", 4))}
    land(settings, "May.xlsx", workbook(sheets))
    arrive(settings)
    seal(settings)
    write_reference(settings, unit_aliases=REFERENCE["unit_aliases"] + "northshire,Nobody's Team,ash\n")

    (again,) = arrive(settings).recorded

    assert (again.extract, again.rows_unmapped, again.file_name) == ("caseload", 0, "May.xlsx")


def test_a_sealed_file_that_cannot_be_read_again_is_told_and_stops_nothing(settings: Settings) -> None:
    cases = rows_of("caseload", 40)
    cases[0]["team"] = "Nobody's Team"
    land(settings, "caseload.csv", cases)
    arrive(settings)
    seal(settings)
    path = only_sealed_file(settings)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    write_reference(settings, unit_aliases=REFERENCE["unit_aliases"] + "northshire,Nobody's Team,ash\n")

    arrival = arrive(settings)

    assert arrival.recorded == []
    (told,) = arrival.problems
    assert "northshire 2024-05 caseload.csv" in told and "changed" in told


def test_rows_set_aside_come_from_the_sealed_file(settings: Settings) -> None:
    cases = rows_of("caseload", 40)
    cases[0]["case_type"] = "no such type"
    land(settings, "caseload.csv", [*cases, cases[5]])
    delivery = arrive_one(settings)

    def aside() -> list[tuple[str, str]]:
        rows = rows_set_aside(
            settings, load_reference(settings), load_specifications(), COUNCIL, MAY, "caseload", delivery
        )
        return sorted((row["source"], row["case_id"]) for row in rows.to_pylist())

    before = aside()
    seal(settings)

    assert aside() == before == [("rejected", "C00001"), ("repeated", "C00006")]


def test_a_corrected_file_replaces_the_sealed_one_and_older_bytes_landed_again_are_new(
    settings: Settings,
) -> None:
    first, second = csv_bytes(rows_of("posts", 3)), csv_bytes(rows_of("posts", 4))
    land(settings, "posts.csv", first)
    arrive(settings)
    seal(settings)
    land(settings, "posts.csv", second)
    corrected = arrive_one(settings)
    assert corrected.rows_accepted == 4
    seal(settings)

    land(settings, "posts.csv", first)
    again = arrive_one(settings)
    seal(settings)

    assert again.rows_accepted == 3 and in_force(settings)[COUNCIL, MAY, "posts"] == again
    assert len(list(originals_folder(settings).rglob("*.sealed"))) == 2
    assert not list(settings.landing.rglob("*.csv"))


def test_the_bytes_in_force_landed_again_are_no_delivery_and_leave_landing_again(settings: Settings) -> None:
    content = csv_bytes(rows_of("posts", 3))
    land(settings, "posts.csv", content)
    arrive(settings)
    seal(settings)
    landed = land(settings, "posts.csv", content)

    assert arrive(settings).recorded == []
    assert len(seal(settings).originals) == 1 and not landed.exists()
    assert original_bytes(settings) == content


def test_a_withdrawn_delivery_is_sealed_stays_out_and_comes_back(settings: Settings) -> None:
    land(settings, "posts.csv", rows_of("posts", 3))
    delivery = arrive_one(settings)
    manifest = Manifest(settings.manifest)
    manifest.withdraw(delivery, "last year's", FIRST_LOAD)
    assert len(seal(settings).originals) == 1

    assert arrive(settings).recorded == [] and not in_force(settings)

    manifest.undo_withdrawal(delivery, FIRST_LOAD)
    assert in_force(settings)[COUNCIL, MAY, "posts"].delivery == delivery.delivery


class Killed(BaseException):
    """Stands in for kill -9: nothing of ours catches it."""


@pytest.mark.parametrize("step", ["write_sealed", "read_sealed", "record", "unlink"])
def test_a_crash_at_any_step_loses_nothing_and_the_next_load_finishes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    content = csv_bytes(rows_of("caseload", 3))
    land(settings, "caseload.csv", content)
    arrive(settings)

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        if step == "record":
            patched.setattr(Originals, "record", killed)
        elif step == "unlink":
            patched.setattr(Path, "unlink", killed)
        else:
            patched.setattr(landed_originals, step, killed)
        with pytest.raises(Killed):
            seal(settings)
    (hidden,) = settings.landing.rglob(HIDDEN)
    assert hidden.read_bytes() == content
    assert arrive(settings).recorded == []

    assert len(seal(settings).originals) == 1
    assert original_bytes(settings) == content
    assert list(hidden.parent.iterdir()) == []


def test_other_bytes_left_hidden_by_a_crash_get_their_name_back(settings: Settings) -> None:
    landed = land(settings, "caseload.csv", rows_of("caseload", 3))
    arrive(settings)
    corrected = csv_bytes(rows_of("caseload", 4))
    landed.with_name(HIDDEN).write_bytes(corrected)
    landed.unlink()

    assert seal(settings).originals == []

    assert landed.read_bytes() == corrected
    assert arrive_one(settings).rows_accepted == 4


def test_two_replacements_during_sealing_lose_neither(settings: Settings) -> None:
    landed = land(settings, "caseload.csv", rows_of("caseload", 3))
    arrive(settings)
    between = csv_bytes(rows_of("caseload", 4))
    landed.with_name(HIDDEN).write_bytes(between)

    done = seal(settings)

    assert "replaced twice" in done.problems[0]
    assert landed.exists() and landed.with_name(HIDDEN).read_bytes() == between


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_landing_that_cannot_be_written_is_told_and_read_from_as_before(settings: Settings) -> None:
    landed = land(settings, "caseload.csv", rows_of("caseload", 3))
    arrive(settings)
    landed.parent.chmod(0o500)
    try:
        done = seal(settings)
    finally:
        landed.parent.chmod(0o700)

    assert done.originals == [] and "stays in landing" in done.problems[0]
    assert landed.exists()


def test_a_link_is_never_followed(settings: Settings, tmp_path: Path) -> None:
    landed = land(settings, "caseload.csv", rows_of("caseload", 3))
    arrive(settings)
    elsewhere = tmp_path / "elsewhere.csv"
    landed.rename(elsewhere)
    landed.symlink_to(elsewhere)

    assert seal(settings).originals == [] and elsewhere.exists() and landed.is_symlink()


def test_an_original_is_read_with_the_storage_key_it_was_sealed_with_and_no_other(settings: Settings) -> None:
    land(settings, "caseload.csv", rows_of("caseload", 3))
    arrive(settings)
    seal(settings)
    (original,) = Originals(settings.manifest).kept().values()

    with pytest.raises(OriginalError, match="another secret"):
        read_original(replace(settings, storage_key_variable="another"), original)
