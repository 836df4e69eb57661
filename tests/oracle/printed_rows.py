"""Invents what DfE published of a council, and figures that papers print of it. Draws from streams of its own."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from random import Random

from .arithmetic import days_after, last_day
from .truth import Answer, Benchmark, Figure, Unit

COUNTED = ("cases_received", "cases_closed_or_stepped_down", "cases_transferred_out")
OF_POSTS = ("posts_fte", "in_post_fte", "newly_created_fte", "vacant_fte", "agency_fte", "uncovered_fte")
GROUPS = ("total", "social_worker", "manager", "support_officer")
COUNTS = [
    "case_holders_fte",
    "cases",
    "vacancy_fte",
    "inpost_fte",
    "agency_fte",
    "leavers_fte",
    "working_days_lost_fte",
]
RATES = ["caseload", "agency_rate", "vacancy_rate", "turnover_rate", "absence_rate"]


def benchmarks(seed: int, code: str, months: list[date]) -> list[Benchmark]:
    """A row of most years from the one before the first month's; counts and rates need not agree, as DfE's do not."""
    rng = Random(f"{seed}:published")
    found = []
    for year in range(months[0].year - 1, months[-1].year + 1):
        if rng.random() < 0.2:
            continue
        rates = {name: None if rng.random() < 0.15 else Fraction(rng.randint(0, 400), 10) for name in RATES}
        counts: dict[str, Fraction | None] = {
            name: None if rng.random() < 0.1 else Fraction(rng.randint(1, 3000), 10) for name in COUNTS
        }
        counts["cases"] = Fraction(rng.randint(0, 3000))
        missing = " ".join(f"{name}=u" for name, value in rates.items() if value is None)
        found.append(Benchmark(code, year, rates, counts, missing))
    return found


def figures(
    seed: int, units: dict[str, Unit], top: str, months: list[date], answers: list[Answer]
) -> list[Figure]:
    """Figures of every kind that a made-up council can have, some of months or units of which nothing is known."""
    rng = Random(f"{seed}:figures")
    found = []
    for number in range(24):
        measure = rng.choice(
            (*COUNTED, *OF_POSTS, "average_caseload", "agency_year_to_date_gbp", "survey_answer")
        )
        month: date | None = rng.choice(months)
        begins = days_after(rng.choice(months), rng.randint(0, 27))
        unit, item, from_on, to_on = rng.choice([top, *sorted(units)]), "", None, None
        if measure in COUNTED:
            month, from_on, to_on = None, begins, last_day(days_after(begins, rng.randint(0, 100)))
        elif measure in OF_POSTS:
            item = rng.choice(GROUPS)
        elif measure == "survey_answer":
            answer = rng.choice(answers)
            unit, month, item, from_on = "", None, answer.question, answer.taken_on
        decimals = rng.choice([0, 0, 1, 2])
        divisor = rng.choice([1, 1, 10, 1000]) if decimals == 0 else 1
        found.append(
            Figure(
                f"X{seed}-{number:02d}", measure, unit, month, item, from_on, to_on, decimals, divisor,
                "down" if decimals == 0 and divisor == 1 and rng.random() < 0.3 else "",
                Fraction(rng.randint(0, 40) * divisor), rng.choice(["computed", "calibrated", "given"]),
            )
        )  # fmt: skip
    return found
