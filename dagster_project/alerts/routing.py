"""Who is told what: rows of alert_recipients.csv against units and severities. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from dagster_project.alerts.breach import SEVERITIES, Breach, rank
from dagster_project.alerts.channels import Channel, read_channel

ENGINEER = "data engineer"
FAULTS_ONLY = "fault"
"""A floor above every severity of a breach: such a row hears how the service runs, and nothing else."""

NOWHERE = Channel("none", "")
UnitParents = Mapping[tuple[str, str], str | None]


@dataclass(frozen=True)
class Recipient:
    """One row: whose breaches (empty: all), how grave at least, to whom. `problem`: why it cannot be told.

    `place` is the row's file and number, for who mends it.
    """

    council: str
    unit: str
    floor: str
    role: str
    channel: Channel
    problem: str = ""
    place: str = ""

    @property
    def address(self) -> str:
        return self.channel.address

    @property
    def hears_of_faults(self) -> bool:
        """Whether it is told how the service itself runs."""
        return self.floor == FAULTS_ONLY or self.role.casefold() == ENGINEER

    def covers(self, breach: Breach, unit_parents: UnitParents) -> bool:
        """True for the recipient's own unit and every unit below it, whatever the severity."""
        if self.council and self.council != breach.council:
            return False
        return not self.unit or self.unit in units_above(breach.council, breach.unit, unit_parents)

    def wants(self, severity: str) -> bool:
        return self.floor != FAULTS_ONLY and rank(severity) >= rank(self.floor)


def units_above(council: str, unit: str, unit_parents: UnitParents) -> list[str]:
    """The unit itself, then each above it up to the council; a circle ends where it began."""
    line: list[str] = []
    at: str | None = unit
    while at and at not in line:
        line.append(at)
        at = unit_parents.get((council, at))
    return line


def is_in_force(row: Mapping[str, str], today: date) -> bool:
    """Whether the row holds on that day; `valid_to` is the first on which it does not."""
    first, end = row.get("valid_from") or "", row.get("valid_to") or ""
    return first <= today.isoformat() and (not end or today.isoformat() < end)


def read_recipient(row: Mapping[str, str], secrets: Mapping[str, str]) -> Recipient:
    """Read one row. A channel may be a secret in itself, so a problem names its kind and never repeats it."""
    cells = {name: " ".join((value or "").split()) for name, value in row.items()}
    floor = cells.get("severity", "").lower() or "info"
    channel, problem = read_channel(cells.get("channel", ""), secrets)
    if floor not in (*SEVERITIES, FAULTS_ONLY):
        floor = "info"
        problem = problem or f"its severity is not one of {', '.join((*SEVERITIES[1:], FAULTS_ONLY))}"
    return Recipient(
        council=cells.get("council", ""),
        unit=cells.get("unit", ""),
        floor=floor,
        role=cells.get("role", "") or "recipient",
        channel=channel or NOWHERE,
        problem=problem,
        place=cells.get("_place", ""),
    )
