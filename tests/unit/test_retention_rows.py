"""How long things are kept, as rows: a council's own row wins, and rows that contradict each other are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from deliveries_fixture import make_home, write_reference

from dagster_project.reference import ReferenceDataError, load_reference
from dagster_project.reference.tables import load_tables

HEADER = "council,what,keep_days,source\n"


def test_a_councils_own_row_wins_over_that_of_every_council(tmp_path: Path) -> None:
    settings = make_home(tmp_path)
    shipped = load_reference(settings).keep_days("landed_original", "northshire")
    write_reference(settings, retention=f"{HEADER}northshire,landed_original,{shipped + 1},made up\n")

    reference = load_reference(settings)

    assert reference.keep_days("landed_original", "northshire") == shipped + 1
    assert reference.keep_days("landed_original", "southshire") == shipped
    assert reference.keep_days("landed_original") == shipped


def test_every_kind_ships_with_a_row_for_every_council(tmp_path: Path) -> None:
    reference = load_reference(make_home(tmp_path))

    for what in load_tables()["retention"].codes["what"]:
        assert reference.keep_days(what) >= 0


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("northshire,landed_original,-1,x", "fewer than no days"),
        ("northshire,landed_original,,x", "required and empty"),
        ("northshire,landed_originals,7,x", "not one of landed_original"),
        ("elsewhere,landed_original,7,x", "'elsewhere' is not in councils.csv"),
        ("northshire,outbox_mail,7,x", "kept for all councils alike"),
        ("northshire,sealed_original,99999,x", "sealed_original would be kept longer than archive_delivery"),
        ("northshire,archive_delivery,10,x", "sealed_original would be kept longer than archive_delivery"),
        ("northshire,superseded_delivery,99999,x", "superseded_delivery would be kept longer"),
    ],
)
def test_a_row_that_cannot_hold_is_told_with_its_place(tmp_path: Path, row: str, sentence: str) -> None:
    settings = make_home(tmp_path)
    write_reference(settings, retention=f"{HEADER}{row}\n")

    with pytest.raises(ReferenceDataError) as told:
        load_reference(settings)

    assert sentence in str(told.value)


def test_other_days_of_keeping_make_no_mart_due(tmp_path: Path) -> None:
    settings = make_home(tmp_path)
    before = load_reference(settings)
    write_reference(settings, retention=f"{HEADER}northshire,landed_original,3,made up\n")
    after = load_reference(settings)

    assert after.marts_fingerprint("northshire") == before.marts_fingerprint("northshire")
    assert after.reading_fingerprint("northshire") == before.reading_fingerprint("northshire")
