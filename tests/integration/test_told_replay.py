"""Twenty-four months loaded one by one: what a real mail server took is what plain arithmetic says has to be told."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from told_council import COUNCIL, NORTH, POLICY, RULES, Mail, Town, policy_rows, town
from told_replay import LIMITS, POLICY_CHANGES, Mails, Step, expected, page, steps

from dagster_project.alerts.acknowledgement import acknowledge, mute
from dagster_project.alerts.ledger import open_ledger
from dagster_project.alerts.standing import standing
from dagster_project.settings import PROJECT_ROOT

AVERAGE = "average_caseload"
UNIT_OF_A_NOTICE = re.compile(r"(\w+) \(Eastshire\)")


def policies(changed: bool) -> str:
    (first, second), day = LIMITS, f"{2022 + POLICY_CHANGES // 12}-01-01"
    if not changed:
        return POLICY + policy_rows("p", *first, "2010-04-01")
    return POLICY + policy_rows("p", *first, "2010-04-01", day) + policy_rows("p", *second, day)


def act(at: Town, step: Step) -> None:
    """What people do before the load of a step."""
    with open_ledger(at.settings.alert_ledger) as ledger:
        if step.acknowledge:
            unit, until = step.acknowledge
            row = next(row for row in standing(ledger) if row.unit == unit)
            acknowledge(
                ledger, row, by_whom="manager", note="seen to", until=until.date(), by_user="m", now=at.now
            )
        if step.mute:
            unit, until = step.mute
            mute(ledger, COUNCIL, unit, AVERAGE, until=until.date(), why="moves", by_user="m", now=step.at)


def taken(mails: list[Mail]) -> Mails:
    """The server's mails in the words of the calculation; two of a kind to one recipient would be two too many."""
    found: Mails = {}
    for mail in mails:
        assert (mail.to, mail.kind) not in found, f"two of {mail.kind} to {mail.to}"
        assert {metric for _, metric, _ in mail.told} <= {AVERAGE}
        items = frozenset((unit, state) for unit, _, state in mail.told)
        if mail.kind != "digest":
            items = frozenset((name.lower(), "") for name in UNIT_OF_A_NOTICE.findall(mail.text))
        found[mail.to, mail.kind] = items
    return found


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.long
def test_each_recipient_is_told_by_each_of_the_loads_what_has_to_be_told_and_nothing_twice(
    tmp_path: Path,
) -> None:
    differences: list[tuple[datetime, str, Mails, Mails]] = []
    with town(tmp_path, alert_rules=RULES, threshold_policy=policies(changed=False)) as at:
        for number, (step, mails) in enumerate(expected()):
            if number == POLICY_CHANGES:
                (at.settings.council_reference / "threshold_policy.csv").write_text(policies(changed=True))
            for month, averages in step.lands.items():
                if averages is None:
                    at.land(month, {}, extracts=("workforce",))
                else:
                    at.land(month, averages)
            act(at, step) if step.acknowledge or step.mute else None
            found = taken(at.load(step.at))
            if found != mails:
                differences.append((step.at, step.what, mails, found))
        ids = at.mailbox.message_ids()

    assert differences == []
    assert len(ids) == len(set(ids)) == sum(len(mails) for _, mails in expected())


def test_the_replay_holds_what_it_promises() -> None:
    told = [
        (step, who, kind, item)
        for step, mails in expected()
        for (who, kind), items in mails.items()
        for item in items
    ]
    states = {state for *_, (_, state) in told}

    assert len({month for step in steps() for month in step.lands}) == 23
    assert states >= {"new", "worsened", "resolved", "withdrawn", "unknown", "continuing"}
    assert {kind for _, _, kind, _ in told} == {"digest", "reminder", "escalation"}
    assert any(unit == NORTH for *_, (unit, _) in told)


def test_the_page_of_reliability_shows_the_replay() -> None:
    assert page() in (PROJECT_ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
