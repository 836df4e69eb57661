"""Investments for a terminal: what stood before, since and now, beside what else moved. Looks nothing up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape

from dagster_project.reports.code_words import code_words
from dagster_project.reports.investments import NO_CAUSE, Investment
from dagster_project.reports.measures import amount_words, measure_words
from dagster_project.reports.terminal import titled_table

Row = Mapping[str, Any]


def print_investments(
    console: Console,
    investments: Sequence[Investment],
    names: Mapping[str, str],
    metrics: Sequence[Row],
) -> None:
    """Each investment with its criteria, its time and its money; then that no cause is claimed."""
    for investment in investments:
        began = next((row["starts_on"] for row in investment.criteria), None)
        since = f", begun {began:%-d %B %Y}" if began else ""
        title = _words(investment.name).capitalize()
        console.print(
            f"\n[bold]{escape(title)}[/]{since}, at the end of {investment.month:%B %Y}", highlight=False
        )
        if investment.criteria:
            _print_criteria(console, investment.criteria, names, metrics)
        else:
            console.print("No success criterion is registered for it.")
        _print_lines(console, investment.lines, names, metrics)
        _print_context(console, investment.context, metrics)
        for year in investment.funding:
            _print_funding(console, year)
        for claim, source in {
            (row["claim"], row["source"]): None for row in investment.funding if row["claim"]
        }:
            console.print(f"Its paper: {escape(claim)} ({escape(source)}).", highlight=False)
    console.print(f"\n[bold]{NO_CAUSE}[/]")


def _print_criteria(
    console: Console, rows: Sequence[Row], names: Mapping[str, str], metrics: Sequence[Row]
) -> None:
    table = titled_table("Success criteria of its paper")
    table.add_column("measure\nof", ratio=1, overflow="fold")
    for heading in ("before\nin", "mean\nsince", "best\nworst", "months\nsince", "now", "change"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("\ntarget", no_wrap=True)
    for row in rows:
        began = (
            f"{row['started_from']:%Y-%m}{'' if row['is_start_before'] else '*'}"
            if row["started_from"]
            else ""
        )
        table.add_row(
            f"{escape(_measure(row, metrics))}\n[dim]{escape(names.get(row['unit'], row['unit']))}[/]",
            f"{_number(row['value_at_start'])}\n{began}",
            _number(row["mean_since"]),
            f"{_number(row['best_since'])}\n{_number(row['worst_since'])}",
            str(row["months_since"]),
            _number(row["value_now"]) if row["value_now"] is not None else _last_known(row),
            _number(row["change"]),
            _verdict(row),
        )
    console.print(table)
    if any(row["is_start_before"] is False for row in rows):
        console.print(
            "* nothing is known of the time before it began: the first month known since stands there."
        )
    if any(row["last_known_month"] is None for row in rows):
        console.print(
            "not measured: a criterion of the paper of which nothing was delivered or answered since."
        )


def _print_lines(
    console: Console, rows: Sequence[Row], names: Mapping[str, str], metrics: Sequence[Row]
) -> None:
    """What the paper asks of each line, before the line began, since and now, and where the paper says so."""
    if not rows:
        return
    table = titled_table("What its paper asks of each line")
    table.add_column("line\ncriterion", ratio=2, overflow="fold")
    table.add_column("measure\nof", ratio=2, overflow="fold")
    for heading in ("before\nin", "mean\nsince", "last\nknown"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("\ntarget", ratio=1, overflow="fold")
    before = None
    for row in rows:
        if row["line"] != before:
            table.add_row(
                f"[bold]{escape(_words(row['line']))}[/]\n[dim]from {row['starts_on']:%-d %B %Y}[/]"
            )
            before = row["line"]
        began = f"\n{row['started_from']:%Y-%m}" if row["started_from"] else ""
        measure = _measure(row, metrics)
        unit = names.get(row["unit"], row["unit"]) if row["unit"] else ""
        why_not = code_words()["measured"][row["measured"]] if row["criterion"] else ""
        table.add_row(
            escape(row["criterion"] or "no criterion stated"),
            f"{escape(measure)}\n[dim]{escape(unit)}[/]" if measure else "",
            f"{_number(row['value_at_start'])}{began}",
            _number(row["mean_since"]),
            _last_known(row),
            _verdict(row) if row["direction"] else why_not,
        )
    console.print(table)
    for source in dict.fromkeys(row["source"] for row in rows):
        console.print(f"[dim]{escape(source)}[/]", highlight=False)


def _print_context(console: Console, rows: Sequence[Row], metrics: Sequence[Row]) -> None:
    if not rows:
        console.print("Nothing else is recorded for the time since.")
        return
    table = titled_table("What else began, ended or changed since")
    table.add_column("kind", no_wrap=True)
    table.add_column("what", overflow="fold")
    table.add_column("", no_wrap=True)
    table.add_column("on", no_wrap=True)
    table.add_column("from", justify="right", no_wrap=True)
    table.add_column("to", justify="right", no_wrap=True)
    before = None
    for row in rows:
        is_day = row["kind"] in ("line_of_it", "investment", "contract", "option", "policy")
        kind = code_words()["kind"][row["kind"]]
        table.add_row(
            kind if kind != before else "",
            escape(measure_words(row["what"], metrics)),
            row["event"],
            f"{row['happened_on']:%Y-%m-%d}" if is_day else f"{row['happened_on']:%Y-%m}",
            _told(row["from_value"]),
            _told(row["to_value"]),
        )
        before = kind
    console.print(table)
    if any(row["kind"] == "option" for row in rows):
        console.print("option priced: it was costed to begin then; whether it was taken up is not recorded.")


def _print_funding(console: Console, row: Row) -> None:
    """A sentence a financial year: what agency spend fell by, what the investment costs, whether one covers it."""
    years = f"{row['year_before']} to {row['year_now']}"
    if row["saving_gbp"] is None or row["cost_gbp"] is None:
        missing = " and ".join(
            words
            for name, words in (("saving_gbp", "the change in agency spend"), ("cost_gbp", "its cost"))
            if row[name] is None
        )
        console.print(f"Would the saving fund it? {years}: not known, for {missing} is not.", highlight=False)
        return
    before = "" if row["is_before_whole"] else " (part of a year, carried on)"
    now = "" if row["is_now_whole"] else f" (forecast in {row['month']:%B %Y})"
    spent = f"from £{row['agency_cost_before_gbp']:,}{before} to £{row['agency_cost_now_gbp']:,}{now}"
    cost = f"{row['cost_million_gbp']} million for {code_words()['cost_of'][row['cost_of']]} (£{row['cost_gbp']:,})"
    if row["saving_gbp"] < 0:
        console.print(
            f"Would the saving fund it? {years}: [bold]there is none[/], agency spend rose {spent}; it costs {cost}.",
            highlight=False,
        )
        return
    verdict = "it would" if row["would_fund"] else "it would not"
    console.print(
        f"Would the saving fund it? {years}: [bold]{verdict}[/]. Agency spend fell {spent}: "
        f"{row['saving_million_gbp']} million (£{row['saving_gbp']:,}) against {cost}, a difference of "
        f"£{row['difference_gbp']:,}.",
        highlight=False,
    )


def _verdict(row: Row) -> str:
    if row["last_known_month"] is None:
        return "not measured" if row["value_at_start"] is None else "nothing since"
    words = row["direction"] or "not known now"
    if row["months_since"] == 1 and not row["is_start_before"]:
        words = "one value only"
    if row["target"] is None:
        return words
    met = {True: "met", False: "not met", None: "not known"}[row["is_target_met"]]
    return f"{words}\n{_number(row['target'])} {met}"


def _last_known(row: Row) -> str:
    if row["last_known_month"] is None:
        return ""
    return f"{_number(row['last_known_value'])}\nin {row['last_known_month']:%Y-%m}"


def _number(value: Decimal | None) -> str:
    """Without the zeros after the last digit."""
    if value is None:
        return ""
    whole, _, part = f"{value:,f}".partition(".")
    part = part.rstrip("0")
    return f"{whole}.{part}" if part else whole


def _told(value: str | None) -> str:
    return escape(amount_words(value or ""))


def _measure(row: Row, metrics: Sequence[Row]) -> str:
    if row["item"] or not row["indicator"]:
        return _words(row["item"] or "").capitalize()
    return measure_words(row["indicator"], metrics)


def _words(slug: str) -> str:
    return slug.replace("_", " ")
