"""What is told to whom, and what never is. The mail server is tested in integration/test_alert_mail.py."""

from __future__ import annotations

import email
import email.policy
import re
import stat
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from dagster_project.alerts import Announcement, Breach, announce, mail
from dagster_project.alerts.metrics import read_metrics
from dagster_project.settings import Settings

MAY, JUNE, JULY = date(2018, 5, 1), date(2018, 6, 1), date(2018, 7, 1)
NOW = datetime(2018, 7, 3, 6, 0, tzinfo=UTC)

HIGH = Breach(
    council="northshire",
    council_name="Northshire",
    unit="ashfield",
    unit_name="Ashfield DCPT",
    level="team",
    month=JUNE,
    as_at=date(2018, 6, 30),
    metric="average_caseload",
    worker_key=None,
    value=Decimal("25.7500"),
    rounded_value=Decimal("26.0000"),
    band="high",
    band_label="Likely to be viewed as high",
    severity="warning",
    lower=Decimal(22),
    upper=Decimal(27),
    target=Decimal("20.50"),
    policy_id="northshire_high",
    source="June 2018 report, paragraph 3",
    months_in_breach=1,
    state="new",
)
WORKER = replace(
    HIGH,
    level="worker",
    metric="worker_caseload",
    worker_key=-8123456789012345678,
    value=Decimal(1917),
    rounded_value=Decimal(1917),
    band="over_cap",
    band_label="Over the protected caseload",
    severity="breach",
    lower=Decimal(16),
    upper=None,
    target=Decimal(15),
    experience="asye",
)
PARENTS: dict[tuple[str, str], str | None] = {
    ("northshire", "northshire"): None,
    ("northshire", "dcpt"): "northshire",
    ("northshire", "assessment"): "northshire",
    ("northshire", "ashfield"): "dcpt",
    ("northshire", "newark"): "dcpt",
}

Announce = Callable[..., Announcement]


def row(
    channel: str = "mailto:head@example.org",
    *,
    council: str = "northshire",
    unit: str = "",
    severity: str = "info",
    role: str = "head of service",
) -> dict[str, str]:
    return {"council": council, "unit": unit, "severity": severity, "channel": channel, "role": role}


def of(month: date, breach: Breach = HIGH, **changes: object) -> Breach:
    changed = {"month": month, "as_at": date(2018, month.month, 30), **changes}
    return replace(breach, **changed)  # type: ignore[arg-type]


@pytest.fixture
def say(tmp_path: Path) -> Announce:
    """Announce in one installation without a mail server; latest is their own last month by default."""

    def run(
        breaches: Sequence[Breach],
        rows: Sequence[dict[str, str]] = (row(),),
        latest: dict[str, date] | None = None,
        load_id: str = "load-1",
    ) -> Announcement:
        months = {b.council: max(a.month for a in breaches if a.council == b.council) for b in breaches}
        settings = Settings(home=tmp_path)
        judged = {(council, b.metric): m for council, m in (latest or months).items() for b in breaches}
        return announce(breaches, judged, rows, PARENTS, settings, NOW, load_id)

    return run


def mail_of(announcement: Announcement, number: int = 0) -> EmailMessage:
    message = email.message_from_bytes(
        announcement.digests[number].path.read_bytes(), policy=email.policy.default
    )
    assert isinstance(message, EmailMessage)
    return message


def text_of(announcement: Announcement, kind: str = "plain", number: int = 0) -> str:
    part = mail_of(announcement, number).get_body((kind,))
    assert part is not None
    return str(part.get_content())


def unfolded(text: str) -> str:
    return " ".join(text.split())


def test_a_breach_is_mailed_once_and_not_when_the_month_is_loaded_again(
    say: Announce, tmp_path: Path
) -> None:
    first = say([HIGH])
    again = say([HIGH], load_id="load-2")

    assert [(d.new, d.worsened, d.resolved, d.delivered) for d in first.digests] == [(1, 0, 0, True)]
    assert again.digests == ()
    assert again.already_told == 1
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1


def test_two_loads_at_once_tell_a_breach_once(
    say: Announce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*arguments: Any) -> bytes:
        time.sleep(0.2)
        return message(*arguments)

    message = mail.message
    monkeypatch.setattr(mail, "message", slowly)
    with ThreadPoolExecutor(2) as loads:
        both = list(loads.map(lambda number: say([HIGH], load_id=f"load-{number}"), (1, 2)))

    assert len({d.message_id for announcement in both for d in announcement.digests}) == 1
    assert sorted(announcement.already_told for announcement in both) == [0, 1]
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 1


def test_older_months_enter_history_once_and_are_never_mailed(say: Announce) -> None:
    first = say([of(MAY), of(MAY, unit="newark"), of(JUNE, metric="agency_rate", state="new")])
    again = say([of(MAY), of(MAY, unit="newark"), of(JUNE, metric="agency_rate", state="new")])

    assert [(d.new, d.worsened, d.resolved) for d in first.digests] == [(1, 0, 0)]
    assert again.digests == ()
    assert (first.history_entered, again.history_entered) == (2, 0)


def test_a_breach_that_runs_on_is_told_once_to_who_never_heard_of_it(say: Announce) -> None:
    running = of(JUNE, state="continuing", months_in_breach=6)
    first = say([of(MAY), running])
    again = say([of(MAY), running])
    later = say([of(MAY), running, of(JULY, state="continuing", months_in_breach=7)])

    assert [d.subject for d in first.digests] == ["Caseload 2018-06 Northshire P2 warning: 1 running on"]
    assert "told to you for the first time" in unfolded(text_of(first))
    assert "6 months at warning or worse" in text_of(first)
    assert again.digests == later.digests == ()


def test_a_breach_that_came_back_after_it_was_resolved_is_told_again(say: Announce) -> None:
    say([HIGH])
    say([of(JULY, severity="none", state="resolved")])
    back = replace(HIGH, month=date(2018, 9, 1), as_at=date(2018, 9, 30), state="continuing")

    assert len(say([back]).digests) == 1


def test_what_entered_as_history_is_not_mailed_even_when_its_month_is_latest_again(say: Announce) -> None:
    say([of(MAY), of(JUNE)])

    assert say([of(MAY)]).digests == ()


def test_a_newer_month_becomes_the_latest_and_only_its_own_news_is_told(say: Announce) -> None:
    say([of(MAY)])
    june = say([of(MAY), of(JUNE, state="worsened", severity="breach"), of(JUNE, unit="newark")])

    assert [(d.new, d.worsened) for d in june.digests] == [(1, 1)]
    assert "2018-06" in june.digests[0].subject
    assert "May 2018" not in text_of(june)


def test_a_corrected_latest_month_tells_only_what_is_further_new(say: Announce) -> None:
    say([HIGH])
    corrected = say(
        [replace(HIGH, value=Decimal("25.9")), replace(HIGH, unit="newark", unit_name="Newark DCPT")]
    )

    assert corrected.digests[0].new == 1
    assert corrected.already_told == 1
    assert "Newark DCPT" in text_of(corrected)
    assert "Ashfield DCPT" not in text_of(corrected)


def test_a_corrected_severity_is_told_again(say: Announce) -> None:
    say([HIGH])

    assert say([replace(HIGH, severity="breach")]).digests[0].new == 1


def test_a_recipient_added_later_hears_of_the_latest_month(say: Announce) -> None:
    say([HIGH])
    later = say([HIGH], [row(), row("new@example.org", role="team manager")])

    assert [d.address for d in later.digests] == ["new@example.org"]


def test_continuing_and_eased_breaches_once_told_are_only_listed_beside_other_news(say: Announce) -> None:
    quiet = [
        replace(HIGH, unit="newark", unit_name="Newark", state="continuing"),
        replace(HIGH, unit="dcpt", unit_name="All teams", level="service", state="eased"),
    ]

    assert say(quiet).digests[0].new == 0
    assert say(quiet).digests == ()
    told = say([HIGH, *quiet])
    assert told.digests[0].subject == "Caseload 2018-06 Northshire P2 warning: 1 new"
    eased, running = text_of(told).index("EASED, NOT OVER"), text_of(told).index("RUNNING ON")
    assert text_of(told).index("Ashfield DCPT") < eased < text_of(told).index("All teams (service)") < running
    assert running < text_of(told).index("Newark")
    assert "You were told of it before." in unfolded(text_of(told))


def test_a_resolved_breach_is_told_to_those_whom_its_gravest_month_concerned(say: Announce) -> None:
    rows = [row("grave@example.org", severity="breach"), row("mild@example.org", severity="warning")]
    over = of(JULY, severity="none", state="resolved")
    history = [of(MAY, severity="breach"), of(JUNE, state="eased")]

    announcement = say([*history, over], rows)

    assert {(d.address, d.resolved) for d in announcement.digests} == {
        ("grave@example.org", 1),
        ("mild@example.org", 1),
    }


def test_a_resolved_warning_is_not_told_to_those_who_hear_of_breaches_only(say: Announce) -> None:
    rows = [row("grave@example.org", severity="breach"), row("mild@example.org", severity="warning")]
    # The breach of May was resolved in June: what ends in July began as a warning.
    before = [of(MAY, severity="breach"), of(JUNE, severity="none", state="resolved")]
    announcement = say([*before, of(JULY)], rows)
    over = say([*before, of(JULY), of(date(2018, 8, 1), severity="none", state="resolved")], rows)

    assert [d.address for d in announcement.digests] == ["mild@example.org"]
    assert [d.address for d in over.digests] == ["mild@example.org"]


def test_a_resolved_breach_the_ledger_knows_nothing_of_counts_as_a_warning(say: Announce) -> None:
    rows = [row(f"{floor}@example.org", severity=floor) for floor in ("info", "warning", "breach")]

    announcement = say([replace(HIGH, severity="none", state="resolved")], rows)

    assert {d.address for d in announcement.digests} == {"info@example.org", "warning@example.org"}


def test_a_worker_who_moved_unit_is_resolved_for_those_whom_the_breach_concerned(say: Announce) -> None:
    rows = [row("grave@example.org", severity="breach")]
    moved = of(JUNE, WORKER, unit="newark", severity="none", state="resolved")

    assert say([of(MAY, WORKER), moved], rows).digests[0].resolved == 1


def test_a_recipient_of_a_unit_hears_of_it_and_everything_below_and_nothing_beside(say: Announce) -> None:
    everyone = {"northshire", "dcpt", "ashfield", "newark", "assessment"}
    breaches = [replace(HIGH, unit=unit, unit_name=f"The {unit}") for unit in sorted(everyone)]
    rows = [row("dcpt@example.org", unit="dcpt"), row("team@example.org", unit="ashfield"), row()]

    announcement = say(breaches, rows)
    told = {d.address: text_of(announcement, number=n) for n, d in enumerate(announcement.digests)}

    def units(address: str) -> set[str]:
        return set(re.findall(r"\* The (\w+)", told[address]))

    assert units("dcpt@example.org") == {"dcpt", "ashfield", "newark"}
    assert units("team@example.org") == {"ashfield"}
    assert units("head@example.org") == everyone


def test_units_that_name_each_other_as_parents_do_not_hang_the_load(say: Announce, tmp_path: Path) -> None:
    circle: dict[tuple[str, str], str | None] = {("northshire", "a"): "b", ("northshire", "b"): "a"}
    breach = replace(HIGH, unit="a")
    announcement = announce(
        [breach],
        {("northshire", breach.metric): JUNE},
        [row(unit="dcpt")],
        circle,
        Settings(home=tmp_path),
        NOW,
        "load-1",
    )

    assert announcement.digests == ()


def test_a_recipient_of_one_council_hears_nothing_of_another(say: Announce) -> None:
    southshire = replace(HIGH, council="southshire", council_name="Southshire")
    announcement = say([HIGH, southshire], [row(), row("all@example.org", council="")])

    assert "Southshire" not in announcement.digests[0].subject + text_of(announcement)
    assert announcement.digests[1].subject == "Caseload 2018-06 Northshire and Southshire P2 warning: 2 new"


@pytest.mark.parametrize(("floor", "expected"), [("info", 3), ("warning", 2), ("breach", 1), ("", 3)])
def test_a_recipient_is_told_from_its_own_severity_upwards(say: Announce, floor: str, expected: int) -> None:
    severities = {"ashfield": "info", "newark": "warning", "dcpt": "breach"}
    breaches = [replace(HIGH, unit=unit, severity=severity) for unit, severity in severities.items()]

    assert say(breaches, [row(severity=floor)]).digests[0].new == expected


def test_one_person_with_two_rows_gets_one_mail(say: Announce) -> None:
    breaches = [HIGH, replace(HIGH, unit="newark")]
    rows = [row("mailto:Head@Example.org", unit="ashfield", role="team manager"), row("head@example.org")]

    (digest,) = say(breaches, rows).digests

    assert (digest.new, digest.role) == (2, "team manager, head of service")


def test_workers_are_told_as_a_count_without_key_or_value(say: Announce) -> None:
    keys = (-8123456789012345678, 7654321098765432109, 42424242424242)
    own = replace(
        WORKER,
        months_in_breach=1957,
        since_month=date(1958, 1, 1),
        previous_value=Decimal(1863),
        trend="worse",
    )
    workers = [replace(own, worker_key=key) for key in keys]
    announcement = say(workers)
    everything = announcement.digests[0].path.read_bytes().decode("ascii") + str(announcement)
    everything += text_of(announcement) + text_of(announcement, "html")

    assert announcement.digests[0].new == 1
    assert (
        "3 workers in their assessed and supported year hold more than their protected caseload"
        " in Ashfield DCPT" in unfolded(text_of(announcement))
    )
    for key in keys:
        assert str(abs(key)) not in everything.replace("=\r\n", "")
    assert "1917" not in everything
    assert "1957" not in everything
    assert "1958" not in everything
    assert "1863" not in everything


def test_a_further_worker_of_the_same_unit_is_told_in_a_message_of_its_own(say: Announce) -> None:
    first = say([WORKER])
    second = say([WORKER, replace(WORKER, worker_key=7)])

    assert "1 worker in their assessed and supported year holds" in unfolded(text_of(second))
    assert first.digests[0].message_id != second.digests[0].message_id


def test_workers_under_a_policy_for_everyone_are_not_called_newly_qualified(say: Announce) -> None:
    text = unfolded(text_of(say([replace(WORKER, experience="")])))

    assert "1 worker holds more cases than the caseload set for them in Ashfield DCPT" in text
    assert "assessed" not in text


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        ("slack://secrettoken/channel", "slack"),
        ("mailto://user:secrettoken@example.org", "mailto"),
        ("secrettoken", "secret"),
        ("mailto:secrettoken@example.org\nBcc: other@example.org", "e-mail address"),
        ("", "no channel"),
    ],
)
def test_a_channel_that_cannot_be_used_is_reported_and_never_repeated(
    say: Announce, channel: str, reason: str
) -> None:
    announcement = say([HIGH], [row(channel, role="team manager"), row()])

    (not_sent,) = announcement.not_sent
    assert (not_sent.role, not_sent.items) == ("team manager", 1)
    assert reason in not_sent.reason
    assert "secrettoken" not in str(announcement)
    assert [d.address for d in announcement.digests] == ["head@example.org"]


def test_a_severity_that_does_not_exist_is_reported(say: Announce) -> None:
    (not_sent,) = say([HIGH], [row(severity="grave")]).not_sent

    assert "severity" in not_sent.reason


def test_what_no_recipient_covers_is_reported(say: Announce) -> None:
    announcement = say([HIGH, replace(HIGH, unit="newark")], [row(unit="assessment")])

    (not_sent,) = announcement.not_sent
    assert (not_sent.council, not_sent.items) == ("northshire", 2)
    assert "alert_recipients.csv" in not_sent.reason


def test_a_month_after_the_latest_is_reported_and_neither_told_nor_entered(say: Announce) -> None:
    astray = say([of(JULY)], latest={"northshire": JUNE})

    assert (astray.digests, astray.history_entered) == ((), 0)
    assert astray.not_sent[0].items == 1
    assert len(say([of(JULY)]).digests) == 1


def test_the_mail_says_what_where_how_much_which_rule_and_for_how_long(say: Announce) -> None:
    breach = replace(
        HIGH,
        months_in_breach=3,
        state="worsened",
        since_month=date(2018, 4, 1),
        previous_value=Decimal("23.2500"),
        trend="worse",
        fewer_to_target=Decimal("22.00"),
        fewer_of="cases",
        more_to_target=Decimal("1.10"),
        more_of="FTE of social workers",
    )
    announcement = say([breach])

    assert announcement.digests[0].subject == "Caseload 2018-06 Northshire P2 warning: 1 worse"
    for kind in ("plain", "html"):
        text = unfolded(re.sub(r"<[^>]+>", "", text_of(announcement, kind)))
        for told in (
            "Northshire, June 2018",
            "30 June 2018",
            "Ashfield DCPT (team)",
            "Average caseload: 26 cases per FTE social worker (25.75 before rounding)",
            "Band: Likely to be viewed as high",
            "Target: 5.25 above the target of 20.5",
            "To reach it: fewer cases: 22, or more FTE of social workers: 1.10",
            "Since: April 2018, 3 months at warning or worse",
            "Trend: worse than 23.25 when last judged",
            "Rule: 22 or more and below 27",
            "Source: June 2018 report, paragraph 3",
        ):
            assert told in text, (kind, told)


def test_what_is_new_comes_first_then_worse_then_resolved_and_the_gravest_first(say: Announce) -> None:
    breaches = [
        replace(HIGH, unit="a", unit_name="Unit A", state="resolved", severity="none"),
        replace(HIGH, unit="b", unit_name="Unit B", state="worsened"),
        replace(HIGH, unit="c", unit_name="Unit C", severity="info"),
        replace(HIGH, unit="d", unit_name="Unit D", severity="breach"),
    ]

    assert re.findall(r"Unit (\w)", text_of(say(breaches))) == ["D", "C", "B", "A"]


def test_names_are_escaped_in_html_and_cannot_add_a_header(say: Announce) -> None:
    hostile = replace(
        HIGH,
        council_name="North\r\nBcc: x@example.org",
        unit_name="<script>alert(1)</script>",
        band_label="<b>&",
        source='"><img src=x>',
    )
    announcement = say([hostile])

    assert mail_of(announcement)["Bcc"] is None
    page = text_of(announcement, "html")
    for tag in ("<script", "<img", "<b>"):
        assert tag not in page
    assert "&lt;script&gt;" in page
    assert "<script>alert(1)</script>" in text_of(announcement)


def test_the_mail_is_seven_bits_wide_and_asks_for_no_automatic_answer(say: Announce) -> None:
    announcement = say([replace(HIGH, unit_name="Sërvice for Children")])
    sent = mail_of(announcement)

    announcement.digests[0].path.read_bytes().decode("ascii")
    assert sent.get_content_type() == "multipart/alternative"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert "Sërvice for Children" in text_of(announcement)


def test_outbox_and_ledger_can_be_read_by_their_owner_only(say: Announce, tmp_path: Path) -> None:
    say([WORKER])

    files = list((tmp_path / "outbox").iterdir())
    assert {path.suffix for path in files} == {".eml", ".sqlite"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_same_content_is_the_same_message_in_a_ledger_begun_anew(say: Announce, tmp_path: Path) -> None:
    first = say([HIGH])
    (tmp_path / "outbox" / "ledger.sqlite").unlink()

    assert say([HIGH], load_id="load-2").digests[0].message_id == first.digests[0].message_id


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("average_caseload", "26.0000", "26 cases per FTE social worker"),
        ("average_caseload", "21.8511", "21.8511 cases per FTE social worker"),
        ("manager_held_cases", "1", "1 case"),
        ("manager_held_cases", "1000.00", "1000 cases"),
        ("workers_per_support_officer", "4", "4.0"),
        ("agency_cost_variance_percent", "-2.05", "\N{MINUS SIGN}2.05%"),
        ("a_metric_of_tomorrow", "3.10", "3.1"),
    ],
)
def test_a_number_is_said_with_its_own_digits(tmp_path: Path, name: str, value: str, said: str) -> None:
    assert read_metrics(Settings(home=tmp_path))[name].measure(Decimal(value)) == said


def test_a_metric_is_said_in_the_words_of_the_councils_own_row(say: Announce, tmp_path: Path) -> None:
    merged = tmp_path / "warehouse" / "reference"
    merged.mkdir(parents=True)
    (merged / "metrics.csv").write_text(
        "metric,words,unit,unit_of_one,decimals\nlate_visits,Visits made late,visits,visit,0\n",
        encoding="utf-8",
    )

    text = text_of(say([replace(HIGH, metric="late_visits", rounded_value=Decimal(1))]))

    assert "Visits made late: 1 visit (25.75 before rounding)" in unfolded(text)


def test_a_metric_without_words_is_said_by_its_own_name(say: Announce) -> None:
    assert "A metric of tomorrow" in text_of(say([replace(HIGH, metric="a_metric_of_tomorrow")]))


def test_a_breach_without_a_figure_is_told_without_one(say: Announce) -> None:
    bare = replace(HIGH, value=None, rounded_value=None, target=None, lower=None, upper=None, source=None)

    text = text_of(say([bare]))
    assert "no figure this month" in text
    assert "None" not in text
