"""Options side by side for a terminal. Computes nothing: every figure is a column of the mart."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from dagster_project.reports.code_words import listed_words
from dagster_project.reports.measures import slug_words
from dagster_project.reports.terminal import titled_table
from dagster_project.spreadsheets import csv_row

YEARS_SHOWN, YEARS_IN_A_WIDE_TERMINAL, WIDE = 2, 4, 140

Rows = Sequence[Mapping[str, Any]]


def print_options(console: Console, years: Rows, lines: Rows, named: str) -> None:
    """The lines of the option asked for, then every option of the council in that option's first years."""
    table = titled_table(f"Lines of the option: {escape(slug_words(named))}")
    for heading in ("line", "role"):
        table.add_column(heading, overflow="fold")
    for heading in ("FTE", "a post a year", "not staffing", "a full year", "kit a head"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in lines:
        if line["option"] == named:
            table.add_row(
                *(escape(slug_words(line[name] or "")) for name in ("line", "role")),
                *(
                    _shown(line[name])
                    for name in (
                        "posts_fte",
                        "unit_cost_gbp",
                        "non_staffing_gbp",
                        "annual_cost_gbp",
                        "set_up_per_head_gbp",
                    )
                ),
            )
    console.print(table)
    shown = sorted({row["financial_year"] for row in years if row["option"] == named})[
        : YEARS_IN_A_WIDE_TERMINAL if console.width >= WIDE else YEARS_SHOWN
    ]
    table = titled_table("Beside the options stored, GBP")
    table.add_column("option", overflow="fold")
    for heading in ("from", "to"):
        table.add_column(heading, no_wrap=True)
    for heading in ("posts", "adds", "a full year", "one-off", *shown, "an FTE"):
        table.add_column(heading, justify="right", no_wrap=True)
    for option in sorted({row["option"] for row in years}, key=lambda option: (option != named, option)):
        own = [row for row in years if row["option"] == option]
        first = own[0]
        of_year = {row["financial_year"]: row["total_gbp"] for row in own}
        words = escape(slug_words(option))
        name = f"[bold]{words}[/]" if option == named else words
        table.add_row(
            name,
            f"{first['starts_on']:%Y-%m}",
            f"{first['ends_on']:%Y-%m}" if first["ends_on"] else "",
            _shown(first["posts_fte"]),
            _shown(first["adds_social_worker_fte"]),
            _pounds(first["annual_cost_gbp"]),
            _pounds(first["one_off_gbp"]),
            *(_pounds(of_year[year]) if year in of_year else "-" for year in shown),
            _pounds(first["cost_per_fte_gbp"]) if first["adds_social_worker_fte"] else "-",
        )
    console.print(table)
    console.print(
        "Posts and adds are FTE, adds of social workers. A year is what falls in it, one-off included. An FTE is a "
        "full year for each FTE added. A dash: does not run then, or adds none; a question mark: no price is known.",
        highlight=False,
    )


def print_ways_to_target(console: Console, ways: Rows, years: Rows, named: str) -> None:
    """The option asked for above what each way to the caseload target takes for one unit, a row each."""
    first = ways[0]
    table = titled_table(
        f"Beside the ways to {_shown(first['target_caseload'])} cases an FTE of {escape(first['unit_name'])}, "
        f"{first['month']:%B %Y}, GBP"
    )
    table.add_column("way", overflow="fold")
    for heading in ("posts", "adds", "gap left", "a full year", "one-off", "first year", "an FTE"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("unknown", overflow="fold")
    own = next(row for row in years if row["option"] == named)
    table.add_row(
        f"[bold]{escape(slug_words(named))}[/]",
        _shown(own["posts_fte"]),
        _shown(own["adds_social_worker_fte"]),
        "",
        _pounds(own["annual_cost_gbp"]),
        _pounds(own["one_off_gbp"]),
        _pounds(own["total_gbp"]),
        _pounds(own["cost_per_fte_gbp"]) if own["adds_social_worker_fte"] else "-",
        "",
    )
    shown: set[str] = set()
    for way in ways:
        if way["option_kind"] in shown:
            continue
        shown.add(way["option_kind"])
        table.add_row(
            slug_words(way["option_kind"]),
            _shown(way["posts_fte"]),
            _shown(way["gained_fte"]),
            _shown(way["remaining_gap_fte"]),
            *(_pounds(way[name]) for name in ("annual_cost_gbp", "one_off_gbp", "total_gbp")),
            "-" if way["gained_fte"] == 0 else _pounds(way["cost_per_fte_gbp"]),
            escape(listed_words("missing_inputs", way["missing_inputs"] or "")),
        )
    console.print(table)
    short = (
        "How many FTE of social workers the unit is short of its target is not known."
        if first["gap_fte"] is None
        else f"The unit is {_shown(first['gap_fte'])} FTE of social workers short of its target."
    )
    console.print(
        f"{short} What a way adds is FTE of social workers or the time it gives them back. A dash: it adds none; a "
        "question mark: an input is unknown, named at the right.",
        highlight=False,
    )


def write_rows(years: Rows, named: str) -> None:
    """The option's years as CSV on standard output, in the mart's columns."""
    own = [row for row in years if row["option"] == named]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(own[0])
    writer.writerows(csv_row(row.values()) for row in own)


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:,.2f}"


def _pounds(value: Any) -> str:
    return "?" if value is None else f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
