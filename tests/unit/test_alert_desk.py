"""Acknowledged, muted, escalated, sent again: what people do with alerts, and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from alert_seam import HEAD, Mailbox, ask_ledger, breach, load, serving
from free_ports import free_port

from dagster_project.alerts import Announcement, Breach, announce, desk, listing
from dagster_project.alerts.desk import AlertsError
from dagster_project.alerts.follow_up import follow_up
from dagster_project.alerts.known import known_of_alerts
from dagster_project.alerts.ledger import open_ledger
from dagster_project.alerts.metrics import read_metrics
from dagster_project.alerts.routing import read_recipient
from dagster_project.alerts.waits import NO_WAITS, Waits
from dagster_project.health.faults import tell_faults
from dagster_project.health.problems import Problem
from dagster_project.settings import Settings, Smtp

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

JUNE, JULY = date(2018, 6, 1), date(2018, 7, 1)
START = datetime(2018, 7, 3, 6, 0, tzinfo=UTC)
PARENTS: dict[tuple[str, str], str | None] = {
    ("northshire", "northshire"): None,
    ("northshire", "frontline"): "northshire",
    ("northshire", "dcpt"): "frontline",
    ("northshire", "ashfield"): "dcpt",
    ("northshire", "newark"): "dcpt",
}
TEAM, SERVICE, DIRECTOR = "team@example.org", "service@example.org", "director@example.org"
CHIEF, ENGINEER = "chief@example.org", "engineer@example.org"
ROWS = [
    {
        "council": "northshire",
        "unit": "ashfield",
        "severity": "info",
        "channel": TEAM,
        "role": "team manager",
    },
    {
        "council": "northshire",
        "unit": "dcpt",
        "severity": "breach",
        "channel": SERVICE,
        "role": "service manager",
    },
    {"council": "northshire", "unit": "", "severity": "breach", "channel": DIRECTOR, "role": "director"},
]
WARNING = replace(breach(), severity="warning", acknowledge_within_days=7)
RUNNING = replace(WARNING, month=JULY, as_at=date(2018, 7, 31), state="continuing", months_in_breach=2)


class Desk:
    """One installation, its clock, and what each load or look of the scheduler mailed."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, site_url="https://intranet.example/caseload/")

    def load(
        self,
        *breaches: Breach,
        days: int = 0,
        rows: list[dict[str, str]] | None = None,
        metric: str = "average_caseload",
    ) -> Announcement:
        latest = {("northshire", metric): max(b.month for b in breaches)}
        now = START + timedelta(days=days)
        return announce(breaches, latest, rows or ROWS, PARENTS, self.settings, now, f"load-{days}")

    def ack(self, days: int = 0, until: date | None = None, unit: str = "ashfield") -> None:
        desk.acknowledge(
            self.settings,
            f"northshire/{unit}",
            "average_caseload",
            by_whom="Team manager",
            note="two starters",
            until=until,
            by_user="someone",
            now=START + timedelta(days=days),
        )

    def mute(self, until: date, unit: str = "dcpt", metric: str = "", days: int = 0) -> None:
        desk.mute(
            self.settings,
            PARENTS,
            {"average_caseload"},
            f"northshire/{unit}",
            metric,
            until=until,
            why="moves",
            by_user="someone",
            now=START + timedelta(days=days),
        )


@pytest.fixture
def at(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def told(announcement: Announcement) -> list[tuple[str, str]]:
    return [(d.kind, d.address) for d in announcement.digests]


def test_a_breach_nobody_acknowledges_goes_up_one_unit_a_step_and_once_each(at: Desk) -> None:
    first = at.load(WARNING)
    early = at.load(WARNING, days=6)
    step_1 = at.load(WARNING, days=7)
    again = at.load(WARNING, days=8)
    step_2 = at.load(RUNNING, days=14)
    after = at.load(RUNNING, days=40)

    assert told(first) == [("digest", TEAM)]
    assert told(early) == told(again) == told(after) == []
    # The unit above is told whatever its floor; frontline has no recipient, so the council is next.
    assert told(step_1) == [("escalation", SERVICE)]
    assert told(step_2) == [("escalation", DIRECTOR)]
    assert ask_ledger(at.settings.home, "select step, to_unit, reached from escalations order by step") == [
        (1, "dcpt", 1),
        (2, "northshire", 1),
    ]
    mail = message_from_bytes(step_1.digests[0].path.read_bytes(), policy=policy.default)
    part = mail.get_body(("plain",))
    assert part is not None
    text = " ".join(part.get_content().split())
    # As the digest says it: figure, rule, target, since when, source, and where to read on.
    assert (
        "* Ashfield DCPT (Northshire) - Warning"
        " Average caseload: 27 cases per FTE social worker (27.3125 before rounding)"
        " Not acknowledged: for 7 days; 7 days are allowed"
        " Figure of: June 2018"
        " Band: high and must be reduced"
        " Target: 6.8125 above the target of 20.5"
        " Since: June 2018, first month"
        " Rule: 27 or more"
        " Source: June 2018 report, paragraph 3"
        " To acknowledge: caseload alerts ack northshire/ashfield average_caseload"
        " https://intranet.example/caseload/northshire/units/ashfield.html"
    ) in text


def test_workers_nobody_acknowledged_are_counted_in_what_goes_up_and_none_is_told_by_figure(at: Desk) -> None:
    one = replace(WARNING, metric="worker_caseload", worker_key=4711, severity="breach", value=Decimal(19))
    at.load(one, replace(one, worker_key=4712), metric="worker_caseload")
    (up,) = at.load(one, replace(one, worker_key=4712), days=7, metric="worker_caseload").digests
    text = " ".join(up.path.read_text(encoding="utf-8").replace("=\n", "").split())

    assert "Caseload of a worker: 2 workers" in text
    assert "Rule: 27 or more" in text
    assert not [secret for secret in ("4711", "4712", "19 cases", "Target") if secret in text]


def test_what_an_earlier_version_knew_of_what_stands_still_goes_up(at: Desk) -> None:
    at.load(WARNING)
    with open_ledger(at.settings.alert_ledger) as ledger:
        ledger.db.execute("update standing set figure = '', facts = '[]'")
        rows = [read_recipient(row, {}) for row in ROWS]
        now = START + timedelta(days=7)
        with ledger.transaction():
            (made,) = follow_up(ledger, rows, PARENTS, read_metrics(at.settings), at.settings, now, "")
        (message,) = ledger.db.execute("select message from digests where message_id = ?", (made,)).fetchone()
    text = " ".join(message.decode().replace("=\r\n", "").split())
    assert "Average caseload Not acknowledged: for 7 days" in text
    assert "Figure of: June 2018 Band: high and must be reduced Since: June 2018" in text


def test_a_rule_that_asks_nobody_to_acknowledge_escalates_nothing(at: Desk) -> None:
    nobody = replace(WARNING, acknowledge_within_days=None)
    at.load(nobody)

    assert told(at.load(nobody, days=400)) == []


def test_an_acknowledged_breach_is_not_escalated_and_not_told_again_when_it_is_corrected_milder(
    at: Desk,
) -> None:
    at.load(replace(WARNING, severity="breach"), rows=ROWS[:1])
    at.ack()
    corrected = at.load(WARNING, days=1, rows=ROWS[:1])
    later = at.load(RUNNING, days=30)

    assert told(corrected) == told(later) == []


def test_what_gets_worse_than_was_acknowledged_is_told_and_its_days_begin_anew(at: Desk) -> None:
    at.load(WARNING)
    at.ack()
    graver = replace(RUNNING, state="worsened", severity="breach")
    worse = at.load(graver, days=20)

    assert ("digest", TEAM) in told(worse)
    assert not [one for one in told(worse) if one[0] == "escalation"]
    assert told(at.load(graver, days=26)) == []
    assert told(at.load(graver, days=27)) == [("escalation", SERVICE)]


def test_when_the_day_of_an_acknowledgement_is_over_it_is_told_once_and_can_go_up_again(at: Desk) -> None:
    at.load(WARNING)
    at.ack(until=date(2018, 7, 10))
    on_the_day = at.load(WARNING, days=7)
    after = at.load(WARNING, days=8)
    again = at.load(WARNING, days=9)
    up = at.load(WARNING, days=15)

    assert told(on_the_day) == told(again) == []
    assert told(after) == [("reminder", TEAM)]
    assert told(up) == [("escalation", SERVICE)]


def test_an_acknowledgement_taken_back_lets_the_days_begin_anew(at: Desk) -> None:
    at.load(WARNING)
    at.ack()
    now = START + timedelta(days=10)
    desk.withdraw_acknowledgement(
        at.settings, "northshire/ashfield", "average_caseload", by_user="someone", now=now
    )

    assert told(at.load(WARNING, days=16)) == []
    assert told(at.load(WARNING, days=17)) == [("escalation", SERVICE)]
    with pytest.raises(AlertsError, match="nobody has acknowledged"):
        desk.withdraw_acknowledgement(
            at.settings, "northshire/ashfield", "average_caseload", by_user="someone", now=now
        )


def test_the_end_of_a_breach_is_told_and_ends_its_acknowledgement(at: Desk) -> None:
    at.load(WARNING)
    at.ack()
    over = at.load(replace(RUNNING, state="resolved", severity="none", months_in_breach=0), days=30)
    back = replace(WARNING, month=date(2018, 8, 1), as_at=date(2018, 8, 31))
    at.load(back, days=60)

    assert told(over) == [("digest", TEAM)]
    assert ask_ledger(
        at.settings.home, "select by_whom, note, by_user, ended_because from acknowledgements"
    ) == [("Team manager", "two starters", "someone", "the breach is over")]
    assert told(at.load(back, days=67)) == [("escalation", SERVICE)]


def test_a_muted_unit_and_all_below_it_are_told_nothing_until_the_day_is_over(at: Desk) -> None:
    at.mute(date(2018, 7, 20))
    muted = at.load(WARNING, replace(breach("newark"), acknowledge_within_days=7))
    worse = at.load(replace(RUNNING, state="worsened", severity="breach"), days=10)
    after = at.load(replace(RUNNING, state="continuing", severity="breach"), days=18)

    assert (told(muted), muted.silenced) == ([], 2)
    assert told(worse) == []
    # Then who never heard of it is told that it runs on; its days had begun.
    assert {one for one in told(after) if one[0] == "digest"} == {
        ("digest", TEAM),
        ("digest", SERVICE),
        ("digest", DIRECTOR),
    }


def test_what_is_unmuted_is_told_at_the_next_load(at: Desk) -> None:
    at.load(replace(breach("newark"), state="continuing"), rows=ROWS[:1])
    at.mute(date(2018, 8, 20), unit="ashfield", metric="average_caseload")
    assert told(at.load(WARNING)) == []
    desk.unmute(at.settings, "northshire/ashfield", "average_caseload", by_user="someone", now=START)

    assert told(at.load(WARNING, days=1)) == [("digest", TEAM)]
    assert ask_ledger(at.settings.home, "select why, by_user, ended_by from mutes") == [
        ("moves", "someone", "someone")
    ]


@pytest.mark.parametrize(
    ("unit", "metric", "until", "words"),
    [
        ("nowhere", "", date(2019, 1, 1), "is no unit"),
        ("dcpt", "average_casload", date(2019, 1, 1), "is no metric"),
        ("dcpt", "", date(2018, 7, 1), "is over"),
    ],
)
def test_a_mute_that_would_mute_nothing_is_refused(
    at: Desk, unit: str, metric: str, until: date, words: str
) -> None:
    with pytest.raises(AlertsError, match=words):
        at.mute(until, unit, metric)


def test_only_what_stands_can_be_acknowledged(at: Desk) -> None:
    at.load(WARNING)
    with pytest.raises(AlertsError, match="caseload alerts"):
        at.ack(unit="newark")


def test_the_list_says_who_knows_of_it_and_how_far_up_it_went(at: Desk) -> None:
    at.load(WARNING)
    at.load(WARNING, days=7)
    at.ack(days=8, until=date(2018, 8, 1))
    with open_ledger(at.settings.alert_ledger) as ledger:
        (one,) = listing.standing_breaches(ledger, PARENTS, START + timedelta(days=9))
        messages = listing.messages(ledger, 10)

    assert one.row.subject == ("northshire", "ashfield", "average_caseload")
    assert one.answered == ("acknowledged by Team manager until 2018-08-01: two starters; escalated to dcpt")
    assert [message.kind for message in messages] == ["digest", "escalation"]
    assert all(message.fate.endswith("by outbox") for message in messages)


def test_the_list_of_one_council_shows_its_messages_and_mutes_and_no_others(at: Desk) -> None:
    parents = PARENTS | {("southshire", "duty"): "southshire", ("southshire", "southshire"): None}
    other = replace(WARNING, council="southshire", council_name="Southshire", unit="duty", unit_name="Duty")
    rows = [
        *ROWS,
        {"council": "southshire", "unit": "duty", "severity": "info", "channel": HEAD, "role": "head"},
        {"council": "southshire", "unit": "", "severity": "breach", "channel": CHIEF, "role": "chief"},
        {"council": "", "unit": "", "severity": "fault", "channel": ENGINEER, "role": "data engineer"},
    ]
    latest = {(one.council, one.metric): one.month for one in (WARNING, other)}
    for days in (0, 7):
        now = START + timedelta(days=days)
        announce([WARNING, other], latest, rows, parents, at.settings, now, f"load-{days}")
    desk.acknowledge(
        at.settings, "southshire/duty", "average_caseload", by_whom="Head", note="seen",
        until=date(2018, 7, 12), by_user="someone", now=START + timedelta(days=8),
    )  # fmt: skip
    announce([WARNING, other], latest, rows, parents, at.settings, START + timedelta(days=10), "load-10")
    at.mute(date(2018, 8, 1))
    with open_ledger(at.settings.alert_ledger) as ledger:
        tell_faults(
            ledger,
            [read_recipient(rows[-1], {})],
            [Problem("delivery", "southshire 2018-07 caseload", "southshire", "South is late", START)],
            at.settings,
            START + timedelta(days=11),
            "load-11",
        )
        shown = {
            council: [(one.kind, one.role) for one in listing.messages(ledger, 20, council)]
            for council in ("northshire", "southshire", None)
        }
        latest_alone = [one.kind for one in listing.messages(ledger, 0, "northshire")]
        muted = [
            len(listing.standing_mutes(ledger, START, one)) for one in ("northshire", "southshire", None)
        ]

    assert shown["northshire"] == [("digest", "team manager"), ("escalation", "service manager")]
    assert shown["southshire"] == [
        ("digest", "head"), ("escalation", "chief"), ("reminder", "head"), ("fault", "data engineer"),
    ]  # fmt: skip
    assert sorted(shown[None]) == sorted(shown["northshire"] + shown["southshire"])
    assert latest_alone == [] and muted == [1, 0, 1]


def test_a_message_given_up_is_offered_again_when_somebody_asks(tmp_path: Path) -> None:
    mailbox, smtp = Mailbox(), Smtp(host="127.0.0.1", port=free_port())
    mailbox.refused = {HEAD}
    waits = Waits({("permanent", 1): 60, ("permanent", 2): None})
    settings = Settings(home=tmp_path, smtp=smtp)
    with serving(mailbox, smtp.port):
        for number in (1, 2, 3, 4):
            load(tmp_path, smtp, number=number, waits=waits)
        tries = ask_ledger(tmp_path, "select count(*), sum(is_permanent) from attempts")
        mailbox.refused = set()
        quiet = load(tmp_path, smtp, number=5, waits=waits)
        ((message_id,),) = ask_ledger(tmp_path, "select message_id from digests")
        desk.offer_again(settings, message_id[:20], by_user="someone", now=START)
        after = load(tmp_path, smtp, number=6, waits=waits)

    assert tries == [(2, 2)]
    assert "refused for good" in quiet.not_sent[0].reason
    assert [(d.message_id, d.delivered) for d in after.digests] == [(message_id, True)]
    assert mailbox.message_ids() == [message_id]
    assert ask_ledger(tmp_path, "select message_id, by_user from resends") == [(message_id, "someone")]


def test_a_message_waits_longer_after_each_failure(tmp_path: Path) -> None:
    smtp = Smtp(host="127.0.0.1", port=free_port())
    waits = Waits({("temporary", 1): 60, ("temporary", 2): 4 * 24 * 60})
    tried = []
    for number in range(1, 8):
        load(tmp_path, smtp, number=number, waits=waits)
        tried.append(ask_ledger(tmp_path, "select count(*) from attempts")[0][0])

    assert tried == [1, 2, 2, 2, 2, 3, 3]
    assert NO_WAITS.after("temporary", 99) == timedelta(0)


def test_a_message_that_failed_under_a_clock_that_ran_ahead_does_not_wait_for_that_day(
    tmp_path: Path,
) -> None:
    smtp = Smtp(host="127.0.0.1", port=free_port())
    waits = Waits({("temporary", 1): 60, ("temporary", 2): 4 * 24 * 60})
    tried = []
    for number in (4000, 1, 2, 3):
        load(tmp_path, smtp, number=number, waits=waits)
        tried.append(ask_ledger(tmp_path, "select count(*) from attempts")[0][0])

    assert tried == [1, 2, 2, 2]


def test_pages_are_told_who_was_told_in_this_run_who_answered_and_what_is_muted(at: Desk) -> None:
    ledger = at.settings.alert_ledger
    assert known_of_alerts(ledger, PARENTS, START) == {}
    at.load(WARNING)
    at.load(WARNING, days=7)
    at.ack(days=8)
    at.mute(date(2018, 7, 20), unit="newark", days=8)

    known = known_of_alerts(ledger, PARENTS, START + timedelta(days=8))["northshire"]

    assert [(one.unit, one.severity, one.since) for one in known.breaches] == [("ashfield", "warning", JUNE)]
    assert [(one.role, one.on, one.fate) for one in known.breaches[0].told] == [
        ("team manager", date(2018, 7, 3), "")
    ]
    assert known.breaches[0].answered.startswith("acknowledged by Team manager: two starters; escalated to ")
    assert [(one.unit, one.metric, one.why) for one in known.muted] == [("newark", "", "moves")]
    assert "@" not in repr(known)
    over = known_of_alerts(ledger, PARENTS, START + timedelta(days=30))["northshire"]
    assert over.muted == ()
