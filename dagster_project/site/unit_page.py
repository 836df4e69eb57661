"""The page of one unit: where it stands, since when, why, and what would bring it back to its target."""

from __future__ import annotations

from collections.abc import Callable

from dagster_project.page_addresses import council_page, link, unit_page
from dagster_project.reports.council_marts import Row
from dagster_project.reports.measures import day_words, month_words
from dagster_project.reports.policies import Policy, policies_in_force
from dagster_project.site.ahead import ahead_section
from dagster_project.site.contents import Cell, Chart, Page, Section
from dagster_project.site.drawing import Series, columns, lines
from dagster_project.site.frame import crumbs, navigation
from dagster_project.site.overview import crossed_section
from dagster_project.site.reading import CouncilData, Unit
from dagster_project.site.support import support_section
from dagster_project.site.tables import (
    MONTH_LEAD,
    Lead,
    band_tag,
    by_month,
    cell,
    described,
    has_values,
    shown,
    table,
    values,
)
from dagster_project.site.timeliness import timeliness_section
from dagster_project.site.waterfalls import change_section, gap_section
from dagster_project.site.workers import workers_section

BANDS = "caseload_bands"
FACTS = (
    ("average_caseload_rounded", "Average caseload, rounded"),
    ("average_caseload", "Average caseload, as stored"),
    ("open_cases", "Open cases"),
    ("fte_social_workers", "Social workers in post (FTE)"),
    ("unallocated_cases", "Cases without a worker"),
    ("manager_held_cases", "Cases held by managers"),
    ("target_caseload", "Target"),
    ("fte_to_target", "Social workers missing to the target (FTE)"),
    ("cost_to_target_gbp", "What they would cost in a year"),
)
EXPERIENCE = (
    ("asye_share", "in their first year (ASYE)"),
    ("share_qualified_under_18_months", "qualified under 18 months"),
    ("share_qualified_under_2_years", "qualified under 2 years"),
    ("agency_share", "agency workers"),
)
WAYS = (
    "financial_year", "months", "posts_fte", "gained_fte", "cases_moved", "remaining_gap_fte", "reaches_target",
    "recurring_gbp", "one_off_gbp", "total_gbp", "missing_inputs",
)  # fmt: skip


Once = Callable[[str, Callable[[], Section | None]], Section | None]
"""Makes a section of that name, or takes it from where it was made before."""


def page_of_unit(data: CouncilData, unit: Unit, tier: str, once: Once = lambda name, make: make()) -> Page:
    """One unit in its newest month with cases and the two years before."""
    address = unit_page(data.council, unit.unit)
    month = data.month_of(unit.unit)
    row = data.row_of(BANDS, unit.unit, month)
    as_at = row["as_at"] if row is not None else data.as_at
    return Page(
        address=address,
        title=unit.name,
        caption=f"{data.name}: {unit.level}" if unit.unit != data.top else "The whole council",
        lead=f"{month_words(month)}, as at {day_words(as_at)}.",
        tag=band_tag(row),
        crumbs=crumbs(address, *_above(data, unit)),
        council=data.council,
        topic="unit",
        navigation=navigation(data, address, tier),
        sections=[
            section
            for section in (
                once("now", lambda: _facts(data, unit, row)),
                once("crossed", lambda: crossed_section(data, address, unit.unit)),
                once("change", lambda: change_section(data, unit)),
                once("trend", lambda: _trend(data, unit, row)),
                once("ahead", lambda: ahead_section(data, unit, fitting_policy(data, unit, row))),
                once("flows", lambda: _flows(data, unit)),
                once("timeliness", lambda: timeliness_section(data, unit.unit)),
                once("experience", lambda: _experience(data, unit)),
                once("support", lambda: support_section(data, unit)),
                once("agency", lambda: _agency(data, unit)),
                once("gap", lambda: gap_section(data, unit)),
                once("target", lambda: _to_target(data, unit)),
                once("below", lambda: _below(data, unit, address)),
                workers_section(data, unit) if tier == "restricted" else None,
            )
            if section is not None
        ],
    )


def _above(data: CouncilData, unit: Unit) -> list[tuple[str, str]]:
    steps: list[tuple[str, str]] = []
    parent = unit.parent
    while parent is not None and parent != data.top:
        steps.insert(0, (data.unit_name(parent), unit_page(data.council, parent)))
        parent = data.units[parent].parent
    return [(data.name, council_page(data.council)), *steps]


def _facts(data: CouncilData, unit: Unit, row: Row | None) -> Section:
    incomplete = row is not None and row.get("is_complete") is False
    month = data.month_of(unit.unit)
    return Section(
        "now",
        "Where it stands",
        about=f"No cases of {unit.name} are known for {month_words(data.month)}: this is its newest month with cases."
        if month != data.month
        else "",
        inset="Not whole: rows of this month were rejected or name no known unit, so the figures may change."
        if incomplete
        else "",
        facts=[
            (words, cell(data, BANDS, row, column))
            for column, words in FACTS
            if column in data.marts.measures[BANDS]
        ],
    )


def fitting_policy(data: CouncilData, unit: Unit, row: Row | None) -> Policy | None:
    """The policy whose bands and target the unit's row shows; None where that is not plain. Judges nothing."""
    if row is None or row.get("band_label") is None:
        return None
    found = [
        policy
        for policy in policies_in_force(data.reference, data.council, "average_caseload", data.as_at)
        if row["band_label"] in policy.labels and policy.target == row.get("target_caseload")
    ]
    named = [policy for policy in found if unit.name in policy.scopes]
    found = named or found
    return found[0] if len(found) == 1 else None


def _trend(data: CouncilData, unit: Unit, row: Row | None) -> Section | None:
    rows = data.of_unit(BANDS, unit.unit)
    found = by_month(
        data,
        BANDS,
        f"Caseload of {unit.name} by month",
        ["open_cases", "open_children", "fte_social_workers", "average_caseload", "average_caseload_rounded",
         "band_label", "severity", "fte_to_target"],
        rows,
    )  # fmt: skip
    if found is None:
        return None
    charts = []
    policy = fitting_policy(data, unit, row)
    if has_values(rows, ["average_caseload"], least=2):
        measure = data.measure(BANDS, "average_caseload")
        said = described("Average caseload", rows, "average_caseload", measure)
        bands = f" Shaded behind it are the bands in force: {policy.words}." if policy else ""
        charts.append(
            Chart(
                "Average caseload, open cases per FTE social worker",
                lines(
                    data.months,
                    [Series("Average caseload", values(rows, data.months, "average_caseload"))],
                    policy.bands if policy else (),
                    policy.target if policy else None,
                ),
                f"Line over months. {said}.{bands}",
                [
                    ("line s0", "average caseload"),
                    *([("target", "target")] if policy and policy.target else []),
                ],
            )
        )
    source = [f"Bands: {policy.words}. Source: {policy.source}."] if policy else []
    return Section("trend", "Caseload over time", charts=charts, tables=[found], notes=source)


def _flows(data: CouncilData, unit: Unit) -> Section | None:
    mart = "throughput"
    rows = data.of_unit(mart, unit.unit)
    found = by_month(
        data,
        mart,
        f"Cases of {unit.name} that came and went, by month",
        [
            "open_at_start",
            "received",
            "closed",
            "stepped_down",
            "transferred_out",
            "open_at_end",
            "closed_rate",
        ],
        rows,
    )
    if found is None or not has_values(rows, ["received", "closed"]):
        return None
    charts = [
        Chart(
            "Cases opened and closed in each month",
            columns(
                data.months,
                [
                    Series("opened", values(rows, data.months, "received")),
                    Series("closed", values(rows, data.months, "closed")),
                ],
            ),
            "Columns by month. "
            + "; ".join(
                described(name, rows, column, data.measure(mart, column))
                for name, column in (("Opened", "received"), ("Closed", "closed"))
            )
            + ".",
            [("column s0", "opened"), ("column s1", "closed")],
        )
    ]
    return Section("flows", "Openings and closures", charts=charts, tables=[found])


def _experience(data: CouncilData, unit: Unit) -> Section | None:
    mart = "workforce_stability"
    rows = data.of_unit(mart, unit.unit)
    known = [(column, name) for column, name in EXPERIENCE if column in data.marts.measures.get(mart, {})]
    wanted = [column for column, _ in known]
    found = by_month(
        data,
        mart,
        f"Social workers of {unit.name} by experience, by month",
        ["headcount", "agency_headcount", "asye_workers", "qualified_under_18_months", "qualified_under_2_years",
         *wanted, "turnover_rate", "absence_rate"],
        rows,
    )  # fmt: skip
    if found is None or not has_values(rows, ["headcount", *wanted]):
        return None
    charts = []
    if has_values(rows, wanted, least=2):
        charts.append(
            Chart(
                "Share of social workers, per cent",
                lines(
                    data.months,
                    [Series(name, values(rows, data.months, column)) for column, name in known],
                ),
                "Lines over months. "
                + "; ".join(
                    described(name[:1].upper() + name[1:], rows, column, data.measure(mart, column))
                    for column, name in known
                )
                + ".",
                [(f"line s{number}", name) for number, (_, name) in enumerate(known)],
            )
        )
    return Section("experience", "Workers by experience", charts=charts, tables=[found])


def _agency(data: CouncilData, unit: Unit) -> Section | None:
    costs = data.of_unit("agency_costs", unit.unit)
    posts = [row for row in data.of_unit("establishment", unit.unit) if row["role_group"] == "total"]
    charts, tables = [], []
    if has_values(costs, ["agency_cost_gbp"]):
        charts.append(
            Chart(
                "Agency spend in each month, £",
                columns(data.months, [Series("spend", values(costs, data.months, "agency_cost_gbp"))]),
                "Columns by month. "
                + described(
                    "Spend", costs, "agency_cost_gbp", data.measure("agency_costs", "agency_cost_gbp")
                )
                + ".",
            )
        )
        tables.append(
            by_month(
                data,
                "agency_costs",
                f"Agency spend of {unit.name} by month",
                ["agency_cost_gbp", "pay_gbp", "other_gbp", "agency_fte", "cost_per_agency_fte_gbp", "premium_gbp",
                 "year_to_date_gbp", "forecast_year_gbp", "budget_gbp", "variance_gbp"],
                costs,
            )
        )  # fmt: skip
    if has_values(posts, ["vacancy_rate", "agency_rate"]):
        names = (("vacancy_rate", "vacancy rate"), ("agency_rate", "agency rate"))
        charts.append(
            Chart(
                "Vacancy and agency rate, per cent",
                lines(
                    data.months,
                    [Series(name, values(posts, data.months, column)) for column, name in names],
                ),
                "Lines over months. "
                + "; ".join(
                    described(name.capitalize(), posts, column, data.measure("establishment", column))
                    for column, name in names
                )
                + ".",
                [(f"line s{number}", name) for number, (_, name) in enumerate(names)],
            )
        )
        tables.append(
            by_month(
                data,
                "establishment",
                f"Posts of {unit.name}, every role, by month",
                ["posts_fte", "in_post_fte", "vacant_fte", "agency_fte", "uncovered_fte", "vacancy_rate",
                 "agency_rate"],
                posts,
            )
        )  # fmt: skip
    kept = [found for found in tables if found is not None]
    return Section("agency", "Agency spend and vacancy", charts=charts, tables=kept) if kept else None


def _to_target(data: CouncilData, unit: Unit) -> Section | None:
    row = data.row_of(BANDS, unit.unit, data.month_of(unit.unit))
    gap = row.get("fte_to_target") if row is not None else None
    mart = "options_to_target"
    ways = [found for found in data.of_unit(mart, unit.unit) if found.get("gap_fte") is not None]
    latest = max((found["month"] for found in ways), default=None)
    found = table(
        data,
        mart,
        f"Ways to bring {unit.name} to its target, priced for {month_words(latest)}" if latest else "",
        [("Way", lambda way: Cell(way["option_kind"].replace("_", " ").capitalize()))],
        WAYS,
        [way for way in ways if way["month"] == latest],
    )
    if gap is None and found is None:
        return None
    if row is not None and gap is not None and gap > 0:
        cost = shown(row, "cost_to_target_gbp", data.measure(BANDS, "cost_to_target_gbp"))
        fte = shown(row, "fte_to_target", data.measure(BANDS, "fte_to_target"))[0]
        said = f"{fte} FTE more social workers would bring the average to its target"
        inset = (
            f"{said}; a year of them costs {cost[0]}." if not cost[1] else f"{said}; the role has no price."
        )
    elif gap is not None:
        inset = "At or below its target: no more social workers are needed for it."
    else:
        inset = ""
    return Section(
        "target",
        "What would bring it back to target",
        inset=inset,
        tables=[found] if found else [],
    )


def _below(data: CouncilData, unit: Unit, address: str) -> Section | None:
    rows = [
        row
        for one in data.units.values()
        if one.parent == unit.unit
        and (row := data.row_of(BANDS, one.unit, data.month_of(one.unit))) is not None
    ]
    months = {row["month"] for row in rows}
    named: list[Lead] = [] if months == {data.month} else [MONTH_LEAD]
    found = table(
        data,
        BANDS,
        f"Units of {unit.name}, each in its newest month with cases",
        [
            (
                "Unit",
                lambda row: Cell(
                    data.unit_name(row["unit"]), href=link(unit_page(data.council, row["unit"]), address)
                ),
            ),
            *named,
        ],
        ["open_cases", "fte_social_workers", "average_caseload", "average_caseload_rounded", "band_label",
         "severity", "fte_to_target"],
        rows,
    )  # fmt: skip
    return Section("below", "Its units", tables=[found]) if found else None
