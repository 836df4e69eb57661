"""Late, corrected, refused, withdrawn and out of order: the marts are those of one load of the files that stand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deliveries_fixture import csv_bytes, csv_text
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from landing import COUNCIL, REFERENCE, first_day, make_small_council, month_rows

from dagster_project import warehouse
from dagster_project.deliveries import Delivery, Manifest
from dagster_project.load import load
from dagster_project.settings import Settings
from dagster_project.withdrawal import withdraw

EXAMPLES = int(os.environ.get("CASELOAD_TEST_ORDERS", "2"))
STEPS = 9
MONTHS = st.sampled_from([0, 1, 12, 13])
EXTRACTS = st.sampled_from(["caseload", "workforce", "agency_spend", "contacts", "posts"])
STARTED = datetime(2024, 7, 1, 6, tzinfo=UTC)
# What a delivery is called and when it came differs from load to load, so does
# what was told before a correction; what a delivery says may not.
NOT_COMPARED = {"alert_corrections", "deliveries"}

Place = tuple[int, str]
Rows = Counter[tuple[Any, ...]]


def content(number: int, extract: str, version: int) -> bytes:
    """A file of a month: as first told, corrected, or one that a reader refuses."""
    rows = month_rows(number, as_first_told=version == 0)[extract]
    whole = csv_bytes(rows)
    return whole[: len(whole) - 7] + b'"' if version == 2 else whole


def marts_of(home: Settings) -> dict[str, Rows]:
    current = (home.published / "current").resolve()
    with duckdb.connect(str(current / "restricted" / "marts.duckdb"), read_only=True) as marts:
        return {
            mart.name: Counter(marts.execute(f"select * from {mart.name}").fetchall())
            for mart in warehouse.marts(home)
            if mart.name not in NOT_COMPARED
        }


class Installation(RuleBasedStateMachine):
    """Files land, are loaded, withdrawn and brought back in any order; what should stand is remembered besides."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="any-order-"))
        self.home = make_small_council(self.folder / "lived")
        self.hour = 0
        self.landed: dict[Place, bytes] = {}
        self.accepted: dict[Place, list[tuple[str, bytes]]] = {}
        self.withdrawn: list[str] = []
        self.policy_moved = False

    def now(self) -> datetime:
        self.hour += 1
        return STARTED + timedelta(hours=self.hour)

    def land(self, home: Settings, files: Mapping[Place, bytes]) -> None:
        for (number, extract), data in files.items():
            path = home.landing / COUNCIL / f"{first_day(number):%Y-%m}" / f"{extract}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    @initialize()
    def a_month_is_there(self) -> None:
        for extract in ("caseload", "workforce"):
            self.landed[12, extract] = content(12, extract, 1)
        self.loads()

    @rule(number=MONTHS, extract=EXTRACTS, version=st.sampled_from([0, 1, 1, 2]))
    def lands(self, number: int, extract: str, version: int) -> None:
        self.landed[number, extract] = content(number, extract, version)

    @rule()
    def loads(self) -> None:
        self.land(self.home, self.landed)
        report = load(self.home, now=self.now())
        for delivery in report.arrival.accepted:
            place = self.place(delivery)
            self.accepted.setdefault(place, []).append((delivery.delivery, self.landed[place]))

    @precondition(lambda self: any(self.standing(place) for place in self.accepted))
    @rule(data=st.data())
    def is_withdrawn(self, data: st.DataObject) -> None:
        names = sorted(
            n for place in self.accepted for n, _ in self.accepted[place] if n not in self.withdrawn
        )
        name = data.draw(st.sampled_from(names))
        withdraw(self.home, name, "of another year", now=self.now())
        self.withdrawn.append(name)

    @precondition(lambda self: bool(self.withdrawn))
    @rule(data=st.data())
    def is_brought_back(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.withdrawn)))
        withdraw(self.home, name, "", undo=True, now=self.now())
        self.withdrawn.remove(name)

    @rule()
    def a_policy_moves(self) -> None:
        self.policy_moved = not self.policy_moved
        self.set_policy(self.home)

    def set_policy(self, home: Settings) -> None:
        rows = [dict(row) for row in REFERENCE["threshold_policy"]]
        if self.policy_moved:
            rows = [{**row, "target": "2"} if row["policy_id"] == "w" else row for row in rows]
        (home.council_reference / "threshold_policy.csv").write_text(csv_text(rows), encoding="utf-8")

    def place(self, delivery: Delivery) -> Place:
        number = (delivery.month.year - 2023) * 12 + delivery.month.month - 4
        return number, delivery.extract

    def standing(self, place: Place) -> bytes | None:
        """The file of a place that should be in force: the last accepted one that was not withdrawn."""
        stands = [data for name, data in self.accepted[place] if name not in self.withdrawn]
        return stands[-1] if stands else None

    def teardown(self) -> None:
        try:
            self.loads()
            found = marts_of(self.home)
            final = {place: data for place in self.accepted if (data := self.standing(place)) is not None}
            once = make_small_council(self.folder / "once")
            self.set_policy(once)
            self.land(once, final)
            load(once, now=STARTED)
            if not final:
                assert not Manifest(self.home.manifest).in_force()
                return
            expected = marts_of(once)
            # A refusal is remembered by who lived through it.
            for marts in (found, expected):
                marts.pop("data_quality")
            assert found.keys() == expected.keys()
            for name, rows in expected.items():
                assert found[name] == rows, name
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.long
def test_whatever_the_order_the_marts_are_those_of_the_files_that_stand() -> None:
    run_state_machine_as_test(
        Installation,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            print_blob=False,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
