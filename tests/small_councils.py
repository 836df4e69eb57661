"""Marts of made-up councils with many small counts, which add up as the real ones do. For the public tier's tests."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
from derived_marts import DERIVED, add_derived_marts, report_figure_measures

from dagster_project.settings import PROJECT_ROOT, Settings

Unit = tuple[str, str, str | None]
"""Council, unit, unit above."""
FEWEST_MONTHS = 8
"""Of fewer there are the counts alone."""
FLOWS = ("received", "closed", "stepped_down", "transferred_out")
MARTS = ("caseload_bands", "throughput", "timeliness", "workforce_stability", "demand", *DERIVED)


def make_small_council(settings: Settings, seed: int, months: int = 14, teams: int = 9) -> list[Unit]:
    """Afterwards the warehouse holds the marts of one council, as a build leaves them; its units are returned."""
    chance = random.Random(seed)
    units = _units(chance, teams)
    above = {unit: parent for _, unit, parent in units}
    holders = [unit for unit in above if unit not in set(above.values())]
    # Some units above teams have rows of their own.
    holders += [unit for unit in above if unit not in holders and chance.random() < 0.2]
    size = {unit: chance.choice((0, 2, 4, 8, 20, 45)) for unit in holders}
    open_cases = {unit: chance.randint(0, size[unit]) for unit in holders}
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for place in range(months):
        month = date(2023 + (3 + place) // 12, (3 + place) % 12 + 1, 1)
        own = {unit: _activity(chance, size[unit], open_cases[unit]) for unit in holders}
        moves = [
            (unit, chance.choice(holders))
            for unit, figures in own.items()
            for _ in range(figures["transferred_out"])
        ]
        open_cases = {unit: int(own[unit]["open_cases"]) for unit in holders}
        for unit, parent in above.items():
            inside = {other for other in above if unit in _path(above, other)}
            total = _total([own[other] for other in sorted(inside & set(holders))])
            total["transferred_in"] = sum(1 for old, new in moves if new in inside and old != new)
            total["internal_transfers"] = sum(
                1 for old, new in moves if new in inside and old in inside and old != new
            )
            _add_rows(rows, ("made_up", unit, month), total, is_council=parent is None)
    _restate(rows["throughput"])
    if months >= FEWEST_MONTHS:
        add_derived_marts(rows, above, chance)
    _add_changes(rows["demand"])
    _store(settings, rows, units)
    return units


def _units(chance: random.Random, teams: int) -> list[Unit]:
    units: list[Unit] = [("made_up", "made_up", None)]
    services = [f"service_{number}" for number in range(chance.randint(1, 3))]
    divisions = ["division_0"] if chance.random() < 0.4 else []
    units += [("made_up", unit, "made_up") for unit in divisions]
    units += [("made_up", unit, chance.choice([*divisions, "made_up"])) for unit in services]
    units += [("made_up", f"team_{number}", chance.choice(services)) for number in range(teams)]
    if chance.random() < 0.5:
        units.append(("made_up", "unmapped", "made_up"))
    return units


def _path(above: dict[str, str | None], unit: str | None) -> list[str]:
    found = []
    while unit is not None:
        found.append(unit)
        unit = above[unit]
    return found


def _activity(chance: random.Random, size: int, opened_before: int) -> dict[str, int]:
    def few(most: float) -> int:
        return sum(chance.random() < 0.5 for _ in range(round(most)))

    start = max(opened_before, 0)
    received = few(size / 4)
    going = start + received
    closed = min(few(size / 5), going)
    stepped = min(few(size / 12), going - closed)
    transferred = min(few(size / 10), going - closed - stepped)
    still = going - closed - stepped - transferred
    unallocated = min(chance.choice((0, 0, 0, 1, 2, 5)), still)
    others = min(chance.choice((0, 0, 0, 1)), still - unallocated)
    staff = few(size / 2)
    new = min(few(4), staff)
    figures = {
        "open_at_start": start, "received": received, "closed": closed, "stepped_down": stepped,
        "transferred_out": transferred, "open_cases": still, "open_children": max(still - chance.randint(0, 1), 0),
        "unallocated_cases": unallocated, "dfe_cases": still - unallocated - others,
        "manager_held_cases": min(chance.choice((0, 0, 1, 3)), still - unallocated),
        "cases_allocated": max(received - chance.choice((0, 0, 1)), 0), "headcount": staff,
        "leavers_fte_12m": few(3), "sickness_days_12m": staff * chance.randint(0, 9),
        "qualified_under_2_years": new, "qualified_under_18_months": max(new - 1, 0),
        "asye_workers": min(few(3), staff),
    }  # fmt: skip
    figures["voluntary_leavers_fte_12m"] = few(figures["leavers_fte_12m"])
    for whole, part in (
        ("assessments_completed", "assessments_in_45_days"),
        ("visits_due", "visits_in_time"),
        ("strategy_meetings_due", "strategy_meetings_in_time"),
    ):
        figures[whole] = few(size / 2)
        figures[part] = max(figures[whole] - few(3), 0)
    return figures


def _total(of: list[dict[str, int]]) -> dict[str, Any]:
    total: dict[str, Any] = defaultdict(int)
    for figures in of:
        for quantity, value in figures.items():
            total[quantity] += value
    return total


def _add_rows(
    rows: dict[str, list[dict[str, Any]]],
    key: tuple[str, str, date],
    total: dict[str, Any],
    *,
    is_council: bool,
) -> None:
    head = dict(zip(("council", "unit", "month"), key, strict=True))
    fte = total["headcount"] + 1

    def rate(part: str, whole: float, times: int = 100) -> float | None:
        return round(times * total[part] / whole, 1) if whole else None

    rows["caseload_bands"].append(
        head
        | {
            q: total[q]
            for q in ("open_cases", "open_children", "unallocated_cases", "manager_held_cases", "dfe_cases")
        }
        | {"fte_social_workers": fte, "average_caseload": round(total["open_cases"] / fte, 4)}
    )
    rows["throughput"].append(
        head
        | {q: total[q] for q in ("open_at_start", *FLOWS, "transferred_in", "internal_transfers")}
        | {"open_at_end": total["open_cases"], "restated_cases": None}
        | {f"{q}_rate": rate(q, total["received"]) for q in FLOWS[1:]}
    )
    rows["timeliness"].append(
        head
        | {
            q: total[q]
            for q in ("cases_allocated", "assessments_completed", "assessments_in_45_days", "visits_due")
        }
        | {
            q: total[q]
            for q in ("visits_in_time", "strategy_meetings_due", "strategy_meetings_in_time", "open_children")
        }
        | {"visits_in_time_rate": rate("visits_in_time", total["visits_due"])}
    )
    workers = (
        "leavers_fte_12m",
        "voluntary_leavers_fte_12m",
        "sickness_days_12m",
        "qualified_under_18_months",
    )
    rows["workforce_stability"].append(
        head
        | {q: total[q] for q in (*workers, "headcount", "qualified_under_2_years", "asye_workers")}
        | {"in_post_fte": fte, "turnover_rate": rate("leavers_fte_12m", fte)}
        | {"asye_share": rate("asye_workers", total["headcount"])}
    )
    if is_council:
        kinds = {"children_in_need": 3, "child_protection": 5, "children_looked_after": 9}
        rows["demand"].append(
            head
            | {
                "contacts": total["received"] * 3,
                "referrals": total["received"],
                "re_referrals": total["closed"] // 3,
            }
            | {kind: total["open_children"] // part for kind, part in kinds.items()}
            | {"plans_ended": total["stepped_down"] // 2}
        )


def _restate(rows: list[dict[str, Any]]) -> None:
    """What a month starts with more than the one before ended with."""
    ended: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: row["month"]):
        if row["unit"] in ended:
            row["restated_cases"] = row["open_at_start"] - ended[row["unit"]]
        ended[row["unit"]] = row["open_at_end"]


def _add_changes(rows: list[dict[str, Any]]) -> None:
    """Each row and the one of the month a year before."""
    of_month = {row["month"]: row for row in rows}
    for row in rows:
        before = of_month.get(row["month"].replace(year=row["month"].year - 1), {})
        for quantity in ("contacts", "children_in_need", "child_protection"):
            old = before.get(quantity)
            row[f"{quantity}_change_1y"] = round(100 * (row[quantity] - old) / old, 1) if old else None


def _store(settings: Settings, rows: dict[str, list[dict[str, Any]]], units: list[Unit]) -> None:
    (settings.warehouse / "dbt").mkdir(parents=True, exist_ok=True)
    nodes = {
        name: {
            "alias": name, "resource_type": "model", "tags": ["mart"], "description": name,
            "config": {"meta": {"tier": "internal"}},
        }
        for name in MARTS
        if name in rows
    }  # fmt: skip
    (settings.warehouse / "dbt" / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    settings.merged_reference.mkdir(parents=True, exist_ok=True)
    for name in ("public_columns", "disclosure_limits"):
        seed = (PROJECT_ROOT / "seeds" / f"{name}.csv").read_bytes()
        (settings.merged_reference / f"{name}.csv").write_bytes(seed)
    settings.database.unlink(missing_ok=True)
    with duckdb.connect(str(settings.database)) as warehouse:
        warehouse.execute("create schema reference")
        warehouse.execute(
            "create table reference.org_units "
            "(council varchar, unit varchar, parent_unit varchar, valid_from date, valid_to date)"
        )
        warehouse.executemany(
            "insert into reference.org_units values (?, ?, ?, null, null)",
            [unit for unit in units if unit[1] != "unmapped"],
        )
        if "report_figures" in rows:
            warehouse.register("made", pa.Table.from_pylist(report_figure_measures(rows)))
            warehouse.execute("create table reference.report_figure_measures as select * from made")
        for name in MARTS:
            if name not in rows:
                continue
            warehouse.register("made", pa.Table.from_pylist(rows[name]))
            warehouse.execute(f"create table {name} as select * from made")
            warehouse.unregister("made")
