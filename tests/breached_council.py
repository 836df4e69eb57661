"""A made-up council with one team over its limit in every month, and somebody to be told of it. Asserts nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from deliveries_fixture import COUNCIL, land, make_home, rows_of, write_reference

from dagster_project.settings import Settings

RECIPIENTS = f"council,unit,severity,channel,role\n{COUNCIL},,info,mailto:head@example.org,head of service\n"
POLICY = f"""\
policy_id,council,unit,level,service_area,role_group,experience,metric,rounding,lower,upper,band,label,severity,target,valid_from,valid_to,source
made_up,{COUNCIL},,team,,,,average_caseload,integer,0,20,fine,fine,none,,2017-04-01,,made up
made_up,{COUNCIL},,team,,,,average_caseload,integer,20,,over,too many,breach,,2017-04-01,,made up
"""


def make_council(home: Path) -> Settings:
    settings = make_home(home)
    write_reference(settings, alert_recipients=RECIPIENTS, threshold_policy=POLICY)
    return settings


def land_month(settings: Settings, month: str, cases: int = 60) -> None:
    """Two workers, and that many cases between them."""
    land(settings, "caseload.csv", rows_of("caseload", cases), month)
    land(settings, "workforce.csv", rows_of("workforce", 2), month)


def marts_of(settings: Settings) -> Path:
    """The published file with every mart and row."""
    return (settings.published / "current").resolve() / "restricted" / "marts.duckdb"


def mails_in(settings: Settings) -> list[str]:
    """The messages in the outbox, by the name of their file."""
    return sorted(path.name for path in settings.outbox.glob("*.eml"))


def told_in(settings: Settings) -> list[tuple[str, str, str, str, str]]:
    """Each breach that somebody was told of, as often as the ledger says it was."""
    with closing(sqlite3.connect(settings.alert_ledger)) as ledger:
        return sorted(
            ledger.execute(
                "select recipient, unit, metric, month, state from told join items using (item_id)"
            ).fetchall()
        )
