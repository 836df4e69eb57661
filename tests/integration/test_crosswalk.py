"""Who stands behind a key, who asked, and another secret for every key: at the command line, on the small council."""

from __future__ import annotations

import io
import shutil
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from deliveries_fixture import COUNCIL as NORTHSHIRE
from deliveries_fixture import KEY, arrive, arrive_one, land, make_home, rows_of
from landing import COUNCIL, land_month, make_small_council
from test_cli import DONE, FAILED, WRONG_USAGE, run

from dagster_project import load as load_module
from dagster_project import rotated_keys
from dagster_project.deliveries import Manifest, archive_root, lookups
from dagster_project.deliveries import crosswalk as crosswalk_module
from dagster_project.deliveries.crosswalk import PURPOSE, read_council
from dagster_project.deliveries.pseudonyms import fingerprint, pseudonym
from dagster_project.key_rotation import STEPS, RotationError, rotate
from dagster_project.load import load
from dagster_project.sealing import read_sealed
from dagster_project.settings import Settings, SettingsError

NEW_KEY = "the secret of next year"
WHY = "the team manager asked in supervision"
NOW = datetime(2024, 6, 3, 6, tzinfo=UTC)


def whole(settings: Settings, council: str = COUNCIL) -> dict[tuple[str, str], int]:
    table = read_council(archive_root(settings), council, settings.storage_key())
    return {(row["kind"], row["identifier"]): row["key"] for row in table.to_pylist()}


def marts(settings: Settings, *, with_keys: bool = False) -> dict[str, list[tuple[object, ...]]]:
    current = (settings.published / "current").resolve()
    with duckdb.connect(str(current / "restricted" / "marts.duckdb"), read_only=True) as connection:
        names = [row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()]
        found = {}
        for name in names:
            columns = {row[0] for row in connection.execute(f"describe {name}").fetchall()}
            left_out = [] if with_keys or "worker_key" not in columns else ["worker_key"]
            chosen = f"* exclude ({', '.join(left_out)})" if left_out else "*"
            found[name] = sorted(connection.execute(f"select {chosen} from {name}").fetchall(), key=repr)
        return found


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = make_small_council(tmp_path_factory.mktemp("crosswalk"))
    for number in (0, 1):
        land_month(settings, number, as_first_told=number == 1)
    load(settings, now=NOW)
    land_month(settings, 1)
    load(settings, now=NOW)
    return settings


@pytest.fixture
def home(loaded: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(loaded.home, tmp_path / "home", symlinks=True)
    return replace(loaded, home=tmp_path / "home", new_pseudonym_key_variable=NEW_KEY)


def renewed(settings: Settings) -> Settings:
    return replace(settings, pseudonym_key_variable=NEW_KEY, new_pseudonym_key_variable="")


def test_every_key_of_the_archive_has_its_identifier_in_the_crosswalk_and_nobody_else_can_read_it(
    loaded: Settings,
) -> None:
    known = whole(loaded)
    assert known["worker", "W1"] == pseudonym(KEY.encode(), "worker", COUNCIL, "W1")
    with duckdb.connect(":memory:") as connection:
        keys = connection.execute(
            "select distinct worker_key from "
            f"read_parquet('{loaded.archive}/workforce/*/*.parquet', union_by_name = true) where worker_key is not null"
        ).fetchall()
    assert {key for (key,) in keys} <= set(known.values())
    for path in (loaded.archive / "crosswalk").rglob("*.sealed"):
        # By a word that chance does not make: an identifier of two letters stands in sealed bytes now and then.
        plain = read_sealed(loaded.storage_key(), PURPOSE, path)
        assert b"identifier" in plain
        assert b"identifier" not in path.read_bytes() and stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_only_identifiers_not_seen_before_are_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_home(tmp_path)
    land(home, "caseload.csv", rows_of("caseload", 20))
    arrive(home)
    hashed = []

    def noted(secret: bytes, *parts: str) -> int:
        hashed.append(parts)
        return pseudonym(secret, *parts)

    monkeypatch.setattr(crosswalk_module, "pseudonym", noted)
    rows = rows_of("caseload", 20)
    rows[3]["worker_id"] = "A-NEW-WORKER"
    land(home, "caseload.csv", rows)

    arrive(home)

    assert hashed == [("worker", NORTHSHIRE, "A-NEW-WORKER")]
    assert whole(home, NORTHSHIRE)["worker", "A-NEW-WORKER"]


def test_an_identifier_that_shares_a_key_with_one_of_an_earlier_delivery_refuses_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path)
    land(home, "caseload.csv", rows_of("caseload", 5))
    arrive(home)
    taken = whole(home, NORTHSHIRE)
    kind, identifier = next(key for key in taken if key[0] == "worker")
    monkeypatch.setattr(crosswalk_module, "pseudonym", lambda *_: taken[kind, identifier])
    rows = rows_of("caseload", 6)
    rows[0]["worker_id"] = "SOMEBODY ELSE"
    land(home, "caseload.csv", rows)

    delivery = arrive_one(home)

    assert delivery.is_refused and "two identifiers have the same key" in (delivery.refused_because or "")
    assert "SOMEBODY ELSE" not in (delivery.refused_because or "")
    assert whole(home, NORTHSHIRE) == taken


def test_identifiers_of_a_refused_delivery_are_not_kept(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    rows = rows_of("caseload", 10)
    for number, row in enumerate(rows):
        row["worker_id"] = f"REFUSED-{number}"
        row["case_type"] = "nonsense" if number % 2 else row["case_type"]
    land(home, "caseload.csv", rows)

    assert arrive_one(home).is_refused

    assert whole(home, NORTHSHIRE) == {}


def asked_for(home: Settings) -> list[lookups.LookUp]:
    """The look-ups of people: a load enters its own, for the restricted pages."""
    return [entry for entry in lookups.log_of(home) if entry.what != "references"]


def test_a_line_of_the_log_that_was_cut_off_hides_no_other(home: Settings) -> None:
    key = whole(home)["worker", "W1"]
    before = lookups.log_of(home)
    with lookups.log_file(home).open("ab") as log:
        log.write('{"at": "2024-06-01T09:00:00", "who": "Zoë'.encode()[:-1])

    lookups.who(home, key, WHY)

    after = lookups.log_of(home)
    assert [entry.what for entry in after[len(before) :]] == ["cut off", "key"]
    assert after[-1].keys == [key]


def test_a_look_up_shows_the_identifier_once_its_reason_stands_in_the_log(home: Settings) -> None:
    key = whole(home)["worker", "W1"]
    assert run(home.home, "who", str(key)).code == FAILED
    assert run(home.home, "who", str(key), "--why", "short").code == FAILED
    assert asked_for(home) == []

    shown = run(home.home, "who", str(key), "--why", WHY)
    assert shown.code == DONE and "W1" in shown.words and COUNCIL in shown.words
    negative = next(key for key in whole(home).values() if key < 0)
    assert run(home.home, "who", str(negative), "--why", WHY).code == DONE
    assert run(home.home, "who", "12345", "--why", WHY).code == FAILED

    log = lookups.log_file(home).read_text()
    assert [entry.found for entry in asked_for(home)] == [1, 1, 0]
    assert WHY in log and str(key) in log and '"W1"' not in log
    assert stat.S_IMODE(lookups.log_file(home).stat().st_mode) == 0o600
    assert WHY.split(maxsplit=1)[0] in run(home.home, "who", "--log").words


def test_nobody_is_shown_when_the_log_cannot_be_written(home: Settings) -> None:
    lookups.log_file(home).unlink(missing_ok=True)
    lookups.log_file(home).mkdir()

    result = run(home.home, "who", str(whole(home)["worker", "W1"]), "--why", WHY)

    assert result.code == FAILED and "W1" not in result.words


def test_an_identifier_gives_its_key_and_does_not_stand_in_the_log(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lookups.key_of(home, " W1 ", WHY, council=COUNCIL) == whole(home)["worker", "W1"]
    assert lookups.key_of(home, "NOBODY", WHY, council=COUNCIL) is None
    assert "NOBODY" not in lookups.log_file(home).read_text()
    assert run(home.home, "who", "--reverse", "--why", WHY).code == WRONG_USAGE
    monkeypatch.setattr(sys, "stdin", io.StringIO(" \n"))
    nothing = run(home.home, "who", "--reverse", "--council", COUNCIL, "--why", WHY)
    assert nothing.code == WRONG_USAGE and "no identifier came" in nothing.words


def test_the_workers_own_references_are_found_for_their_manager(home: Settings) -> None:
    key = whole(home)["worker", "W1"]

    assert lookups.own_references(home, COUNCIL, [key, 5], "pages of team managers") == {key: "W1"}
    assert lookups.log_of(home)[-1].what == "references"


@pytest.mark.long
def test_after_a_change_of_key_everything_is_as_before_but_for_the_keys(home: Settings) -> None:
    before, keys, ledger = marts(home), whole(home), ledger_rows(home)
    old_archive = sorted(p.relative_to(home.archive) for p in (home.archive / "caseload").rglob("*.parquet"))

    done = rotate(home)

    after = renewed(home)
    assert marts(after) == before
    assert whole(after) == {
        (kind, name): pseudonym(NEW_KEY.encode(), kind, COUNCIL, name) for kind, name in keys
    }
    assert not set(keys.values()) & set(whole(after).values())
    assert done.keys == len(keys) and done.generation == 2
    held = {row[0] for rows in marts(after, with_keys=True).values() for row in rows if row}
    assert not set(map(str, keys.values())) & {str(value) for value in held}
    assert old_archive and not (home.archive / "caseload").exists()
    assert Manifest(home.manifest).key_fingerprints() == {COUNCIL: fingerprint(NEW_KEY.encode())}
    assert len(ledger_rows(after)) == len(ledger)
    assert not set(ledger_rows(after)) & {row for row in ledger if row[4]}
    # Nobody is told again, the corrected month is still known as it was first told, and loading goes on.
    report = load(after, now=NOW)
    assert report.announcement is None or not report.announcement.digests
    land_month(after, 2)
    assert not load(after, now=NOW).has_refusals
    land_month(home, 3)
    with pytest.raises(SettingsError, match="is not the key the archive"):
        load(home, now=NOW)


def dies_at(step: str) -> Callable[[str], None]:
    def die(reached: str) -> None:
        if reached == step:
            raise KeyboardInterrupt

    return die


def raises_interrupt(*arguments: object, **named: object) -> None:
    raise KeyboardInterrupt


def is_changed_whole(settings: Settings) -> bool:
    return (
        not (settings.archive / "caseload").exists()
        and [path.name for path in settings.archive.glob("generation-*")] == ["generation-2"]
        and {d.key_fingerprint for d in Manifest(settings.manifest).in_force().values()}
        == {fingerprint(NEW_KEY.encode())}
    )


@pytest.mark.long
def test_a_change_of_key_that_dies_before_the_switch_leaves_the_old_keys_whole(home: Settings) -> None:
    before = marts(home, with_keys=True)
    for step in STEPS[: STEPS.index("the switch is made")]:
        with pytest.raises(KeyboardInterrupt):
            rotate(home, reached=dies_at(step))
        load(home, now=NOW)
        assert marts(home, with_keys=True) == before, step

    rotate(home)

    assert is_changed_whole(renewed(home))


@pytest.mark.long
def test_a_change_of_key_that_dies_after_the_switch_is_finished_by_the_next_load_however_often_that_dies(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = marts(home)
    with pytest.raises(KeyboardInterrupt):
        rotate(home, reached=dies_at("the switch is made"))
    for module, what in (
        (load_module, "rebuild"),
        (rotated_keys, "clear_up"),
        (rotated_keys, "clear_leftovers"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(module, what, raises_interrupt)
            with pytest.raises(KeyboardInterrupt):
                load(renewed(home), now=NOW)

    load(renewed(home), now=NOW)

    assert marts(renewed(home)) == before
    assert is_changed_whole(renewed(home))


def test_keys_without_an_identifier_stop_the_change_before_anything_is_written(home: Settings) -> None:
    for path in (home.archive / "crosswalk").rglob("*.sealed"):
        path.unlink()

    with pytest.raises(RotationError, match=r"\d+ keys of the archive have no identifier"):
        rotate(home)

    assert not list(home.archive.glob("generation-*"))


@pytest.mark.parametrize(
    ("new", "words"), [("", "CASELOAD_NEW_PSEUDONYM_KEY is not set"), (KEY, "the secret in use")]
)
def test_a_change_needs_a_new_secret(home: Settings, new: str, words: str) -> None:
    with pytest.raises((RotationError, SettingsError), match=words):
        rotate(replace(home, new_pseudonym_key_variable=new))


def test_many_small_segments_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crosswalk_module, "SEGMENTS_BEFORE_MERGING", 3)
    home = make_home(tmp_path)
    for number in range(5):
        rows = rows_of("caseload", 3)
        rows[0]["worker_id"] = f"LATE-{number}"
        land(home, "caseload.csv", rows)
        arrive(home)

    assert len(list((home.archive / "crosswalk" / NORTHSHIRE).glob("*.sealed"))) < 3
    assert {f"LATE-{number}" for number in range(5)} <= {name for _, name in whole(home, NORTHSHIRE)}


def ledger_rows(settings: Settings) -> list[tuple[str, ...]]:
    import sqlite3

    with sqlite3.connect(settings.alert_ledger) as connection:
        return connection.execute(
            "select council, month, unit, metric, worker, severity, state from items order by 1, 2, 3, 4, 5"
        ).fetchall()
