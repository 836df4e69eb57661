"""What was found, in words that carry counts and no case, worker or value of a row."""

from __future__ import annotations

from collections.abc import Iterable

from dagster_project.shadow.comparison import Compared
from dagster_project.shadow.evidence import Rules
from dagster_project.shadow.rounding import half_up

OTHERS_SHOWN = 2


def rules_words(cell: Compared) -> str:
    """The rules that explain the cell; for one that nothing explains, what comes nearest."""
    answer = cell.answer
    if answer.rules:
        return joined(answer.rules)
    if cell.verdict != "unexplained":
        return cell.why
    if answer.nearest and answer.nearest_value is not None and cell.measure:
        gives = half_up(answer.nearest_value, cell.measure.scale)
        return f"nothing tried explains all of it; nearest: {joined(answer.nearest)}, which gives {gives:,f}"
    return cell.why or "nothing tried explains it or comes nearer"


def joined(rules: Rules) -> str:
    return " and ".join(rule.words for rule in rules)


def others_words(others: Iterable[Rules]) -> str:
    """Other rules that would give the same figure: the council has to say which it is."""
    named = list(dict.fromkeys(joined(rules) for rules in others))
    if not named:
        return ""
    more = len(named) - OTHERS_SHOWN
    return f" (the same figure: {'; '.join(named[:OTHERS_SHOWN])}{f'; {more} more' if more > 0 else ''})"


def moved_words(cell: Compared) -> str:
    """How many cases, posts or ledger lines the rules count differently, and how many workers they are with."""
    counts = {kind: len({row.item for row in cell.moved if row.kind == kind}) for kind in cell.kinds_moved}
    counts["worker"] = cell.workers_moved
    return ", ".join(
        f"{count:,} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items() if count
    )
