"""The public tier: what small counts become, that nothing gives them back, and that nothing unclassified is in it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml
from disclosure_audit import Attack, Cell, attack, determined, ranges, small_cells
from small_councils import Unit, make_small_council

from dagster_project.disclosure import ClassificationError, read_classes
from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.warehouse import PublishingError, publish

FEWEST_VALUES = 5
WITHIN_HEADCOUNT = ("qualified_under_18_months", "qualified_under_2_years", "asye_workers")


def attacked(home: Path, seed: int, *, teams: int = 9, open_up: str | None = None) -> Attack:
    """What an attacker finds in the publication of a made-up council; `open_up` is SQL run on it before."""
    settings = Settings(home=home)
    units = make_small_council(settings, seed, teams=teams)
    version = publish(settings, "load-1")
    public = version / "public" / "marts.duckdb"
    if open_up:
        with duckdb.connect(str(public)) as marts:
            marts.execute(f"attach '{version / 'marts.duckdb'}' as internal (read_only)")
            marts.execute(open_up)
    return attack(version / "marts.duckdb", public, units, "made_up")


def too_narrow(found: Attack, cells: Iterable[Cell]) -> dict[Cell, tuple[int, int]]:
    """Cells that are left with fewer values than stated, or than a visible headcount leaves at all."""

    def fewest(cell: Cell) -> int:
        headcount = found.truth.get((*cell[:2], "headcount"))
        return min(FEWEST_VALUES, int(headcount or 0) + 1) if cell[2] in WITHIN_HEADCOUNT else FEWEST_VALUES

    bounds = ranges(found, list(cells))
    return {cell: (low, high) for cell, (low, high) in bounds.items() if high - low + 1 < fewest(cell)}


@pytest.mark.parametrize("seed", [1, 4])
def test_nobody_can_work_out_what_is_suppressed(tmp_path: Path, seed: int) -> None:
    found = attacked(tmp_path, seed)

    small = list(small_cells(found))
    assert len(small) > 500
    assert determined(found) == {}
    assert too_narrow(found, small[seed::40]) == {}


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20, 32))
def test_nobody_can_work_out_what_is_suppressed_in_many_councils(tmp_path: Path, seed: int) -> None:
    found = attacked(tmp_path, seed, teams=5 + seed % 8)

    assert determined(found) == {}
    assert too_narrow(found, list(small_cells(found))[seed % 6 :: 6]) == {}


JOINED = "from internal.{0} as truth where truth.unit = {0}.unit and truth.month = {0}.month"
HOLES = {
    "visits_due": "update timeliness set visits_due = truth.visits_due "
    + JOINED.format("timeliness")
    + " and truth.unit <> coalesce((select min(few.unit) from internal.timeliness as few "
    "where few.month = truth.month and few.visits_due between 1 and 4), '')",
    "closed": "update throughput set received = truth.received, closed_rate = truth.closed_rate "
    + JOINED.format("throughput"),
    "open_at_start": "update throughput set open_at_start = truth.open_at_start "
    + JOINED.format("throughput"),
}
"""A sibling beside a small count, a rate beside its denominator, the start beside the end of the month before."""


@pytest.mark.parametrize("quantity", HOLES)
def test_the_attack_finds_a_hole_that_was_planted(tmp_path: Path, quantity: str) -> None:
    found = attacked(tmp_path, 1, open_up=HOLES[quantity])

    cells = [cell for cell in small_cells(found) if cell[2] == quantity]
    assert determined(found) or too_narrow(found, cells[:40])


def test_a_small_count_is_null_and_named_with_what_is_made_of_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    make_small_council(settings, 1)
    version = publish(settings, "load-1")

    with duckdb.connect(str(version / "public" / "marts.duckdb"), read_only=True) as public:
        public.execute(f"attach '{version / 'marts.duckdb'}' as internal (read_only)")
        small = public.execute(
            "select count(*), count(seen.open_cases), count(seen.average_caseload), "
            "min(list_contains(string_split(seen.suppressed, ','), 'open_cases')), "
            "min(list_contains(string_split(seen.suppressed, ','), 'average_caseload')) "
            "from internal.caseload_bands as truth join caseload_bands as seen using (council, unit, month) "
            "where truth.open_cases between 1 and 4"
        ).fetchone()
        named = public.execute("select distinct suppressed from throughput").fetchall()
        same = public.execute(
            "select count(*) from internal.throughput as truth join throughput as seen using (council, unit, month) "
            "where seen.closed <> truth.closed or seen.open_at_end <> truth.open_at_end"
        ).fetchone()
    assert small is not None and small[0] > 0 and small[1:] == (0, 0, True, True)
    assert same == (0,)
    assert (None,) in named
    for (text,) in named:
        assert text is None or text.split(",") == sorted(text.split(","))


def test_a_later_month_leaves_what_an_earlier_publication_showed_as_it_was(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    make_small_council(settings, 3)
    whole = seen_before(publish(settings, "load-2"), date(2024, 1, 1))
    with duckdb.connect(str(settings.database)) as warehouse:
        for mart in ("caseload_bands", "throughput", "timeliness", "workforce_stability", "demand"):
            warehouse.execute(f"delete from {mart} where month >= '2024-01-01'")

    assert seen_before(publish(settings, "load-1"), date(2024, 1, 1)) == whole


def seen_before(version: Path, month: date) -> list[tuple[object, ...]]:
    with duckdb.connect(str(version / "public" / "marts.duckdb"), read_only=True) as public:
        return [
            row
            for mart in ("caseload_bands", "throughput", "timeliness", "workforce_stability")
            for row in public.execute(
                f"select unit, month, suppressed from {mart} where month < ? order by all", [month]
            ).fetchall()
        ]


def test_a_council_may_suppress_more(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    make_small_council(settings, 3)
    with (settings.merged_reference / "disclosure_limits.csv").open("a") as limits:
        limits.write("made_up,children,10,its own\n")

    with duckdb.connect(
        str(publish(settings, "load-1") / "public" / "marts.duckdb"), read_only=True
    ) as public:
        smallest = public.execute(
            "select min(open_cases) from caseload_bands where open_cases > 0"
        ).fetchone()

    assert smallest is not None and smallest[0] >= 10


def test_every_column_of_a_public_mart_is_classified() -> None:
    """A column that is new in a mart has to be thought of: until then it is left out of the public tier."""
    with (PROJECT_ROOT / "seeds" / "public_columns.csv").open(newline="") as file:
        classes = read_classes(csv.DictReader(file))
    missing = []
    for path in sorted((PROJECT_ROOT / "dbt" / "models" / "marts").rglob("*.yml")):
        for model in (yaml.safe_load(path.read_text()) or {}).get("models", []):
            known = classes.by_mart.get(model.get("config", {}).get("alias", model["name"]))
            if known is None:
                continue
            assert model["config"]["meta"]["tier"] == "internal", model["name"]
            names = {column["name"] for column in model["columns"]} - {"worker_key"}
            missing += [f"{model['name']}.{name}" for name in sorted(names ^ set(known))]
    assert missing == []


def test_a_rule_that_cannot_be_read_stops_the_publication_and_says_which(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    make_small_council(settings, 3, months=1, teams=2)
    with (settings.merged_reference / "public_columns.csv").open("a") as classes:
        classes.write("throughput,received,derived,no_such_count\n")

    with pytest.raises(
        PublishingError, match=r"throughput\.received: made_of: no column is the count 'no_such"
    ):
        publish(settings, "load-1")
    with pytest.raises(ClassificationError, match="free is made of nothing"):
        read_classes([{"mart": "throughput", "column_name": "closed", "kind": "free", "made_of": "closed"}])


def test_units_of_the_made_up_councils_are_of_several_levels(tmp_path: Path) -> None:
    units: list[Unit] = make_small_council(Settings(home=tmp_path), 4, months=1)

    assert {above for _, _, above in units} > {None, "made_up"}
