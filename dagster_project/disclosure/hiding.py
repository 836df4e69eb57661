"""Every hidden count of every council and month, read from the marts and worked out month after month."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import duckdb

from dagster_project.disclosure.blocks import ENDED, Counts, Limits, MonthOfCouncil, hide_month
from dagster_project.disclosure.classes import Classes
from dagster_project.disclosure.families import Tree

Hidden = tuple[str, str, date, str]
"""Council, unit, month and quantity."""

OF_COUNCIL = frozenset(
    {
        "contacts", "referrals", "re_referrals", "children_in_need", "child_protection", "children_looked_after",
        "plans_ended",
    }
)  # fmt: skip
"""Counts that only a whole council has."""
SIZE_OF_STAFF = "headcount"
CONTRACTS = "managed_teams"
FLOWS_OF_CONTRACT = {
    "contract_received": ("received",),
    "contract_closed": ENDED[:2],
    "contract_transferred": ENDED[2:],
    "contract_open": ("open_cases",),
}
"""Counts since a contract began, and the counts of its unit's months that they add up."""


def limits_of(rows: Iterable[Mapping[str, str]], council: str) -> Limits:
    """The smallest numbers that are shown of a council: its own, else those of every council."""
    own = {row["what"]: int(row["least"]) for row in rows if row["council"] == council}
    everywhere = {row["what"]: int(row["least"]) for row in rows if not row["council"]}
    return Limits(**{**everywhere, **own})


def hidden_counts(
    connection: duckdb.DuckDBPyConnection, classes: Classes, limits: Iterable[Mapping[str, str]]
) -> list[Hidden]:
    """Which counts nobody outside may see, of all councils and months. Reads the marts through the connection."""
    limits = list(limits)
    select = _select_of_counts(classes)
    if select is None:
        return []
    found: list[Hidden] = []
    for council, units in _parents(connection).items():
        own_limits = limits_of(limits, council)
        hidden_by_month: dict[date, dict[str, set[str]]] = {}
        counts_by_month: dict[date, Mapping[str, Counts]] = {}
        before: tuple[date | None, set[str]] = (None, set())
        for day, counts in _months(connection, select, council):
            month = MonthOfCouncil(_tree(counts, units, day), counts, own_limits)
            hide_month(month, before[1] if before[0] == _previous(day) else ())
            before = (day, month.hidden_of("open_cases"))
            hidden_by_month[day] = month.hidden
            counts_by_month[day] = counts
        found += [
            (council, unit, day, quantity)
            for day, hidden in hidden_by_month.items()
            for quantity, hidden_units in hidden.items()
            # A council's own count is told of whatever unit a success criterion names beside it.
            for unit in (
                {row[0] for row in units} if quantity in OF_COUNCIL and hidden_units else hidden_units
            )
        ]
        if CONTRACTS in classes.marts:
            found += _hidden_of_contracts(connection, council, own_limits, hidden_by_month, counts_by_month)
    return sorted(set(found), key=lambda row: (row[0], row[2], row[1], row[3]))


def _select_of_counts(classes: Classes) -> str | None:
    """A select of every count of each unit and month of a council, in order of month; None where none is classified."""
    of_mart: dict[str, list[tuple[str, str]]] = {}
    for quantity, (mart, column) in sorted(classes.homes.items()):
        if mart != CONTRACTS:
            of_mart.setdefault(mart, []).append((quantity, column))
    if "workforce_stability" in of_mart:
        of_mart["workforce_stability"].append((SIZE_OF_STAFF, SIZE_OF_STAFF))
    if not of_mart:
        return None
    joined = " full join ".join(
        f"(select unit, month, {', '.join(f'{column}::double as {q}' for q, column in columns)} from {mart} "
        f"where council = $council) as {mart}_counts" + (" using (unit, month)" if place else "")
        for place, (mart, columns) in enumerate(sorted(of_mart.items()))
    )
    names = [quantity for columns in of_mart.values() for quantity, _ in columns]
    return f"select month, unit, {', '.join(names)} from {joined} order by month, unit"


def _months(
    connection: duckdb.DuckDBPyConnection, select: str, council: str
) -> Iterator[tuple[date, dict[str, dict[str, float]]]]:
    """Each month with the counts of each unit. What was not delivered is left out."""
    result = connection.execute(select, {"council": council})
    names = [name for name, *_ in result.description or []][2:]
    for month, units in itertools.groupby(result.fetchall(), key=lambda row: row[0]):
        counts = {
            row[1]: {q: value for q, value in zip(names, row[2:], strict=True) if value is not None}
            for row in units
        }
        yield month, counts


def _parents(
    connection: duckdb.DuckDBPyConnection,
) -> dict[str, list[tuple[str, str | None, date, date]]]:
    """Of each council its units with the unit above and the days between which that holds."""
    rows = connection.execute(
        "select council, unit, parent_unit, coalesce(valid_from, date '0001-01-01'), "
        "coalesce(valid_to, date '9999-12-31') from reference.org_units order by all"
    ).fetchall()
    found: dict[str, list[tuple[str, str | None, date, date]]] = {}
    for council, unit, parent, first, end in rows:
        found.setdefault(council, []).append((unit, parent or None, first, end))
    return found


def _tree(
    counts: Mapping[str, Any], units: Iterable[tuple[str, str | None, date, date]], month: date
) -> Tree:
    """The units of a month that have figures. One whose unit above has none belongs to the next above that has."""
    last = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    above = {unit: parent for unit, parent, _, _ in units}
    above |= {unit: parent for unit, parent, first, end in units if first < last <= end}
    root = next((unit for unit in counts if unit in above and above[unit] is None), None)
    tree_above: dict[str, str] = {}
    below: dict[str, list[str]] = {}
    for unit in sorted(counts):
        if unit == root:
            continue
        parent = above.get(unit, root)
        while parent is not None and parent not in counts:
            parent = above.get(parent)
        parent = parent or root
        if parent is not None:
            tree_above[unit] = parent
            below.setdefault(parent, []).append(unit)
    return Tree(below, tree_above)


def _previous(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def _hidden_of_contracts(
    connection: duckdb.DuckDBPyConnection,
    council: str,
    limits: Limits,
    hidden_by_month: Mapping[date, Mapping[str, set[str]]],
    counts_by_month: Mapping[date, Mapping[str, Counts]],
) -> Iterator[Hidden]:
    """Counts since a contract began: once one is small, or adds up a hidden month, those after it would tell it.

    A contract that began within a month has nothing of the days before in it: where these are few, the flows of the
    unit less the contract's would be them. So would be those of two contracts of one unit.
    """
    columns = {"contract_received": "received", "contract_closed": "closed"}
    columns |= {"contract_transferred": "transferred", "contract_open": "open"}
    rows = connection.execute(
        f"select contract_id, unit, month, {', '.join(columns.values())} from {CONTRACTS} "
        "where council = ? order by contract_id, month",
        [council],
    ).fetchall()
    shown: dict[tuple[str, date, str], list[float]] = {}
    for _, of_contract in itertools.groupby(rows, key=lambda row: row[0]):
        is_hidden = dict.fromkeys(columns, False)
        flows = dict.fromkeys(columns, 0.0)
        for _, unit, month, *values in of_contract:
            hidden = hidden_by_month.get(month, {})
            of_unit = counts_by_month.get(month, {}).get(unit, {})
            for quantity, value in zip(columns, values, strict=True):
                is_stock = quantity == "contract_open"
                flow = sum(of_unit.get(name, 0) for name in FLOWS_OF_CONTRACT[quantity])
                flows[quantity] = flow + (0 if is_stock else flows[quantity])
                others = [flows[quantity], *shown.get((unit, month, quantity), [])]
                is_now = value is not None and any(
                    0 < rest < limits.children for rest in (value, *(abs(other - value) for other in others))
                )
                is_now |= any(unit in hidden.get(name, ()) for name in FLOWS_OF_CONTRACT[quantity])
                is_hidden[quantity] = is_now or (is_hidden[quantity] and not is_stock)
                if is_hidden[quantity]:
                    yield council, unit, month, quantity
                elif value is not None:
                    shown.setdefault((unit, month, quantity), []).append(value)
