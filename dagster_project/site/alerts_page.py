"""The ledger of what was crossed: what is crossed now, who knows of it, and every change of the months shown."""

from __future__ import annotations

from dagster_project.page_addresses import topic_page
from dagster_project.reports.measures import day_words, month_words, slug_words
from dagster_project.site.contents import Cell, Heading, Page, Section, Table
from dagster_project.site.overview import GRAVEST_FIRST, crossed_tables, latest_crossed
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import metric_words, severity_tag, table
from dagster_project.site.topic_page import page_of_topic, unit_link

MART, TOPIC = "threshold_breaches", "alerts"
CHANGES = ("new", "worsened", "eased", "resolved", "ended")


def alerts_page(data: CouncilData, tier: str) -> Page:
    """What stands, gravest and newest first, and how it came to that."""
    return page_of_topic(
        data,
        tier,
        "alerts",
        "Alerts",
        f"Thresholds of the council's own policies, to {month_words(data.month)}.",
        [_standing(data), *([] if tier == "public" else [_known(data), _muted(data)]), _changes(data)],
    )


def _known(data: CouncilData) -> Section | None:
    """Who knows of it, as the ledger of messages has it; the public copy holds nothing of that."""
    words = metric_words(data.reference.rows("metrics"))
    rows = [
        [
            unit_link(data, one.unit, TOPIC),
            Cell(
                words[one.metric]
                + (f", {one.workers} {'worker' if one.workers == 1 else 'workers'}" if one.workers else "")
            ),
            Cell("", tag=severity_tag(one.severity)),
            Cell(month_words(one.since)),
            Cell(
                "; ".join(
                    f"{slug_words(told.role)}, {day_words(told.on)}"
                    + (f" ({told.fate})" if told.fate else "")
                    for told in one.told
                )
                or "nobody"
            ),
            Cell(one.answered or "not answered"),
        ]
        for one in data.knowledge.breaches
    ]
    return Section(
        "known",
        "Who was told, and who answered",
        about="A threshold that was crossed before the council's first load, or whose severity nobody asked to be told "
        "of, was told to nobody.",
        inset="" if rows else "The ledger of messages knows of nothing that stands.",
        tables=[
            Table(
                "Who was told of what stands, by role and day, and who acknowledged or muted it",
                [Heading(text) for text in ("Unit", "Measure", "Severity", "Since", "Told", "Answered")],
                rows,
            )
        ]
        if rows
        else [],
    )


def _muted(data: CouncilData) -> Section | None:
    words = metric_words(data.reference.rows("metrics"))
    rows = [
        [
            unit_link(data, one.unit, TOPIC),
            Cell(words[one.metric] if one.metric else "every measure"),
            Cell(day_words(one.until)),
            Cell(one.why),
        ]
        for one in data.knowledge.muted
    ]
    if not rows:
        return None
    return Section(
        "muted",
        "Muted",
        tables=[
            Table(
                "Units of which nothing is told, with all below them",
                [Heading(text) for text in ("Unit", "Measure", "Up to and with", "Why")],
                rows,
            )
        ],
    )


def _standing(data: CouncilData) -> Section:
    rows = latest_crossed(data)
    tables = crossed_tables(data, topic_page(data.council, TOPIC), rows, with_unit=True)
    return Section(
        "standing",
        "What stands",
        inset="" if rows else f"Nothing is crossed in {month_words(data.month)}.",
        tables=tables,
    )


def _changes(data: CouncilData) -> Section:
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

    found = table(
        data,
        MART,
        "What began, grew worse, eased or was over, the newest month first",
        [
            ("Month", lambda row: Cell(month_words(row["month"]))),
            ("Unit", lambda row: unit_link(data, row["unit"], TOPIC)),
            ("Measure", lambda row: Cell(words[row["metric"]])),
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
