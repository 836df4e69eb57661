"""Files land, and the manifest says what became of each: in force, refused and why, repeated, left alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType

import duckdb
import pytest
from deliveries_fixture import (
    COUNCIL,
    KEY,
    MAY,
    MONTH,
    REFERENCE,
    Row,
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

from dagster_project.deliveries import batch, plain_deliveries
from dagster_project.deliveries.manifest import Manifest
from dagster_project.deliveries.pseudonyms import pseudonym
from dagster_project.settings import Settings, SettingsError

NOW = datetime(2030, 1, 1, tzinfo=UTC)
PLACE = (COUNCIL, MAY, "caseload")


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return make_home(tmp_path)


def cases(count: int, **of_the_first: str) -> list[Row]:
    rows = rows_of("caseload", count)
    rows[0] |= of_the_first
    return rows


def spoiled(extract: str, count: int, bad: int, column: str, value: str) -> list[Row]:
    rows = rows_of(extract, count)
    for row in rows[:bad]:
        row[column] = value
    return rows


def archived(settings: Settings, extract: str) -> list[tuple[object, ...]]:
    with duckdb.connect(":memory:") as connection:
        return connection.execute(
            f"select * from read_parquet('{settings.archive}/{extract}/*/*.parquet')"
        ).fetchall()


def test_a_good_delivery_is_in_force_and_recorded_whole(home: Settings) -> None:
    path = land(home, "caseload.csv", cases(10))

    delivery = arrive_one(home)

    assert (delivery.council, delivery.month, delivery.extract) == PLACE
    assert (delivery.rows_read, delivery.rows_accepted, delivery.rows_rejected) == (10, 10, 0)
    assert delivery.file_name == path.name and len(delivery.sha256) == 64
    assert not delivery.is_refused and delivery.superseded_by is None
    assert in_force(home)[PLACE].delivery == delivery.delivery
    assert len(archived(home, "caseload")) == 10


def test_the_same_file_again_changes_nothing(home: Settings) -> None:
    path = land(home, "caseload.csv", cases(10))
    first = arrive_one(home)
    path.write_bytes(path.read_bytes())

    again = arrive(home)

    assert again.recorded == [] and again.already_loaded == 1
    assert in_force(home)[PLACE].delivery == first.delivery


def test_a_corrected_file_replaces_the_month_and_the_old_delivery_stays_readable(home: Settings) -> None:
    land(home, "caseload.csv", cases(10))
    old = arrive_one(home)
    land(home, "caseload.csv", cases(12))

    new = arrive_one(home)

    assert in_force(home)[PLACE].delivery == new.delivery
    known = {delivery.delivery: delivery for delivery in Manifest(home.manifest).all()}
    assert known[old.delivery].superseded_by == new.delivery
    assert [row[0] for row in archived(home, "caseload")].count(old.delivery) == 10


def test_the_bytes_of_an_older_delivery_are_a_new_delivery(home: Settings) -> None:
    land(home, "caseload.csv", cases(10))
    first = arrive_one(home)
    land(home, "caseload.csv", cases(12))
    arrive_one(home)
    land(home, "caseload.csv", cases(10))

    third = arrive_one(home)

    assert third.delivery != first.delivery and third.sha256 == first.sha256
    assert in_force(home)[PLACE].rows_accepted == 10


@pytest.mark.parametrize(
    ("extract", "count", "bad", "column", "value"),
    [
        ("caseload", 60, 3, "case_type", "toddler"),
        ("caseload", 100, 5, "opened_on", "soon"),
        ("caseload", 3, 2, "case_type", "toddler"),
        ("offers", 4, 2, "fte", "0,8"),
        ("caseload", 60, 3, "team", "Nobody’s Team"),
        ("agency_spend", 40, 2, "week_ending", "2024-07-01"),
    ],
)
def test_rejected_and_unmapped_rows_up_to_the_limit_leave_the_rest_in_force(
    home: Settings, extract: str, count: int, bad: int, column: str, value: str
) -> None:
    land(home, f"{extract}.csv", spoiled(extract, count, bad, column, value))

    delivery = arrive_one(home)

    assert not delivery.is_refused
    assert delivery.rows_rejected + delivery.rows_unmapped == bad
    assert delivery.rows_accepted == count - delivery.rows_rejected


@pytest.mark.parametrize(
    ("extract", "count", "bad", "column", "value", "reason"),
    [
        ("caseload", 59, 3, "case_type", "toddler", "3 of 59 rows are rejected"),
        ("caseload", 99, 5, "opened_on", "soon", "5 of 99 rows"),
        ("caseload", 4, 3, "case_type", "toddler", "3 of 4 rows"),
        ("caseload", 2, 2, "case_type", "toddler", "every one of its 2 rows is rejected"),
        ("offers", 1, 1, "fte", "0,8", "every one of its 1 rows"),
        ("caseload", 59, 3, "team", "Nobody’s Team", "of no known unit"),
        ("caseload", 30, 30, "opened_on", "2024-06-02", "every one of its 30 rows"),
        ("caseload", 30, 20, "opened_on", "2024-06-02", "20 of 30 rows"),
        ("agency_spend", 30, 20, "week_ending", "2024-06-30", "20 of 30 rows"),
    ],
)
def test_more_than_the_limit_refuses_the_whole_delivery_with_file_and_reason(
    home: Settings, extract: str, count: int, bad: int, column: str, value: str, reason: str
) -> None:
    land(home, f"{extract}.csv", spoiled(extract, count, bad, column, value))

    delivery = arrive_one(home)

    assert delivery.is_refused and delivery.rows_accepted == 0 and delivery.rows_read == count
    words = delivery.refused_because or ""
    assert words.startswith(f"{extract}.csv: ") and reason in words
    assert archived(home, extract) == [] and in_force(home) == {}


def test_rejected_and_unmapped_rows_count_together(home: Settings) -> None:
    rows = cases(59, case_type="toddler")
    rows[1]["team"] = rows[2]["team"] = "Nobody’s Team"
    land(home, "caseload.csv", rows)

    assert arrive_one(home).is_refused


def test_a_council_s_own_limit_holds_for_it(home: Settings) -> None:
    limits = "council,extract,max_rejected_percent,max_rejected_rows,source\nnorthshire,caseload,50,2,paper\n"
    write_reference(home, delivery_limits=limits)
    land(home, "caseload.csv", spoiled("caseload", 10, 5, "case_type", "toddler"))

    assert not arrive_one(home).is_refused


def test_a_refused_file_leaves_the_last_good_delivery_in_force(home: Settings) -> None:
    land(home, "caseload.csv", cases(10))
    good = arrive_one(home)
    land(home, "caseload.csv", b"")

    bad = arrive_one(home)

    assert bad.is_refused and bad.refused_because == "caseload.csv: the file is empty"
    assert in_force(home)[PLACE].delivery == good.delivery and in_force(home)[PLACE].superseded_by is None


def test_a_refused_file_is_not_read_again_until_something_changed(home: Settings) -> None:
    land(home, "caseload.csv", spoiled("caseload", 10, 5, "team", "Birch Front Room"))
    arrive_one(home)

    again = arrive(home)

    assert again.recorded == [] and [d.extract for d in again.refused_before] == ["caseload"]


def test_a_refused_file_is_read_again_when_a_missing_alias_was_added(home: Settings) -> None:
    land(home, "caseload.csv", spoiled("caseload", 10, 5, "team", "Birch Front Room"))
    assert arrive_one(home).is_refused
    write_reference(home, unit_aliases=REFERENCE["unit_aliases"] + "northshire,birch front room,birch\n")

    again = arrive_one(home)

    assert not again.is_refused and again.rows_unmapped == 0


@pytest.mark.parametrize(("column", "value"), [("role", "Wizard"), ("team", "Birch Front Room")])
def test_a_delivery_with_rows_aside_is_read_again_when_the_reference_data_changed(
    home: Settings, column: str, value: str
) -> None:
    land(home, "workforce.csv", spoiled("workforce", 40, 1, column, value))
    first = arrive_one(home)
    assert first.rows_rejected + first.rows_unmapped == 1
    aliases = {
        "unit_aliases": REFERENCE["unit_aliases"] + "northshire,Birch Front Room,birch\n",
        "role_aliases": REFERENCE["role_aliases"] + "northshire,Wizard,social_worker\n",
    }
    write_reference(home, **aliases)

    second = arrive_one(home)

    assert second.sha256 == first.sha256
    assert (second.rows_accepted, second.rows_rejected, second.rows_unmapped) == (40, 0, 0)
    assert arrive(home).recorded == []


def _read_twice(home: Settings) -> Manifest:
    """One good file, then another with a team nobody knew, read again when its alias came."""
    land(home, "caseload.csv", cases(40))
    arrive(home)
    land(home, "caseload.csv", spoiled("caseload", 41, 2, "team", "Team Z"))
    arrive(home)
    aliases = REFERENCE["unit_aliases"] + f"{COUNCIL},Team Z,birch\n"
    write_reference(home, unit_aliases=aliases)
    arrive(home)
    return Manifest(home.manifest)


def test_a_withdrawn_file_does_not_come_back_by_an_earlier_reading_of_it(home: Settings) -> None:
    manifest = _read_twice(home)
    first, before, again = manifest.all()
    assert before.sha256 == again.sha256

    manifest.withdraw(again, "the wrong file", NOW)

    assert in_force(home)[PLACE].delivery == first.delivery
    arrival = arrive(home)
    assert not arrival.recorded and len(arrival.withdrawn_before) == 1
    manifest.undo_withdrawal(again, NOW)
    assert in_force(home)[PLACE].delivery == again.delivery
    assert [d.withdrawn_at for d in manifest.all()] == [None, None, None]


def test_a_withdrawal_is_whole_or_not_there(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = _read_twice(home)
    before = manifest.all()

    def dies(deliveries: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dagster_project.deliveries.manifest.with_successors", dies)
    with pytest.raises(KeyboardInterrupt):
        manifest.withdraw(before[-1], "the wrong file", NOW)

    assert manifest.all() == before


def test_a_clean_delivery_is_not_read_again_when_the_reference_data_changed(home: Settings) -> None:
    land(home, "caseload.csv", cases(10))
    arrive_one(home)
    write_reference(home, unit_aliases=REFERENCE["unit_aliases"] + "northshire,Birch Front Room,birch\n")

    assert arrive(home).already_loaded == 1


def test_a_council_that_is_not_registered_is_refused_until_it_is(home: Settings) -> None:
    land(home, "caseload.csv", [{**row, "team": "Eastshire"} for row in cases(10)], council="eastshire")
    refused = arrive_one(home)
    assert refused.refused_because == "caseload.csv: council eastshire is not registered in councils.csv"
    registered = {
        "councils": REFERENCE["councils"] + "eastshire,Eastshire,,,,,\n",
        "org_units": REFERENCE["org_units"]
        + "eastshire,eastshire,Eastshire,council,,other,false,2010-04-01,\n",
    }
    write_reference(home, **registered)

    again = arrive_one(home)

    assert not again.is_refused and again.sha256 == refused.sha256


def test_a_delivery_under_another_council_s_names_knows_none_of_them(home: Settings) -> None:
    rows = rows_of("workforce", 40)
    rows[0]["team"], rows[1]["role"], rows[2]["role"] = "Front Desk", "Case Person", "Family Practitioner"
    land(home, "workforce.csv", rows)

    delivery = arrive_one(home)

    assert delivery.rows_unmapped == 1
    rules = [(cell.row_number, cell.rule) for cell in delivery.rejected]
    assert sorted(rules) == [(2, "no_known_unit"), (3, "role")]


@pytest.mark.parametrize(
    ("team", "month", "unmapped"),
    [
        ("Closed Team", "2024-04", 0),
        ("Closed Team", "2024-05", 1),
        ("Future Team", "2024-05", 1),
        ("future_team", "2024-06", 0),
    ],
)
def test_a_team_is_known_while_it_is_in_force_at_the_month_s_end(
    home: Settings, team: str, month: str, unmapped: int
) -> None:
    land(home, "caseload.csv", cases(10, team=team), month=month)

    assert arrive_one(home).rows_unmapped == unmapped


@pytest.mark.parametrize("extract", ["caseload", "workforce", "posts"])
def test_a_header_without_rows_is_refused_where_there_are_always_rows(home: Settings, extract: str) -> None:
    land(home, f"{extract}.csv", ",".join(rows_of(extract, 1)[0]).encode())

    assert "a header without rows" in (arrive_one(home).refused_because or "")


@pytest.mark.parametrize("extract", ["offers", "agency_spend", "caseload_summary"])
@pytest.mark.parametrize("below", [b"", b"\r\nTotal,0,,,,,,,,,", b"\r\n\r\nNote: none this month"])
def test_a_header_without_rows_is_a_delivery_of_no_rows_elsewhere(
    home: Settings, extract: str, below: bytes
) -> None:
    land(home, f"{extract}.csv", ",".join(rows_of(extract, 1)[0]).encode() + below)

    delivery = arrive_one(home)

    assert (delivery.is_refused, delivery.rows_read) == (False, 0)


def test_both_a_csv_and_a_workbook_of_one_extract_are_refused_until_one_is_left(home: Settings) -> None:
    land(home, "caseload.csv", cases(10))
    extra = land(home, "caseload.xlsx", workbook({"data": lines_of(cases(10))}))
    assert (
        arrive_one(home).refused_because
        == "caseload.csv and caseload.xlsx: two files of one extract; keep one"
    )
    extra.unlink()

    assert not arrive_one(home).is_refused


def test_a_link_a_folder_and_a_link_to_nothing_in_a_file_s_place_are_refused(
    home: Settings, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_bytes(csv_bytes(cases(10)))
    folder = land(home, "caseload.csv", b"").parent
    (folder / "caseload.csv").unlink()
    (folder / "caseload.csv").symlink_to(elsewhere)
    (folder / "posts.csv").mkdir()
    (folder / "workforce.csv").symlink_to(folder / "gone.csv")

    refused = {delivery.extract: delivery.refused_because for delivery in arrive(home).refused}

    place = "a link or a folder stands in the file's place"
    assert refused == {name: f"{name}.csv: {place}" for name in ("caseload", "posts", "workforce")}


def test_a_month_pack_is_one_delivery_for_each_sheet_named_as_an_extract(home: Settings) -> None:
    sheets = {
        "Read me": [["hello"]],
        "Caseload": lines_of(cases(10)),
        "AGENCY spend": lines_of(rows_of("agency_spend", 3)),
    }
    land(home, "Month pack 2024-05.xlsx", workbook(sheets))

    recorded = {d.extract: (d.rows_accepted, d.file_name) for d in arrive(home).recorded}

    assert recorded == {
        "caseload": (10, "Month pack 2024-05.xlsx"),
        "agency_spend": (3, "Month pack 2024-05.xlsx"),
    }
    assert arrive(home).already_loaded == 2


def test_an_extract_both_in_a_month_pack_and_beside_it_is_refused(home: Settings) -> None:
    land(
        home, "pack.xlsx", workbook({"caseload": lines_of(cases(10)), "posts": lines_of(rows_of("posts", 2))})
    )
    land(home, "caseload.csv", cases(10))

    arrival = arrive(home)

    assert [d.extract for d in arrival.accepted] == ["posts"]
    assert "two deliveries of one extract (caseload)" in (arrival.refused[0].refused_because or "")


def test_a_month_pack_that_cannot_be_opened_is_refused(home: Settings) -> None:
    whole = workbook({"caseload": lines_of(cases(10))})
    land(home, "pack.xlsx", whole[: len(whole) // 2])
    refused = arrive_one(home)
    assert refused.refused_because == "pack.xlsx: unreadable as a workbook, or cut short"

    land(home, "pack.xlsx", whole)
    assert arrive_one(home).rows_accepted == 10


def test_what_is_no_delivery_is_left_alone_and_named(home: Settings) -> None:
    for name in ("notes.docx", "caseload.csv.bak", "cases.csv", ".hidden.csv", "~$caseload.xlsx"):
        land(home, name, b"x")
    for month in ("2024-13", "0000-05", "9999-12", "May", "2024-5"):
        land(home, "caseload.csv", cases(3), month=month)
    (home.landing / "readme.txt").write_text("x")
    (home.landing / "linked").symlink_to(home.landing / COUNCIL)

    arrival = arrive(home)

    assert arrival.recorded == []
    assert sorted(stranger.split(":")[0] for stranger in arrival.strangers) == sorted(
        [
            *(f"{COUNCIL}/{month}" for month in ("0000-05", "2024-13", "2024-5", "9999-12", "May")),
            *(f"{COUNCIL}/{MONTH}/{name}" for name in ("caseload.csv.bak", "cases.csv", "notes.docx")),
            "aaaaaa",
            "readme.txt",
        ]
    )


def test_names_of_files_are_known_in_any_case(home: Settings) -> None:
    land(home, "CaseLoad.CSV", cases(10))

    assert arrive_one(home).extract == "caseload"


def test_one_council_and_some_months_can_be_asked_for(home: Settings) -> None:
    for month in ("2024-04", "2024-05", "2024-06"):
        land(home, "caseload.csv", cases(3), month=month)
    land(home, "caseload.csv", cases(3, team="duty"), council="southshire")

    arrival = arrive(home, council=COUNCIL, months=(date(2024, 5, 1), date(2024, 6, 1)))

    assert [(d.council, d.month.month) for d in arrival.recorded] == [(COUNCIL, 5), (COUNCIL, 6)]


def rules(cells: Sequence[dict[str, object]]) -> list[tuple[object, ...]]:
    return [(c["extract"], c["row_number"], c["column_name"], c["rule"], c["shape"]) for c in cells]


def test_quarantine_names_extract_row_column_rule_and_shape(home: Settings) -> None:
    land(home, "caseload.csv", cases(30, opened_on="Mon 3rd of June"))
    arrive_one(home)

    cells = Manifest(home.manifest).quarantine()

    assert rules(cells) == [("caseload", 2, "opened_on", "date", "Aaa 9aa aa Aaaa")]
    assert (cells[0]["council"], cells[0]["month"]) == (COUNCIL, "2024-05-01")
    assert "YYYY-MM-DD" in str(cells[0]["expected"])


def test_quarantine_speaks_of_deliveries_in_force_and_of_the_last_refused_only(home: Settings) -> None:
    manifest = Manifest(home.manifest)
    land(home, "caseload.csv", spoiled("caseload", 10, 5, "case_type", "toddler"))
    arrive_one(home)
    assert len(manifest.quarantine()) == 5

    land(home, "caseload.csv", spoiled("caseload", 10, 4, "case_type", "toddler"))
    arrive_one(home)
    assert len(manifest.quarantine()) == 4

    land(home, "caseload.csv", spoiled("caseload", 10, 1, "case_type", "toddler"))
    arrive_one(home)
    assert len(manifest.quarantine()) == 1

    land(home, "caseload.csv", cases(10))
    arrive_one(home)
    assert manifest.quarantine() == []


def test_what_was_remarked_is_kept_with_its_count(home: Settings) -> None:
    content = csv_bytes([*cases(10), cases(1)[0]]) + b"\r\nTotal,11,,,,,,,,,,,\r\nNotes: none,,,,,,,,,,,,\r\n"
    land(home, "caseload.csv", b"Northshire\r\n" + content)
    arrive_one(home)

    remarked = {notice["notice"]: notice["rows"] for notice in Manifest(home.manifest).notices()}

    assert remarked == {"title_rows": 1, "blank_rows": 1, "total_rows": 1, "notes": 1, "repeated_rows": 1}


def test_identifiers_of_people_are_archived_as_keys_only(home: Settings) -> None:
    land(
        home,
        "caseload.csv",
        cases(1, child_id=" CH-SECRET-1 ", family_id="F-SECRET-1", worker_id="W-SECRET-1"),
    )
    land(
        home,
        "workforce.csv",
        [{**rows_of("workforce", 1)[0], "worker_id": "W-SECRET-1", "registration_no": "SW-SECRET"}],
    )
    arrive(home)

    secret = KEY.encode()
    (case,), (worker,) = archived(home, "caseload"), archived(home, "workforce")
    for kind, identifier in (("child", "CH-SECRET-1"), ("family", "F-SECRET-1"), ("worker", "W-SECRET-1")):
        assert pseudonym(secret, kind, COUNCIL, identifier) in case
    assert pseudonym(secret, "worker", COUNCIL, "W-SECRET-1") in worker
    assert pseudonym(secret, "registration", COUNCIL, "SW-SECRET") in worker
    for path in home.archive.rglob("*"):
        assert path.is_dir() or b"SECRET" not in path.read_bytes()


def test_nothing_is_loaded_without_a_key(home: Settings) -> None:
    land(home, "caseload.csv", cases(3))

    with pytest.raises(SettingsError, match="CASELOAD_PSEUDONYM_KEY is not set"):
        arrive(Settings(home=home.home))
    assert Manifest(home.manifest).all() == []


def test_another_key_than_before_is_refused_by_name_of_the_council(home: Settings) -> None:
    land(home, "caseload.csv", cases(3))
    arrive_one(home)
    land(home, "caseload.csv", cases(4))

    with pytest.raises(SettingsError, match="not the key the archive of northshire was made with"):
        arrive(Settings(home=home.home, pseudonym_key_variable="another"))
    assert in_force(home)[PLACE].rows_accepted == 3


def test_nothing_new_needs_no_key(home: Settings) -> None:
    land(home, "caseload.csv", cases(3))
    arrive_one(home)

    assert arrive(Settings(home=home.home)).already_loaded == 1


@pytest.mark.parametrize(
    ("module", "name", "opened_on"),
    [(plain_deliveries, "read_plain", "2024-03-04"), (batch, "read_delivery", "04/03/2024")],
    ids=["a plain file", "a file read with care"],
)
def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_load(
    home: Settings, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, opened_on: str
) -> None:
    path = land(home, "caseload.csv", [{**row, "opened_on": opened_on} for row in cases(10)])
    read = getattr(module, name)

    def read_while_more_is_written(*arguments: object, **named: object) -> object:
        table = read(*arguments, **named)
        with path.open("ab") as file:
            file.write(csv_bytes(cases(12)).split(b"\n")[-2] + b"\n")
        return table

    monkeypatch.setattr(module, name, read_while_more_is_written)
    arrival = arrive(home)
    assert arrival.recorded == [] and [landed.path for landed in arrival.still_written] == [path]
    assert Manifest(home.manifest).all() == []

    monkeypatch.setattr(module, name, read)
    assert arrive_one(home).rows_accepted == 11


def test_names_that_would_move_a_cursor_are_shown_harmless(home: Settings) -> None:
    land(home, "\x1b[2Jevil\u202etxt.csv", cases(1))

    (stranger,) = arrive(home).strangers

    assert "\x1b" not in stranger and "\u202e" not in stranger and stranger.startswith(f"{COUNCIL}/{MONTH}/?")


@pytest.mark.parametrize("name", ["caseload.csv.part", "caseload.csv.tmp", ".caseload.csv"])
def test_a_file_under_the_name_of_an_unfinished_download_is_left_alone(home: Settings, name: str) -> None:
    land(home, name, cases(3))

    arrival = arrive(home)

    assert not arrival.recorded and not arrival.strangers


def test_a_pipe_in_a_file_s_place_is_refused_and_not_opened(home: Settings) -> None:
    folder = land(home, "posts.csv", rows_of("posts", 1)).parent
    os.mkfifo(folder / "caseload.csv")

    found = {d.extract: d for d in arrive(home).recorded}

    assert found["caseload"].is_refused and not found["posts"].is_refused
