"""A month of totals for some units alone: the others stand with their own newest month, and their breaches too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dagster_project.reference import load_reference
from dagster_project.settings import Settings
from dagster_project.site.look_first import look_first
from dagster_project.site.overview import crossed_section, latest_crossed
from dagster_project.site.reading import CouncilData, opened
from dagster_project.site.unit_page import page_of_unit

MAY, JUNE = date(2024, 5, 1), date(2024, 6, 1)
BANDS = """
create table caseload_bands as
select
    'northshire' as council, unit, unit as unit_name, level, month, last_day(month) as as_at, 'rows' as grain,
    cases as open_cases, fte as fte_social_workers, cast(cases / fte as decimal(9, 4)) as average_caseload,
    cast(round(cases / fte) as integer) as average_caseload_rounded, null::decimal(9, 2) as target_caseload,
    null::varchar as band_label, null::varchar as severity
from (
    values
        ('all', 'council', date '2024-05-01', 60, 3.00), ('all', 'council', date '2024-06-01', 63, 3.00),
        ('east', 'team', date '2024-05-01', 40, 1.00), ('east', 'team', date '2024-06-01', null, null),
        ('closed', 'team', date '2024-05-01', 20, 2.00)
) as sent (unit, level, month, cases, fte)
"""
BREACHES = """
create table threshold_breaches as
select
    'northshire' as council, unit, 'average_caseload' as metric, date '2024-05-01' as month, 40.0000 as value,
    40 as rounded_value, 20.50 as target, 'too high' as band_label, 'breach' as severity, 'new' as state,
    date '2024-05-01' as since_month, 1 as months_in_breach, null::bigint as worker_key
from (values ('east'), ('closed')) as crossed (unit)
"""


@pytest.fixture
def data(tmp_path: Path) -> Iterator[CouncilData]:
    """May in full; of June the council's total alone, and a team that is in force no more."""
    file = tmp_path / "marts.duckdb"
    with duckdb.connect(str(file)) as marts:
        marts.execute(BANDS)
        marts.execute(BREACHES)
    with opened(file) as tier:
        yield CouncilData(tier, load_reference(Settings(home=tmp_path)), "northshire")


def test_a_team_of_which_the_latest_month_is_silent_stands_with_its_newest(data: CouncilData) -> None:
    assert (data.month, data.month_of("all"), data.month_of("east")) == (JUNE, JUNE, MAY)
    page = page_of_unit(data, data.units["east"], "internal")
    now = page.sections[0]
    assert page.lead == "May 2024, as at 31 May 2024."
    assert "No cases of east are known for June 2024" in now.about
    assert dict(now.facts)["Open cases"].text == "40"


def test_its_breach_is_where_a_manager_looks_first_but_that_of_a_closed_team_is_not(
    data: CouncilData,
) -> None:
    assert [row["unit"] for row in latest_crossed(data)] == ["east"]
    (look,) = look_first(data, "northshire/index.html", latest_crossed(data)).tables
    assert [cell.text for cell in look.rows[0]][3] == "May 2024, 1 month; known to May 2024"
    assert "or in the newest month that tells of them" in look.caption
    (crossed,) = crossed_section(data, "northshire/index.html").tables
    assert [heading.text for heading in crossed.headings][:3] == ["Unit", "Measure", "Month"]


def test_its_parts_stand_beside_those_of_the_month_before_only_where_there_is_one(data: CouncilData) -> None:
    council = page_of_unit(data, data.units["all"], "internal")
    change = next(section for section in council.sections if section.key == "change")
    (then,) = change.tables
    assert [cell.text for cell in then.rows[0]] == ["Open cases", "60", "63", "+3"]
    team = page_of_unit(data, data.units["east"], "internal")
    assert "change" not in [section.key for section in team.sections]
