"""Landed files in, mails out: corrections, backfills and missing deliveries, by a real mail server on the loopback."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from told_council import (
    COUNCIL,
    DIRECTOR,
    EAST,
    HEAD,
    MANAGER,
    NORTH,
    POLICY,
    SERVICE,
    SOUTH,
    Mail,
    Town,
    day_of_load,
    policy_rows,
    town,
    worker_policy,
)

from dagster_project.alerts.ledger import open_ledger
from dagster_project.alerts.standing import Standing, standing

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.long]
CALM = {NORTH: 10, SOUTH: 10, EAST: 10}
HIGH = {**CALM, NORTH: 26}
AVERAGE = "average_caseload"


def told(mails: list[Mail], unit: str = NORTH, metric: str = AVERAGE) -> dict[str, list[str]]:
    """The states told of one unit and metric, by who was told."""
    return {
        mail.to: sorted(state for one, of, state in mail.told if (one, of) == (unit, metric))
        for mail in mails
        if any((one, of) == (unit, metric) for one, of, _ in mail.told)
    }


def test_a_breach_that_only_a_corrected_delivery_makes_says_so_and_one_that_it_takes_away_is_withdrawn(
    tmp_path: Path,
) -> None:
    with town(
        tmp_path, threshold_policy=POLICY + policy_rows("p", 20, 25, "2010-04-01") + worker_policy(15)
    ) as at:
        at.land(0, CALM)
        assert at.load() == []
        at.land(0, HIGH, extracts=("caseload",))
        made = at.load()
        row = at.marts(
            "select told_value, told_severity, value, severity, state, cause, extract, cast(received_at as date) "
            f"from alert_corrections where unit = '{NORTH}' and metric = '{AVERAGE}'"
        )
        workers_made = at.marts(
            "select state, told_severity from alert_corrections where worker_key is not null"
        )
        again = at.load()
        at.land(0, CALM, extracts=("caseload",))
        taken = at.load()
        at_rest = at.load()
        at.land(0, HIGH, extracts=("caseload",))
        back = at.load()
        at.land(1, CALM)
        at.land(0, CALM, extracts=("caseload",))
        with_the_next_month = at.load(day_of_load(1))

    assert told(made)[MANAGER] == ["new"]
    text = next(mail.text for mail in made if mail.to == MANAGER)
    assert "changed by a corrected delivery of caseload received 12 February 2022" in text
    assert "outside the threshold only since then; it was told as 10" in text
    (figures,) = row
    assert [str(value) for value in figures] == [
        "10.0000", "none", "26.0000", "breach", "new", "corrected", "caseload", "2022-02-12"
    ]  # fmt: skip
    assert workers_made and {state for state, _ in workers_made} == {"new"}
    assert again == [] and at_rest == []
    assert told(taken)[MANAGER] == told(taken)[HEAD] == ["withdrawn"]
    assert told(taken, metric="worker_caseload")[MANAGER] == ["withdrawn"]
    assert told(taken, unit=SERVICE) == {}
    assert told(back)[MANAGER] == ["new"]
    assert told(with_the_next_month)[MANAGER] == ["withdrawn"]
    assert "January 2022" in next(mail.text for mail in with_the_next_month if mail.to == MANAGER)


def test_older_months_enter_history_and_mail_nothing_one_or_several_or_beside_a_newer_one(
    tmp_path: Path,
) -> None:
    with town(tmp_path) as at:
        at.land(6, HIGH)
        newest = at.load(day_of_load(6))
        # A breach in the month before: what was new in July runs on since June.
        at.land(5, HIGH)
        one_older = at.load()
        since = at.marts(
            f"select since_month, state from alert_states where unit = '{NORTH}' and month = '2022-07-01'"
        )
        # Several at once; a warning before the breach makes the breach worse than before it, which is no news.
        at.land(2, {**CALM, SOUTH: 30})
        at.land(3, {**CALM, EAST: 22})
        at.land(4, {**HIGH, NORTH: 21})
        several = at.load()
        states = at.marts(
            f"select month, state from alert_states where unit = '{NORTH}' and metric = '{AVERAGE}'"
        )
        # Old months together with a newer one: only the newer one's news is told.
        at.land(0, {**CALM, EAST: 40})
        at.land(1, {**CALM, SOUTH: 40})
        at.land(7, {**HIGH, SOUTH: 21})
        mixed = at.load(day_of_load(7))
        # The month in which East was back within its limit was July; nobody was ever told that it was outside.
        at.land(8, CALM)
        over = at.load(day_of_load(8))

    assert told(newest) == {MANAGER: ["new"], HEAD: ["new"], DIRECTOR: ["new"]}
    assert (one_older, several) == ([], [])
    assert since == [(date(2022, 6, 1), "continuing")]
    assert {(f"{month:%m}", state) for month, state in states} == {
        ("05", "new"), ("06", "worsened"), ("07", "continuing")
    }  # fmt: skip
    assert told(mixed) == {}
    assert told(mixed, SOUTH) == {HEAD: ["new"]}
    assert told(mixed, EAST) == {}
    assert told(over) == {MANAGER: ["resolved"], HEAD: ["resolved"], DIRECTOR: ["resolved"]}
    assert told(over, SOUTH) == {HEAD: ["resolved"]}
    assert told(over, EAST) == {}


def test_a_breach_that_ended_in_an_older_month_of_the_same_load_is_told_as_resolved(tmp_path: Path) -> None:
    with town(tmp_path) as at:
        at.land(0, HIGH)
        at.load(day_of_load(0))
        at.land(1, CALM)
        at.land(2, CALM)
        both = at.load(day_of_load(2))
        again = at.load()

    assert told(both) == {MANAGER: ["resolved"], HEAD: ["resolved"], DIRECTOR: ["resolved"]}
    assert again == []


def test_what_was_not_delivered_is_unknown_and_never_resolved_and_its_digest_says_why(tmp_path: Path) -> None:
    with town(tmp_path) as at:
        at.land(0, HIGH)
        at.load(day_of_load(0))
        # The workforce of February came, its cases did not; until they are due nobody is alarmed.
        at.land(1, HIGH, extracts=("workforce",))
        not_yet_due = at.load(day_of_load(1, 3))
        overdue = at.load(day_of_load(1, 8))
        states = at.marts(f"select state from alert_states where unit = '{NORTH}' and month = '2022-02-01'")
        # Nothing at all of March.
        without_the_month = at.load(day_of_load(2, 8))
        # April has no row of North, whose workers are there.
        at.land(3, {SOUTH: 10, EAST: 10})
        without_the_unit = at.load(day_of_load(3))
        standing = [row.subject for row in stands(at)]
        # February's cases are late and say that it ran on; May says that it is over.
        at.land(1, HIGH, extracts=("caseload",))
        late = at.load()
        at.land(4, CALM)
        over = at.load(day_of_load(4))

    assert not_yet_due == []
    assert told(overdue) == {MANAGER: ["unknown"], HEAD: ["unknown"], DIRECTOR: ["unknown"]}
    assert "caseload was not delivered; it is not over" in next(m.text for m in overdue if m.to == MANAGER)
    assert states == [("unknown",)]
    assert told(without_the_month) == {}
    assert told(without_the_unit) == {MANAGER: ["unknown"], HEAD: ["unknown"], DIRECTOR: ["unknown"]}
    assert "no case of this unit" in next(m.text for m in without_the_unit if m.to == MANAGER)
    assert (COUNCIL, NORTH, AVERAGE) in standing
    assert told(late) == {}
    assert told(over) == {MANAGER: ["resolved"], HEAD: ["resolved"], DIRECTOR: ["resolved"]}


def stands(at: Town) -> list[Standing]:
    with open_ledger(at.settings.alert_ledger) as ledger:
        return standing(ledger)
