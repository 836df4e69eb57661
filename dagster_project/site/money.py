"""What agency workers cost, by financial year and against the budget, and what the options would cost."""

from __future__ import annotations

from dagster_project.page_addresses import link, topic_page, unit_page
from dagster_project.reports.charts import Bar
from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import month_words
from dagster_project.site.contents import Cell, Chart, Page, Section
from dagster_project.site.drawing import bars
from dagster_project.site.reading import CouncilData
from dagster_project.site.support import support_by_unit
from dagster_project.site.tables import by_month, has_values, shown, table
from dagster_project.site.topic_page import column_chart, page_of_topic, unit_lead

YEARS = "agency_spend_by_year"
COSTS = "agency_costs"
NO_BUDGET = "No agency budget of this financial year is known, so nothing is said of over or under."
NO_EQUIVALENT = (
    "What the same work would cost in permanent posts is not told: a role of an agency worker has no price."
)


def agency(data: CouncilData, tier: str) -> Page:
    """Agency spend of the whole council by year and month, and of every unit this year."""
    return page_of_topic(
        data,
        tier,
        "agency",
        "Agency and cost",
        _lead(data),
        [_years(data), _forecast(data), _months(data), _units(data)],
    )


def _lead(data: CouncilData) -> str:
    """To which month agency spend is known: it need not be the latest month with cases."""
    month = data.newest(COSTS, "agency_cost_gbp")
    if month is None:
        return f"No agency spend has arrived for the two years to {month_words(data.month)}."
    return f"Agency spend to {month_words(month)}, the newest month of which it has arrived."


def _years(data: CouncilData) -> Section | None:
    rows = [row for row in data.of_unit(YEARS, data.top or "") if row["month"] <= data.month]
    latest = max((row["month"] for row in rows), default=None)
    rows = sorted((row for row in rows if row["month"] == latest), key=lambda row: row["financial_year"])
    found = table(
        data,
        YEARS,
        f"Agency spend of {data.name} by financial year, as known at the end of {month_words(latest)}"
        if latest
        else "",
        [("Financial year", lambda row: Cell(row["financial_year"]))],
        [
            "basis",
            "months_loaded",
            "last_month",
            "spend_to_date_gbp",
            "year_gbp",
            "change_gbp",
            "change_rate",
        ],
        rows,
    )
    if found is None:
        return None
    drawn = [row for row in rows if row.get("year_gbp") is not None]
    measure = data.measure(YEARS, "year_gbp")
    charts = []
    if len(drawn) > 1:
        charts = [
            Chart(
                "Agency spend by financial year, £; an estimate is drawn hollow",
                bars(
                    [
                        Bar(
                            row["financial_year"],
                            row["year_gbp"],
                            shown(row, "year_gbp", measure)[0],
                            is_estimate=row["basis"] != "outturn",
                        )
                        for row in drawn
                    ]
                ),
                "Bars. "
                + "; ".join(
                    f"{row['financial_year']} {shown(row, 'year_gbp', measure)[0]} ({row['basis']})"
                    for row in drawn
                )
                + ".",
            )
        ]
    return Section(
        "years",
        "By financial year",
        charts=charts,
        tables=[found],
        notes=[
            "An estimate carries the months loaded to twelve; an outturn is the year's own total or twelve months."
        ],
    )


def _forecast(data: CouncilData) -> Section | None:
    mart = "agency_forecasts"
    rows = [
        row
        for row in data.of_unit(mart, data.top or "")
        if row.get("forecast_year_gbp") is not None and row["month"] <= data.month
    ]
    found = table(
        data,
        mart,
        f"Where the financial year of {data.name} may end, the newest forecast first",
        [("Made after", lambda row: Cell(month_words(row["month"])))],
        ["financial_year", "year_to_date_gbp", "forecast_year_gbp", "lower_gbp", "upper_gbp", "budget_gbp",
         "budget_lies", "no_interval_because"],
        list(reversed(rows)),
    )  # fmt: skip
    if found is None:
        return None
    return Section(
        "forecast",
        "Where the year may end",
        about="The range is as wide as earlier years' forecasts of the same month were off.",
        tables=[found],
    )


def _months(data: CouncilData) -> Section | None:
    rows = data.of_unit(COSTS, data.top or "")
    found = by_month(
        data,
        COSTS,
        f"Agency spend of {data.name} by month",
        ["agency_cost_gbp", "pay_gbp", "other_gbp", "agency_fte", "cost_per_agency_fte_gbp",
         "permanent_equivalent_gbp", "premium_gbp"],
        rows,
    )  # fmt: skip
    if found is None:
        return None
    named = [
        ("agency_cost_gbp", "agency spend"),
        ("permanent_equivalent_gbp", "the same work by permanent staff"),
    ]
    chart = column_chart(data, COSTS, rows, "Agency spend in each month, £", named)
    return Section(
        "months",
        "By month",
        charts=[chart] if chart else [],
        tables=[found],
        notes=[] if has_values(rows, ["permanent_equivalent_gbp"]) else [NO_EQUIVALENT],
    )


def _units(data: CouncilData) -> Section | None:
    address = topic_page(data.council, "agency")
    month = data.newest(COSTS, "agency_cost_gbp") or data.month
    rows = [row for unit in data.units if (row := data.row_of(COSTS, unit, month)) is not None]
    known = [row for row in rows if row.get("agency_cost_gbp") is not None or row.suppressed]
    found = table(
        data,
        COSTS,
        f"Agency spend by unit against the budget, {month_words(month)}",
        [unit_lead(data, address)],
        [
            "agency_cost_gbp",
            "agency_fte",
            "year_to_date_gbp",
            "forecast_year_gbp",
            "budget_gbp",
            "variance_gbp",
        ],
        known,
    )
    if found is None:
        return None
    has_budget = any(row.get("budget_gbp") is not None or "budget_gbp" in row.suppressed for row in known)
    return Section(
        "units", "By unit, against the budget", tables=[found], notes=[] if has_budget else [NO_BUDGET]
    )


def options(data: CouncilData, tier: str) -> Page:
    """The council's options side by side, and the ways to the target of each unit that has one."""
    return page_of_topic(
        data,
        tier,
        "options",
        "Options",
        "What each option costs in each financial year, what each way to the caseload target would take, and the "
        "support officers there are.",
        [_capacity(data), *_ways(data), support_by_unit(data, topic_page(data.council, "options"))],
    )


def _capacity(data: CouncilData) -> Section | None:
    mart = "capacity_options"
    rows = sorted(data.rows(mart), key=lambda row: (row["option"], row["financial_year"]))
    found = table(
        data,
        mart,
        f"Options of {data.name} by financial year",
        [
            ("Option", lambda row: Cell(_words(row["option"]))),
            ("Financial year", lambda row: Cell(row["financial_year"])),
        ],
        ["months", "posts_fte", "adds_social_worker_fte", "set_up_heads", "recurring_gbp", "one_off_gbp",
         "total_gbp", "cost_per_fte_gbp"],
        rows,
    )  # fmt: skip
    return Section("options", "Options side by side", tables=[found]) if found else None


def _ways(data: CouncilData) -> list[Section]:
    mart = "options_to_target"
    rows = [row for row in data.rows(mart) if row.get("gap_fte") is not None]
    latest: dict[str, Row] = {}
    for row in rows:
        if row["unit"] not in latest or row["month"] > latest[row["unit"]]["month"]:
            latest[row["unit"]] = row
    address = topic_page(data.council, "options")
    found = table(
        data,
        mart,
        f"Ways of {data.name} to its caseload targets, each unit's newest month",
        [
            ("Unit", lambda row: Cell(
                data.unit_name(row["unit"]),
                href=link(unit_page(data.council, row["unit"]), address) if row["unit"] in data.units else "",
            )),
            ("Way", lambda row: Cell(_words(row["option_kind"]))),
        ],
        ["month", "financial_year", "target_caseload", "gap_fte", "posts_fte", "gained_fte", "remaining_gap_fte",
         "reaches_target", "total_gbp", "cost_per_fte_gbp", "missing_inputs"],
        [row for row in rows if row["month"] == latest[row["unit"]]["month"]],
    )  # fmt: skip
    if found is None:
        return []
    return [
        Section(
            "ways",
            "Ways to the target",
            about="A way whose price is not known says what is missing for it.",
            tables=[found],
        )
    ]


def _words(slug: str) -> str:
    return slug.replace("_", " ").capitalize()
