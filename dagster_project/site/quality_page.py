"""What arrived, what was refused, and what the checks say of the latest month."""

from __future__ import annotations

from datetime import date

from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import month_words
from dagster_project.site.contents import Cell, Heading, Page, Section, Table
from dagster_project.site.overview import GRAVEST_FIRST
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import capitalised, severity_tag, table
from dagster_project.site.topic_page import page_of_topic

TOTALS = "_summary"
FAULTS = ("rows_rejected", "rows_repeated", "rows_unmapped")
STATES = {"in force": "none", "refused": "breach", "superseded": "info", "withdrawn": "warning"}


def quality_page(data: CouncilData, tier: str) -> Page:
    """The council's deliveries and checks."""
    return page_of_topic(
        data,
        tier,
        "data-quality",
        "Data quality",
        f"What arrived for {month_words(data.month)} and the months before it, and what its checks say.",
        [_failed(data), _arrived(data), _refused(data), _checks(data)],
    )


def _failed(data: CouncilData) -> Section:
    rows = sorted(
        (row for row in data.of_month("data_quality") if not row["passed"]),
        key=lambda row: (GRAVEST_FIRST.index(row["severity"]), row["check"], row["asset"]),
    )
    found = _checks_table(data, rows, f"Checks that found something in {month_words(data.month)}")
    return Section(
        "found",
        "What the checks found",
        inset="" if found else f"No check found anything in {month_words(data.month)}.",
        tables=[found] if found else [],
    )


def _checks_table(data: CouncilData, rows: list[Row], caption: str) -> Table | None:
    return table(
        data,
        "data_quality",
        caption,
        [
            ("Check", lambda row: Cell(row["check"].replace("_", " ").capitalize())),
            ("How grave", lambda row: Cell("", tag=severity_tag(row["severity"]))),
        ],
        ["asset", "failing_rows", "meaning", "detail"],
        rows,
        is_prose=True,
    )


def _checks(data: CouncilData) -> Section:
    """Every check of the month in one line: how many assets it looked at and how many passed."""
    by_check: dict[str, list[Row]] = {}
    for row in data.of_month("data_quality"):
        by_check.setdefault(row["check"], []).append(row)
    return Section(
        "checks",
        "Every check",
        tables=[
            Table(
                f"Checks made in {month_words(data.month)}",
                [
                    Heading("Check"),
                    Heading("Looked at", is_number=True),
                    Heading("Passed", is_number=True),
                    Heading("It finds that"),
                ],
                [
                    [
                        Cell(check.replace("_", " ").capitalize()),
                        Cell(f"{len(rows):,}", is_number=True),
                        Cell(f"{sum(bool(row['passed']) for row in rows):,}", is_number=True),
                        Cell(str(rows[0]["meaning"] or "")),
                    ]
                    for check, rows in sorted(by_check.items())
                ],
                is_prose=True,
            )
        ],
    )


def _arrived(data: CouncilData) -> Section | None:
    rows = sorted(
        (
            row
            for row in data.rows("deliveries")
            if data.first_month <= row["month"] <= data.month and row["is_in_force"]
        ),
        key=lambda row: (-row["month"].toordinal(), row["extract"]),
    )
    if not rows:
        return None
    latest = [row for row in rows if row["month"] == rows[0]["month"] or row["month"] == data.month]
    faulty = [row for row in rows if row not in latest and any(row.get(name) for name in FAULTS)]
    tables = [
        _by_extract(rows),
        _deliveries(data, f"Deliveries in force of {month_words(rows[0]['month'])}", latest),
        _deliveries(data, "Deliveries in force of earlier months in which a row does not count", faulty),
    ]
    return Section(
        "arrived",
        "What arrived",
        about="A month without a figure is one for which that extract did not arrive, or was refused.",
        tables=[found for found in tables if found],
        notes=[] if faulty else ["In the earlier months every row that arrived counts."],
    )


def _by_extract(rows: list[Row]) -> Table:
    """How many rows count of each extract, month by month: what is missing shows as a gap."""
    counted: dict[tuple[date, str], list[str]] = {}
    for row in rows:
        is_total = row["extract"].endswith(TOTALS)
        count = f"{row['rows_accepted']:,}"
        said = f"{count} {'total' if count == '1' else 'totals'}" if is_total else count
        counted.setdefault((row["month"], row["extract"].removesuffix(TOTALS)), []).append(said)
    extracts = sorted({extract for _, extract in counted})
    months = sorted({month for month, _ in counted}, reverse=True)

    def figure(month: date, extract: str) -> Cell:
        said = counted.get((month, extract))
        return Cell(", ".join(said), is_number=True) if said else Cell("", is_number=True, kind="missing")

    return Table(
        "Rows and monthly totals that count, by month and extract, the newest month first",
        [Heading("Month"), *(Heading(capitalised(extract), is_number=True) for extract in extracts)],
        [[Cell(month_words(month)), *(figure(month, extract) for extract in extracts)] for month in months],
    )


def _deliveries(data: CouncilData, caption: str, rows: list[Row]) -> Table | None:
    return table(
        data,
        "deliveries",
        caption,
        [
            ("Month", lambda row: Cell(month_words(row["month"]))),
            ("Extract", lambda row: Cell(row["extract"].replace("_", " ").capitalize())),
        ],
        [
            "grain",
            "received_at",
            "rows_read",
            "rows_accepted",
            "rows_rejected",
            "rows_repeated",
            "rows_unmapped",
        ],
        rows,
    )


def _refused(data: CouncilData) -> Section:
    rows = sorted(
        (row for row in data.rows("deliveries") if row["is_refused"] or row["is_withdrawn"]),
        key=lambda row: row["received_at"],
        reverse=True,
    )
    found = table(
        data,
        "deliveries",
        "Deliveries refused or withdrawn, the newest first",
        [
            ("Month", lambda row: Cell(month_words(row["month"]))),
            ("Extract", lambda row: Cell(row["extract"].replace("_", " ").capitalize())),
            ("What became of it", _state),
        ],
        ["received_at", "refused_because", "withdrawn_because"],
        rows,
    )
    return Section(
        "refused",
        "Refused and withdrawn",
        inset="" if found else "No delivery was refused or withdrawn.",
        tables=[found] if found else [],
    )


def _state(row: Row) -> Cell:
    state = "refused" if row["is_refused"] else "withdrawn"
    return Cell("", tag=severity_tag(STATES[state], state.capitalize()))
