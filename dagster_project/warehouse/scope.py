"""Which council months a build must touch. Knows months and deliveries, not marts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from dagster_project.deliveries import Delivery, month_days
from dagster_project.extracts import load_specifications

ITS_OWN_MONTH, TWELVE_MONTHS, WHOLE_HISTORY, NOTHING = 0, 1, 2, 9
EXTRACT_FLAGS = tuple(load_specifications())

CouncilMonth = tuple[str, date]


@dataclass(frozen=True)
class ScopeRow:
    """One council month: how far a model must look back for a change to reach it, and what was delivered."""

    council: str
    month: date
    as_at: date
    reach: int
    is_loaded: bool
    extracts: frozenset[str]


def build_scope(
    in_force: Mapping[tuple[str, date, str], Delivery], changed: Iterable[CouncilMonth]
) -> list[ScopeRow]:
    """Every council month loaded or changed, with the smallest look-back through which a change reaches it."""
    extracts: dict[CouncilMonth, set[str]] = {}
    for council, month, extract in in_force:
        extracts.setdefault((council, month), set()).add(extract)
    changed_months: dict[str, list[date]] = {}
    for council, month in sorted(set(changed)):
        changed_months.setdefault(council, []).append(month)
    everything = sorted(set(extracts) | {(c, m) for c, months in changed_months.items() for m in months})
    return [
        ScopeRow(
            council=council,
            month=month,
            as_at=month_days(month)[1],
            reach=_reach(month, changed_months.get(council, [])),
            is_loaded=(council, month) in extracts,
            extracts=frozenset(extracts.get((council, month), ())),
        )
        for council, month in everything
    ]


def months_read(scope: Iterable[ScopeRow]) -> set[CouncilMonth]:
    """The council months whose rows a build looks at: those due within twelve months, and the year that ends with each.

    What looks back further is made from marts and totals, never from rows.
    """
    rows = [row for row in scope if row.is_loaded]
    due: dict[str, list[date]] = {}
    for row in rows:
        if row.reach <= TWELVE_MONTHS:
            due.setdefault(row.council, []).append(row.month)
    return {
        (row.council, row.month)
        for row in rows
        if any(0 <= _months_between(row.month, later) < 12 for later in due.get(row.council, []))
    }


def _reach(month: date, changed: Iterable[date]) -> int:
    distances = [_months_between(earlier, month) for earlier in changed if earlier <= month]
    if not distances:
        return NOTHING
    nearest = min(distances)
    if nearest == 0:
        return ITS_OWN_MONTH
    return TWELVE_MONTHS if nearest <= 12 else WHOLE_HISTORY


def _months_between(earlier: date, later: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month
