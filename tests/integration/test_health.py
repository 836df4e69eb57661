"""Silence is an alarm: landed files and a clock in, mails to the data engineer and lines for a monitor out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from alert_seam import Mailbox, Receiver, ask_ledger, breach, receiving, serving
from deliveries_fixture import arrive, make_home, write_reference
from free_ports import free_port

from dagster_project import health
from dagster_project.alerts import announce
from dagster_project.alerts.desk import AlertsError
from dagster_project.alerts.ledger import open_ledger
from dagster_project.alerts.waits import read_waits
from dagster_project.deliveries import Manifest
from dagster_project.health.runs import recorded_run, tick
from dagster_project.installation_lock import LoadInProgressError, holding
from dagster_project.load import load, words_of_failure
from dagster_project.reference import ReferenceDataError, load_reference
from dagster_project.settings import Settings, Smtp

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

ENGINEER, DIRECTOR = "engineer@example.org", "director@example.org"
RECIPIENTS = (
    "council,unit,severity,channel,role\n"
    f",,fault,mailto:{ENGINEER},data engineer\n"
    f"northshire,,info,mailto:{DIRECTOR},director\n"
)
POSTS = "post_id,team,role,fte,vacant_fte\nP1,Ashfield DCPT,Social Worker,1,0\n"
JULY_6 = datetime(2018, 7, 6, 6, 0, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    settings = make_home(tmp_path)
    write_reference(settings, alert_recipients=RECIPIENTS)
    return settings


def recipients(settings: Settings, text: str) -> None:
    write_reference(settings, alert_recipients=text)


def seen(settings: Settings, now: datetime) -> list[tuple[str, str]]:
    return [(one.kind, one.words) for one in health.now_wrong(settings, load_reference(settings), now)]


def mails(settings: Settings, now: datetime) -> list[tuple[str, str]]:
    """What a look of the scheduler mails: to whom, and the text."""
    told = []
    for one in health.send_due(settings, load_reference(settings), now).messages:
        mail = message_from_bytes(one.path.read_bytes(), policy=policy.default)
        part = mail.get_body(("plain",))
        assert part is not None
        told.append((one.address, " ".join(str(part.get_content()).split())))
    return told


def land(settings: Settings, month: str) -> None:
    folder = settings.landing / "northshire" / month
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "posts.csv").write_text(POSTS.replace("P1", f"P{month[-1]}"))
    (delivery,) = arrive(settings).recorded
    assert not delivery.is_refused


def test_an_extract_that_came_the_month_before_and_not_by_its_due_day_is_told_once_and_its_coming_once(
    home: Settings,
) -> None:
    land(home, "2018-05")
    on_the_day = mails(home, datetime(2018, 7, 5, 23, 0, tzinfo=UTC))
    late = mails(home, JULY_6)
    again = mails(home, JULY_6 + timedelta(days=1))
    line = seen(home, JULY_6)
    land(home, "2018-06")
    come = mails(home, JULY_6 + timedelta(days=2))

    assert on_the_day == again == []
    assert line == [("delivery", "northshire 2018-06 posts was due on 2018-07-05 and is not in force")]
    ((address, text),) = late
    assert address == ENGINEER
    assert "northshire 2018-06 posts was due on 2018-07-05" in text
    ((address, text),) = come
    assert address == ENGINEER
    assert "Over: an expected delivery has not arrived" in text
    assert mails(home, JULY_6 + timedelta(days=3)) == []


def test_a_councils_own_row_says_what_is_due_when_and_from_which_month(home: Settings) -> None:
    write_reference(
        home,
        expected_deliveries="council,extract,due_day,usual_months,watched_months,valid_from,valid_to,source\n"
        "northshire,caseload,20,,12,2018-05-01,2018-06-01,agreed\n"
        "northshire,posts,,,12,,,comes when it comes\n",
    )
    land(home, "2018-04")

    assert seen(home, datetime(2018, 6, 20, tzinfo=UTC)) == []
    assert seen(home, datetime(2018, 6, 21, tzinfo=UTC)) == [
        ("delivery", "northshire 2018-05 caseload was due on 2018-06-20 and is not in force")
    ]


def test_a_council_that_stopped_long_ago_is_no_alarm(home: Settings) -> None:
    land(home, "2018-05")

    months = {words.split()[1] for _, words in seen(home, datetime(2019, 5, 6, tzinfo=UTC))}
    assert months == {"2018-06", "2018-07", "2018-08"}
    assert seen(home, datetime(2020, 1, 1, tzinfo=UTC)) == []


def test_a_load_that_fails_is_told_in_words_without_values_and_the_next_good_one_ends_it(
    home: Settings,
) -> None:
    broken = RECIPIENTS + "nowhere,,info,mailto:a@example.org,head\n"
    recipients(home, broken)
    with pytest.raises(ReferenceDataError):
        load(home, now=JULY_6)
    recipients(home, RECIPIENTS)
    told = ask_ledger(home.home, "select address, subject from digests")
    line = seen(home, JULY_6)
    with recorded_run(home, health.LOAD, JULY_6, words_of=words_of_failure):
        pass

    assert told == [(ENGINEER, "Caseload service: 1 new")]
    assert [kind for kind, _ in line] == ["load"]
    assert "the reference data cannot be used" in line[0][1]
    ((_, text),) = mails(home, JULY_6 + timedelta(hours=1))
    assert "Over: a load failed" in text
    assert seen(home, JULY_6) == []


def test_a_load_that_is_killed_is_an_alarm_and_one_that_found_another_at_work_is_none(home: Settings) -> None:
    with holding(home, "a test"), pytest.raises(LoadInProgressError):
        load(home, now=JULY_6)
    assert seen(home, JULY_6) == []
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with recorded_run(home, health.LOAD, JULY_6, words_of=str), open_ledger(home.alert_ledger) as ledger:
        assert [kind for kind, _ in seen(home, JULY_6)] == []
        ledger.db.execute("update runs set process = ?", (gone.pid,))
        assert seen(home, JULY_6) == [("load", "the load of 2018-07-06 06:00 was killed before its end")]
        late = JULY_6 + timedelta(hours=7)
        ledger.db.execute("update runs set host = 'another'")
        assert seen(home, late) == [("load", "the load of 2018-07-06 06:00 runs for more than 6 hours")]


def test_a_schedule_that_ticked_once_and_then_no_more_is_an_alarm(home: Settings) -> None:
    with open_ledger(home.alert_ledger) as ledger:
        tick(ledger, "landing_area", JULY_6)
    assert seen(home, JULY_6 + timedelta(minutes=59)) == []
    late = JULY_6 + timedelta(minutes=61)

    assert seen(home, late) == [
        ("tick", "landing_area last ticked 2018-07-06 06:00; a tick is due every 1 hours")
    ]
    assert [address for address, _ in mails(home, late)] == [ENGINEER]
    assert mails(home, late + timedelta(hours=1)) == []


def test_a_schedule_that_never_ticked_is_an_alarm_from_the_day_its_row_names(home: Settings) -> None:
    row = "what,within_hours,longest_hours,expected_from,source\ncron,24,,2018-07-01,ours\n"
    write_reference(home, expected_ticks=row)

    assert seen(home, datetime(2018, 7, 1, 23, tzinfo=UTC)) == []
    assert seen(home, JULY_6) == [("tick", "cron never ticked; a tick is due every 24 hours")]


def say(settings: Settings, now: datetime, units: Sequence[str] = ("ashfield",)) -> None:
    rows = load_reference(settings).rows("alert_recipients")
    waits = read_waits(load_reference(settings).rows("send_waits"))
    month = date(2018, 6, 1)
    breaches = [replace(breach(unit), month=month) for unit in units]
    announce(breaches, {("northshire", "average_caseload"): month}, rows, {}, settings, now, "l", waits=waits)


def test_a_message_that_is_refused_is_told_to_the_engineer_through_another_channel(home: Settings) -> None:
    mailbox, smtp = Mailbox(), Smtp(host="127.0.0.1", port=free_port())
    mailbox.refused = {DIRECTOR}
    mailbox.refused_with = f"550 5.1.1 <{DIRECTOR}> No such mailbox"
    receiver = Receiver()
    with serving(mailbox, smtp.port), receiving(receiver) as port:
        settings = replace(home, smtp=smtp, channels={"desk": f"json://127.0.0.1:{port}/hook"})
        recipients(settings, RECIPIENTS.replace(f"mailto:{ENGINEER}", "desk"))
        say(settings, JULY_6)
        health.send_due(settings, load_reference(settings), JULY_6)
        health.send_due(settings, load_reference(settings), JULY_6 + timedelta(minutes=1))
        lines = seen(settings, JULY_6)
        mailbox.refused = set()
        health.send_due(settings, load_reference(settings), JULY_6 + timedelta(days=2))
        health.send_due(settings, load_reference(settings), JULY_6 + timedelta(days=2, minutes=1))

    assert mailbox.addresses() == [DIRECTOR]
    first, second = (str(body["message"]) for _, body in receiver.received)
    assert "a message to the director" in " ".join(first.split())
    assert "550 5.1.1 (address) No such mailbox" in " ".join(first.split())
    assert "Over: a message that could not be sent" in second
    assert [kind for kind, _ in lines] == ["message"]
    assert "@" not in lines[0][1]


def late_delivery(settings: Settings, number: int) -> Callable[[], None]:
    """Posts of June are missing, then come; the second time they are withdrawn, then brought back."""
    if not number:
        land(settings, "2018-05")
        return lambda: land(settings, "2018-06")
    manifest = Manifest(settings.manifest)
    (june,) = [one for one in manifest.all() if one.month == date(2018, 6, 1)]
    manifest.withdraw(june, "the wrong file", JULY_6 + timedelta(days=9))
    return lambda: manifest.undo_withdrawal(june, JULY_6 + timedelta(days=11))


def failed_load(settings: Settings, number: int) -> Callable[[], None]:
    at = JULY_6 - timedelta(days=3)
    if not number:
        arrive(settings)
    with suppress(ValueError), recorded_run(settings, health.LOAD, at, words_of=lambda error: "no room"):
        raise ValueError

    def mend() -> None:
        with recorded_run(settings, health.LOAD, at, words_of=str):
            pass

    return mend


def silent_schedule(settings: Settings, number: int) -> Callable[[], None]:
    def ticks(at: datetime) -> None:
        with open_ledger(settings.alert_ledger) as ledger:
            tick(ledger, "landing_area", at)

    ticks(JULY_6 - timedelta(days=1) + timedelta(days=10 * number))
    return lambda: ticks(JULY_6 + timedelta(days=10 * number, hours=2))


@pytest.mark.parametrize(
    ("fails", "title"),
    [
        (late_delivery, "an expected delivery has not arrived"),
        (failed_load, "a load failed"),
        (silent_schedule, "silence where something should run by itself"),
    ],
)
def test_a_fault_that_comes_back_after_it_was_mended_is_told_again_once_each_time(
    home: Settings, fails: Callable[[Settings, int], Callable[[], None]], title: str
) -> None:
    told = []
    for number in range(2):
        start = JULY_6 + timedelta(days=10 * number)
        mend = fails(home, number)
        looks = [mails(home, start + timedelta(minutes=minute)) for minute in (0, 15, 30)]
        mend()
        looks += [mails(home, start + timedelta(hours=2, minutes=minute)) for minute in (0, 15, 30)]
        told += [[text for address, text in look if address == ENGINEER] for look in looks]

    counts = [len(look) for look in told]
    assert counts == [1, 0, 0, 1, 0, 0] * 2
    began, over, again, over_again = (text for look in told for text in look)
    for text in (began, again):
        assert f"* {title.capitalize()}" in text
        assert "Over:" not in text
    for text in (over, over_again):
        assert f"* Over: {title}" in text
    assert ask_ledger(home.home, "select count(*), count(resolved_at) from faults") == [(2, 2)]


def test_each_message_that_is_not_taken_is_told_again_and_so_is_its_end(home: Settings) -> None:
    mailbox, smtp = Mailbox(), Smtp(host="127.0.0.1", port=free_port())
    mailbox.refused_with = "451 4.7.1 Greylisted, come back later"
    settings = replace(home, smtp=smtp)
    told = []
    with serving(mailbox, smtp.port):
        for number, unit in enumerate(("ashfield", "newark")):
            start = JULY_6 + timedelta(days=number)
            mailbox.refused = {DIRECTOR}
            say(settings, start, [unit])
            began = [mails(settings, start + timedelta(minutes=minute)) for minute in (1, 2, 3)]
            mailbox.refused = set()
            over = [mails(settings, start + timedelta(minutes=minute)) for minute in (30, 45, 60)]
            told += [
                [text for look in looks for address, text in look if address == ENGINEER]
                for looks in (began, over)
            ]

    assert [len(texts) for texts in told] == [1, 1, 1, 1]
    (first,), (end,), (second,), (end_of_second,) = told
    for text in (first, second):
        assert "the answer was: 451 4.7.1 Greylisted, come back later" in text
    for text in (end, end_of_second):
        assert "* Over: a message that could not be sent" in text
    assert mailbox.addresses().count(DIRECTOR) == 2


def test_a_channel_nobody_gave_a_secret_for_is_an_alarm_that_names_its_row(home: Settings) -> None:
    recipients(home, RECIPIENTS + "northshire,,breach,duty_desk,duty\n")
    ((kind, words),) = seen(home, JULY_6)

    assert kind == "recipient"
    assert "alert_recipients.csv, row 4: no secret has the name" in words


def test_faults_that_cannot_be_sent_tell_of_no_further_faults(home: Settings) -> None:
    settings = replace(home, smtp=Smtp(host="127.0.0.1", port=free_port()))
    land(home, "2018-05")
    for day in range(4):
        health.send_due(settings, load_reference(settings), JULY_6 + timedelta(days=day))

    assert ask_ledger(home.home, "select kind, count(*) from digests group by kind") == [("fault", 1)]
    assert sorted({kind for kind, _ in seen(settings, JULY_6)}) == ["delivery", "message"]


def test_an_engineer_added_later_hears_of_what_is_still_wrong(home: Settings) -> None:
    land(home, "2018-05")
    mails(home, JULY_6)
    recipients(home, RECIPIENTS + "northshire,,info,mailto:second@example.org,Data Engineer\n")

    assert [address for address, _ in mails(home, JULY_6 + timedelta(hours=1))] == ["second@example.org"]


def test_a_trial_reaches_every_channel_of_a_role_and_shows_the_answers(home: Settings) -> None:
    mailbox, smtp = Mailbox(), Smtp(host="127.0.0.1", port=free_port())
    with serving(mailbox, smtp.port):
        settings = replace(home, smtp=smtp)
        sent = health.try_channels(settings, load_reference(settings), "director", JULY_6)

    assert [(one.address, one.reply) for one in sent.messages] == [(DIRECTOR, "250 2.0.0 Queued as Q1")]
    assert health.proof_of_life(settings)[-1] == (
        "last message taken: 2018-07-06 06:00 UTC by smtp, 250 2.0.0 Queued as Q1"
    )


def test_a_trial_of_a_role_that_nobody_has_names_the_roles_there_are(home: Settings) -> None:
    with pytest.raises(AlertsError, match=r"no recipient has the role nobody; the roles are .*director"):
        health.try_channels(home, load_reference(home), "nobody", JULY_6)


def test_health_writes_nothing_and_works_while_another_holds_the_ledger(home: Settings) -> None:
    land(home, "2018-05")
    mails(home, JULY_6)
    before = home.alert_ledger.read_bytes()
    with open_ledger(home.alert_ledger) as ledger, ledger.transaction():
        assert [kind for kind, _ in seen(home, JULY_6)] == ["delivery"]

    assert home.alert_ledger.read_bytes() == before


def test_the_sensor_sends_ticks_and_enters_its_findings_as_checks(home: Settings) -> None:
    import dagster as dg

    from dagster_project.assets.service_watch import service_watch

    land(home, "2018-05")
    late = datetime.now(UTC).date().replace(day=1) - timedelta(days=1)
    write_reference(
        home,
        expected_deliveries="council,extract,due_day,usual_months,watched_months,valid_from,valid_to,source\n"
        f"northshire,posts,1,,2,{late.replace(day=1) - timedelta(days=31):%Y-%m}-01,{late:%Y-%m}-01,agreed\n",
    )
    result = service_watch(home)(dg.build_sensor_context())

    assert isinstance(result, dg.SensorResult)
    found = {
        event.asset_key.to_user_string(): event.passed
        for event in result.asset_events
        if isinstance(event, dg.AssetCheckEvaluation)
    }
    assert found["archive/posts"] is False
    assert found["archive/caseload"] is True and found["alerts"] is True
    assert [what for (what,) in ask_ledger(home.home, "select what from ticks order by what")] == [
        "alerts",
        "service_watch",
    ]
    assert ask_ledger(home.home, "select address, kind from digests") == [(ENGINEER, "fault")]
