"""Marts that are made of a small council's counts: contracts, breaches, success criteria, forecasts, options.

Written from the definitions of `marts.md`, over the rows of `small_councils.py`. For the public tier's tests.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]
Place = tuple[str, date]
"""Unit and month."""

TARGET = 1
PRICE = 50_000
MONTHS_OF_CONTRACT = 5
FLOW_MONTHS = 3
BREACHES = {
    # Metric: mart, column, from which value on it is one.
    "average_caseload": ("caseload_bands", "average_caseload", 3),
    "unallocated_cases": ("caseload_bands", "unallocated_cases", 1),
    "manager_held_cases": ("caseload_bands", "manager_held_cases", 1),
    "turnover_rate": ("workforce_stability", "turnover_rate", 10),
    "visits_in_time_rate": ("timeliness", "visits_in_time_rate", 0),
}
INDICATORS = {
    "open_cases": "caseload_bands",
    "unallocated_cases": "caseload_bands",
    "manager_held_cases": "caseload_bands",
    "received": "throughput",
}
OF_DEMAND = ("children_in_need", "child_protection")
DERIVED = (
    "managed_teams",
    "threshold_breaches",
    "investment_impact",
    "investment_context",
    "dfe_comparison",
    "options_to_target",
    "caseload_forecasts",
    "report_figures",
)


def add_derived_marts(
    rows: dict[str, list[Row]], above: dict[str, str | None], chance: random.Random
) -> None:
    """Adds the marts to `rows`, which hold the counts of each unit and month without a gap."""
    known: dict[str, dict[Place, Row]] = {
        mart: {(row["unit"], row["month"]): row for row in of_mart} for mart, of_mart in rows.items()
    }
    months = sorted({month for _, month in known["throughput"]})
    teams = sorted(unit for unit, parent in above.items() if parent is not None)
    for row in rows["caseload_bands"]:
        row["fte_to_target"] = _gap(row)
        row["cost_to_target_gbp"] = round(_gap(row) * 50_000, 2)
    rows["managed_teams"] = _contracts(known, months, teams, chance)
    rows["threshold_breaches"] = _breaches(known, months, above)
    rows["investment_impact"] = _impact(known, months, [*teams[:4], "made_up"])
    rows["investment_context"] = _context(known, months)
    rows["dfe_comparison"] = _comparison(known, months)
    rows["options_to_target"] = _options(rows["managed_teams"], known, months, teams)
    rows["caseload_forecasts"] = _forecasts(known, months, above)
    rows["report_figures"] = _figures(known, months, teams)


def report_figure_measures(rows: dict[str, list[Row]]) -> list[Row]:
    """What reference data name for the printed figures."""
    return [
        {
            "figure_id": row["figure_id"], "measure": row["asked"], "council": "made_up", "unit": row["of_unit"],
            "month": row["of_month"], "to_on": last_day(row["of_month"]),
        }
        for row in rows["report_figures"]
    ]  # fmt: skip


def month_after(month: date, months: int) -> date:
    place = month.year * 12 + month.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def last_day(month: date) -> date:
    return month_after(month, 1) - timedelta(days=1)


def _gap(row: Row) -> float:
    return round(max(float(row["open_cases"]) / TARGET - float(row["fte_social_workers"]), 0.0), 2)


def _contracts(
    known: dict[str, dict[Place, Row]], months: list[date], teams: list[str], chance: random.Random
) -> list[Row]:
    """Four contracts, one from a first of a month, and two of one unit that begin within the same one."""
    found = []
    begins = [(teams[-1], 3, 0), (teams[0], 4, 10), (teams[0], 4, 20), (chance.choice(teams), 2, 5)]
    for number, (unit, place, day) in enumerate(begins):
        starts_on = months[place] + timedelta(days=day)
        total = dict.fromkeys(("received", "closed", "transferred"), 0)
        for month in months[place:]:
            flow = known["throughput"][unit, month]
            of_month = {
                "received": flow["received"],
                "closed": flow["closed"] + flow["stepped_down"],
                "transferred": flow["transferred_out"],
            }
            for quantity, value in of_month.items():
                before = round(value * day / 30) if month == months[place] else 0
                total[quantity] += value - before
            cost = 10_000 * (months.index(month) - place + 1)
            found.append(
                {"council": "made_up", "contract_id": f"contract_{number}", "unit": unit, "month": month}
                | {"starts_on": starts_on, "supplier": "made up", "cost_to_date_gbp": cost}
                | total
                | {"open": flow["open_at_end"]}
                | {
                    f"cost_per_case_{q}_gbp": round(cost / total[q], 2) if total[q] else None
                    for q in ("received", "closed")
                }
            )
    return found


def _breaches(
    known: dict[str, dict[Place, Row]], months: list[date], above: dict[str, str | None]
) -> list[Row]:
    found = []
    for metric, (mart, column, least) in BREACHES.items():
        for unit in above:
            since, previous = None, None
            for month in months:
                value = known[mart][unit, month][column]
                if value is not None and value >= least:
                    since = since or month
                    found.append(
                        {"council": "made_up", "unit": unit, "month": month, "metric": metric, "value": value}
                        | {
                            "rounded_value": value,
                            "severity": "warning",
                            "lower": least,
                            "since_month": since,
                        }
                        | {"months_in_breach": months.index(month) - months.index(since) + 1}
                        | {"state": "new" if since == month else "continuing", "previous_value": previous}
                        | {"change": None if previous is None else value - previous}
                    )
                else:
                    since = None
                previous = value if value is not None else previous
    return found


def _impact(known: dict[str, dict[Place, Row]], months: list[date], units: list[str]) -> list[Row]:
    found = []
    starts = months[5]
    wanted = [(unit, name, mart) for unit in units for name, mart in INDICATORS.items()]
    # A council's own count as a criterion of one of its units.
    wanted += [(unit, name, "demand") for unit in (units[0], "made_up") for name in OF_DEMAND]
    for unit, indicator, mart in wanted:
        values = {
            month: known[mart]["made_up" if mart == "demand" else unit, month][indicator] for month in months
        }
        for month in months[5:]:
            since = [values[m] for m in months[5:] if m <= month]
            found.append(
                {
                    "council": "made_up",
                    "investment": "made_up",
                    "indicator": indicator,
                    "unit": unit,
                    "item": None,
                }
                | {"month": month, "as_at": last_day(month), "starts_on": starts, "started_from": months[4]}
                | {"value_at_start": values[months[4]], "value_now": values[month]}
                | {"change": values[month] - values[months[4]], "months_since": len(since)}
                | {"mean_since": round(sum(since) / len(since), 4), "better": "lower"}
                | {"best_since": min(since), "worst_since": max(since)}
                | {"last_known_month": month, "last_known_value": values[month]}
            )
    return found


def _context(known: dict[str, dict[Place, Row]], months: list[date]) -> list[Row]:
    return [
        {"council": "made_up", "investment": "made_up", "month": month, "kind": "measure", "what": what}
        | {"happened_on": month, "from_value": str(known["demand"]["made_up", months[0]][what])}
        | {"to_value": str(known["demand"]["made_up", month][what]), "source": f"from {months[0]}"}
        for month in months[1:]
        for what in ("contacts", "referrals", "children_in_need", "child_protection", "children_looked_after")
    ]


def _comparison(known: dict[str, dict[Place, Row]], months: list[date]) -> list[Row]:
    found = []
    for month in (month for month in months if month.month == 9):
        workers, cases = (
            known["workforce_stability"]["made_up", month],
            known["caseload_bands"]["made_up", month],
        )
        found.append(
            {"council": "made_up", "unit": "made_up", "year": month.year, "month": month}
            | {"own_caseload": round(cases["dfe_cases"] / cases["fte_social_workers"], 1)}
            | {"own_turnover_rate": round(100 * workers["leavers_fte_12m"] / workers["in_post_fte"], 1)}
        )
    return found


def _options(
    contracts: list[Row], known: dict[str, dict[Place, Row]], months: list[date], teams: list[str]
) -> list[Row]:
    found = []
    for month in months:
        done = [row for row in contracts if row["contract_id"] == "contract_0" and row["month"] == month]
        for unit in (*teams, "made_up"):
            gap = _gap(known["caseload_bands"][unit, month])
            head = {"council": "made_up", "unit": unit, "month": month, "gap_fte": gap}
            found.append(
                head
                | {"option_kind": "social_workers", "teams": None, "cases_moved": round(gap * TARGET, 1)}
                | {"cost_per_case_moved_gbp": None}
            )
            moved = sum(row["closed"] + row["transferred"] for row in done)
            known_months = months.index(month) - 2
            if moved:
                found.append(
                    head
                    | {"option_kind": "managed_team", "teams": 1}
                    | {"cases_moved": round(moved * MONTHS_OF_CONTRACT / known_months, 1)}
                    | {
                        "cost_per_case_moved_gbp": round(
                            PRICE * known_months / (moved * MONTHS_OF_CONTRACT), 2
                        )
                    }
                )
    return found


def _forecasts(
    known: dict[str, dict[Place, Row]], months: list[date], above: dict[str, str | None]
) -> list[Row]:
    found = []
    for unit in above:
        errors: dict[date, float] = {}
        for place, month in enumerate(months):
            window = [known["throughput"][unit, m] for m in months[: place + 1][-FLOW_MONTHS:]]
            received = sum(row["received"] for row in window)
            ended = sum(row[q] for row in window for q in ("closed", "stepped_down", "transferred_out"))
            now = window[-1]["open_at_end"]
            expected = round(max(now + (received - ended) / len(window), 0), 2)
            target = month_after(month, 1)
            actual = known["throughput"].get((unit, target), {}).get("open_at_end")
            past = [error for m, error in errors.items() if m <= month]
            found.append(
                {
                    "council": "made_up",
                    "unit": unit,
                    "month": month,
                    "months_ahead": 1,
                    "target_month": target,
                }
                | {"flow_months": len(window), "received_a_month": round(received / len(window), 2)}
                | {"ended_a_month": round(ended / len(window), 2), "open_cases": now, "leavers_fte": 1}
                | {"expected_open_cases": expected, "actual_open_cases": actual}
                | {"error_open_cases": None if actual is None else round(expected - actual, 2)}
                | {"lower_open_cases": round(expected - max(past), 2) if past else None}
                | {"upper_open_cases": round(expected - min(past), 2) if past else None}
            )
            if actual is not None:
                errors[target] = expected - actual
    return found


def _figures(known: dict[str, dict[Place, Row]], months: list[date], teams: list[str]) -> list[Row]:
    found: list[Row] = []
    for unit in teams:
        for asked, mart, column in (
            ("average_caseload", "caseload_bands", "average_caseload"),
            ("asye_share", "workforce_stability", "asye_share"),
            ("cases_received", "throughput", "received"),
        ):
            value = known[mart][unit, months[6]][column]
            printed = str(round(value)) if value is not None and len(found) % 2 else "77"
            found.append(
                {"figure_id": f"M{len(found):02}", "council": "made_up", "printed": printed, "exact": value}
                | {"computed": None if value is None else str(round(value))}
                | {"asked": asked, "of_unit": unit, "of_month": months[6]}
            )
    return found
