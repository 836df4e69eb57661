"""A forecast as tables for a terminal: what is expected, within what, and how near that came. Looks nothing up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from dagster_project.reports.forecasts import INCOMPLETE, Forecast
from dagster_project.reports.terminal import SIGNS, titled_table

Row = Mapping[str, Any]

MEASURES = {
    "open_cases": "open cases",
    "fte_social_workers": "FTE in post",
    "average_caseload": "average caseload",
    "fte_to_target": "FTE to target",
}
NO_INTERVAL = {
    "no_forecast": "no agency spend was loaded for the month",
    "nothing_spent": "the year to date is not above zero",
    "no_earlier_year": "no earlier financial year is loaded whole",
    "no_earlier_forecast": "of the earlier years no forecast at this month is known: of most only the year's total",
    "too_few_years": "too few earlier years had a forecast at this month",
}


def print_forecast(console: Console, forecast: Forecast, names: Mapping[tuple[str, str], str]) -> None:
    """Caseload months ahead, how that method did, and agency spend to the year's end."""
    name = names.get((forecast.council, forecast.unit), forecast.unit)
    console.print(f"[bold]{escape(name)}[/], as told at the end of {forecast.month:%B %Y}")
    if forecast.caseload:
        _print_caseload(console, forecast.caseload)
        _print_accuracy(console, forecast.accuracy)
    if forecast.agency:
        _print_agency(console, forecast.agency)


def _print_caseload(console: Console, rows: Sequence[Row]) -> None:
    now = rows[0]
    has_come = any(row["actual_open_cases"] is not None for row in rows)
    table = titled_table("Caseload")
    table.add_column("month", no_wrap=True)
    for words in MEASURES.values():
        table.add_column(words, justify="right", no_wrap=True)
    table.add_column("band")
    if has_come:
        table.add_column("what came", justify="right", no_wrap=True)
    table.add_row(f"{now['month']:%Y-%m} now", *(_number(now[measure]) for measure in MEASURES), "")
    for row in rows:
        came = [
            f"{_number(row[f'actual_{measure}'])} {words}"
            for measure, words in (("open_cases", "cases"), ("fte_social_workers", "FTE"))
            if row[f"actual_{measure}"] is not None
        ]
        band = escape(row["expected_band"] or "").replace("_", " ")
        table.add_row(
            f"{row['target_month']:%Y-%m}",
            *(_with_interval(row, measure) for measure in MEASURES),
            f"{band} {SIGNS.get(row['expected_severity'], '')}".strip(),
            *(["\n".join(came)] if has_come else []),
        )
    console.print(table)
    if now["incomplete_because"]:
        console.print(f"  No forecast of the average: {INCOMPLETE[now['incomplete_because']]}.")
    if now["flow_months"]:
        console.print(
            f"  Cases: {now['received_a_month']} received and {now['ended_a_month']} ended in a mean month of the "
            f"last {now['flow_months']}.",
            highlight=False,
        )
    far = rows[-1]
    starters = "offers are unknown" if far["starters_fte"] is None else f"{far['starters_fte']} to start"
    leavers = "leavers are unknown" if far["leavers_fte"] is None else f"{far['leavers_fte']} known to leave"
    console.print(f"  FTE: {starters}, {leavers} by {far['target_month']:%Y-%m}.", highlight=False)
    if all(row["lower_open_cases"] is None and row["lower_fte_social_workers"] is None for row in rows):
        console.print("  No interval: too few earlier forecasts can be compared with what came.")
    else:
        console.print(
            "  Below each: where it would lie if it were as far off as earlier ones as far ahead, at worst either way."
        )
        console.print("  Where all of those said too much, it stands at the upper end.")


def _print_accuracy(console: Console, rows: Sequence[Row]) -> None:
    compared = [row for row in rows if row["months_compared"]]
    if not compared:
        console.print("How the method did: no month that was forecast has come yet.")
        return
    table = titled_table("How the method did, over every month that has come until today")
    table.add_column("measure")
    for heading in ("months ahead", "compared", "mean error", "bias", "mean error of 'as now'"):
        table.add_column(heading, justify="right")
    table.add_column("the method is", no_wrap=True)
    before = None
    for row in compared:
        is_first, before = row["measure"] != before, row["measure"]
        better = row["is_better_than_unchanged"]
        table.add_row(
            MEASURES[row["measure"]] if is_first else "",
            str(row["months_ahead"]),
            str(row["months_compared"]),
            _number(row["mean_absolute_error"]),
            _number(row["mean_error"]),
            _number(row["unchanged_mean_absolute_error"]),
            "nearer than 'as now'" if better else "[yellow]no nearer than 'as now'[/]",
        )
    console.print(table)
    console.print("  A bias above 0 says too much. 'As now' says that nothing changes.")


def _print_agency(console: Console, row: Row) -> None:
    title = f"Agency spend of {row['financial_year']}"
    if row["forecast_year_gbp"] is None:
        console.print(f"[bold]{title}[/]\n  No forecast: {NO_INTERVAL['no_forecast']}.")
        return
    console.print(f"[bold]{title}[/]")
    if row["is_outturn"]:
        console.print(f"  The year came to GBP {row['forecast_year_gbp']:,}.", highlight=False)
    else:
        console.print(
            f"  Spent to date GBP {row['year_to_date_gbp']:,}; forecast to the year's end GBP "
            f"{row['forecast_year_gbp']:,}.",
            highlight=False,
        )
        if row["no_interval_because"]:
            console.print(f"  No interval: {NO_INTERVAL[row['no_interval_because']]}.")
        else:
            console.print(
                f"  Between GBP {row['lower_gbp']:,} and {row['upper_gbp']:,}, if it is as far off as the forecasts of "
                f"{row['years_compared']} earlier years at the same month ({row['lowest_error_rate']}% to "
                f"{row['highest_error_rate']}% off).",
                highlight=False,
            )
    if row["budget_gbp"] is not None:
        lies = {
            "below": "below that: the year is likely to cost more",
            "within": "within that: it can go either way",
            "above": "above that: the year is likely to cost less",
        }.get(row["budget_lies"], "not compared without an interval")
        console.print(f"  Budget GBP {row['budget_gbp']:,}, {lies}.", highlight=False)


def _with_interval(row: Row, measure: str) -> str:
    expected, lower, upper = (row[f"{end}_{measure}"] for end in ("expected", "lower", "upper"))
    if expected is None or lower is None:
        return _number(expected)
    return f"{expected:,}\n[dim]{lower:,} to {upper:,}[/]"


def _number(value: Any) -> str:
    return "" if value is None else f"{value:,}"
