"""The ledger of what was crossed: what is crossed now, and every change of the months shown."""

from __future__ import annotations

from dagster_project.page_addresses import link, topic_page, unit_page
from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import month_words
from dagster_project.site.contents import Cell, Page, Section
from dagster_project.site.overview import GRAVEST_FIRST, crossed_tables, latest_crossed
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import metric_words, severity_tag, table
from dagster_project.site.topic_page import page_of_topic

MART = "threshold_breaches"
CHANGES = ("new", "worsened", "eased", "resolved", "ended")


def alerts_page(data: CouncilData, tier: str) -> Page:
    """What stands, gravest and newest first, and how it came to that."""
    return page_of_topic(
        data,
        tier,
        "alerts",
        "Alerts",
        f"Thresholds of the council's own policies, to {month_words(data.month)}. "
        "Who was told by mail stands in the ledger of messages, not here.",
        [_standing(data), _changes(data)],
    )


def _standing(data: CouncilData) -> Section:
    rows = latest_crossed(data)
    tables = crossed_tables(data, topic_page(data.council, "alerts"), rows, with_unit=True)
    return Section(
        "standing",
        "What stands",
        inset="" if rows else f"Nothing is crossed in {month_words(data.month)}.",
        tables=tables,
    )


def _changes(data: CouncilData) -> Section:
    address = topic_page(data.council, "alerts")
    words = metric_words(data.reference.rows("metrics"))
    rows = sorted(
        (
            row
            for row in data.rows(MART)
            if data.first_month <= row["month"] <= data.month
            and row.get("state") in CHANGES
            and not row.get("worker_key")
        ),
        key=lambda row: (
            -row["month"].toordinal(),
            GRAVEST_FIRST.index(row["severity"])
            if row.get("severity") in GRAVEST_FIRST
            else len(GRAVEST_FIRST),
            row["metric"],
            row["unit"],
        ),
    )

    def unit(row: Row) -> Cell:
        known = row["unit"] in data.units
        href = link(unit_page(data.council, row["unit"]), address) if known else ""
        return Cell(data.unit_name(row["unit"]), href=href)

    found = table(
        data,
        MART,
        "What began, grew worse, eased or was over, the newest month first",
        [
            ("Month", lambda row: Cell(month_words(row["month"]))),
            ("Unit", unit),
            ("Measure", lambda row: Cell(words.get(row["metric"], row["metric"].replace("_", " ")))),
            ("Severity", lambda row: Cell("", tag=severity_tag(row.get("severity")))),
        ],
        ["state", "value", "previous_value", "band_label", "months_in_breach"],
        rows,
    )
    return Section(
        "changes",
        "What changed, month by month",
        inset="" if found else "Nothing changed in the months shown.",
        tables=[found] if found else [],
    )
