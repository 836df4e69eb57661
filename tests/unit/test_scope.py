"""How far a changed month reaches: itself, the twelve months that look back on it, its whole future."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest

from dagster_project.deliveries import Delivery
from dagster_project.warehouse.scope import (
    ITS_OWN_MONTH,
    NOTHING,
    TWELVE_MONTHS,
    WHOLE_HISTORY,
    CouncilMonth,
    build_scope,
    months_read,
)


def month(number: int) -> date:
    """Months counted from January 2023."""
    return date(2023 + (number - 1) // 12, (number - 1) % 12 + 1, 1)


def in_force(*places: tuple[str, int, str]) -> dict[tuple[str, date, str], Delivery]:
    delivery = Delivery("d", "c", month(1), "e", "rows", "f", "s", "r", "l", "h", "h")
    return {(council, month(number), extract): delivery for council, number, extract in places}


def reaches(loaded: list[int], changed: list[int]) -> dict[int, int]:
    rows = build_scope(
        in_force(*(("north", number, "caseload") for number in loaded)),
        [("north", month(number)) for number in changed],
    )
    return {(row.month.year - 2023) * 12 + row.month.month: row.reach for row in rows}


def test_a_changed_month_reaches_itself_and_those_after_it() -> None:
    assert reaches([1, 2, 3], [2]) == {1: NOTHING, 2: ITS_OWN_MONTH, 3: TWELVE_MONTHS}


def test_the_thirteenth_month_after_sees_a_change_only_in_what_looks_back_for_ever() -> None:
    found = reaches([1, 12, 13, 14], [1])

    assert found == {1: ITS_OWN_MONTH, 12: TWELVE_MONTHS, 13: TWELVE_MONTHS, 14: WHOLE_HISTORY}


def test_of_several_changes_the_nearest_one_counts() -> None:
    assert reaches([1, 14, 15, 16], [1, 15]) == {
        1: ITS_OWN_MONTH, 14: WHOLE_HISTORY, 15: ITS_OWN_MONTH, 16: TWELVE_MONTHS,
    }  # fmt: skip


def test_a_month_before_those_loaded_reaches_them() -> None:
    assert reaches([1, 5, 6], [1]) == {1: ITS_OWN_MONTH, 5: TWELVE_MONTHS, 6: TWELVE_MONTHS}


def test_councils_do_not_reach_each_other() -> None:
    rows = build_scope(in_force(("north", 2, "caseload"), ("south", 2, "caseload")), [("north", month(2))])

    assert {row.council: row.reach for row in rows} == {"north": ITS_OWN_MONTH, "south": NOTHING}


def test_a_month_says_which_extracts_are_in_force_and_its_last_day() -> None:
    (row,) = build_scope(in_force(("north", 2, "caseload"), ("north", 2, "posts")), [])

    assert row.extracts == {"caseload", "posts"} and row.is_loaded
    assert row.as_at == date(2023, 2, 28)


@pytest.mark.parametrize("changed", [[("north", month(3))], [("north", month(3)), ("north", month(3))]])
def test_a_changed_month_without_a_delivery_in_force_is_in_scope_and_not_loaded(
    changed: list[CouncilMonth],
) -> None:
    (row,) = build_scope({}, changed)

    assert (row.reach, row.is_loaded, row.extracts) == (ITS_OWN_MONTH, False, frozenset())


@pytest.mark.parametrize(
    ("loaded", "changed", "read"),
    [
        (range(1, 31), [30], range(19, 31)),
        ([1, 2, 29, 30], [30], [29, 30]),
        # The twelve months after a change look back on it, each over its own year.
        (range(1, 61), [30], range(19, 43)),
        (range(1, 31), [], []),
    ],
)
def test_rows_are_read_of_the_months_due_and_of_the_year_that_ends_with_each(
    loaded: Iterable[int], changed: list[int], read: Iterable[int]
) -> None:
    places = [(council, number, "caseload") for council in ("north", "south") for number in loaded]
    scope = build_scope(in_force(*places), [("north", month(number)) for number in changed])

    assert months_read(scope) == {("north", month(number)) for number in read}
