"""Invents lines of investments, what papers ask of them and what would pay for them, and prices of ways to a target."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from random import Random

from .arithmetic import days_after
from .truth import Assumption, Criterion, FundingTerm, Invested, InvestmentLine, Unit

STANDARD_HOURS = (None, Fraction(37), Fraction(71, 2))
UNIT_MEASURES = (
    "average_caseload", "dfe_average_caseload", "open_cases", "unallocated_cases", "manager_held_cases",
    "fte_social_workers", "fte_to_target", "received", "closed_rate", "stepped_down_rate", "transferred_out_rate",
    "median_days_to_allocation", "assessments_in_45_days_rate", "visits_in_time_rate", "turnover_rate",
    "voluntary_turnover_rate", "absence_rate", "agency_share", "agency_cost_gbp", "agency_fte", "year_to_date_gbp",
    "forecast_year_gbp", "vacancy_rate", "agency_rate", "posts_fte", "in_post_fte", "vacant_fte", "uncovered_fte",
    "workers_per_support_officer", "asye_workers_over_cap",
)  # fmt: skip
COUNCIL_MEASURES = (
    "contacts",
    "referrals",
    "conversion_rate",
    "re_referral_rate",
    "child_protection",
    "survey_answer",
)


def plan(seed: int, invested: Invested, units: dict[str, Unit], top: str) -> Invested:
    """The same investments with their lines; of contracts how many months they are priced for. A stream of its own."""
    rng = Random(f"{seed}:planned")
    starts = {i.investment: i.starts_on for i in invested.indicators}
    lines = [line for name, start in sorted(starts.items()) for line in _lines(rng, name, start)]
    lasting = sorted(u.unit for u in units.values() if u.valid_to is None)
    return replace(
        invested,
        contracts=[replace(c, months=rng.choice([6, 6, 4, 9, None])) for c in invested.contracts],
        lines=lines,
        criteria=[found for line in lines for found in _criteria(rng, line, lasting, top)],
        terms=_terms(rng, sorted(starts), invested),
        assumptions=_assumptions(rng),
    )


def _lines(rng: Random, investment: str, starts: date) -> list[InvestmentLine]:
    """A `whole` with or without an amount, or none; at least one line from the investment's first day."""
    names = ["whole"] if rng.random() < 0.6 else ["line_0"]
    names += [f"line_{number}" for number in range(1, rng.randint(1, 4))]
    found = []
    for place, name in enumerate(names):
        begins = starts if place == 0 or rng.random() < 0.3 else days_after(starts, rng.randint(1, 200))
        found.append(
            InvestmentLine(
                investment,
                name,
                rng.choice(
                    [None, Fraction(rng.randint(1, 60_000_000), 100), Fraction(rng.randint(1, 60) * 10_000)]
                ),
                rng.choice([None, Fraction(rng.randint(1, 60), 4), Fraction(rng.randint(1, 30))]),
                begins,
                rng.choice([None, days_after(begins, rng.randint(10, 400))]),
            )
        )
    return found


def _criteria(rng: Random, line: InvestmentLine, units: list[str], top: str) -> list[Criterion]:
    kind = rng.random()
    if kind < 0.15:
        return [Criterion(line, "", "", "", "", "", None)]
    if kind < 0.3:
        return [Criterion(line, "better outcomes", "", "", "", "", None)]
    found = []
    for number in range(rng.randint(1, 3)):
        of_council = rng.random() < 0.25
        measure = rng.choice(COUNCIL_MEASURES if of_council else UNIT_MEASURES)
        found.append(
            Criterion(
                line,
                f"criterion {number}",
                measure,
                top if of_council else rng.choice([top, *units]),
                "morale" if measure == "survey_answer" else "",
                rng.choice(["lower", "higher"]),
                rng.choice([None, Fraction(rng.randint(0, 100)), Fraction(rng.randint(0, 400), 4)]),
            )
        )
    return found


def _terms(rng: Random, investments: list[str], invested: Invested) -> list[FundingTerm]:
    """Of most investments; each kind of cost comes."""
    found = []
    for name in investments:
        kind = rng.choice([None, "amount", "officers_in_post", "option", "contract"])
        item = {
            "option": rng.choice(invested.options).option,
            "contract": rng.choice(invested.contracts).contract,
        }.get(kind or "", "")
        if kind is not None:
            found.append(FundingTerm(name, kind, item, "It would pay for itself"))
    return found


def _assumptions(rng: Random) -> list[Assumption]:
    """A council's own, each there or not; most name roles that have a price."""

    def sometimes(share: float, *rows: Assumption) -> list[Assumption]:
        return list(rows) if rng.random() < share else []

    kit = Fraction(rng.randint(0, 200_000), 100)
    return [
        *sometimes(0.4, Assumption("", "start_months_ahead", Fraction(rng.randint(0, 13)), "")),
        *sometimes(0.3, Assumption("managed_team", "start_months_ahead", Fraction(rng.randint(0, 4)), "")),
        *sometimes(0.3, Assumption("", "standard_hours_per_week", Fraction(36), "")),
        *sometimes(0.5, Assumption("social_workers", "set_up_per_head_gbp", kit, "")),
        *sometimes(0.3, Assumption("project_team", "set_up_per_head_gbp", kit, "")),
        *sometimes(0.3, Assumption("social_workers", "role", None, "made_up_practitioner")),
        *sometimes(0.8, Assumption("support_officers", "role", None, "made_up_helper")),
        *sometimes(0.7, Assumption("support_officers", "senior_role", None, "made_up_senior_helper")),
        *sometimes(0.6, Assumption("support_officers", "senior_fte", Fraction(rng.randint(0, 8), 4), "")),
        *sometimes(
            0.5,
            Assumption("support_officers", "hours_released_per_worker", Fraction(rng.randint(1, 30), 4), ""),
        ),
        *sometimes(0.85, Assumption("project_team", "template_option", None, f"option_{rng.randint(0, 5)}")),
    ]
