"""What happens to originals and archived deliveries as days go by: at the command line, on the small council."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deliveries_fixture import csv_text, land
from landing import COUNCIL, first_day, land_month, make_small_council, month_rows
from test_cli import DONE, FAILED, WRONG_USAGE, run
from test_history import marts_in

from dagster_project.deliveries import DamagedFileError, Manifest, check_files
from dagster_project.deliveries.originals import Originals, originals_folder
from dagster_project.load import load
from dagster_project.reference import load_reference
from dagster_project.retention import kept_too_long, purge, purging
from dagster_project.settings import Settings

pytestmark = pytest.mark.long

FIRST, CORRECTED = datetime(2024, 6, 3, 6, tzinfo=UTC), datetime(2024, 6, 5, 6, tzinfo=UTC)
LATER = FIRST + timedelta(days=60)
MONTHS = 3


def keep(settings: Settings, **days: int) -> None:
    """The council keeps these kinds for that many days; kinds of the whole installation for everybody."""
    rows = [
        {
            "council": "" if what in ("outbox_mail", "published_version") else COUNCIL,
            "what": what,
            "keep_days": str(number),
            "source": "made up",
        }
        for what, number in days.items()
    ]
    (settings.council_reference / "retention.csv").write_text(csv_text(rows), encoding="utf-8")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Three months, the second of them corrected two days after it came."""
    settings = make_small_council(tmp_path_factory.mktemp("lived"))
    for number in range(MONTHS):
        land_month(settings, number, as_first_told=number == 1)
    load(settings, now=FIRST)
    land_month(settings, 1)
    load(settings, now=CORRECTED)
    return settings


@pytest.fixture
def lived(template: Settings, tmp_path: Path) -> Settings:
    """A copy of that installation, for one test to purge."""
    shutil.copytree(template.home, tmp_path / "home", symlinks=True)
    return replace(template, home=tmp_path / "home")


def current(settings: Settings) -> dict[str, set[tuple[Any, ...]]]:
    return marts_in((settings.published / "current").resolve(), settings)


def archived(settings: Settings, extract: str = "caseload") -> list[tuple[Any, ...]]:
    """Delivery and number of rows, as a build would read them."""
    files = str(settings.archive / extract / "*" / "*.parquet")
    with duckdb.connect(":memory:") as connection:
        return connection.execute(
            f"select delivery, count(*) from read_parquet('{files}', union_by_name = true) group by all order by all"
        ).fetchall()


def months_of(settings: Settings, mart: str) -> set[str]:
    with duckdb.connect(
        str(settings.published / "current" / "restricted" / "marts.duckdb"), read_only=True
    ) as c:
        return {
            row[0] for row in c.execute(f"select distinct strftime(month, '%Y-%m') from {mart}").fetchall()
        }


def test_a_load_with_everything_sealed_changes_nothing_and_says_so(lived: Settings) -> None:
    before = current(lived)
    report = load(lived, now=LATER)
    landed = [path for path in lived.landing.rglob("*") if path.is_file()]

    assert report.changed_nothing and not landed
    assert len(report.sealed.originals) == len(Originals(lived.manifest).kept()) > 20
    result = run(lived.home, "load")
    assert result.code == DONE
    assert "Nothing new" in result.words and "No delivery lies" not in result.words
    assert (
        f"{len(Manifest(lived.manifest).in_force())} more are in force, their files sealed." in result.words
    )
    assert current(lived) == before


def test_an_original_is_given_back_with_a_reason_and_logged(lived: Settings, tmp_path: Path) -> None:
    landed = lived.landing / COUNCIL / f"{first_day(0):%Y-%m}" / "caseload.csv"
    content = landed.read_bytes()
    name = next(d.delivery for d in Manifest(lived.manifest).all() if d.extract == "caseload")
    target = tmp_path / "back.csv"

    too_early = run(lived.home, "original", name, "--to", str(target), "--why", "row 7")
    assert too_early.code == FAILED and "still lies in" in too_early.words
    load(lived, now=LATER)
    assert run(lived.home, "original", name, "--to", str(target), "--why", " ").code == WRONG_USAGE
    given = run(lived.home, "original", name, "--to", str(target), "--why", "row 7 looks odd")

    assert given.code == DONE, given.words
    assert target.read_bytes() == content and stat.S_IMODE(target.stat().st_mode) == 0o600
    (line,) = (lived.archive / "originals_opened.jsonl").read_text(encoding="utf-8").splitlines()
    entry = json.loads(line)
    assert (entry["delivery"], entry["why"]) == (name, "row 7 looks odd") and entry["os_user"] and entry["at"]
    again = run(lived.home, "original", name, "--to", str(target), "--why", "again")
    assert again.code == FAILED and "is there already" in again.words
    unknown = run(lived.home, "original", "nothing", "--to", str(tmp_path / "x"), "--why", "again")
    assert unknown.code == FAILED and "no delivery is named nothing" in unknown.words


def test_without_yes_nothing_is_taken_away(lived: Settings) -> None:
    load(lived, now=LATER)
    keep(lived, landed_original=7, sealed_original=0, superseded_delivery=0)
    before, files = archived(lived), sorted(lived.archive.rglob("*"))

    result = run(lived.home, "purge")

    assert result.code == DONE
    assert "sealed_original" in result.words and "superseded_delivery" in result.words
    assert "Nothing was taken away: that needs --yes." in result.words
    assert archived(lived) == before and sorted(lived.archive.rglob("*")) == files
    assert not (lived.archive / "purges.jsonl").exists()


def test_nothing_kept_too_long_is_said(lived: Settings) -> None:
    keep(lived, archive_delivery=99_999, superseded_delivery=99_999, outbox_mail=99_999)
    assert "Nothing is kept for longer" in run(lived.home, "purge").words
    done = purge(lived, now=LATER)
    assert list(done.items) == [] and done.report is None
    assert not (lived.archive / "purges.jsonl").exists()


def test_sealed_originals_go_after_their_days_and_the_delivery_stays(lived: Settings) -> None:
    load(lived, now=LATER)
    keep(lived, sealed_original=5)
    before = current(lived)

    assert list(purge(lived, now=LATER + timedelta(days=5)).items) == []
    done = purge(lived, now=LATER + timedelta(days=6))

    assert {item.what for item in done.items} == {"sealed_original"} and done.report is None
    assert not list(originals_folder(lived).rglob("*.sealed")) and not Originals(lived.manifest).kept()
    assert current(lived) == before
    assert load(lived, now=LATER + timedelta(days=7)).changed_nothing
    name = next(d.delivery for d in Manifest(lived.manifest).all())
    gone = run(lived.home, "original", name, "--to", str(lived.home / "x"), "--why", "again")
    assert gone.code == FAILED and "was purged on" in gone.words


def test_a_superseded_delivery_goes_first_out_of_a_file_it_shares_and_no_figure_moves(
    lived: Settings,
) -> None:
    before, rows = current(lived), archived(lived)
    superseded = {d.delivery for d in Manifest(lived.manifest).all() if d.superseded_by}
    keep(lived, superseded_delivery=10)

    done = purge(lived, now=LATER)

    assert {item.delivery.delivery for item in done.items if item.delivery} == superseded
    assert archived(lived) == [(name, count) for name, count in rows if name not in superseded]
    assert current(lived) == before
    record = {d.delivery: d for d in Manifest(lived.manifest).all()}
    assert all(record[name].purged_at and not record[name].archive_file for name in superseded)
    for path in lived.archive.rglob("*.parquet"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o440


def test_a_damaged_file_of_deliveries_that_no_longer_count_goes_with_them(lived: Settings) -> None:
    before, deliveries = current(lived), Manifest(lived.manifest).all()
    counting = {d.archive_file for d in deliveries if d.is_in_force}
    damaged = min({d.archive_file for d in deliveries if d.superseded_by and d.archive_file} - counting)
    path = lived.archive / str(damaged)
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(
        DamagedFileError, match=r"only deliveries that no longer count lie in it.*purge --yes"
    ):
        check_files(lived, [str(damaged)])
    keep(lived, superseded_delivery=10)

    purge(lived, now=LATER)

    assert not path.exists() and Manifest(lived.manifest).archive_files() == counting
    check_files(lived, Manifest(lived.manifest).archive_files())
    assert current(lived) == before


def test_what_killed_loads_left_in_the_archive_goes_with_any_purge(lived: Settings) -> None:
    rows = archived(lived)
    file = next(path for path in lived.archive.rglob("*.parquet") if not path.name.startswith("columns-"))
    crosswalk = next(lived.archive.rglob("*.sealed"))
    left = [
        file.with_name(f"{file.stem}-9.parquet"),
        file.with_name(f".{file.name}.writing"),
        file.with_name(".20230301T060000-1a2b-together.parquet.ready"),
        crosswalk.with_name(f".{crosswalk.name}.writing"),
    ]
    of_a_later_load = file.with_name("20990301T060000-1a2b.parquet")
    for path in (*left, of_a_later_load):
        shutil.copyfile(file, path)

    done = purge(lived, now=CORRECTED)

    assert done.items == [] and done.leftovers == len(left)
    assert [path for path in left if path.exists()] == [] and of_a_later_load.exists()
    of_a_later_load.unlink()
    assert archived(lived) == rows


@pytest.mark.long
def test_a_month_that_goes_leaves_the_marts_as_if_it_had_never_been_loaded(
    lived: Settings, tmp_path: Path
) -> None:
    keep(lived, archive_delivery=40, sealed_original=40, superseded_delivery=40)
    now = datetime(2023, 4, 30, tzinfo=UTC) + timedelta(days=41)
    assert {d.month for d in Manifest(lived.manifest).all()} == {first_day(n) for n in range(MONTHS)}

    done = purge(lived, now=now)

    gone = {item.delivery.month for item in done.items if item.delivery}
    assert gone == {first_day(0)} and done.report
    assert f"{first_day(0):%Y-%m}" not in months_of(lived, "caseload_bands")
    fresh = make_small_council(tmp_path / "fresh")
    for number in (1, 2):
        land_month(fresh, number)
    load(fresh, now=FIRST)
    # What recipients were told of the months that stay was told with the one that went.
    without_manifest = current(fresh).keys() - {"data_quality", "alert_corrections"}
    assert {name: current(lived)[name] for name in without_manifest} == {
        name: current(fresh)[name] for name in without_manifest
    }
    assert len(list((lived.published / "versions").iterdir())) == 1
    after = load(lived, now=now + timedelta(days=1))
    assert after.build is None and len(after.arrival.purged_before) == len(month_rows(0))
    assert f"purged {now:%Y-%m-%d}" in run(lived.home, "status", "--deliveries").words


@pytest.mark.long
def test_other_bytes_of_a_month_that_went_are_a_new_delivery(lived: Settings) -> None:
    keep(lived, archive_delivery=40, sealed_original=40, superseded_delivery=40)
    now = datetime(2023, 4, 30, tzinfo=UTC) + timedelta(days=41)
    purge(lived, now=now)
    land(lived, "posts.csv", month_rows(0)["posts"][:-1], f"{first_day(0):%Y-%m}", COUNCIL)

    report = load(lived, now=FIRST + timedelta(days=9))

    assert [d.extract for d in report.arrival.accepted] == ["posts"]


@pytest.mark.long
def test_what_was_known_says_that_it_is_gone(lived: Settings) -> None:
    keep(lived, superseded_delivery=10)
    publications = [p.load_id for p in Manifest(lived.manifest).publications()]
    purge(lived, now=LATER)

    known = run(lived.home, "as-known", f"{FIRST:%Y-%m-%d}", "--month", f"{first_day(1):%Y-%m}")
    moved = run(lived.home, "changes", "--from", publications[0], "--to", publications[1])

    assert known.code == DONE and "Not whole:" in known.words and "were purged (2024-08-02)" in known.words
    assert f"{COUNCIL} {first_day(1):%Y-%m}" in known.words
    assert moved.code == FAILED and "cannot be built again" in moved.words and "purged" in moved.words
    name = next(d.delivery for d in Manifest(lived.manifest).all() if d.purged_at)
    withdrawn = run(lived.home, "withdraw", name, "--why", "no more")
    assert withdrawn.code == FAILED and "were purged on 2024-08-02" in withdrawn.words


def test_everything_known_that_day_may_be_gone(lived: Settings) -> None:
    keep(lived, archive_delivery=1, sealed_original=1, superseded_delivery=1, landed_original=1)
    purge(lived, now=LATER)

    known = run(lived.home, "as-known", f"{FIRST:%Y-%m-%d}")

    assert known.code == FAILED and "deliveries that stood then were purged" in known.words
    assert months_of(lived, "caseload_bands") == set()
    assert archived(lived) == []


def test_a_purge_is_logged_by_kind_with_nothing_personal(lived: Settings) -> None:
    load(lived, now=LATER)
    keep(lived, sealed_original=5)
    done = purge(lived, now=LATER + timedelta(days=6))

    begun, ended = map(json.loads, (lived.archive / "purges.jsonl").read_text(encoding="utf-8").splitlines())

    assert (begun["event"], ended["event"]) == ("begun", "done")
    assert ended["os_user"] and ended["at"].startswith("2024-08-08")
    (counted,) = ended["removed"]
    assert (counted["what"], counted["council"]) == ("sealed_original", COUNCIL)
    assert counted["count"] == len(done.items) and counted["bytes"] > 0


@pytest.mark.long
def test_a_rejected_cell_is_forgotten_with_its_delivery(lived: Settings) -> None:
    cases = month_rows(2)["caseload"]
    cases[0]["case_type"] = "no such type"
    land(lived, "caseload.csv", [*cases], f"{first_day(2):%Y-%m}", COUNCIL)
    load(lived, now=CORRECTED + timedelta(days=1))
    land_month(lived, 2)
    load(lived, now=CORRECTED + timedelta(days=2))

    def cells() -> int:
        with sqlite3.connect(lived.manifest) as connection:
            return int(connection.execute("select count(*) from rejected_cells").fetchone()[0])

    assert cells() > 0
    keep(lived, superseded_delivery=10)
    purge(lived, now=LATER)
    assert cells() == 0


@pytest.mark.long
def test_a_refused_file_that_nobody_replaced_goes_after_its_days(lived: Settings) -> None:
    refused = land(lived, "offers.csv", b"nothing,known\n1,2\n", f"{first_day(2):%Y-%m}", COUNCIL)
    load(lived, now=CORRECTED + timedelta(days=1))
    keep(lived, refused_original=30)

    assert list(purge(lived, now=CORRECTED + timedelta(days=30)).items) == []
    assert refused.exists()
    done = purge(lived, now=CORRECTED + timedelta(days=32))

    assert [item.what for item in done.items] == ["refused_original"] and not refused.exists()


def test_mails_handed_over_long_ago_go_from_the_outbox_and_the_ledger(lived: Settings) -> None:
    mails = sorted(lived.outbox.glob("*.eml"))
    if not mails:
        recipients = (
            "council,unit,severity,channel,role\n" + f"{COUNCIL},,info,mailto:head@example.org,head\n"
        )
        (lived.council_reference / "alert_recipients.csv").write_text(recipients, encoding="utf-8")
        load(lived, now=CORRECTED + timedelta(days=1))
        mails = sorted(lived.outbox.glob("*.eml"))
    assert mails
    keep(lived, outbox_mail=20)

    done = purge(lived, now=LATER)

    assert {item.what for item in done.items} == {"outbox_mail"}
    assert not list(lived.outbox.glob("*.eml"))
    with sqlite3.connect(lived.alert_ledger) as ledger:
        assert ledger.execute("select max(length(message)) from digests").fetchone() == (0,)
        assert ledger.execute("select count(*) from told").fetchone()[0] > 0
    told_again = load(lived, now=LATER + timedelta(days=1)).announcement
    assert told_again is not None and not told_again.digests


def test_look_ups_are_kept_for_their_days(lived: Settings) -> None:
    lines = [json.dumps({"at": f"{year}-01-01T00:00:00+00:00", "event": "x"}) for year in (2010, 2024)]
    log = lived.archive / "originals_opened.jsonl"
    log.write_text("\n".join([*lines, "not a line of ours"]) + "\n", encoding="utf-8")

    done = purge(lived, now=LATER)

    assert [item.what for item in done.items] == ["look_up_log"]
    assert log.read_text(encoding="utf-8").splitlines() == [lines[1], "not a line of ours"]


def test_logs_of_loads_are_kept_for_their_days(lived: Settings) -> None:
    for stem in ("2019-02", "notes", f"{LATER - timedelta(days=300):%Y-%m}"):
        (lived.logs / f"{stem}.jsonl").write_text("{}\n", encoding="utf-8")
    before = {path.name for path in lived.logs.iterdir()}

    done = purge(lived, now=LATER)

    assert [item.what for item in done.items] == ["load_log"]
    assert {path.name for path in lived.logs.iterdir()} == before - {"2019-02.jsonl"}


class Killed(BaseException):
    """Stands in for kill -9: nothing of ours catches it."""


STEPS = (
    (purging, "_take_away_deliveries"),
    (purging, "remove_rows"),
    (Manifest, "rows_removed"),
    (purging, "rebuild"),
    (purging, "_drop_what_was_published_before"),
)


@pytest.fixture(params=STEPS, ids=[name for _, name in STEPS])
def step(request: pytest.FixtureRequest) -> Iterator[tuple[Any, str]]:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.long
def test_a_purge_killed_at_any_step_is_finished_by_the_next(
    lived: Settings, step: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(lived, archive_delivery=40, sealed_original=40, superseded_delivery=40)
    now = datetime(2023, 4, 30, tzinfo=UTC) + timedelta(days=41)
    (lived.published / "as-known" / f"{FIRST:%Y-%m-%d}").mkdir(parents=True)
    rows = archived(lived)
    going = {d.delivery for d in Manifest(lived.manifest).all() if d.month == first_day(0)}

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(*step, killed)
        with pytest.raises(Killed):
            purge(lived, now=now)
    assert (lived.published / "current" / "marts.duckdb").is_file()

    purge(lived, now=now)

    assert archived(lived) == [(name, count) for name, count in rows if name not in going]
    assert f"{first_day(0):%Y-%m}" not in months_of(lived, "caseload_bands")
    assert len(list((lived.published / "versions").iterdir())) == 1
    assert not (lived.published / "as-known").exists()
    assert kept_too_long(lived, load_reference(lived), now) == []
    assert list(purge(lived, now=now).items) == []


def test_nothing_in_the_private_folders_is_for_others(lived: Settings) -> None:
    load(lived, now=LATER)

    for folder in (lived.archive, lived.warehouse, lived.outbox):
        for path in [folder, *folder.rglob("*")]:
            if path.is_symlink():
                continue
            mode = stat.S_IMODE(path.stat().st_mode)
            wanted = {0o700} if path.is_dir() else {0o600, 0o440, 0o400}
            assert mode in wanted, f"{path.relative_to(lived.home)} {mode:o}"
