"""A council's first page: where to look first, the month's numbers, the heat map, what is crossed, what arrived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from dagster_project.page_addresses import council_page, link, unit_page
from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import day_words, month_words
from dagster_project.site.contents import Cell, HeatCell, HeatMap, HeatRow, Page, Section, Table, Tile
from dagster_project.site.frame import crumbs, navigation, tier_words
from dagster_project.site.look_first import look_first
from dagster_project.site.quarters import quarters_section
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import (
    MONTH_LEAD,
    SEVERITY_WORDS,
    SIGNS,
    band_tag,
    metric_words,
    severity_tag,
    shown,
    table,
)

GRAVEST_FIRST = ("breach", "warning", "info", "none")
# The three numbers of the month: mart, column, how it is called, in what it is told.
NUMBERS = (
    ("caseload_bands", "average_caseload", "Average caseload", "open cases per FTE social worker"),
    ("establishment", "vacancy_rate", "Vacancy rate", "of posts are vacant, before agency cover"),
    ("agency_costs", "agency_cost_gbp", "Agency spend in the month", "all that is booked as agency cost"),
)


def overview(data: CouncilData, tier: str) -> Page:
    """The page of a whole council."""
    address = council_page(data.council)
    return Page(
        address=address,
        title=data.name,
        caption=f"Children's social care, {month_words(data.month)}",
        lead=f"As at {day_words(data.as_at)}, the latest month with cases.",
        crumbs=crumbs(address),
        council=data.council,
        topic="overview",
        navigation=navigation(data, address, tier),
        sections=[
            section
            for section in (
                look_first(data, address, latest_crossed(data)),
                Section("numbers", f"{month_words(data.month)} in three numbers", tiles=_tiles(data)),
                _heat_section(data, address),
                crossed_section(data, address),
                quarters_section(data, address),
                _arrived(data, tier),
            )
            if section is not None
        ],
    )


def _tiles(data: CouncilData) -> list[Tile]:
    top = data.top
    if top is None:
        return []
    tiles = []
    for mart, column, title, unit in NUMBERS:
        rows = [
            row
            for row in data.of_unit(mart, top)
            if row["month"] <= data.month and row.get("role_group") in (None, "total")
        ]
        known = [row for row in rows if row.get(column) is not None or column in row.suppressed]
        if not known:
            continue
        row, before = known[-1], known[-2] if len(known) > 1 else None
        measure = data.measure(mart, column)
        figure = shown(row, column, measure)[0] + ("%" if measure.unit == "%" else "")
        tag = band_tag(row) if column == "average_caseload" else None
        tiles.append(
            Tile(
                title,
                figure,
                unit,
                _moved(row, before, column, measure.unit, data, mart),
                f"As at {day_words(row['as_at'])}",
                tag,
            )
        )
    return tiles


def _moved(row: Row, before: Row | None, column: str, unit: str, data: CouncilData, mart: str) -> str:
    """How a figure differs from the one known before it: the difference of two published figures, exact."""
    if before is None:
        return "No earlier month to compare with"
    was = shown(before, column, data.measure(mart, column))[0] + ("%" if unit == "%" else "")
    then = month_words(before["month"])
    if row.get(column) is None or before.get(column) is None:
        return f"{was} in {then}"
    difference: Decimal = row[column] - before[column]
    if difference == 0:
        return f"Unchanged from {then}"
    size = f"£{abs(difference):,}" if unit == "£" else f"{abs(difference):,}"
    points = " percentage points" if unit == "%" else ""
    return f"{'Up' if difference > 0 else 'Down'} {size}{points} from {was} in {then}"


def _heat_section(data: CouncilData, address: str) -> Section:
    return Section(
        "units",
        "Average caseload by unit",
        about="Each cell is the rounded average that the council's own bands are chosen by, the newest month first. "
        "A letter says how grave the band is called. Choose a unit to see why.",
        heat_map=heat_map(data, address),
    )


def heat_map(data: CouncilData, address: str) -> HeatMap:
    """Units by months as a table: every row of caseload_bands that the pages show."""
    months = list(reversed(data.months_with_cases))
    rows = []
    for unit in data.units.values():
        by_month = {row["month"]: row for row in data.of_unit("caseload_bands", unit.unit)}
        rows.append(
            HeatRow(
                unit.name,
                link(unit_page(data.council, unit.unit), address),
                unit.depth,
                [_heat_cell(data, by_month.get(month)) for month in months],
            )
        )
    first, last = month_words(months[-1]), month_words(months[0])
    return HeatMap(
        caption=f"Rounded average caseload and band of each unit, {last} back to {first}",
        months=[(f"{month:%b}", f"{month:%Y}") for month in months],
        rows=rows,
        key=[
            *((severity, SIGNS.get(severity, ""), SEVERITY_WORDS[severity]) for severity in GRAVEST_FIRST),
        ],
    )


def _heat_cell(data: CouncilData, row: Row | None) -> HeatCell:
    text, kind = shown(
        row, "average_caseload_rounded", data.measure("caseload_bands", "average_caseload_rounded")
    )
    severity = (row.get("severity") if row is not None else None) or ""
    label = (row.get("band_label") if row is not None else None) or ""
    words = SEVERITY_WORDS.get(severity, "")
    return HeatCell(
        text,
        severity,
        SIGNS.get(severity, ""),
        f"{words}: {label}" if words and label else words,
        kind or ("unjudged" if not severity else ""),
    )


def latest_crossed(data: CouncilData) -> list[Row]:
    """What is crossed in the latest month with cases; what crossed last stands first, then what is gravest.

    A unit in force of which that month tells no cases stands with its own newest month.
    """
    return data.worked_out("crossed", lambda: _latest_crossed(data))


def _latest_crossed(data: CouncilData) -> list[Row]:
    crossed = data.shown("threshold_breaches")
    judged_in = {unit: _judged_in(data, unit) for unit in {row["unit"] for row in crossed}}
    rows = [
        row
        for row in crossed
        if row["month"] == judged_in[row["unit"]]
        and row.get("severity") not in (None, "none")
        and not row.get("worker_key")
    ]
    return sorted(
        rows,
        key=lambda row: (
            -(row.get("since_month") or date.min).toordinal(),
            GRAVEST_FIRST.index(row["severity"]),
            row["metric"],
            row["unit"],
        ),
    )


def _judged_in(data: CouncilData, unit: str) -> date:
    return data.month_of(unit) if data.row_of("caseload_bands", unit) is not None else data.month


def crossed_section(data: CouncilData, address: str, unit: str | None = None) -> Section:
    """The thresholds crossed in the latest month; of one unit where it is named."""
    rows = [row for row in latest_crossed(data) if unit is None or row["unit"] == unit]
    if unit is not None:
        rows.sort(key=lambda row: GRAVEST_FIRST.index(row["severity"]))
    grave = [row for row in rows if row["severity"] != "info"] if unit is None else rows
    mild = len(rows) - len(grave)
    notes = []
    if mild:
        notes.append(
            f"{mild} more {'is' if mild == 1 else 'are'} for information only; the alerts page lists them."
        )
    where = f"of {data.unit_name(unit)} " if unit else ""
    month = data.month_of(unit) if unit else data.month
    inset = "" if grave else f"No threshold {where}is crossed at warning or worse in {month_words(month)}."
    return Section(
        "crossed",
        "Thresholds crossed" if unit else "Thresholds crossed, newest first",
        inset=inset,
        tables=crossed_tables(data, address, grave, with_unit=unit is None),
        notes=notes,
    )


def crossed_tables(data: CouncilData, address: str, rows: Sequence[Row], *, with_unit: bool) -> list[Table]:
    if not rows:
        return []
    words = metric_words(data.reference.rows("metrics"))

    def measured(row: Row) -> Cell:
        return Cell(words[row["metric"]])

    def named(row: Row) -> Cell:
        known = row["unit"] in data.units
        return Cell(
            data.unit_name(row["unit"]),
            href=link(unit_page(data.council, row["unit"]), address) if known else "",
        )

    def judged(row: Row) -> Cell:
        return Cell("", tag=severity_tag(row["severity"]))

    lead = [("Unit", named), ("Measure", measured)] if with_unit else [("Measure", measured)]
    months = {row["month"] for row in rows}
    older = bool(months - {data.month})
    found = table(
        data,
        "threshold_breaches",
        f"Thresholds crossed in {month_words(max(months))}, the {'newest' if with_unit else 'gravest'} first"
        if len(months) == 1
        else "Thresholds crossed in each unit's newest month with cases, the newest first",
        [*lead, *([MONTH_LEAD] if older and with_unit else []), ("Severity", judged)],
        ["value", "rounded_value", "target", "band_label", "state", "since_month", "months_in_breach"],
        rows,
    )
    return [found] if found else []


def _arrived(data: CouncilData, tier: str) -> Section | None:
    if not data.marts.has("deliveries"):
        return None
    latest: dict[str, Row] = {}
    for row in data.rows("deliveries"):
        before = latest.get(row["extract"])
        if row["is_in_force"] and (before is None or row["month"] > before["month"]):
            latest[row["extract"]] = row
    rows = [latest[extract] for extract in sorted(latest)]
    refused = [row for row in data.rows("deliveries") if row["is_refused"] and row["month"] == data.month]
    found = table(
        data,
        "deliveries",
        "The newest delivery of each extract that is in force",
        [("Extract", lambda row: Cell(row["extract"].replace("_", " ").capitalize()))],
        ["month", "received_at", "rows_read", "rows_accepted", "rows_rejected", "rows_unmapped"],
        rows,
    )
    refused_words = (
        f"{len(refused)} {'delivery' if len(refused) == 1 else 'deliveries'} of {month_words(data.month)} "
        f"{'was' if len(refused) == 1 else 'were'} refused; the last good one stands in each place."
        if refused
        else ""
    )
    return Section(
        "arrived",
        "What arrived and how fresh it is",
        about=tier_words(tier),
        inset=refused_words,
        tables=[found] if found else [],
        notes=["" if found else "No delivery is in force."] if not found else [],
    )
