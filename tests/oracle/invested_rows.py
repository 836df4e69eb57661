"""Invents what a council bought or may buy: options, contracts, investments, and answers of surveys."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from random import Random

from .arithmetic import add_months, days_after, last_day
from .totals_rows import sends_totals
from .truth import Answer, Contract, Decision, Indicator, Invested, OptionLine, Unit

SAVED = "hours_saved_per_social_worker_per_week"
ROLES = ("social_worker", "made_up_practitioner", "made_up_helper", "made_up_senior_helper", "made_up_clerk")
MEASURES = (
    "average_caseload", "open_cases", "received", "closed_rate", "vacancy_rate", "agency_cost_gbp", "agency_fte",
    "workers_per_support_officer", "survey_answer",
)  # fmt: skip


def invent(seed: int, units: dict[str, Unit], top: str, months: list[date]) -> Invested:
    """Rows with every oddity the pages allow: dates inside months, no end or price, kit that differs by line."""
    rng = Random(f"{seed}:invested")
    return Invested(
        options=[line for number in range(5) for line in _option(rng, number, months)],
        contracts=_decided(seed, _contracts(rng, months)),
        indicators=_indicators(
            rng, sorted(u.unit for u in units.values() if u.valid_to is None), top, months
        ),
        answers=_answers(rng, months),
    )


def _answers(rng: Random, months: list[date]) -> list[Answer]:
    """Three answers to each question; of two taken on one day the last drawn."""
    drawn = [
        Answer(
            "made_up_survey",
            question,
            days_after(months[0], rng.randint(-60, 330)),
            Fraction(rng.randint(1, 90), 2),
        )
        for question in (SAVED, "morale")
        for _ in range(3)
    ]
    return list({(answer.question, answer.taken_on): answer for answer in drawn}.values())


def _option(rng: Random, number: int, months: list[date]) -> list[OptionLine]:
    begins = days_after(add_months(months[0], rng.randint(-3, 12)), rng.randint(0, 27))
    ends = rng.choice(
        [None, last_day(add_months(begins, rng.randint(0, 40))), days_after(begins, rng.randint(20, 900))]
    )
    heads = rng.choice([None, None, rng.randint(1, 30)])
    lines = []
    for place in range(rng.randint(1, 4)):
        starts = begins if rng.random() < 0.7 else days_after(begins, rng.randint(1, 15))
        ended = ends if rng.random() < 0.7 or ends is None else days_after(ends, -rng.randint(0, 15))
        if ended is not None and ended < starts:
            ended = starts
        is_money = rng.random() < 0.25
        lines.append(
            OptionLine(
                option=f"option_{number}",
                line=f"line_{place}",
                role="" if is_money else rng.choice(ROLES[:4] if number else ROLES),
                posts=None if is_money else Fraction(rng.randint(1, 90), 4),
                unit_cost=None
                if is_money or rng.random() < 0.6
                else Fraction(rng.randint(20_000_00, 60_000_00), 100),
                non_staffing=Fraction(rng.randint(1, 900_000), 100)
                if is_money or rng.random() < 0.3
                else None,
                per_head=rng.choice([None, Fraction(0), Fraction(rng.randint(1, 2000_00), 100)]),
                heads=heads,
                starts_on=starts,
                ends_on=ended,
                adds=None if rng.random() < 0.4 else Fraction(rng.randint(0, 40), 4),
            )
        )
    return lines


def _contracts(rng: Random, months: list[date]) -> list[Contract]:
    """Two of one unit that end apart, one that began before anything was loaded."""
    contracts = []
    for number, (unit, first) in enumerate((("rapid", 1), ("rapid", 2), ("assessment", 0), ("cdt", -2))):
        starts = days_after(add_months(months[0], first), rng.randint(0, 27))
        ends = days_after(starts, rng.randint(60, 330))
        other = days_after(ends, rng.randint(-5, 5)) if rng.random() < 0.5 else None
        price = Fraction(rng.randint(50_000_00, 300_000_00), 100)
        travel = rng.choice([None, Fraction(rng.randint(1, 5000_00), 100)])
        contracts.append(Contract(f"contract_{number}", unit, starts, ends, price, travel, other))
    return contracts


def _decided(seed: int, contracts: list[Contract]) -> list[Contract]:
    """Of councils that send totals: contracts extended in time or after their end, ended, replaced."""
    if not sends_totals(seed):
        return contracts
    rng = Random(f"{seed}:decided")
    found = []
    for contract in contracts:
        decisions: list[Decision] = []
        for _ in range(rng.randint(0, 2)):
            kind = rng.choice(["extended", "extended", "ends", "replaced"])
            ends = days_after(contract.ends_on, rng.randint(10, 120)) if kind == "extended" else None
            decided = days_after(contract.starts_on, rng.randint(5, 300))
            if decided not in {d.decided_on for d in decisions}:
                decisions.append(Decision(decided, kind, ends))
        found.append(replace(contract, decisions=tuple(decisions)))
    return found


def _indicators(rng: Random, units: list[str], top: str, months: list[date]) -> list[Indicator]:
    found: dict[tuple[str, str, str, str], Indicator] = {}
    for number in range(3):
        investment = f"investment_{number}"
        starts = days_after(add_months(months[0], rng.randint(-1, len(months) - 1)), rng.randint(0, 27))
        for measure in rng.sample(MEASURES, 6):
            unit = top if measure == "survey_answer" else rng.choice([top, *units])
            item = "morale" if measure == "survey_answer" else ""
            target = rng.choice([None, Fraction(rng.randint(0, 100))])
            better = rng.choice(["lower", "higher"])
            found[investment, measure, unit, item] = Indicator(
                investment, starts, measure, unit, item, better, target
            )
    return list(found.values())
