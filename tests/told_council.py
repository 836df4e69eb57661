"""A made-up council of five units whose average caseloads a test writes down, landed and loaded month by month, and
what a real mail server took of it. Asserts nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from unittest.mock import patch

from alert_seam import Mailbox, serving
from deliveries_fixture import KEY, Row, land, write_reference
from free_ports import free_port

from dagster_project import quality, warehouse
from dagster_project.load import LoadReport, load
from dagster_project.settings import Settings, Smtp
from dagster_project.warehouse import building, transformation
from dagster_project.warehouse_file import reading_warehouse

COUNCIL, SERVICE, NORTH, SOUTH, EAST = "eastshire", "care", "north", "south", "east"
TEAMS = (NORTH, SOUTH, EAST)
WORKERS = 2
"""Full-time social workers of each team."""
ALERTS = ("+alert_corrections", "+threshold_breaches", "+caseload_bands", "+deliveries")
DIRECTOR, HEAD, MANAGER = (f"{who}@eastshire.example" for who in ("director", "head", "manager"))
Averages = Mapping[str, int]
"""Cases for each social worker, by team."""


def month_of(number: int) -> date:
    """The first day of a month told by its number, from 0."""
    return date(2022 + number // 12, number % 12 + 1, 1)


def day_of_load(number: int, day: int = 10) -> datetime:
    """In the month after."""
    return datetime.combine(month_of(number + 1), datetime.min.time(), UTC) + timedelta(days=day - 1, hours=6)


UNITS = f"""\
council,unit,name,level,parent_unit,service_area,frontline,valid_from,valid_to
{COUNCIL},{COUNCIL},Eastshire,council,,other,false,2010-04-01,
{COUNCIL},{SERVICE},Care,service,{COUNCIL},child_protection,true,2010-04-01,
{COUNCIL},{NORTH},North,team,{SERVICE},child_protection,true,2010-04-01,
{COUNCIL},{SOUTH},South,team,{SERVICE},child_protection,true,2010-04-01,
{COUNCIL},{EAST},East,team,{SERVICE},child_protection,true,2010-04-01,
"""
COUNCILS = f"""\
council,name,ons_code,former_ons_codes,dfe_code,region_code,standard_hours_per_week
{COUNCIL},Eastshire,E10009994,,994,E12000004,37
"""
POLICY = (
    "policy_id,council,unit,level,service_area,role_group,experience,metric,rounding,lower,upper,band,label,severity,"
    "target,valid_from,valid_to,source\n"
)


def policy_rows(name: str, warning: int, breach: int, valid_from: str, valid_to: str = "") -> str:
    """Bands of the average caseload."""
    end = f"{valid_from},{valid_to},made up"
    bands = (
        ("", warning, "fine", "none"),
        (warning, breach, "high", "warning"),
        (breach, "", "too_high", "breach"),
    )
    return "".join(
        f"{name},{COUNCIL},,,,,,average_caseload,integer,{low},{high},{band},{band},{severity},,{end}\n"
        for low, high, band, severity in bands
    )


def worker_policy(cap: int) -> str:
    return "".join(
        f"w,{COUNCIL},,worker,,,,worker_caseload,none,{low},{high},{band},{band},{severity},,2010-04-01,,made up\n"
        for low, high, band, severity in (("", cap, "within", "none"), (cap, "", "over", "breach"))
    )


RECIPIENTS = (
    "council,unit,severity,channel,role\n"
    f"{COUNCIL},,breach,{DIRECTOR},director\n"
    f"{COUNCIL},{SERVICE},warning,{HEAD},head of service\n"
    f"{COUNCIL},{NORTH},warning,{MANAGER},team manager\n"
)
RULES = (
    "council,metric,severity,months_before_new,months_before_resolved,acknowledge_within_days,source\n"
    f"{COUNCIL},average_caseload,breach,1,1,20,made up\n"
)


@dataclass(frozen=True)
class Mail:
    """A mail as the server took it; `told` is unit, metric and state of each thing it tells, workers by their unit."""

    to: str
    kind: str
    subject: str
    text: str
    told: frozenset[tuple[str, str, str]]


@dataclass
class Town:
    """An installation of the council beside its mail server."""

    settings: Settings
    mailbox: Mailbox
    now: datetime = field(default_factory=lambda: day_of_load(0))
    _read: int = 0

    def reference(self, **tables: str) -> None:
        write_reference(self.settings, **tables)

    def land(
        self, number: int, averages: Averages, *, extracts: tuple[str, ...] = ("caseload", "workforce")
    ) -> None:
        """The month's files lie in landing; a team that is not named has no row of cases and keeps its workers."""
        rows = {"caseload": cases(number, averages), "workforce": workforce()}
        for extract in extracts:
            land(self.settings, f"{extract}.csv", rows[extract], f"{month_of(number):%Y-%m}", COUNCIL)

    def load(self, now: datetime | None = None) -> list[Mail]:
        """What arrived by one load, in order of the recipients' addresses."""
        self.now = now or self.now + timedelta(days=1)
        self.report: LoadReport = load(self.settings, now=self.now)
        return self.mails()

    def mails(self) -> list[Mail]:
        """What arrived since it was asked last."""
        new = self.mailbox.received[self._read :]
        self._read = len(self.mailbox.received)
        return sorted(
            (self._mail(to[0], content) for to, content in new), key=lambda mail: (mail.to, mail.kind)
        )

    def _mail(self, to: str, content: bytes) -> Mail:
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        body = message.get_body(("plain",))
        assert body is not None
        with closing(sqlite3.connect(self.settings.alert_ledger)) as ledger:
            (kind,) = ledger.execute(
                "select kind from digests where message_id = ?", (message["Message-ID"],)
            ).fetchone()
            told = ledger.execute(
                "select distinct unit, metric, state from told join items using (item_id) where message_id = ?",
                (message["Message-ID"],),
            ).fetchall()
        return Mail(to, kind, str(message["Subject"]), " ".join(body.get_content().split()), frozenset(told))

    def marts(self, sql: str) -> list[tuple[object, ...]]:
        with reading_warehouse(self.settings) as warehouse:
            return warehouse.execute(sql).fetchall()


@contextmanager
def only_what_alerts_are_made_of() -> Iterator[None]:
    """Loads build the marts of alerts, real and by dbt, without the other marts, tests, checks and the published copy:
    a load is most of these, and here are dozens.
    """
    invoke = transformation.invoke

    def some(settings: Settings, arguments: Sequence[str], on_node: Any = None) -> Any:
        selected = ["--select", *ALERTS, "--exclude-resource-type", "test"]
        return invoke(settings, [*arguments, *selected], on_node)

    def publish(settings: Settings, load_id: str, draw: Any) -> Path:
        made = settings.published / "current"
        made.mkdir(parents=True, exist_ok=True)
        return made

    with ExitStack() as patched:
        patched.enter_context(patch.object(building, "invoke", some))
        patched.enter_context(patch.object(warehouse, "publish", publish))
        patched.enter_context(patch.object(quality, "check_marts", lambda *_: []))
        yield


@contextmanager
def town(home: Path, **tables: str) -> Iterator[Town]:
    """The council's installation, told of by a real mail server on the loopback; `tables` replace reference data."""
    mailbox = Mailbox()
    smtp = Smtp(host="127.0.0.1", port=free_port(), sender="Caseload <caseload@eastshire.example>")
    settings = replace(Settings(home=home, pseudonym_key_variable=KEY), smtp=smtp)
    made = Town(settings, mailbox)
    made.reference(
        **{
            "councils": COUNCILS,
            "org_units": UNITS,
            "unit_aliases": "council,alias,unit\n",
            "role_aliases": "council,alias,role\n",
            "threshold_policy": POLICY + policy_rows("p", 20, 25, "2010-04-01"),
            "alert_recipients": RECIPIENTS,
            **tables,
        }
    )
    with serving(mailbox, smtp.port), only_what_alerts_are_made_of():
        yield made


def cases(number: int, averages: Averages) -> list[Row]:
    """Every case has a worker and nothing else to be found fault with."""
    return [
        {
            "case_id": f"{team}-{case}",
            "child_id": f"child-{team}-{case}",
            "family_id": "",
            "case_type": "child_in_need",
            "team": team,
            "worker_id": f"{team}-{case % WORKERS}",
            "opened_on": "2021-09-06",
            "closed_on": "",
            "closure_outcome": "",
            "transferred_to": "",
        }
        for team, average in averages.items()
        for case in range(average * WORKERS)
    ]


def workforce() -> list[Row]:
    return [
        {
            "worker_id": f"{team}-{worker}",
            "post_id": f"post-{team}-{worker}",
            "team": team,
            "role": "social_worker",
            "employment": "permanent",
            "fte": "1",
            "started_on": "2020-01-06",
            "ended_on": "",
            "leaving_reason": "",
            "qualified_on": "2015-08-31",
            "asye": "false",
        }
        for team in TEAMS
        for worker in range(WORKERS)
    ]
