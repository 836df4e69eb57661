"""The public tier: what small counts become, that nothing gives them back, and that nothing unclassified is in it."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from disclosure_audit import Attack, Cell, attack, determined, small_cells, too_narrow
from disclosure_derived import attack_derived
from small_councils import Unit, make_small_council

from dagster_project.disclosure import ClassificationError, blocks, hiding, read_classes
from dagster_project.settings import PROJECT_ROOT, Settings
from dagster_project.warehouse import PublishingError, publish


@dataclass(frozen=True)
class Publication:
    """A made-up council as it was published: the exact marts, the public ones, and what its printed figures are of."""

    internal: Path
    public: Path
    units: list[Unit]
    asked: list[dict[str, Any]]

    def attack(self, *, open_up: str | None = None) -> Attack:
        """What an attacker finds; `open_up` is SQL run on the public tier before."""
        public = self.public
        if open_up:
            public = self.public.with_name(f"opened-{abs(hash(open_up))}.duckdb")
            shutil.copy(self.public, public)
            with duckdb.connect(str(public)) as marts:
                marts.execute(f"attach '{self.internal}' as internal (read_only)")
                marts.execute(open_up)
        found = attack(self.internal, public, self.units, "made_up")
        attack_derived(found, self.internal, public, self.units, "made_up", self.asked)
        return found


def published(home: Path, seed: int, *, teams: int = 9) -> Publication:
    settings = Settings(home=home)
    units = make_small_council(settings, seed, teams=teams)
    version = publish(settings, "load-1")
    names = ("figure_id", "measure", "unit", "month")
    with duckdb.connect(str(settings.database), read_only=True) as warehouse:
        asked = warehouse.execute(
            f"select {', '.join(names)} from reference.report_figure_measures"
        ).fetchall()
    return Publication(
        version / "marts.duckdb",
        version / "public" / "marts.duckdb",
        units,
        [dict(zip(names, row, strict=True)) for row in asked],
    )


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    return published(tmp_path_factory.mktemp("one"), 1)


def of_contracts(found: Attack) -> list[Cell]:
    return [cell for cell in small_cells(found) if cell[2].startswith("contract_")]


def test_nobody_can_work_out_what_is_suppressed(one: Publication) -> None:
    found = one.attack()

    small = list(small_cells(found))
    assert len(small) > 500 and len(of_contracts(found)) > 5
    assert determined(found) == {}
    assert too_narrow(found, [*small[1::40], *of_contracts(found)]) == {}


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20, 32))
def test_nobody_can_work_out_what_is_suppressed_in_many_councils(tmp_path: Path, seed: int) -> None:
    found = published(tmp_path, seed, teams=5 + seed % 8).attack()

    assert determined(found) == {}
    assert too_narrow(found, [*list(small_cells(found))[seed % 6 :: 6], *of_contracts(found)]) == {}


JOINED = "from internal.{0} as truth where truth.unit = {0}.unit and truth.month = {0}.month"


def opened(mart: str, *columns: str, also: str = "") -> str:
    """SQL that shows columns of a mart everywhere."""
    shown = ", ".join(f"{column} = truth.{column}" for column in columns)
    same = "".join(f" and truth.{column} = {mart}.{column}" for column in also.split())
    return f"update {mart} set {shown} " + JOINED.format(mart) + same


def opened_figures(column: str) -> str:
    return (
        f"update report_figures set {column} = truth.{column} from internal.report_figures as truth "
        "where truth.figure_id = report_figures.figure_id"
    )


HOLES = {
    "a sibling beside a small count": (
        "visits_due",
        opened("timeliness", "visits_due")
        + " and truth.unit <> coalesce((select min(few.unit) from internal.timeliness as few "
        "where few.month = truth.month and few.visits_due between 1 and 4), '')",
    ),
    "a rate beside its denominator": ("closed", opened("throughput", "received", "closed_rate")),
    "the start beside the end of the month before": ("open_cases", opened("throughput", "open_at_start")),
    "months of a contract beside one another": (
        "received",
        opened("managed_teams", "received", also="contract_id"),
    ),
    "what a case of a contract cost": (
        "contract_closed",
        opened("managed_teams", "cost_per_case_closed_gbp", also="contract_id"),
    ),
    "the month before a breach": (
        "visits_in_time",
        opened("threshold_breaches", "previous_value", also="metric"),
    ),
    "a breach's change": ("unallocated_cases", opened("threshold_breaches", "change", also="metric")),
    "a change since an investment began": (
        "unallocated_cases",
        opened("investment_impact", "change", "value_at_start", also="indicator"),
    ),
    "a mean since then": ("received", opened("investment_impact", "mean_since", also="indicator")),
    "the best and worst since then": (
        "manager_held_cases",
        opened("investment_impact", "best_since", "worst_since", also="indicator"),
    ),
    "FTE to the target": ("open_cases", opened("caseload_bands", "fte_to_target")),
    "what a team of an option moves": (
        "contract_closed",
        opened("options_to_target", "cost_per_case_moved_gbp", "cases_moved", also="option_kind")
        + ";"
        + opened("managed_teams", "transferred", also="contract_id"),
    ),
    "what a forecast was made of": (
        "received",
        opened("caseload_forecasts", "received_a_month", "ended_a_month"),
    ),
    "what a forecast came to": ("open_cases", opened("caseload_forecasts", "actual_open_cases")),
    "a printed figure's digits": (
        "received",
        opened_figures("exact"),
    ),
    "what a paper's figure comes to now": (
        "received",
        opened_figures("computed"),
    ),
}


@pytest.mark.parametrize("hole", HOLES)
def test_the_attack_finds_a_hole_that_was_planted(one: Publication, hole: str) -> None:
    quantity, open_up = HOLES[hole]
    found = one.attack(open_up=open_up)

    cells = [cell for cell in small_cells(found) if cell[2] == quantity]
    assert cells
    assert determined(found) or too_narrow(found, cells)


def hide_the_small_alone(
    self: blocks.MonthOfCouncil, figures: dict[tuple[str, str], float], freedom: object, **closing: Any
) -> frozenset[str]:
    small = self.small_cells(figures) if closing.get("small") is None else closing["small"]
    return frozenset(unit for unit, _ in small if unit in self.counts) | frozenset(closing.get("must") or ())


ALONE: dict[str, tuple[str, ...]] = dict.fromkeys(hiding.FLOWS_OF_CONTRACT, ())
WEAKENED: dict[str, tuple[object, str, object]] = {
    "no sibling is hidden beside a small count": (blocks.MonthOfCouncil, "close", hide_the_small_alone),
    "the next month's start is shown": (blocks, "hide_start", lambda month, before: None),
    "cases in and out are shown": (blocks, "BLOCKS", blocks.BLOCKS[1:]),
    "a contract's months are looked at one by one": (hiding, "FLOWS_OF_CONTRACT", ALONE),
    "a council's count is shown beside a team's name": (hiding, "OF_COUNCIL", frozenset()),
}


@pytest.mark.parametrize("rule", WEAKENED)
def test_the_attack_finds_a_rule_that_was_weakened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    monkeypatch.setattr(*WEAKENED[rule])
    found = published(tmp_path, 1).attack()

    small = list(small_cells(found))
    assert determined(found) or too_narrow(found, [*small[::20], *of_contracts(found)])


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
