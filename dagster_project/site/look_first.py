"""Which teams are in trouble, since when and why: the few that a manager should look at first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from dagster_project.page_addresses import link, unit_page
from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import month_words
from dagster_project.site.contents import Cell, Heading, Section, Table
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import metric_words, severity_tag, shown

MOST = 5
BANDS = "caseload_bands"
AVERAGE = "average_caseload"
# What an average caseload is made of, and the words for each part.
PARTS = (("open_cases", "open cases"), ("fte_social_workers", "social workers (FTE)"))


def look_first(data: CouncilData, address: str, crossed: Sequence[Row]) -> Section:
    """Of the units with none below them those whose threshold is crossed most gravely; `crossed` gravest first."""
    grave: dict[str, list[Row]] = defaultdict(list)
    for row in crossed:
        if row["severity"] in ("warning", "breach") and row["unit"] in data.units:
            grave[row["unit"]].append(row)
    parents = {unit.parent for unit in data.units.values()}
    lowest = {unit: rows for unit, rows in grave.items() if unit not in parents} or grave
    order = sorted(lowest, key=lambda unit: _place(data, unit, lowest[unit]))
    rest = len(order) - MOST
    return Section(
        "look",
        "Where to look first",
        inset="" if order else f"No threshold is crossed at warning or worse in {month_words(data.month)}.",
        tables=[_table(data, address, [(unit, lowest[unit]) for unit in order[:MOST]])] if order else [],
        notes=[f"{rest} more {'is' if rest == 1 else 'are'} crossed: see the heat map and the list below it."]
        if rest > 0
        else [],
    )


def _place(data: CouncilData, unit: str, rows: Sequence[Row]) -> tuple[bool, bool, object, str]:
    """Gravest first; of equals the highest average caseload, then what has no average."""
    row = data.row_of(BANDS, unit, data.month_of(unit))
    average = row.get(AVERAGE) if row is not None else None
    is_average = any(found["metric"] == AVERAGE for found in rows)
    gravest = any(found["severity"] == "breach" for found in rows)
    return (not gravest, not is_average, -average if average is not None else 0, unit)


def _table(data: CouncilData, address: str, units: Sequence[tuple[str, Sequence[Row]]]) -> Table:
    words = metric_words(data.reference.rows("metrics"))
    return Table(
        f"Teams whose thresholds are crossed in {month_words(data.month)}{_or_earlier(data, units)}, the gravest first",
        [Heading(text) for text in ("Team", "How grave", "What is crossed", "Since", "What moved since")],
        [
            [
                Cell(data.unit_name(unit), href=link(unit_page(data.council, unit), address)),
                Cell("", tag=severity_tag(rows[0]["severity"])),
                Cell("; ".join(_crossed(data, row, words) for row in rows)),
                Cell(_since(rows[0]) + _as_at(data, unit)),
                Cell(_moved(data, unit, rows[0])),
            ]
            for unit, rows in (
                (unit, sorted(rows, key=lambda row: (row["severity"] != "breach", row["metric"] != AVERAGE)))
                for unit, rows in units
            )
        ],
        is_prose=True,
    )


def _or_earlier(data: CouncilData, units: Sequence[tuple[str, Sequence[Row]]]) -> str:
    is_silent = any(data.month_of(unit) != data.month for unit, _ in units)
    return ", or in the newest month that tells of them" if is_silent else ""


def _as_at(data: CouncilData, unit: str) -> str:
    """Said where the council's latest month is silent of a unit."""
    month = data.month_of(unit)
    return "" if month == data.month else f"; known to {month_words(month)}"


def _crossed(data: CouncilData, row: Row, words: Mapping[str, str]) -> str:
    mart = "threshold_breaches"
    column = "rounded_value" if row.get("rounded_value") is not None else "value"
    figure = shown(row, column, data.measure(mart, column))[0]
    target = row.get("target")
    aim = f" (target {shown(row, 'target', data.measure(mart, 'target'))[0]})" if target is not None else ""
    return f"{words[row['metric']]} {figure}{aim}"


def _since(row: Row) -> str:
    since: date | None = row.get("since_month")
    if since is None:
        return "not known"
    months = row.get("months_in_breach")
    return month_words(since) + (f", {months} {'month' if months == 1 else 'months'}" if months else "")


def _moved(data: CouncilData, unit: str, row: Row) -> str:
    """The parts of the average then and now: of the month before it was crossed, else of the month it was."""
    since: date | None = row.get("since_month")
    now = data.row_of(BANDS, unit, data.month_of(unit))
    if since is None or now is None or row["metric"] != AVERAGE:
        return ""
    before = data.before_crossing(unit, since)
    if before is None or before["month"] == now["month"]:
        return "crossed in the first month known"
    said = []
    for column, words in PARTS:
        was, is_now = before.get(column), now.get(column)
        if was is None or is_now is None:
            continue
        measure = data.measure(BANDS, column)
        figures = f"from {shown(before, column, measure)[0]} to {shown(now, column, measure)[0]}"
        way = "up" if is_now > was else "down" if is_now < was else ""
        said.append(
            f"{words} {way} {figures}" if way else f"{words} as before, {shown(now, column, measure)[0]}"
        )
    return f"Since {month_words(before['month'])}: {'; '.join(said)}" if said else ""
