"""The rows of made-up councils as queries, each over any number of councils and months. Writes nothing.

They read the tables `councils` (council), `months` (i, first_day, last_day) and `teams` (n, team), and `cases` and
`holders`, which CASES and HOLDERS make of them. The same rows on every machine and thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

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


def slug(council: int) -> str:
    return f"made_{council:03}"


def title(unit: str) -> str:
    return unit.replace("_", " ").capitalize()


def prepare(connection: duckdb.DuckDBPyConnection, months: int) -> None:
    """The tables that the queries read, of `months` months up to LAST_MONTH, but for those of councils."""
    connection.execute(MACROS)
    connection.execute(
        "create table months as select i, cast(date_trunc('month', ?::date) - to_months(i) as date) as first_day, "
        "last_day(date_trunc('month', ?::date) - to_months(i)) as last_day from range(?) as t(i)",
        [LAST_MONTH, LAST_MONTH, months],
    )
    teams = ", ".join(f"({index}, '{title(team)}')" for index, team in enumerate(TEAM_NAMES))
    connection.execute(f"create table teams as select * from (values {teams}) as t(n, team)")


def choose(connection: duckdb.DuckDBPyConnection, councils: Sequence[int]) -> None:
    """From here on the queries are of these councils."""
    listed = ", ".join(f"({council}, '{slug(council)}')" for council in councils)
    connection.execute(
        f"create or replace table councils as select * from (values {listed}) as t(council, slug)"
    )


# A number from 0 to `most` - 1 that depends on nothing but its arguments, on any machine and thread.
MACROS = """
create macro chance(council, thing, number, most) as
    cast(('0x' || left(md5(concat_ws('/', council, thing, number)), 8)) as bigint) % most;
"""

# Known only where rows go straight into an archive: `bench.archive` puts them in.
KEYS_OF_A_CASE = "cast(null as bigint) as child_key, cast(null as bigint) as family_key"
KEYS_OF_A_HOLDER = "cast(null as bigint) as worker_key, cast(null as bigint) as registration_key"

# Case n of a council opens OPENED_IN_A_MONTH to a month, the first ones LONGEST_CASE months before the first month.
CASES = f"""
select
    n,
    council,
    n - case when chance(council, 'two', n, 20) = 0 then 1 else 0 end as child,
    n // 2 as family,
    concat('P', council, '-', child) as child_id,
    concat('F', council, '-', family) as family_id,
    {KEYS_OF_A_CASE},
    chance(council, 'team', n, {len(TEAM_NAMES)}) as team,
    chance(council, 'worker', n, {WORKERS_IN_A_TEAM}) as worker,
    chance(council, 'unallocated', n, 25) = 0 as is_unallocated,
    opened_on,
    opened_on + cast(20 + chance(council, 'days', n, {LONGEST_CASE * 22}) as integer) as closed_on,
    chance(council, 'wait', n, 9) as days_to_allocation,
    chance(council, 'type', n, 10) as type_number,
    chance(council, 'outcome', n, 8) as outcome_number
from (
    select
        council,
        n,
        cast(
            cast(
                date '{LAST_MONTH.isoformat()}'
                - to_months($months - 1 + {LONGEST_CASE} - n // {OPENED_IN_A_MONTH}) as date
            )
            + cast(chance(council, 'day', n, 28) as integer) as date
        ) as opened_on
    from councils cross join range(($months + {LONGEST_CASE}) * {OPENED_IN_A_MONTH}) as t(n)
)
"""

# Each chair of a team is held by one worker after another, for 10 to 49 months each.
HOLDERS = f"""
select
    council,
    team,
    chair,
    number,
    concat('W', council, '-', team, '-', chair, '-', number) as worker_id,
    concat('SW', lpad(cast(council * 1000000 + team * 10000 + chair * 100 + number as varchar), 10, '0'))
        as registration_no,
    {KEYS_OF_A_HOLDER},
    chance(council, 'agency', team * 10000 + chair * 100 + number, 10) = 0 as is_agency,
    cast(started_on as date) as started_on,
    cast(lead(started_on) over (partition by council, team, chair order by number) as date) - 1 as ended_on
from (
    select
        council,
        team,
        chair,
        number,
        date '{SINCE.isoformat()}' + to_months(cast(sum(
            10 + chance(council, 'stay', team * 10000 + chair * 100 + number, 40)
        ) over (partition by council, team, chair order by number) as integer) - 40) as started_on
    from councils, range({len(TEAM_NAMES)}) as t(team), range({WORKERS_IN_A_TEAM}) as c(chair), range(24) as h(number)
)
"""

EXTRACTS = {
    "caseload": """
select
    concat('C', c.council, '-', c.n) as case_id,
    c.child_id,
    c.family_id,
    case
        when c.team < 3 then 'assessment'
        when c.team >= 7 then if(c.type_number < 8, 'child_looked_after', 'care_leaver')
        when c.type_number < 6 then 'child_in_need'
        when c.type_number < 9 then 'child_protection'
        else 'disability'
    end as case_type,
    t.team,
    if(c.is_unallocated, null, h.worker_id) as worker_id,
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
    c.child_key,
    c.family_key,
    if(c.is_unallocated, null, h.worker_key) as worker_key,
    c.council,
    m.first_day as month
from cases as c
inner join months as m on c.opened_on <= m.last_day and c.closed_on >= m.first_day
inner join teams as t on c.team = t.n
left join holders as h on c.council = h.council and c.team = h.team and c.worker = h.chair
    and h.started_on <= m.last_day and coalesce(h.ended_on, date '9999-12-31') >= m.last_day
""",
    "workforce": """
select
    h.worker_id,
    concat('B', h.council, '-', h.team, '-', h.chair) as post_id,
    t.team,
    if(h.chair = 0, 'team_manager', if(h.chair < 3, 'advanced_practitioner', 'social_worker')) as role,
    if(h.is_agency, 'agency', 'permanent') as employment,
    if((h.chair + h.number) % 5 = 0, '0.6', '1.0') as fte,
    h.started_on,
    if(h.ended_on <= m.last_day, h.ended_on, null) as ended_on,
    if(h.ended_on <= m.last_day, if(h.is_agency, 'end_of_contract', 'resignation'), null) as leaving_reason,
    h.started_on - cast(90 + 400 * ((h.chair + h.team + h.number) % 9) as integer) as qualified_on,
    h.registration_no,
    if(m.last_day - h.started_on < 300 and (h.chair + h.team + h.number) % 9 = 0, 'true', 'false') as asye,
    cast(chance(h.council, 'sick', h.team * 100 + h.chair + m.i * 1000, 12) // 9 * 2 as varchar) as sickness_days,
    if(chance(h.council, 'absent', h.team * 100 + h.chair + m.i * 1000, 40) = 0, 'sickness', null)
        as absent_at_month_end,
    h.worker_key,
    h.registration_key,
    h.council,
    m.first_day as month
from holders as h
inner join months as m on h.started_on <= m.last_day and coalesce(h.ended_on, date '9999-12-31') >= m.first_day
inner join teams as t on h.team = t.n
""",
    "posts": """
select
    concat('B', h.council, '-', h.team, '-', h.chair) as post_id,
    t.team,
    if(h.chair = 0, 'team_manager', if(h.chair < 3, 'advanced_practitioner', 'social_worker')) as role,
    '1.0' as fte,
    if(h.chair = 14, 'true', 'false') as newly_created,
    date '2009-04-01' as created_on,
    null as funded_until,
    case when (h.chair + h.number) % 5 = 0 then '0.4' when h.is_agency then '1.0' else '0.0' end as vacant_fte,
    h.council,
    m.first_day as month
from holders as h
inner join months as m on h.started_on <= m.last_day and coalesce(h.ended_on, date '9999-12-31') >= m.last_day
inner join teams as t on h.team = t.n
qualify row_number() over (partition by h.council, h.team, h.chair, m.i order by h.number desc) = 1
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
    c.council,
    m.first_day as month
from months as m
cross join teams as t
cross join councils as c
where chance(c.council, 'offer', m.i * 100 + t.n, 3) = 0
""",
    "agency_spend": """
select
    concat('L', h.council, '-', m.i, '-', h.team, '-', h.chair, '-', w.week) as line_id,
    t.team,
    'social_worker' as role,
    h.worker_id,
    concat('Agency ', h.chair % 4) as supplier,
    null as contract_id,
    m.first_day + cast(6 + 7 * w.week as integer) as week_ending,
    '37' as hours,
    cast(cast(3500 + chance(h.council, 'rate', h.team * 100 + h.chair, 1500) as decimal(18, 2)) / 100 as decimal(18, 2))
        as hourly_rate_gbp,
    cast(
        cast(3500 + chance(h.council, 'rate', h.team * 100 + h.chair, 1500) as decimal(18, 2)) * 37 / 100
        as decimal(18, 2)
    ) as amount_gbp,
    'pay' as cost_type,
    h.worker_key,
    h.council,
    m.first_day as month
from holders as h
inner join months as m on h.started_on <= m.last_day and coalesce(h.ended_on, date '9999-12-31') >= m.last_day
inner join teams as t on h.team = t.n
cross join range(4) as w(week)
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
    c.council,
    m.first_day as month
from months as m
cross join range(240) as k(n)
cross join councils as c
""",
    "assessments": """
select
    concat('A', c.council, '-', c.n) as assessment_id,
    concat('C', c.council, '-', c.n) as case_id,
    t.team,
    c.opened_on as started_on,
    c.opened_on + cast(15 + chance(c.council, 'assessed', c.n, 60) as integer) as completed_on,
    c.council,
    m.first_day as month
from cases as c
inner join months as m
    on c.opened_on + cast(15 + chance(c.council, 'assessed', c.n, 60) as integer) between m.first_day and m.last_day
inner join teams as t on c.team = t.n
where c.team < 3
""",
}
