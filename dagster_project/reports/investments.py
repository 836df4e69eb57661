"""Investments of a council from the published marts: criteria, what else moved, what would pay. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dagster_project.errors import PlainError
from dagster_project.reports.code_words import code_words
from dagster_project.reports.published import query
from dagster_project.settings import Settings

Row = Mapping[str, Any]

# Totals that arrive later than everything else do not make a month the latest: the one with most criteria known does.
LATEST = """
select month from investment_impact where council = $council
group by month order by count(value_now) desc, month desc limit 1
"""
IMPACT = """
select * from investment_impact where council = $council and month = $month order by investment, indicator, unit, item
"""
LINES = """
select * from investment_lines where council = $council and month = $month
order by investment, line, criterion nulls last, unit
"""
CONTEXT = """
select * from investment_context where council = $council and month = $month
order by investment, happened_on, what, event
"""
FUNDING = """
select * from investment_funding where council = $council and month <= $month
qualify row_number() over (
    partition by investment, year_now order by saving_gbp is null, cost_gbp is null, month desc
) = 1
order by investment, year_now
"""

NO_CAUSE = (
    "No cause is claimed. What moved since an investment began may have moved for any of the reasons listed, or for "
    "one that nobody recorded; the tables set it side by side."
)


class NoInvestmentError(PlainError):
    """There is no investment to tell of."""


@dataclass(frozen=True)
class Investment:
    """One investment by a month: its criteria, those of its single lines, what else moved, and a year's money of each
    financial year since.
    """

    name: str
    month: date
    criteria: Sequence[Row]
    lines: Sequence[Row]
    context: Sequence[Row]
    funding: Sequence[Row]


def investments_of(settings: Settings, council: str, month: date | None) -> list[Investment]:
    """Every investment that had begun by the month; without one, by the month of which most is known.

    Raises NoInvestmentError when there is none, and NothingPublishedError before the first load.
    """
    place: dict[str, Any] = {"council": council}
    if month is None:
        latest = query(settings, LATEST, place)
        if not latest:
            raise NoInvestmentError(
                f"{council} has no investment with success criteria by any month loaded: they are rows of "
                f"investments.csv and investment_indicators.csv in {settings.council_reference}"
            )
        month = latest[0]["month"]
    place["month"] = month
    rows: dict[str, Sequence[Row]] = {name: query(settings, sql, place) for name, sql in _QUERIES.items()}
    kinds = list(code_words()["kind"])
    rows["context"] = sorted(rows["context"], key=lambda row: kinds.index(row["kind"]))
    names = sorted({row["investment"] for name in _QUERIES for row in rows[name]})
    if not names:
        raise NoInvestmentError(
            f"no investment of {council} had begun by {month:%Y-%m}, or the month is not loaded"
        )
    return [
        Investment(
            name, month, *([row for row in found if row["investment"] == name] for found in rows.values())
        )
        for name in names
    ]


_QUERIES = {"criteria": IMPACT, "lines": LINES, "context": CONTEXT, "funding": FUNDING}
