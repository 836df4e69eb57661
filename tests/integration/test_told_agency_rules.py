"""Landed files that break the statutory agency rules in, states, ledger and a real mail out; then the same mended."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from deliveries_fixture import Row, land
from leaks import MARK
from told_council import (
    COUNCIL,
    DIRECTOR,
    EAST,
    HEAD,
    MANAGER,
    NORTH,
    SERVICE,
    SOUTH,
    Town,
    cases,
    day_of_load,
    month_of,
    town,
    workforce,
)

from dagster_project import quality
from dagster_project.alerts.ledger import open_ledger
from dagster_project.alerts.standing import standing
from dagster_project.reference import load_reference

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.long]

NOVEMBER, DECEMBER, JANUARY, FEBRUARY = range(34, 38)
"""Of 2024 and 2025: the rules are in force."""
CALM = {NORTH: 10, SOUTH: 10, EAST: 10}
CAPS = f"""\
council,region_code,role,max_hourly_rate_gbp,valid_from,valid_to,source
,E12000004,social_worker,40.00,2024-10-01,,made up
,E12000004,team_manager,60.00,2024-10-01,,made up
,E12000005,,10.00,2024-10-01,,made up
{COUNCIL},,senior_practitioner,45.00,2024-10-01,,made up
"""
CONTRACTS = f"""\
council,contract_id,unit,supplier,starts_on,ends_on,months,price_gbp,travel_gbp,ends_on_alternative,source
{COUNCIL},project,{SOUTH},Agency One,2024-11-04,2025-02-14,3,100000,0,,made up
"""
DECISIONS = "council,contract_id,decided_on,decision,ends_on,source\n"
CONTRACT = "managed_team_days_to_end"
TOLD = {
    # What was found where, how much of it, and its words in the mail.
    "agency_lines_over_price_cap": (NORTH, 2, "warning", "Agency pay above the price cap", "pay above the price cap"),
    "agency_workers_under_experience": (
        NORTH, 1, "warning", "Agency social workers without three years' experience",
        "agency social workers with too little experience",
    ),
    "agency_workers_returned_early": (
        EAST, 1, "warning", "Agency workers back within three months of leaving a permanent post",
        "back as agency workers too soon",
    ),
    "managed_team_lines_without_worker": (
        SOUTH, 1, "warning", "Managed team's pay that names no worker", "pay without a named worker",
    ),
    "managed_team_lines_without_contract": (
        SOUTH, 1, "warning", "Managed team's spend that names no contract", "spend without its contract",
    ),
    "managed_team_lines_not_split": (
        SOUTH, 1, "warning", "Managed team's spend whose kind of cost is not told", "costs not split out",
    ),
    CONTRACT: (
        SOUTH, 14, "breach", "Time left until the managed team's contract ends", "decision due",
    ),
}  # fmt: skip
RULES = ", ".join(f"'{metric}'" for metric in TOLD)


def agency_worker(name: str, team: str, qualified_on: str) -> Row:
    return {
        **workforce()[0],
        "worker_id": f"{MARK}-{name}",
        "post_id": "",
        "team": team,
        "employment": "agency",
        "started_on": "2025-01-06",
        "qualified_on": qualified_on,
    }


def line(number: int, team: str, **cells: str) -> Row:
    return {
        "line_id": f"L{number}",
        "team": team,
        "role": "social_worker",
        "worker_id": f"{MARK}-young",
        "supplier": "Agency One",
        "contract_id": "",
        "week_ending": "2025-01-17",
        "hours": "",
        "hourly_rate_gbp": "",
        "amount_gbp": "1480.00",
        "cost_type": "pay",
        **cells,
    }


LEAVER = {**workforce()[-1], "worker_id": f"{MARK}-back", "post_id": "left", "team": EAST}
BROKEN_WORKFORCE = [
    agency_worker("young", NORTH, "2022-01-07"),
    agency_worker("back", EAST, "2010-07-01"),
    agency_worker("sound", NORTH, "2022-01-06"),
]
BROKEN_LINES = [
    line(1, NORTH, hourly_rate_gbp="40.01"),
    line(2, NORTH, hourly_rate_gbp="40.00"),
    line(3, NORTH, role="team_manager", hourly_rate_gbp="59.00"),
    line(4, NORTH, role="senior_practitioner", hourly_rate_gbp="45.50"),
    line(5, SOUTH, contract_id="project", worker_id=""),
    line(6, SOUTH, contract_id="", worker_id=f"{MARK}-project"),
    line(7, SOUTH, contract_id="project", cost_type="other"),
    line(8, SOUTH, contract_id="project", worker_id=f"{MARK}-project"),
    line(9, SOUTH, contract_id="project", worker_id="", cost_type="fee"),
]


def land_month(at: Town, number: int, also: list[Row], lines: list[Row]) -> None:
    month = f"{month_of(number):%Y-%m}"
    land(at.settings, "caseload.csv", cases(number, CALM), month, COUNCIL)
    land(at.settings, "workforce.csv", [*workforce(), *also], month, COUNCIL)
    if lines:
        land(at.settings, "agency_spend.csv", lines, month, COUNCIL)


def states(at: Town, month: str) -> dict[tuple[str, str], tuple[object, ...]]:
    rows = at.marts(
        "select unit, metric, state, severity, cast(value as integer), policy_id from alert_states "
        f"where metric in ({RULES}) and month = '{month}'"
    )
    return {(str(unit), str(metric)): tuple(rest) for unit, metric, *rest in rows}


def entered(at: Town, month: str) -> set[tuple[str, ...]]:
    """What the ledger keeps: the item, and the mail by which the head of service was told it."""
    with closing(sqlite3.connect(at.settings.alert_ledger)) as ledger:
        return set(
            ledger.execute(
                "select unit, metric, severity, state, delivered_by from items join told using (item_id)"
                f" join digests using (message_id) where recipient = ? and metric in ({RULES}) and month = ?",
                (HEAD, month),
            )
        )


def flagged_now(at: Town) -> set[tuple[str, str, str]]:
    """Unit, policy and severity; each of the rules' policies has its metric's name."""
    declared = quality.declared_policies(load_reference(at.settings), date(2025, 3, 1))
    stands = quality.standing_policies(at.settings, declared, [COUNCIL])
    return {(one.unit, policy, one.severity) for policy in TOLD for one in stands[policy].flagged}


def everything_mailed(at: Town) -> str:
    found = []
    for _, content in at.mailbox.received:
        message = message_from_bytes(content, policy=policy.default)
        found += [str(value) for value in message.values()]
        found += [str(p.get_content()) for p in message.walk() if p.get_content_maintype() == "text"]
    return "\n".join(found)


def test_each_agency_rule_that_is_broken_has_its_state_its_entry_and_its_words_and_is_over_when_it_is_mended(
    tmp_path: Path,
) -> None:
    with town(
        tmp_path, agency_price_caps=CAPS, managed_contracts=CONTRACTS, contract_decisions=DECISIONS
    ) as at:
        land_month(at, NOVEMBER, [{**LEAVER, "ended_on": "2024-11-29", "leaving_reason": "resignation"}], [])
        land_month(at, DECEMBER, [], [])
        approaching = at.load(day_of_load(DECEMBER))
        land_month(at, JANUARY, BROKEN_WORKFORCE, BROKEN_LINES)
        broken = at.load(day_of_load(JANUARY))
        new, kept = states(at, "2025-01-01"), entered(at, "2025-01-01")
        flagged = flagged_now(at)
        keys = at.marts("select worker_key from int_agency_rule_findings where worker_key is not null")
        again = at.load()
        (at.settings.council_reference / "contract_decisions.csv").write_text(
            DECISIONS + f"{COUNCIL},project,2025-02-10,ends,,made up\n", encoding="utf-8"
        )
        mended_lines = [line(10, NORTH, hourly_rate_gbp="40.00", week_ending="2025-02-14")]
        land_month(at, FEBRUARY, [agency_worker("sound", NORTH, "2022-01-06")], mended_lines)
        mended = at.load(day_of_load(FEBRUARY))
        once = at.load()
        over, after = entered(at, "2025-02-01"), states(at, "2025-02-01")
        flagged_after = flagged_now(at)
        with open_ledger(at.settings.alert_ledger) as ledger:
            stands = {(row.unit, row.metric) for row in standing(ledger)}
        mailed = everything_mailed(at)

    assert [mail.told for mail in approaching if mail.to == HEAD] == [{(SOUTH, CONTRACT, "new")}]
    assert "end approaching" in next(mail.text for mail in approaching if mail.to == HEAD)
    for metric, (unit, value, severity, words, label) in TOLD.items():
        state = "worsened" if metric == CONTRACT else "new"
        assert new[unit, metric] == (state, severity, value, metric), metric
        assert (unit, metric, severity, state, "smtp") in kept, metric
        text = next(mail.text for mail in broken if mail.to == HEAD)
        assert words in text and label in text, metric
    # Of the units below the head's alone: what is judged by team is told of no unit above it.
    assert {unit for unit, _ in new} == {NORTH, SOUTH, EAST} and SERVICE not in {one[0] for one in kept}
    assert len(new) == len(TOLD)
    assert again == []
    # A contract that was decided on is due no more: it has ended, and who heard that it is due hears why it is not.
    assert {(unit, metric): row[0] for (unit, metric), row in after.items()} == {
        (unit, metric): "ended" if metric == CONTRACT else "resolved" for metric, (unit, *_) in TOLD.items()
    }
    assert {(unit, metric, state) for unit, metric, _, state, _ in over} == {
        (unit, metric, "resolved") for metric, (unit, *_) in TOLD.items()
    }
    decided = "decided on 10 February 2025: the contract ends"
    assert {mail.to for mail in mended if decided in mail.text} == {HEAD, DIRECTOR}
    assert next(mail.told for mail in mended if mail.to == DIRECTOR) == {(SOUTH, CONTRACT, "resolved")}
    assert once == []
    # What Dagster's checks flag of each policy: the same units, and nothing of what has ended since.
    assert flagged == {(unit, metric, severity) for metric, (unit, _, severity, *_) in TOLD.items()}
    assert flagged_after == set()
    assert not stands & {(unit, metric) for metric, (unit, *_) in TOLD.items()}
    assert {mail.to for mail in broken} == {HEAD, MANAGER, DIRECTOR}
    assert {mail.to for mail in mended} == {HEAD, MANAGER, DIRECTOR}
    assert keys and MARK.lower() not in mailed.lower()
    assert not [key for (key,) in keys if str(key) in mailed]
