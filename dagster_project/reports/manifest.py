"""The manifest as people read it: what arrived, was refused, is missing or in quarantine. Values never appear."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import date

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dagster_project.deliveries import Controls, Delivery, Manifest, Months
from dagster_project.deliveries.replaced_packs import replaced_packs
from dagster_project.extracts import load_specifications
from dagster_project.reports.published import control_rows, published_file
from dagster_project.reports.terminal import print_refusals, titled_table
from dagster_project.settings import Settings


def print_status(console: Console, settings: Settings, council: str | None, months: Months) -> None:
    """Print the manifest of the months asked for."""
    if not settings.manifest.is_file():
        console.print(
            f"Nothing has been loaded yet under {settings.home}. Land files and run `caseload load`."
        )
        return
    manifest = Manifest(settings.manifest)
    wanted = [
        delivery
        for delivery in manifest.all()
        if (council is None or delivery.council == council)
        and (months[0] is None or months[0] <= delivery.month)
        and (months[1] is None or delivery.month <= months[1])
    ]
    if not wanted:
        narrowed = council is not None or months != (None, None)
        of = " of that council and those months" if narrowed else ""
        console.print(f"No delivery{of} is recorded: land files and run `caseload load`.")
        return
    latest = {(d.council, d.month, d.extract): d for d in wanted}
    in_force = {(d.council, d.month, d.extract): d for d in wanted if d.is_in_force}
    for name in sorted({d.council for d in wanted}):
        console.print(_months_table(name, latest, in_force))
        gaps = _gaps(
            {month for (slug, month, _), d in in_force.items() if slug == name and d.grain == "rows"}
        )
        if gaps:
            console.print(f"Months missing between those loaded: {', '.join(f'{gap:%Y-%m}' for gap in gaps)}")
    replaced = replaced_packs(wanted)
    still_refused = [d for d in latest.values() if d.is_refused and d.delivery not in replaced]
    print_refusals(console, still_refused, "Refused")
    _print_controls(console, settings, {(d.council, d.month) for d in wanted})
    _print_quarantine(console, manifest, [*still_refused, *in_force.values()])


def _print_controls(console: Console, settings: Settings, wanted: set[tuple[str, date]]) -> None:
    """Files of control totals that could not be read, and totals that the deliveries do not come to."""
    problems = [c for c in Controls(settings.manifest).latest().values() if c.problem]
    for control in problems:
        if (control.council, control.month) in wanted:
            console.print(f"Control totals not read whole: {control.words_of_problem}", markup=False)
    if not published_file(settings).is_file():
        return
    for row in control_rows(settings):
        if (row["council"], row["month"]) in wanted:
            console.print(
                f"Control totals differ: {row['council']} {row['month']:%Y-%m} {row['asset']} {row['check']}: "
                f"{row['detail']}",
                markup=False,
            )


def _months_table(
    council: str,
    latest: dict[tuple[str, date, str], Delivery],
    in_force: dict[tuple[str, date, str], Delivery],
) -> Table:
    arrived = {extract for slug, _, extract in latest if slug == council}
    extracts = [name for name, s in load_specifications().items() if s.expected_each_month or name in arrived]
    table = titled_table(f"{escape(council)}: rows in force (+ rejected, ? no known unit)")
    table.add_column("month")
    for extract in extracts:
        table.add_column(extract, justify="right")
    for month in sorted({month for slug, month, _ in latest if slug == council}):
        cells = []
        for extract in extracts:
            place = (council, month, extract)
            cells.append(
                _cell(latest.get(place), in_force.get(place), _expected(council, month, extract, in_force))
            )
        table.add_row(f"{month:%Y-%m}", *cells)
    return table


def print_deliveries(console: Console, settings: Settings, council: str | None, months: Months) -> None:
    """Print every delivery of the months asked for by its name, in the order they came, and how it stands."""
    table = titled_table("Deliveries")
    for heading in ("delivery", "received (UTC)", "accepted", "stands"):
        table.add_column(heading, justify="right" if heading == "accepted" else "left", overflow="fold")
    for delivery in Manifest(settings.manifest).all():
        if council not in (None, delivery.council):
            continue
        if (months[0] and delivery.month < months[0]) or (months[1] and delivery.month > months[1]):
            continue
        table.add_row(
            delivery.delivery,
            delivery.received_at[:16].replace("T", " "),
            f"{delivery.rows_accepted:,}",
            _standing(delivery),
        )
    console.print(table)


def _standing(delivery: Delivery) -> str:
    if delivery.is_refused:
        return "[bold red]refused[/]"
    if delivery.purged_at:
        return f"purged {delivery.purged_at[:10]}"
    if delivery.withdrawn_at:
        return f"withdrawn {delivery.withdrawn_at[:10]}"
    return "superseded" if delivery.superseded_by else "in force"


def _expected(
    council: str, month: date, extract: str, in_force: dict[tuple[str, date, str], Delivery]
) -> bool:
    """Whether the extract is missed: each month's own, unless totals stand in for it or are all of the month."""
    of_the_month = [d for (slug, day, _), d in in_force.items() if (slug, day) == (council, month)]
    if of_the_month and all(delivery.grain == "summary" for delivery in of_the_month):
        return False
    stood_in = any(
        (council, month, name) in in_force
        for name, specification in load_specifications().items()
        if extract in specification.stands_in_for
    )
    return load_specifications()[extract].expected_each_month and not stood_in


def _cell(last: Delivery | None, current: Delivery | None, expected: bool) -> str:
    refused = " [bold red]refused[/]" if last and last.is_refused else ""
    if current is None:
        return refused.strip() or ("[yellow]missing[/]" if expected else "")
    words = f"{current.rows_accepted:,}"
    if current.rows_rejected:
        words += f" [yellow]+{current.rows_rejected}[/]"
    if current.rows_unmapped:
        words += f" [yellow]?{current.rows_unmapped}[/]"
    return words + (f" (later{refused})" if refused else "")


def _gaps(months: set[date]) -> list[date]:
    gaps = []
    ordered = sorted(months)
    for earlier, later in itertools.pairwise(ordered):
        month = _next(earlier)
        while month < later:
            gaps.append(month)
            month = _next(month)
    return gaps


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _print_quarantine(console: Console, manifest: Manifest, standing: list[Delivery]) -> None:
    names = {delivery.delivery for delivery in standing}
    cells = [cell for cell in manifest.quarantine() if cell["delivery"] in names]
    if cells:
        console.print(_quarantine_table(cells))
    kinds = Counter(str(notice["notice"]) for notice in manifest.notices() if notice["delivery"] in names)
    if kinds:
        console.print(
            "Remarked: " + ", ".join(f"{kind.replace('_', ' ')} in {n}" for kind, n in sorted(kinds.items()))
        )


def _quarantine_table(cells: list[dict[str, object]]) -> Table:
    table = titled_table("Rows in quarantine, or kept under no known unit, by rule")
    for heading in ("council", "month", "extract", "column", "rule", "expected"):
        table.add_column(heading)
    table.add_column("rows", justify="right")
    table.add_column("first rows")
    groups: dict[tuple[str, ...], list[int]] = {}
    for cell in cells:
        key = tuple(
            str(cell[name]) for name in ("council", "month", "extract", "column_name", "rule", "expected")
        )
        groups.setdefault(key, []).append(int(str(cell["row_number"])))
    for (council, month, *rest), rows in sorted(groups.items()):
        first = ", ".join(str(row) for row in rows[:5])
        table.add_row(escape(council), month[:7], *rest, str(len(rows)), first)
    return table
