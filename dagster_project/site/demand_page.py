"""What comes to the council: contacts, referrals, plans, children looked after; what to expect, how soon it is met."""

from __future__ import annotations

from dagster_project.page_addresses import topic_page
from dagster_project.reports.measures import day_words, month_words
from dagster_project.site.ahead import expected_by_unit
from dagster_project.site.contents import Page, Section
from dagster_project.site.reading import CouncilData
from dagster_project.site.tables import by_month
from dagster_project.site.timeliness import timeliness_by_unit
from dagster_project.site.topic_page import column_chart, line_chart, page_of_topic

MART = "demand"
PARTS = (
    (
        "contacts",
        "Contacts and referrals",
        (("contacts", "contacts"), ("referrals", "referrals")),
        ("contacts", "referrals", "conversion_rate", "re_referrals", "re_referral_rate"),
        ("contacts_change_1y", "contacts_change_2y", "referrals_change_1y", "referrals_change_2y",
         "conversion_rate_change_1y", "re_referral_rate_change_1y"),
    ),
    (
        "children",
        "Children in need, on plans and looked after",
        (
            ("children_in_need", "in need"),
            ("child_protection", "on child protection plans"),
            ("children_looked_after", "looked after"),
        ),
        ("children_in_need", "child_protection", "children_looked_after", "looked_after_per_10000",
         "plans_ended", "mean_plan_days"),
        ("children_in_need_change_1y", "children_in_need_change_2y", "child_protection_change_1y",
         "child_protection_change_2y", "children_looked_after_change_1y", "children_looked_after_change_2y"),
    ),
)  # fmt: skip


def demand_page(data: CouncilData, tier: str) -> Page:
    """Demand by month with its changes over one year and two, what to expect of it, and how soon it is met."""
    return page_of_topic(
        data,
        tier,
        "demand",
        "Demand",
        f"To {month_words(data.month)}, as at {day_words(data.as_at)}.",
        [
            *(_part(data, *part) for part in PARTS),
            expected_by_unit(data, topic_page(data.council, "demand")),
            timeliness_by_unit(data, topic_page(data.council, "demand")),
        ],
    )


def _part(
    data: CouncilData,
    key: str,
    title: str,
    drawn: tuple[tuple[str, str], ...],
    columns: tuple[str, ...],
    changes: tuple[str, ...],
) -> Section | None:
    rows = [
        row
        for row in sorted(data.rows(MART), key=lambda row: row["month"])
        if data.first_month <= row["month"] <= data.month
    ]
    draw = column_chart if key == "contacts" else line_chart
    chart = draw(data, MART, rows, title, drawn)
    tables = [
        by_month(data, MART, f"{title} of {data.name} by month", columns, rows),
        by_month(data, MART, f"{title}: change against one and two years earlier", changes, rows),
    ]
    kept = [found for found in tables if found is not None and found.rows]
    return Section(key, title, charts=[chart] if chart else [], tables=kept) if kept else None
