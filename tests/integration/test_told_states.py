"""Landed files in, mails out: corrections, backfills and missing deliveries, by a real mail server on the loopback."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from deliveries_fixture import land
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
    cases,
    day_of_load,
    policy_rows,
    town,
    worker_policy,
)

from dagster_project.alerts.ledger import open_ledger
from dagster_project.alerts.standing import Standing, standing
from dagster_project.key_rotation import rotate
from dagster_project.retention import purge

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


def test_a_figure_of_a_delivery_that_had_been_refused_says_so_and_one_of_a_late_delivery_that_it_was_late(
    tmp_path: Path,
) -> None:
    # Judged by the workforce alone, so that something is told of the month before its cases come.
    asye = f"a,{COUNCIL},,service,,,,asye_share,one_decimal,,,any,any,none,,2010-04-01,,made up\n"
    with town(tmp_path, threshold_policy=POLICY + policy_rows("p", 20, 25, "2010-04-01") + asye) as at:
        at.land(0, HIGH, extracts=("workforce",))
        refused = [{**row, "opened_on": "soon"} for row in cases(0, HIGH)]
        land(at.settings, "caseload.csv", refused, "2022-01", COUNCIL)
        assert at.load() == [] and at.report.has_refusals
        at.land(0, HIGH, extracts=("caseload",))
        mended = at.load()
        at.land(1, CALM, extracts=("workforce",))
        at.load(day_of_load(1, 3))
        at.land(1, {**CALM, SOUTH: 30}, extracts=("caseload",))
        late = at.load(day_of_load(1, 4))
        causes = at.marts("select distinct month, cause from alert_corrections order by all")

    assert told(mended)[MANAGER] == ["new"]
    text = next(mail.text for mail in mended if mail.to == MANAGER)
    assert "Came late" in text and "Corrected" not in text
    assert (
        "no figure was told before: caseload had been refused, and was accepted on 12 February 2022" in text
    )
    assert told(late, SOUTH)[HEAD] == ["new"]
    text = next(mail.text for mail in late if mail.to == HEAD)
    assert "no figure was told before: caseload came late, on 4 March 2022" in text
    assert causes == [(date(2022, 1, 1), "mended"), (date(2022, 2, 1), "late")]


def test_after_a_change_of_key_nothing_is_corrected_and_nobody_hears_again_of_a_worker(
    tmp_path: Path,
) -> None:
    policies = POLICY + policy_rows("p", 20, 25, "2010-04-01") + worker_policy(15)
    worker = "worker_caseload"
    with town(tmp_path, threshold_policy=policies) as at:
        at.land(0, HIGH)
        first = at.load(day_of_load(0))
        keys = at.marts("select distinct worker_key from alert_states where worker_key is not null")
        at.settings = replace(at.settings, new_pseudonym_key_variable="the secret of next year")
        rotate(at.settings)
        at.settings = replace(
            at.settings, pseudonym_key_variable="the secret of next year", new_pseudonym_key_variable=""
        )
        new_keys = at.marts("select distinct worker_key from alert_states where worker_key is not null")
        at_rest = at.load()
        # A corrected delivery that moves no verdict of North or of its workers.
        at.land(0, {**HIGH, SOUTH: 11}, extracts=("caseload",))
        corrected = at.load()
        changed = at.marts("select distinct unit, worker_key is not null from alert_corrections")
        at.land(1, HIGH)
        runs_on = at.load(day_of_load(1))
        at.land(2, CALM)
        over = at.load(day_of_load(2))

    assert told(first, metric=worker)[MANAGER] == ["new"]
    assert keys and len(new_keys) == len(keys) and not set(keys) & set(new_keys)
    assert at_rest == corrected == runs_on == [] and changed == []
    assert told(over, metric=worker)[MANAGER] == told(over)[MANAGER] == ["resolved"]


def test_what_a_purge_changed_is_told_by_nobody_as_corrected_and_what_was_told_of_workers_goes_with_their_month(
    tmp_path: Path,
) -> None:
    # Nobody leaves, and a policy that finds fault with that: a figure of twelve months.
    turnover = (
        f"t,{COUNCIL},,service,,,,turnover_rate,one_decimal,,50,stuck,stuck,warning,,2010-04-01,,made up\n"
        f"t,{COUNCIL},,service,,,,turnover_rate,one_decimal,50,,fine,fine,none,,2010-04-01,,made up\n"
    )
    policies = POLICY + policy_rows("p", 20, 25, "2010-04-01") + worker_policy(15) + turnover
    kinds = ("archive_delivery", "sealed_original", "superseded_delivery")
    retention = "council,what,keep_days,source\n" + "".join(
        f"{COUNCIL},{kind},340,made up\n" for kind in kinds
    )
    with town(tmp_path, threshold_policy=policies, retention=retention) as at:
        for number in range(12):
            at.land(number, HIGH)
        first = at.load(datetime(2023, 1, 5, tzinfo=UTC))
        before = told_by_month(at)
        purge(at.settings, now=datetime(2023, 1, 11, tzinfo=UTC))
        after = told_by_month(at)
        at_rest = at.load(datetime(2023, 1, 12, tzinfo=UTC))
        at.land(11, {**HIGH, SOUTH: 11})
        corrected = at.load(datetime(2023, 1, 13, tzinfo=UTC))
        changed = at.marts("select unit, metric from alert_corrections")
        # The month that went comes once more: nothing is known of what was told of it, and it is an older month.
        at.land(0, CALM)
        again = at.load(datetime(2023, 1, 14, tzinfo=UTC))
        of_the_month = at.marts("select unit from alert_corrections where month = '2022-01-01'")

    assert told(first, SERVICE, "turnover_rate")[HEAD] == ["new"]
    text = next(mail.text for mail in first if mail.to == MANAGER)
    assert "By month: workers: Jan 2022 2, Feb 2022 2" in text
    assert before["2022-01-01"] > 0 and "2022-01-01" not in after and after["2022-02-01"] > 0
    assert at_rest == corrected == again == []
    assert changed == of_the_month == []


def told_by_month(at: Town) -> dict[str, int]:
    """How many figures, and workers' verdicts, the ledger keeps of each month."""
    with open_ledger(at.settings.alert_ledger) as ledger:
        rows = ledger.db.execute(
            "select month, count(*) from (select month from told_figures"
            " union all select month from items where worker <> '') group by month"
        )
        return {str(month): int(count) for month, count in rows}
