"""Made-up councils of any number and any length of history, in the canonical form, the same bytes on every run.

`python -m bench.extracts HOME --councils 153 --months 120` lands them and registers them in HOME's own reference data.
One set-based query an extract and council: 51 million rows of cases are written in minutes.

A council has ten teams in three services, 150 social workers, and about 2,800 rows of cases a month; workers leave and
are followed by others, one in ten is from an agency, one case in 25 is unallocated, one child in 20 has two cases.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeAlias

import duckdb

LAST_MONTH = date(2026, 6, 1)
TEAMS = (
    ("assessment", ("assessment_north", "assessment_east", "assessment_south")),
    ("long_term", ("long_term_north", "long_term_east", "long_term_south", "long_term_west")),
    ("looked_after", ("looked_after_north", "looked_after_south", "leaving_care")),
)
TEAM_NAMES = tuple(team for _, teams in TEAMS for team in teams)
WORKERS_IN_A_TEAM = 15
OPENED_IN_A_MONTH = 270
LONGEST_CASE = 24
SINCE = date(2009, 4, 1)

Row: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Size:
    """How many councils and months of one case of the benchmark."""

    name: str
    councils: int
    months: int

    def __str__(self) -> str:
        return f"{self.name} ({self.councils} x {self.months})"


SIZES = {
    size.name: size
    for size in (Size("month", 1, 1), Size("S", 1, 12), Size("M", 153, 12), Size("L", 153, 120))
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.extracts", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--councils", type=int, default=1)
    parser.add_argument("--months", type=int, default=12)
    given = parser.parse_args()
    register(given.home, given.councils)
    land(given.home, given.councils, given.months)


def slug(council: int) -> str:
    return f"made_{council:03}"


def register(home: Path, councils: int) -> None:
    """The councils, their units and their standard costs as rows of the installation's own reference data."""
    folder = home / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    since = SINCE.isoformat()
    _write(
        folder / "councils.csv",
        "council,name,ons_code,former_ons_codes,dfe_code,region_code,standard_hours_per_week",
        (
            (slug(n), f"Made {n}", f"E{99000000 + n}", "", str(5000 + n), f"E1200000{1 + n % 9}", "37")
            for n in range(councils)
        ),
    )
    _write(
        folder / "org_units.csv",
        "council,unit,name,level,parent_unit,service_area,frontline,valid_from,valid_to",
        (unit for n in range(councils) for unit in _units(slug(n), since)),
    )
    _write(
        folder / "unit_costs.csv",
        "council,role,grade,is_default,annual_cost_gbp,set_up_cost_gbp,includes_on_costs,valid_from,valid_to,source",
        (
            (slug(n), "social_worker", "", "true", f"{43000 + n}.00", "1100.00", "true", since, "", "made up")
            for n in range(councils)
        ),
    )


def _units(council: str, since: str) -> Iterator[Row]:
    yield council, council, council.replace("_", " ").title(), "council", "", "other", "false", since, ""
    yield council, "frontline", "Frontline", "division", council, "other", "true", since, ""
    for service, teams in TEAMS:
        area = "assessment" if service == "assessment" else "other"
        yield council, service, _title(service), "service", "frontline", area, "true", since, ""
        for team in teams:
            yield council, team, _title(team), "team", service, area, "true", since, ""


def _title(unit: str) -> str:
    return unit.replace("_", " ").capitalize()


def _write(path: Path, header: str, rows: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def land(home: Path, councils: int, months: int, *, first_council: int = 0, only_last: bool = False) -> None:
    """The extracts of `months` months up to LAST_MONTH in landing, or of the last of them alone."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("set threads = 1")
        connection.execute(MACROS)
        connection.execute(
            "create table months as select i, cast(date_trunc('month', ?::date) - to_months(i) as date) as first_day, "
            "last_day(date_trunc('month', ?::date) - to_months(i)) as last_day from range(?) as t(i)",
            [LAST_MONTH, LAST_MONTH, 1 if only_last else months],
        )
        teams = ", ".join(f"({index}, '{_title(team)}')" for index, team in enumerate(TEAM_NAMES))
        connection.execute(f"create table teams as select * from (values {teams}) as t(n, team)")
        for council in range(first_council, first_council + councils):
            connection.execute(
                "create or replace temp table cases as " + CASES, {"council": council, "months": months}
            )
            connection.execute("create or replace temp table holders as " + HOLDERS, {"council": council})
            for extract, query in EXTRACTS.items():
                _land_extract(connection, home / "landing" / slug(council), extract, query)


def _land_extract(connection: duckdb.DuckDBPyConnection, folder: Path, extract: str, query: str) -> None:
    """One query writes all months of an extract, each into its folder under its name."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f".{extract}"
    connection.execute(
        f"copy (select * from ({query}) order by 1, 2) to '{made}' "
        "(format csv, header, partition_by (folder), overwrite_or_ignore, date_format '%Y-%m-%d')"
    )
    for part in sorted(made.iterdir()):
        (file,) = part.iterdir()
        month = folder / part.name.removeprefix("folder=")
        month.mkdir(exist_ok=True)
        file.rename(month / f"{extract}.csv")
        part.rmdir()
    made.rmdir()


# A number from 0 to `most` - 1 that depends on nothing but its arguments, on any machine and thread.
MACROS = """
create macro chance(council, thing, number, most) as
    cast(('0x' || left(md5(concat_ws('/', council, thing, number)), 8)) as bigint) % most;
"""

# Case n of a council opens OPENED_IN_A_MONTH to a month, the first ones LONGEST_CASE months before the first month.
CASES = f"""
select
    n,
    $council as council,
    n - case when chance($council, 'two', n, 20) = 0 then 1 else 0 end as child,
    n // 2 as family,
    chance($council, 'team', n, {len(TEAM_NAMES)}) as team,
    chance($council, 'worker', n, {WORKERS_IN_A_TEAM}) as worker,
    chance($council, 'unallocated', n, 25) = 0 as is_unallocated,
    opened_on,
    opened_on + cast(20 + chance($council, 'days', n, {LONGEST_CASE * 22}) as integer) as closed_on,
    chance($council, 'wait', n, 9) as days_to_allocation,
    chance($council, 'type', n, 10) as type_number,
    chance($council, 'outcome', n, 8) as outcome_number
from (
    select
        n,
        cast(
            cast(
                date '{LAST_MONTH.isoformat()}'
                - to_months($months - 1 + {LONGEST_CASE} - n // {OPENED_IN_A_MONTH}) as date
            )
            + cast(chance($council, 'day', n, 28) as integer) as date
        ) as opened_on
    from range(($months + {LONGEST_CASE}) * {OPENED_IN_A_MONTH}) as t(n)
)
"""

# Each chair of a team is held by one worker after another, for 10 to 49 months each.
HOLDERS = f"""
select
    team,
    chair,
    number,
    chance($council, 'agency', team * 10000 + chair * 100 + number, 10) = 0 as is_agency,
    cast(started_on as date) as started_on,
    cast(lead(started_on) over (partition by team, chair order by number) as date) - 1 as ended_on
from (
    select
        team,
        chair,
        number,
        date '{SINCE.isoformat()}' + to_months(cast(sum(
            10 + chance($council, 'stay', team * 10000 + chair * 100 + number, 40)
        ) over (partition by team, chair order by number) as integer) - 40) as started_on
    from range({len(TEAM_NAMES)}) as t(team), range({WORKERS_IN_A_TEAM}) as c(chair), range(24) as h(number)
)
"""

EXTRACTS = {
    "caseload": """
select
    concat('C', c.council, '-', c.n) as case_id,
    concat('P', c.council, '-', c.child) as child_id,
    concat('F', c.council, '-', c.family) as family_id,
    case
        when c.team < 3 then 'assessment'
        when c.team >= 7 then if(c.type_number < 8, 'child_looked_after', 'care_leaver')
        when c.type_number < 6 then 'child_in_need'
        when c.type_number < 9 then 'child_protection'
        else 'disability'
    end as case_type,
    t.team,
    if(c.is_unallocated, null, concat('W', c.council, '-', c.team, '-', c.worker, '-', h.number)) as worker_id,
    c.opened_on,
    if(
        c.is_unallocated,
        null,
        least(greatest(c.opened_on + cast(c.days_to_allocation as integer), h.started_on), m.last_day)
    ) as allocated_on,
    if(c.closed_on <= m.last_day, c.closed_on, null) as closed_on,
    if(c.closed_on <= m.last_day, if(c.outcome_number = 0, 'stepped_down', 'closed'), null) as closure_outcome,
    null as transferred_to,
    if(c.team between 3 and 6, c.opened_on, null) as plan_started_on,
    if(c.team between 3 and 6 and c.closed_on <= m.last_day, c.closed_on, null) as plan_ended_on,
    strftime(m.first_day, '%Y-%m') as folder
from cases as c
inner join months as m on c.opened_on <= m.last_day and c.closed_on >= m.first_day
inner join teams as t on c.team = t.n
left join holders as h on c.team = h.team and c.worker = h.chair
    and h.started_on <= m.last_day and (h.ended_on is null or h.ended_on >= m.last_day)
""",
    "workforce": """
select
    concat('W', c.council, '-', h.team, '-', h.chair, '-', h.number) as worker_id,
    concat('B', c.council, '-', h.team, '-', h.chair) as post_id,
    t.team,
    if(h.chair = 0, 'team_manager', if(h.chair < 3, 'advanced_practitioner', 'social_worker')) as role,
    if(h.is_agency, 'agency', 'permanent') as employment,
    if((h.chair + h.number) % 5 = 0, '0.6', '1.0') as fte,
    h.started_on,
    if(h.ended_on <= m.last_day, h.ended_on, null) as ended_on,
    if(h.ended_on <= m.last_day, if(h.is_agency, 'end_of_contract', 'resignation'), null) as leaving_reason,
    h.started_on - cast(90 + 400 * ((h.chair + h.team + h.number) % 9) as integer) as qualified_on,
    concat('SW', lpad(cast(c.council * 1000000 + h.team * 10000 + h.chair * 100 + h.number as varchar), 10, '0'))
        as registration_no,
    if(m.last_day - h.started_on < 300 and (h.chair + h.team + h.number) % 9 = 0, 'true', 'false') as asye,
    cast(chance(c.council, 'sick', h.team * 100 + h.chair + m.i * 1000, 12) // 9 * 2 as varchar) as sickness_days,
    if(chance(c.council, 'absent', h.team * 100 + h.chair + m.i * 1000, 40) = 0, 'sickness', null)
        as absent_at_month_end,
    strftime(m.first_day, '%Y-%m') as folder
from holders as h
inner join months as m on h.started_on <= m.last_day and (h.ended_on is null or h.ended_on >= m.first_day)
inner join teams as t on h.team = t.n
cross join (select any_value(council) as council from cases) as c
""",
    "posts": """
select
    concat('B', c.council, '-', h.team, '-', h.chair) as post_id,
    t.team,
    if(h.chair = 0, 'team_manager', if(h.chair < 3, 'advanced_practitioner', 'social_worker')) as role,
    '1.0' as fte,
    if(h.chair = 14, 'true', 'false') as newly_created,
    date '2009-04-01' as created_on,
    null as funded_until,
    case when (h.chair + h.number) % 5 = 0 then '0.4' when h.is_agency then '1.0' else '0.0' end as vacant_fte,
    strftime(m.first_day, '%Y-%m') as folder
from holders as h
inner join months as m on h.started_on <= m.last_day and (h.ended_on is null or h.ended_on >= m.last_day)
inner join teams as t on h.team = t.n
cross join (select any_value(council) as council from cases) as c
qualify row_number() over (partition by h.team, h.chair, m.i order by h.number desc) = 1
""",
    "offers": """
select
    concat('O', c.council, '-', m.i, '-', t.n) as offer_id,
    t.team,
    'social_worker' as role,
    'permanent' as employment,
    '1.0' as fte,
    m.first_day + 3 as accepted_on,
    m.last_day + cast(10 + chance(c.council, 'start', m.i * 100 + t.n, 80) as integer) as expected_start_on,
    strftime(m.first_day, '%Y-%m') as folder
from months as m
cross join teams as t
cross join (select any_value(council) as council from cases) as c
where chance(c.council, 'offer', m.i * 100 + t.n, 3) = 0
""",
    "agency_spend": """
select
    concat('L', c.council, '-', m.i, '-', h.team, '-', h.chair, '-', w.week) as line_id,
    t.team,
    'social_worker' as role,
    concat('W', c.council, '-', h.team, '-', h.chair, '-', h.number) as worker_id,
    concat('Agency ', h.chair % 4) as supplier,
    null as contract_id,
    m.first_day + cast(6 + 7 * w.week as integer) as week_ending,
    '37' as hours,
    cast(cast(3500 + chance(c.council, 'rate', h.team * 100 + h.chair, 1500) as decimal(18, 2)) / 100 as decimal(18, 2))
        as hourly_rate_gbp,
    cast(
        cast(3500 + chance(c.council, 'rate', h.team * 100 + h.chair, 1500) as decimal(18, 2)) * 37 / 100
        as decimal(18, 2)
    ) as amount_gbp,
    'pay' as cost_type,
    strftime(m.first_day, '%Y-%m') as folder
from holders as h
inner join months as m on h.started_on <= m.last_day and (h.ended_on is null or h.ended_on >= m.last_day)
inner join teams as t on h.team = t.n
cross join range(4) as w(week)
cross join (select any_value(council) as council from cases) as c
where h.is_agency
""",
    "contacts": """
select
    concat('K', c.council, '-', m.i, '-', k.n) as contact_id,
    m.first_day + cast(k.n % 28 as integer) as received_on,
    if(k.n % 3 = 0, 'school', 'police') as source,
    case chance(c.council, 'contact', m.i * 1000 + k.n, 4)
        when 0 then 'referral' when 1 then 'early_help' when 2 then 'advice' else 'no_further_action'
    end as outcome,
    if(chance(c.council, 'contact', m.i * 1000 + k.n, 4) = 0, concat('R', c.council, '-', m.i, '-', k.n), null)
        as referral_id,
    if(chance(c.council, 'again', m.i * 1000 + k.n, 5) = 0, 'true', 'false') as is_re_referral,
    strftime(m.first_day, '%Y-%m') as folder
from months as m
cross join range(240) as k(n)
cross join (select any_value(council) as council from cases) as c
""",
    "assessments": """
select
    concat('A', c.council, '-', c.n) as assessment_id,
    concat('C', c.council, '-', c.n) as case_id,
    t.team,
    c.opened_on as started_on,
    c.opened_on + cast(15 + chance(c.council, 'assessed', c.n, 60) as integer) as completed_on,
    strftime(m.first_day, '%Y-%m') as folder
from cases as c
inner join months as m
    on c.opened_on + cast(15 + chance(c.council, 'assessed', c.n, 60) as integer) between m.first_day and m.last_day
inner join teams as t on c.team = t.n
where c.team < 3
""",
}


if __name__ == "__main__":
    main()
