"""Who is told what: rows of alert_recipients.csv against units and severities. Nothing is sent from here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dagster_project.alerts.breach import SEVERITIES, Breach, rank

# Plain ASCII: a longer form needs a mail server with SMTPUTF8, which a council cannot be assumed to have.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")

UnitParents = Mapping[tuple[str, str], str | None]


@dataclass(frozen=True)
class Recipient:
    """One row: whose breaches (empty: all), how grave at least, to whom. `problem`: why it cannot be told."""

    council: str
    unit: str
    floor: str
    role: str
    address: str
    problem: str = ""

    def covers(self, breach: Breach, unit_parents: UnitParents) -> bool:
        """True for the recipient's own unit and every unit below it, whatever the severity."""
        if self.council and self.council != breach.council:
            return False
        if not self.unit:
            return True
        unit: str | None = breach.unit
        seen: set[str] = set()
        while unit and unit not in seen:
            if unit == self.unit:
                return True
            seen.add(unit)
            unit = unit_parents.get((breach.council, unit))
        return False

    def wants(self, severity: str) -> bool:
        return rank(severity) >= rank(self.floor)


def read_recipient(row: Mapping[str, str]) -> Recipient:
    """Read one row. A channel may be a secret in itself, so a problem names its kind and never repeats it."""
    cells = {name: " ".join((value or "").split()) for name, value in row.items()}
    floor = cells.get("severity", "").lower() or "info"
    address, problem = _address(cells.get("channel", ""))
    if floor not in SEVERITIES:
        floor, problem = "info", problem or f"its severity is not one of {', '.join(SEVERITIES[1:])}"
    return Recipient(
        council=cells.get("council", ""),
        unit=cells.get("unit", ""),
        floor=floor,
        role=cells.get("role", "") or "recipient",
        address=address,
        problem=problem,
    )


def _address(channel: str) -> tuple[str, str]:
    bare = channel[len("mailto:") :] if channel.lower().startswith("mailto:") else channel
    if _ADDRESS.fullmatch(bare):
        name, _, domain = bare.rpartition("@")
        return f"{name}@{domain.lower()}", ""
    if not channel:
        return "", "it has no channel"
    scheme = _SCHEME.match(channel)
    if scheme and (not channel.lower().startswith("mailto:") or bare.startswith("//")):
        return "", f"channels of the kind {scheme[1].lower()}: are not supported yet, only mailto:name@domain"
    if "@" in channel or scheme:
        return "", "its channel is not an e-mail address that can be used"
    return "", "channels named by a secret are not supported yet, only mailto:name@domain"
