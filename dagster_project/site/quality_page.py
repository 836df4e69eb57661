"""What arrived, what was refused, and what the checks say of the latest month."""

from __future__ import annotations

from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import month_words
from dagster_project.site.contents import Cell, Heading, Page, Section, Table
from dagster_project.site.overview import GRAVEST_FIRST
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import severity_tag, table
from dagster_project.site.topic_page import page_of_topic

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
    found = table(
        data,
        "deliveries",
        "Deliveries in force, the newest month first",
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
    return Section("arrived", "What arrived", tables=[found]) if found else None


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
