"""Whether sample rows fit an extract's specification. Every rule comes from there, none is added here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from dagster_project.extracts import Column, Specification
from dagster_project.extracts.specification import DateBound
from dagster_project.samples.months import month_end
from dagster_project.samples.spellings import Spellings

MARCH = 3

Value = str | date | Decimal | bool | None
Row = Mapping[str, Value]


class SampleError(Exception):
    """A sample row does not fit its extract; the plan or the generator is wrong."""


def misfits(spec: Specification, rows: Sequence[Row], month: date, spellings: Spellings) -> list[str]:
    """What is wrong with the rows of one delivery, one sentence per column and rule; empty when all is well.

    Works column by column over distinct values, because a delivery repeats few values many times.
    """
    found = []
    unknown = set().union(*rows) - {column.name for column in spec.columns} if rows else set()
    if unknown:
        found.append(f"columns unknown to {spec.extract}: {', '.join(sorted(unknown))}")
    for column in spec.columns:
        values = [row.get(column.name) for row in rows]
        distinct = set(values)
        if column.required and None in distinct:
            found.append(f"{column.name} is required")
        fits = _fits(column, month, spellings)
        wrong = [value for value in distinct if value is not None and not fits(value)]
        found.extend(f"{column.name}: {value!r}" for value in wrong)
        if column.required_when:
            given = column.required_when
            trigger = (row.get(given.column) for row in rows)
            if any(v is None and _triggers(t, given.equals) for v, t in zip(values, trigger, strict=True)):
                found.append(f"{column.name} is required when {given.column} is {given.equals or 'given'}")
        if column.at_most:
            limits = (row.get(column.at_most) for row in rows)
            pairs = zip(values, limits, strict=True)
            if any(isinstance(v, Decimal) and isinstance(most, Decimal) and v > most for v, most in pairs):
                found.append(f"{column.name} is above {column.at_most}")
    keys = [tuple(row.get(column.name) for column in spec.key) for row in rows]
    if len(set(keys)) != len(keys):
        found.append("a key is repeated")
    return found


def _triggers(value: Value, equals: str | None) -> bool:
    return value is not None if equals is None else value == equals


def _fits(column: Column, month: date, spellings: Spellings) -> Callable[[Value], bool]:
    if column.type == "date":
        earliest, latest = _limit(column.not_before, month), _limit(column.not_after, month)
        return lambda v: (
            type(v) is date and (earliest is None or v >= earliest) and (latest is None or v <= latest)
        )
    if column.type in ("decimal", "money"):
        scale = 2 if column.type == "money" else column.scale
        return lambda v: isinstance(v, Decimal) and _in_range(column, v) and v == round(v, scale)
    if column.type == "boolean":
        return lambda v: isinstance(v, bool)
    if column.type == "code":
        return lambda v: v in column.codes
    if column.type == "unit":
        return lambda v: isinstance(v, str) and spellings.knows_unit(v)
    if column.type == "role":
        return lambda v: isinstance(v, str) and spellings.knows_role(v)
    if column.type == "financial_year":
        return lambda v: v == f"{month.year - 1}-{month.year % 100:02}" and month.month == MARCH
    return lambda v: isinstance(v, str) and v != "" and v == v.strip()


def _limit(bound: DateBound | None, month: date) -> date | None:
    if bound is None:
        return None
    start = month if bound.bound == "month_start" else month_end(month)
    return start + timedelta(days=bound.plus_days)


def _in_range(column: Column, value: Decimal) -> bool:
    return (
        (column.minimum is None or value >= column.minimum)
        and (column.above is None or value > column.above)
        and (column.maximum is None or value <= column.maximum)
    )


def require_fit(spec: Specification, rows: Sequence[Row], month: date, spellings: Spellings) -> None:
    """Raises SampleError with the first few misfits."""
    found = misfits(spec, rows, month, spellings)
    if found:
        raise SampleError(f"{spec.extract} of {month:%Y-%m} does not fit: " + "; ".join(found[:5]))
