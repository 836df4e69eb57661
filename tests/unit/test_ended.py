"""What is measured no more: told once, with why, to who was told of it and to nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from alert_seam import HEAD, MANAGER, breach, rows
from deliveries_fixture import make_home, write_reference

from dagster_project.alerts import Announcement, Breach, announce
from dagster_project.alerts.ended import ended_breach
from dagster_project.reference import load_reference
from dagster_project.settings import Settings

JUNE, JULY, AUGUST = date(2018, 6, 1), date(2018, 7, 1), date(2018, 8, 1)
BREACH = breach()
OVER = replace(
    BREACH, month=JULY, as_at=date(2018, 7, 31), state="resolved", severity="none", value=None, rounded_value=None,
    band_label=None, policy_id="p", since_month=JUNE, over_because="the unit closed, its last day was 15 July 2018",
)  # fmt: skip


class Home:
    def __init__(self, home: Path) -> None:
        self.settings, self.loads = Settings(home=home), 0

    def load(
        self, *breaches: Breach, ended: tuple[Breach, ...] = (), to: tuple[str, ...] = (HEAD,)
    ) -> Announcement:
        """A load of which June is the last month judged of what ended, else the newest of the breaches."""
        self.loads += 1
        latest = max((one.month for one in breaches), default=JUNE)
        return announce(
            breaches,
            {("northshire", "average_caseload"): latest},
            rows(*to),
            {},
            self.settings,
            datetime(2018, 7, 3, 6, 0, tzinfo=UTC) + timedelta(days=self.loads),
            f"load-{self.loads}",
            over={("northshire", "ashfield", "average_caseload")} if ended else set(),
            ended=ended,
        )


@pytest.fixture
def at(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_who_heard_of_a_breach_hears_once_that_it_is_measured_no_more_and_why(at: Home) -> None:
    at.load(BREACH)
    (end,) = at.load(BREACH, ended=(OVER,), to=(HEAD, MANAGER)).digests[:1]
    mail = message_from_bytes(end.path.read_bytes(), policy=policy.default)
    part = mail.get_body(("plain",))
    assert part is not None
    text = " ".join(part.get_content().split())

    assert (end.address, end.resolved, end.new) == (HEAD, 1, 0)
    assert end.subject == "Caseload 2018-07 Northshire P4 over: 1 resolved"
    assert "RESOLVED" in text and "the unit closed, its last day was 15 July 2018" in text
    assert at.load(BREACH, ended=(OVER,)).digests == ()


def test_who_never_heard_of_it_hears_nothing_of_its_end(at: Home) -> None:
    at.load(to=(HEAD,))
    assert at.load(ended=(OVER,)).digests == ()


def test_a_unit_that_opens_again_is_new_and_its_first_end_is_not_told_after_that(at: Home) -> None:
    at.load(BREACH)
    at.load(BREACH, ended=(OVER,))
    again = replace(BREACH, month=AUGUST, as_at=date(2018, 8, 31))
    (new,) = at.load(BREACH, again, ended=(OVER,)).digests

    assert (new.new, new.resolved) == (1, 0)
    assert at.load(BREACH, again, ended=(OVER,)).digests == ()


def test_an_end_of_an_older_month_than_what_was_told_last_is_history(at: Home) -> None:
    milder = replace(BREACH, severity="warning")
    again = replace(BREACH, month=AUGUST, as_at=date(2018, 8, 31))
    at.load(milder)
    assert [one.new for one in at.load(milder, again).digests] == [1]

    assert at.load(milder, again, ended=(OVER,)).digests == ()


@pytest.mark.parametrize(
    ("unit", "level", "why"),
    [
        ("closed", "team", "the unit closed, its last day was 15 July 2018"),
        ("open", "team", "it is measured no more, or no policy holds for it"),
        ("open", "contract", "decided on 20 July 2018: the contract is replaced"),
        ("closed", "contract", "no contract of it runs on"),
    ],
)
def test_the_reason_is_what_was_decided_or_that_the_unit_closed(
    tmp_path: Path, unit: str, level: str, why: str
) -> None:
    settings = make_home(tmp_path)
    units = "council,unit,name,level,parent_unit,valid_from,valid_to\nnorthshire,northshire,N,council,,2010-04-01,\n"
    write_reference(
        settings,
        unit_aliases="council,alias,unit\n",
        org_units=units
        + "northshire,closed,Closed,team,northshire,2010-04-01,2018-07-16\n"
        + "northshire,open,Open,team,northshire,2010-04-01,\n",
        managed_contracts="council,contract_id,unit,supplier,starts_on,ends_on,months,price_gbp,travel_gbp,"
        "ends_on_alternative,source\nnorthshire,c1,open,One,2018-01-01,2018-08-15,7,1,0,,paper\n"
        "northshire,c2,closed,One,2018-01-01,2018-08-15,7,1,0,,paper\n",
        # An earlier extension, the decision, and one that is made only after that month.
        contract_decisions="council,contract_id,decided_on,decision,ends_on,source\n"
        "northshire,c1,2018-06-10,extended,2018-08-31,paper\nnorthshire,c1,2018-07-20,replaced,,paper\n"
        "northshire,c2,2018-08-01,ends,,paper\n",
    )
    row = {
        "council": "northshire", "unit": unit, "level": level, "month": JULY, "as_at": date(2018, 7, 31),
        "metric": "managed_team_days_to_end", "severity": "breach", "policy_id": "p", "since_month": JUNE,
        "previous_value": None,
    }  # fmt: skip

    found = ended_breach(row, load_reference(settings))

    assert (found.over_because, found.state, found.severity) == (why, "resolved", "none")
