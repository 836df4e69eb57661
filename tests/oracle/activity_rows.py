"""Contacts, assessments, visits, meetings and totals of demand of a made-up council's month. Asserts nothing."""

from __future__ import annotations

from datetime import date
from random import Random

from .arithmetic import days_after, last_day
from .truth import MadeUpCouncil, Row

OUTCOMES = ("referral", "referral", "early_help", "advice", "no_further_action")


def activity(
    council: MadeUpCouncil, month: date, rows: dict[str, list[Row]]
) -> list[tuple[date, str, list[Row]]]:
    """What arrives of a month besides cases and workers; now and then an extract does not."""
    rng = Random(f"{council.seed}:{month}:activity")
    made = {
        "contacts": _contacts(month, rng),
        "assessments": _of_cases(rows, month, rng, "assessment"),
        "visits": _of_cases(rows, month, rng, "visit"),
        "strategy_meetings": _of_cases(rows, month, rng, "meeting"),
        "demand_summary": [_demand(rng)],
    }
    return [(month, extract, made[extract]) for extract in made if rng.random() < 0.85]


def _day(month: date, rng: Random) -> date:
    return days_after(month, rng.randint(0, (last_day(month) - month).days))


def _contacts(month: date, rng: Random) -> list[Row]:
    says = rng.random() < 0.9
    contacts = []
    for number in range(rng.randint(0, 25)):
        outcome = rng.choice(OUTCOMES)
        contacts.append(
            {
                "contact_id": f"K{month:%y%m}-{number:03}",
                "received_on": _day(month, rng),
                "source": rng.choice(["school", "police", None]),
                "outcome": outcome,
                "referral_id": f"R{number:03}" if outcome == "referral" else None,
                "is_re_referral": rng.choice([True, False, None]) if says else None,
            }
        )
    return contacts


def _of_cases(rows: dict[str, list[Row]], month: date, rng: Random, kind: str) -> list[Row]:
    """Work on cases of the month and on one that the month does not know; its team said or not."""
    cases = rows["caseload"]
    made = []
    for number in range(rng.randint(0, 18) if cases else 0):
        case = rng.choice(cases)
        stranger = rng.random() < 0.05
        team = case["team"] if rng.random() < 0.7 else None
        row: Row = {
            f"{kind}_id": f"{kind[0].upper()}{month:%y%m}-{number:03}",
            "case_id": f"STRANGE-{number}" if stranger else case["case_id"],
            "team": None if stranger else team,
        }
        day = _day(month, rng)
        # Some around the limit, some within a day, some across Christmas.
        earlier = days_after(day, -rng.choice([0, 1, 3, 20, 61, 62, 63, 64, 65, 66, 67, 90]))
        if kind == "assessment":
            row |= {"started_on": earlier, "completed_on": day}
        elif kind == "visit":
            seen = rng.choice([None, day, days_after(day, -2), days_after(day, 3)])
            row |= {"due_on": day, "seen_on": seen}
        else:
            due = rng.choice([None, day, days_after(day, 1), days_after(day, -1)])
            row |= {"due_on": due, "held_on": day, "attended_by_partners": rng.choice([True, False, None])}
        made.append(row)
    return made


def _demand(rng: Random) -> Row:
    """Totals: where rows came they are not used, but for the children who live in the area."""
    return {
        "contacts": rng.randint(50, 90),
        "referrals": rng.randint(10, 40),
        "children_in_need": rng.choice([None, rng.randint(500, 900)]),
        "child_protection": rng.randint(50, 99),
        "children_looked_after": rng.randint(100, 200),
        "children_0_17": rng.choice([None, rng.randint(40000, 60000)]),
        "mean_plan_days": None,
    }
