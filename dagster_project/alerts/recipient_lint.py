"""What is wrong with the rows of alert_recipients.csv: who would not be told, and what nobody would be told of. A
channel may be a secret in itself and is never repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from dagster_project.alerts.channels import UNNAMED, read_channel
from dagster_project.alerts.routing import (
    FAULTS_ONLY,
    Recipient,
    UnitParents,
    is_in_force,
    read_recipient,
    units_above,
)
from dagster_project.reference import Finding, Reference

FILE = "alert_recipients.csv"
Row = Mapping[str, str]


def lint_recipients(
    reference: Reference, secrets: Mapping[str, str], today: date, loaded: Collection[str] = ()
) -> list[Finding]:
    """Every finding, the rows' own first. What is an error keeps a row from ever being told anything.

    Units that nobody hears of are looked for in the councils that are `loaded` and in those that a row names.
    """
    rows = reference.rows("alert_recipients")
    units = reference.rows("org_units")
    closed = {(row["council"], row["unit"]): row["valid_to"] for row in units if row["valid_to"]}
    found = [*_channels(rows, secrets), *_periods(rows, today), *_closed_units(rows, closed, today)]
    heard = [read_recipient(row, secrets) for row in rows if is_in_force(row, today)]
    concerned = {*loaded, *(row["council"] for row in rows)}
    open_units = [row for row in units if row["council"] in concerned and is_in_force(row, today)]
    return [*found, *_units_nobody_hears_of(open_units, heard, reference.parent_units)]


def _channels(rows: Sequence[Row], secrets: Mapping[str, str]) -> Iterator[Finding]:
    for row in rows:
        _, problem = read_channel(" ".join(row["channel"].split()), secrets)
        if not problem:
            continue
        lacks_secret = problem == UNNAMED
        yield Finding(
            row["_place"],
            "channel",
            "channel_without_its_secret" if lacks_secret else "channel_cannot_be_used",
            problem,
            "Until then this recipient is told nothing and the data engineer is told of it.",
            is_error=not lacks_secret,
        )


def _periods(rows: Sequence[Row], today: date) -> Iterator[Finding]:
    for row in rows:
        first, end = row.get("valid_from", ""), row.get("valid_to", "")
        if first and end and end <= first:
            yield Finding(
                row["_place"],
                "valid_to",
                "period_ends_before_it_begins",
                "not after valid_from, so the row never holds",
                "valid_to is the first day on which the row holds no more.",
            )
        elif end and end <= today.isoformat():
            yield Finding(
                row["_place"],
                "valid_to",
                "expired",
                f"ended on {end}: this recipient is told nothing more",
                "Take the row out, or give it a later day.",
                is_error=False,
            )


def _closed_units(
    rows: Sequence[Row], closed: Mapping[tuple[str, str], str], today: date
) -> Iterator[Finding]:
    for row in rows:
        end = closed.get((row["council"], row["unit"]), "")
        if row["unit"] and end and end <= today.isoformat():
            yield Finding(
                row["_place"],
                "unit",
                "unit_closed",
                f"{row['unit']} closed on {end}, so nothing new is told of it",
                "Name the unit that took its place.",
                is_error=False,
            )


def _units_nobody_hears_of(
    units: Sequence[Row], heard: Sequence[Recipient], parents: UnitParents
) -> Iterator[Finding]:
    """The topmost units whose breaches reach nobody, with how many lie below."""
    useful = [one for one in heard if not one.problem and one.floor != FAULTS_ONLY]
    alone = {
        (row["council"], row["unit"])
        for row in units
        if not any(
            one.council in ("", row["council"])
            and one.unit in ("", *units_above(row["council"], row["unit"], parents))
            for one in useful
        )
    }
    for council, unit in sorted(alone):
        if (council, parents.get((council, unit)) or "") in alone:
            continue
        below = sum(
            1
            for one, other in alone
            if one == council and other != unit and unit in units_above(one, other, parents)
        )
        of_those = (
            f" and of the {below} units below it"
            if below > 1
            else " and of the unit below it"
            if below
            else ""
        )
        yield Finding(
            FILE,
            "",
            "nobody_is_told",
            f"nobody is told of breaches of {council}/{unit}{of_those}",
            "Add a row for the unit or for one above it.",
            is_error=False,
        )
