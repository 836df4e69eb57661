"""Invents monthly and yearly totals: beside rows, in their place, for some units of a month. Asserts nothing."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from random import Random

from .arithmetic import days_after, financial_year, last_day
from .truth import MadeUpCouncil, Row

TOTALS_OF = {
    "caseload": "caseload_summary",
    "workforce": "workforce_summary",
    "posts": "establishment_summary",
    "offers": "offers_summary",
    "agency_spend": "agency_spend_summary",
}
"""The totals that stand in for rows of an extract."""
NEVER_EMPTY = ("caseload", "workforce", "posts")
"""A header without rows is refused for these."""
SHAPES = {
    1: ("rows", "rows", "rows with totals", "some teams", "some teams", "totals", "nothing"),
    2: ("totals", "totals", "totals", "totals", "nothing"),
    3: ("first totals", "first totals", "first totals", "some teams"),
}
"""How a family arrives in a month, by the hundred of the seed; councils of the first hundred send as ever."""

Sent = list[tuple[date, str, list[Row]]]


def sends_totals(seed: int) -> bool:
    return seed >= 100


def arrivals(council: MadeUpCouncil, lived: dict[date, dict[str, list[Row]]]) -> Sent:
    """What arrives month by month of a council that sends totals; each family as chance will have it."""
    rng = Random(f"{council.seed}:totals")
    shapes = SHAPES[1 + (council.seed // 100 - 1) % len(SHAPES)]
    sent: Sent = []
    for number, month in enumerate(council.months):
        early = 2 * number < len(council.months)
        for extract, totals in TOTALS_OF.items():
            shape = rng.choice(shapes)
            if shape == "first totals":
                shape = "totals" if early else "rows"
            rows, units = lived[month][extract], set[str]()
            if shape == "some teams" and extract != "offers":
                teams = sorted(u.unit for u in council.units_in_force(month) if u.level == "team")
                units = set(rng.sample(teams, rng.randint(1, len(teams) - 1)))
                rows = [row for row in rows if row["team"] not in units]
            if shape in ("rows", "rows with totals", "some teams") and (rows or extract not in NEVER_EMPTY):
                sent.append((month, extract, rows))
            made = []
            if shape not in ("rows", "nothing"):
                made = _totals(council, month, totals, units, rng)
            if month.month == 3 and totals in ("workforce_summary", "agency_spend_summary"):
                made += _totals(council, month, totals, units, rng, year=financial_year(month))
            if made:
                sent.append((month, totals, made))
    return sent


def _units(council: MadeUpCouncil, month: date, only: set[str], rng: Random) -> list[str | None]:
    """Units that totals are for: all levels or one, the council under no name, some of them."""
    in_force = council.units_in_force(month)
    if only and rng.random() < 0.6:
        return [*sorted(only)]
    level = rng.choice(["team", "service", "division", "council", "every", "some", "some"])
    found = sorted(u.unit for u in in_force if level in ("every", "some", u.level))
    if level == "some":
        found = rng.sample(found, rng.randint(1, len(found)))
    nameless = rng.random() < 0.5
    return [None if unit == council.council_unit and nameless else unit for unit in found]


def _totals(
    council: MadeUpCouncil, month: date, extract: str, only: set[str], rng: Random, year: str | None = None
) -> list[Row]:
    """Totals that need not agree with those of the units below: each unit's own stand."""
    if extract == "offers_summary":
        return _offers(month, rng)
    units = _units(council, month, only, rng)
    empty = {name for name in _CELLS[extract] if rng.random() < 0.15}
    rows: list[Row] = []
    for unit in units:
        if extract == "caseload_summary":
            if unit is not None:
                rows.append({"unit": unit, "open_cases": rng.randint(0, 90), "fte_social_workers": _fte(rng)})
            continue
        if extract == "agency_spend_summary":
            amount = Fraction(rng.randint(-300_000, 9_000_000), 100)
            told = {"amount_gbp": amount, "is_forecast": rng.choice([True, False, False, None])}
            rows.append({"unit": unit, **told, "financial_year": year})
            continue
        roles = rng.sample(sorted(council.roles), 3) if extract == "establishment_summary" else [""]
        for role in roles:
            posts = _fte(rng)
            cells = {
                "posts_fte": posts, "newly_created_fte": posts / 4, "agency_fte": _fte(rng) / 2,
                "vacant_fte": posts * Fraction(rng.randint(0, 4), 4), "in_post_fte": _fte(rng),
                "headcount": rng.randint(0, 30), "sickness_days": Fraction(rng.randint(0, 400), 2),
                "leavers_fte": _fte(rng) / 4, "voluntary_leavers_fte": _fte(rng) / 8,
                "qualified_under_18_months": rng.randint(0, 9),
            }  # fmt: skip
            row: Row = {"unit": unit}
            for name in _CELLS[extract]:
                row[name] = None if name in empty or rng.random() < 0.04 else cells[name]
            rows.append({**row, "role": role} if role else {**row, "financial_year": year})
    return rows


_CELLS: dict[str, tuple[str, ...]] = {
    "caseload_summary": (),
    "agency_spend_summary": (),
    "establishment_summary": ("posts_fte", "newly_created_fte", "vacant_fte", "agency_fte"),
    "workforce_summary": (
        "in_post_fte", "headcount", "sickness_days", "leavers_fte", "voluntary_leavers_fte",
        "qualified_under_18_months",
    ),
}  # fmt: skip
"""Columns that a total may leave empty."""


def _fte(rng: Random) -> Fraction:
    return Fraction(rng.randint(0, 80), 4) + rng.choice([Fraction(0), Fraction(0), Fraction(125, 1000)])


def _offers(month: date, rng: Random) -> list[Row]:
    keys = [
        (role, employment, day)
        for role in ("social_worker", "made_up_practitioner", "made_up_manager", "made_up_helper")
        for employment in ("permanent", "fixed_term", "agency")
        for day in (None, days_after(last_day(month), rng.randint(1, 120)))
    ]
    return [
        {"role": role, "employment": employment, "fte": _fte(rng) / 4, "expected_start_by": day}
        for role, employment, day in rng.sample(keys, rng.randint(1, 8))
    ]
