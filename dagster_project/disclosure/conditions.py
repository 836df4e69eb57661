"""When a column's value is hidden, as SQL over the tables that say what is. Reads no data itself.

A source is looked for in the row's own month (or one a column names, or so many before), or in more months than one
where a figure was made of them: `EVER` and `SINCE`; or of the whole council.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dagster_project.disclosure.classes import Column, Source

HIDDEN = "memory.main.hidden_counts"
FIRST_HIDDEN = "memory.main.first_hidden_counts"
"""Of each unit the first month in which each count is hidden: all that a look back over every month has to know."""
MEASURES = "memory.main.counts_of_measures"
EVER = "ever"
"""All months of the unit up to the row's own: a run of breaches or a mean says something of months before it, and one
that was not delivered lies between them or not."""
COUNCIL = "council"
"""The same of every unit of the council: the row speaks of another unit, or of none."""
SINCE = "since_"
"""Months from that of the column named after it up to the row's own."""
FIGURE = "figure"
"""Unit, month and measure as reference data name them for a printed figure, and the months before."""
FIGURES = {
    "report_figures": ("reference.report_figure_measures", "figure_id"),
    "report_readings": ("reference.report_readings", "reading_id"),
}


def condition_of(column: Column) -> str:
    """True where a count the column is made of is hidden; nothing where none can be."""
    hidden = " or ".join(_is_hidden(source) for source in column.made_of)
    if column.kind == "printed":
        return f"(mart.{column.name} is distinct from mart.printed and ({hidden}))"
    return hidden


def joins_of(mart: str, source: Source) -> Iterator[str]:
    """What a select has to join to know of a source; of each council, unit and month there is one row at most."""
    if source.when == FIGURE:
        table, key = FIGURES[mart]
        yield (
            f" left join {table} as figure on figure.{key} = mart.{key}"
            f" left join {MEASURES} as measures on measures.measure = figure.measure"
        )
        return
    if source.measure_column:
        yield f' left join {MEASURES} as measures on measures.measure = mart."{source.measure_column}"'
    if source.when not in {EVER, COUNCIL} and not source.when.startswith(SINCE):
        yield (
            f" left join {HIDDEN} as {_alias(source)} on {_alias(source)}.council = mart.council "
            f"and {_alias(source)}.unit = mart.unit and {_alias(source)}.month = {_month(source.when)}"
        )


def _is_hidden(source: Source) -> str:
    counts = "measures.counts" if source.measure_column else f"['{source.name}']"
    if source.when == FIGURE:
        condition = _is_any_hidden(
            counts,
            "earlier.council = figure.council and earlier.unit = coalesce(figure.unit, figure.council) "
            "and earlier.month <= coalesce(figure.to_on, figure.month)",
            FIRST_HIDDEN,
        )
    elif source.when in {EVER, COUNCIL}:
        of_unit = " and earlier.unit = mart.unit" if source.when == EVER else ""
        condition = _is_any_hidden(
            counts, f"earlier.council = mart.council{of_unit} and earlier.month <= mart.month", FIRST_HIDDEN
        )
    elif source.when.startswith(SINCE):
        condition = _is_any_hidden(
            counts,
            "earlier.council = mart.council and earlier.unit = mart.unit and earlier.month <= mart.month "
            f'and last_day(earlier.month) >= mart."{source.when.removeprefix(SINCE)}"',
        )
    else:
        condition = f"coalesce(list_has_any({_alias(source)}.counts, {counts}), false)"
    if not source.measure_column:
        return condition
    # A measure that nobody classified is hidden; a reading or a criterion that nothing answers names none.
    named = "figure.measure" if source.when == FIGURE else f'mart."{source.measure_column}"'
    return f"({condition} or ({named} is not null and measures.measure is null))"


def _is_any_hidden(counts: str, where: str, hidden: str = HIDDEN) -> str:
    return (
        f"exists (select 1 from {hidden} as earlier where {where} and list_has_any(earlier.counts, {counts}))"
    )


def _alias(source: Source) -> str:
    return "hidden_" + re.sub(r"\W", "back_", source.when or "now")


def _month(when: str) -> str:
    if not when:
        return "mart.month"
    return f"mart.month - to_months({when[1:]})" if when.startswith("-") else f'mart."{when}"'
