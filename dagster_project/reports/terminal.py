"""What a load did and what the marts say, as tables for a terminal. No colour carries a meaning alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dagster_project.deliveries import Arrival, Compacted, Delivery, Sealed
from dagster_project.reports.measures import slug_words
from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dagster_project.load import LoadReport

SIGNS = {
    "breach": "[bold red]breach[/]",
    "warning": "[yellow]warning[/]",
    "info": "[cyan]info[/]",
    "none": "ok",
}
MOST_RECIPIENTS = 5
INDENT = {"council": 0, "division": 1, "service": 2, "team": 3}
PHASES = {
    "arrive": "reading, checking, archiving",
    "build": "marts (dbt)",
    "check": "checks",
    "publish": "publishing",
    "alert": "alerts",
    "seal": "sealing originals",
}


def print_arrival(console: Console, arrival: Arrival) -> None:
    """Deliveries of this load by extract, and every refusal with its reason."""
    if arrival.recorded:
        table = titled_table("What arrived")
        for heading in ("council", "extract", "months"):
            table.add_column(heading, overflow="fold")
        for heading in ("files", "rows", "accepted", "rejected", "unmapped", "refused"):
            table.add_column(heading, justify="right", no_wrap=True)
        groups: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
        for delivery in arrival.recorded:
            groups[(delivery.council, delivery.extract)].append(delivery)
        for (council, extract), group in sorted(groups.items()):
            months = sorted(delivery.month for delivery in group)
            table.add_row(
                escape(council),
                extract,
                _span(months[0], months[-1]),
                str(len(group)),
                *(
                    f"{sum(getattr(d, name) for d in group):,}"
                    for name in ("rows_read", "rows_accepted", "rows_rejected", "rows_unmapped")
                ),
                str(sum(d.is_refused for d in group)),
            )
        console.print(table)
    _print_left_alone(console, arrival)
    print_refusals(console, arrival.refused, "Refused")
    print_refusals(console, arrival.refused_before, "Refused before, unchanged since")
    for delivery in arrival.accepted:
        if "same_bytes_as_another_month" in delivery.notices:
            console.print(
                f"Look again: {delivery.council} {delivery.month:%Y-%m} {delivery.told_name} has the very bytes of "
                "another month's file.",
                markup=False,
            )
    for landed in arrival.still_written:
        console.print(
            f"Left for the next load: {landed.council} {landed.month:%Y-%m} {landed.extract} changed while read.",
            markup=False,
        )
    if arrival.controls:
        console.print(
            f"{len(arrival.controls)} files of control totals are new; data_quality compares them (control_...)."
        )
    for control in arrival.controls:
        if control.problem:
            console.print(f"Control totals not read whole: {control.words_of_problem}", markup=False)
    for stranger in arrival.strangers:
        console.print(f"Left alone: {stranger}", markup=False)


def _print_left_alone(console: Console, arrival: Arrival) -> None:
    """Deliveries that are known and were not read."""
    if arrival.already_loaded:
        console.print(f"{arrival.already_loaded} deliveries were loaded before and have not changed.")
    if arrival.only_sealed:
        console.print(f"{arrival.only_sealed} more are in force, their files sealed.")
    for file in sorted(arrival.damaged):
        console.print(
            f"archive/{file} was damaged or gone: what was delivered in it was read again.",
            markup=False,
            highlight=False,
        )
    for problem in arrival.problems:
        console.print(f"Not read again: {problem}", markup=False)
    if arrival.withdrawn_before:
        console.print(
            f"{len(arrival.withdrawn_before)} deliveries were withdrawn before and are left alone "
            "(caseload withdraw --undo brings one back)."
        )
    if arrival.purged_before:
        console.print(f"{len(arrival.purged_before)} deliveries were purged before and are left alone.")


def print_damaged(console: Console, report: LoadReport) -> None:
    if report.was_damaged and report.published:
        console.print(
            "What was published was damaged, gone or without its pages: it was published again from the warehouse."
        )


def print_sealed(console: Console, sealed: Sealed) -> None:
    """How many files left landing, and which could not."""
    if sealed.originals:
        console.print(f"{len(sealed.originals)} files of landing were sealed into the archive.")
    for problem in sealed.problems:
        console.print(f"Not sealed: {problem}", markup=False)


def print_compacted(console: Console, compacted: Compacted) -> None:
    """How many files of the archive became how many, where any did."""
    if compacted.months:
        console.print(
            f"{compacted.files:,} files of the archive were put together into {compacted.months:,}, one for each "
            f"extract and month; their {compacted.rows:,} rows are the same."
        )


def print_pages(console: Console, settings: Settings, report: LoadReport) -> None:
    """Where the pages lie, how many are new, or why there are none."""
    pages = report.pages
    if pages is None:
        return
    if pages.problem:
        console.print(f"The pages could not be drawn; the marts are published. {pages.problem}", markup=False)
        return
    place = settings.published / "current" / "site" / "index.html"
    console.print(
        f"Pages: {pages.written:,} written, {pages.kept:,} unchanged; open {place}",
        markup=False,
        highlight=False,
    )


def print_refusals(console: Console, refused: Sequence[Delivery], title: str) -> None:
    if not refused:
        return
    console.print(f"[bold]{title}[/] (the last good delivery of the month stays in force):")
    for delivery in refused:
        console.print(
            f"  {delivery.council} {delivery.month:%Y-%m}  {delivery.refused_because}", markup=False
        )


def print_units(
    console: Console, rows: Sequence[Mapping[str, Any]], tree: Mapping[tuple[str, str], str | None]
) -> None:
    """Average caseload and band by unit, each council's units as a tree."""
    months: dict[tuple[str, date], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        months[(row["council"], row["month"])].append(row)
    for (council, month), units in sorted(months.items()):
        grain = "from rows" if any(unit["grain"] == "rows" for unit in units) else "from monthly totals"
        table = titled_table(f"{escape(council)}, {month:%B %Y} ({grain})")
        table.add_column("unit")
        for heading in ("cases", "FTE", "average"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("band", no_wrap=True)
        table.add_column("severity", no_wrap=True)
        table.add_column("to target", justify="right", no_wrap=True)
        for unit in sorted(units, key=lambda unit: _path(council, unit["unit"], tree)):
            table.add_row(
                "  " * INDENT.get(unit["level"], 0) + escape(unit["unit_name"]),
                _number(unit["open_cases"]),
                _number(unit["fte_social_workers"]),
                _number(unit["average_caseload"]),
                escape(unit["band"] or "").replace("_", " "),
                SIGNS.get(unit["severity"], ""),
                _number(unit["fte_to_target"]),
            )
        console.print(table)


def print_breaches(
    console: Console, rows: Sequence[Mapping[str, Any]], names: Mapping[tuple[str, str], str]
) -> None:
    """Thresholds crossed in the latest month of each council."""
    if not rows:
        console.print("No threshold is crossed in what could be judged of the latest month.")
        return
    table = titled_table("Thresholds crossed or resolved in the latest month")
    several = len({row["council"] for row in rows}) > 1
    if several:
        table.add_column("council", no_wrap=True)
    table.add_column("unit")
    table.add_column("measure")
    table.add_column("value", justify="right", no_wrap=True)
    for heading in ("band", "severity", "state"):
        table.add_column(heading, no_wrap=True)
    table.add_column("months", justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            *([row["council"]] if several else []),
            escape(names.get((row["council"], row["unit"]), row["unit"].capitalize())),
            row["metric"].replace("_", " "),
            format(row["rounded_value"].normalize(), ",f"),
            escape(row["band"] or "").replace("_", " "),
            SIGNS[row["severity"]],
            row["state"],
            str(row["months_in_breach"]),
        )
    console.print(table)


def print_figures(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """Figures the reports print beside what the marts compute."""
    if not rows:
        return
    table = titled_table("Figures of the reports, computed from the extracts")
    table.add_column("figure", no_wrap=True)
    table.add_column("council", no_wrap=True)
    table.add_column("measure", min_width=22)
    table.add_column("period", max_width=10)
    for heading in ("printed", "computed", "exact"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("unit", max_width=13)
    table.add_column("", no_wrap=True)
    council_before = None
    for row in rows:
        # Whose figures they are stands once, above the others of one council.
        council = "" if row["council"] == council_before else row["council"]
        council_before = row["council"]
        table.add_row(
            row["figure_id"],
            escape(slug_words(council or "")),
            *(escape(row[name] or "") for name in ("measure", "period", "printed", "computed")),
            _number(row["exact"]),
            escape(row["unit"] or ""),
            _verdict(row),
        )
    console.print(table)


def _verdict(row: Mapping[str, Any]) -> str:
    if row["computed"] is None:
        return "no data"
    if row["matches"] is None:
        return "as given"
    return "matches" if row["matches"] else "[bold red]differs[/]"


def print_alerts(console: Console, report: LoadReport) -> None:
    """Digests written or sent by this load, and what reached nobody."""
    told = report.announcement
    if told is None:
        return
    if told.digests:
        table = titled_table("Alerts")
        table.add_column("to")
        table.add_column("subject")
        table.add_column("by", no_wrap=True)
        for digest in told.digests:
            # Why not stands below, where there is room for a server's words.
            state = digest.via if digest.delivered else "not yet"
            table.add_row(
                *(escape(words) for words in (digest.role or digest.address, digest.subject, state))
            )
        console.print(table)
    elif report.published and not told.not_sent:
        console.print("No alert is due: nothing is crossed that somebody has not been told of.")
    for missed in told.not_sent:
        where = " ".join(part for part in (missed.council, missed.unit, missed.role) if part)
        console.print(f"Not told: {where}: {missed.reason} ({missed.items})", markup=False)


def print_recipients(console: Console, report: LoadReport) -> None:
    """Rows of recipients that want mending: who would not be told, and what nobody is told of."""
    for finding in report.recipients[:MOST_RECIPIENTS]:
        console.print(f"Recipients: {finding}.", markup=False, soft_wrap=True)
    if len(report.recipients) > MOST_RECIPIENTS:
        more = len(report.recipients) - MOST_RECIPIENTS
        console.print(f"Recipients: {more} more; `caseload recipients lint` lists all.", markup=False)


def print_to_mend(console: Console, report: LoadReport) -> None:
    """Where the rows in quarantine are written out for their senders."""
    if report.to_mend:
        many = len(report.to_mend)
        months = "1 council's month" if many == 1 else f"{many} councils' months"
        console.print(
            f"Rows to mend, of {months}: `caseload quarantine` lists them, {report.to_mend[0].parent} holds the "
            "workbooks for the senders.",
            markup=False,
            soft_wrap=True,
        )


def print_checks(console: Console, report: LoadReport) -> None:
    """Checks that found something, with how many units."""
    if report.build is None:
        return
    failed = [check for check in report.checks if not check.passed]
    console.print(f"{len(report.checks) - len(failed)} of {len(report.checks)} checks on the marts pass.")
    for check in failed:
        units = len({(row["council"], row["unit"]) for row in check.failing})
        of, many = check.policy or check.asset, f"{units} unit{'' if units == 1 else 's'}"
        console.print(f"  {check.severity:5}  {of}: {check.reason} ({many})", markup=False)


def print_seconds(console: Console, seconds: Mapping[str, float]) -> None:
    parts = [f"{PHASES.get(phase, phase)} {taken:.1f}" for phase, taken in seconds.items()]
    console.print("Seconds: " + ", ".join(parts) + f"; in all {sum(seconds.values()):.1f}")


def print_places(console: Console, settings: Settings) -> None:
    """Where everything lies."""
    table = titled_table("Where it lies")
    table.add_column("what")
    table.add_column("where", overflow="fold")
    for what, path in (
        ("landed files", settings.landing),
        ("archive and manifest", settings.archive),
        ("marts for analysts", settings.published / "current" / "marts.duckdb"),
        ("marts with workers", settings.published / "current" / "restricted" / "marts.duckdb"),
        ("marts as Parquet", settings.published / "current" / "parquet"),
        ("pages for managers", settings.published / "current" / "site" / "index.html"),
        ("alerts", settings.outbox),
        ("log of loads, step by step", settings.logs),
    ):
        table.add_row(what, str(path))
    console.print(table)


def titled_table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )


def _number(value: Any) -> str:
    return "" if value is None else f"{value:,}"


def _span(first: date, last: date) -> str:
    return f"{first:%Y-%m}" if first == last else f"{first:%Y-%m} to {last:%Y-%m}"


def _path(council: str, unit: str, tree: Mapping[tuple[str, str], str | None]) -> tuple[str, ...]:
    """The unit's place in the tree: the names above it, then its own."""
    above = tree.get((council, unit))
    return (*_path(council, above, tree), unit) if above else (unit,)
