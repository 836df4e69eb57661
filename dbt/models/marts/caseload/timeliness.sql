{%- set keys = ['council', 'month', 'unit'] -%}
with due as (
    {{ months_due() }}
),

whole_years as (
    {{ whole_years_due('caseload') }}
),

tree as (
    select * from {{ ref('int_unit_tree') }}
),

-- Few spans of days, each of many cases: those of a team are counted before the units above it are.
allocations_of_teams as (
    select
        cases.council,
        cases.month,
        cases.unit,
        {{ days_between('cases.opened_on', 'cases.allocated_on') }} as days,
        count(*) as cases
    from {{ ref('stg_caseload') }} as cases
    inner join due
        on
            cases.council = due.council
            and cases.month = due.month
    where cases.opened_on >= cases.month and cases.allocated_on <= cases.as_at
    group by
        cases.council, cases.month, cases.unit, {{ days_between('cases.opened_on', 'cases.allocated_on') }}
),

allocations as (
    select
        allocations_of_teams.council,
        allocations_of_teams.month,
        tree.unit,
        allocations_of_teams.days,
        sum(allocations_of_teams.cases) as cases
    from allocations_of_teams
    inner join tree
        on
            allocations_of_teams.council = tree.council
            and allocations_of_teams.unit = tree.descendant
    group by allocations_of_teams.council, allocations_of_teams.month, tree.unit, allocations_of_teams.days
),

median_days_to_allocation as (
    {{ medians('allocations', keys, 'days', 'cases') | indent(4) }}
),

cases_allocated as (
    select
        council,
        month,
        unit,
        sum(cases) as cases
    from allocations
    group by council, month, unit
),

-- Unknown where one of the two days lies outside the years of which the bank holidays are known.
assessments_of_teams as (
    select
        assessments.council,
        assessments.month,
        assessments.unit,
        completed.working_days_so_far - started.working_days_so_far as working_days,
        count(*) as assessments
    from {{ ref('stg_assessments') }} as assessments
    inner join due
        on
            assessments.council = due.council
            and assessments.month = due.month
    left join {{ ref('int_working_days') }} as started
        on assessments.started_on = started.day
    left join {{ ref('int_working_days') }} as completed
        on assessments.completed_on = completed.day
    group by
        assessments.council, assessments.month, assessments.unit,
        completed.working_days_so_far - started.working_days_so_far
),

assessments as (
    select
        assessments_of_teams.council,
        assessments_of_teams.month,
        tree.unit,
        assessments_of_teams.working_days,
        sum(assessments_of_teams.assessments) as assessments
    from assessments_of_teams
    inner join tree
        on
            assessments_of_teams.council = tree.council
            and assessments_of_teams.unit = tree.descendant
    group by
        assessments_of_teams.council, assessments_of_teams.month, tree.unit, assessments_of_teams.working_days
),

median_working_days as (
    {{ medians('assessments', keys, 'working_days', 'assessments') | indent(4) }}
),

assessments_completed as (
    select
        assessments.council,
        assessments.month,
        assessments.unit,
        sum(assessments.assessments) as assessments,
        sum(case when assessments.working_days <= limits.working_days then assessments.assessments else 0 end)
            as in_time,
        sum(case when assessments.working_days is null then assessments.assessments else 0 end) as of_unknown_length
    from assessments
    left join {{ ref('time_limits') }} as limits
        on limits.measure = 'assessment'
    group by assessments.council, assessments.month, assessments.unit
),

visits_of_teams as (
    select
        visits.council,
        visits.month,
        visits.unit,
        count(*) as due,
        sum(case when visits.seen_on <= visits.due_on then 1 else 0 end) as in_time
    from {{ ref('stg_visits') }} as visits
    inner join due
        on
            visits.council = due.council
            and visits.month = due.month
    group by visits.council, visits.month, visits.unit
),

strategy_meetings_of_teams as (
    select
        meetings.council,
        meetings.month,
        meetings.unit,
        count(*) as due,
        sum(case when meetings.held_on <= meetings.due_on then 1 else 0 end) as in_time
    from {{ ref('stg_strategy_meetings') }} as meetings
    inner join due
        on
            meetings.council = due.council
            and meetings.month = due.month
    where meetings.due_on is not null
    group by meetings.council, meetings.month, meetings.unit
),
{% for what in ['visits', 'strategy_meetings'] %}
{{ what }} as (
    select
        of_teams.council,
        of_teams.month,
        tree.unit,
        sum(of_teams.due) as due,
        sum(of_teams.in_time) as in_time
    from {{ what }}_of_teams as of_teams
    inner join tree
        on
            of_teams.council = tree.council
            and of_teams.unit = tree.descendant
    group by of_teams.council, of_teams.month, tree.unit
),
{% endfor %}
-- Counts are 0 where there is nothing, and everything is unknown where its extract was not delivered.
measured as (
    select
        units.council,
        units.unit,
        units.level,
        units.month,
        units.as_at,
        case when due.has_caseload then median_days_to_allocation.median end as median_days_to_allocation,
        case when due.has_caseload then coalesce(cases_allocated.cases, 0) end as cases_allocated,
        case when due.has_assessments then coalesce(assessments_completed.assessments, 0) end
            as assessments_completed,
        case
            when due.has_assessments and coalesce(assessments_completed.of_unknown_length, 0) = 0
                then coalesce(assessments_completed.in_time, 0)
        end as assessments_in_45_days,
        case
            when due.has_assessments and assessments_completed.of_unknown_length = 0 then median_working_days.median
        end as median_assessment_working_days,
        case when due.has_visits then coalesce(visits.due, 0) end as visits_due,
        case when due.has_visits then coalesce(visits.in_time, 0) end as visits_in_time,
        case when due.has_strategy_meetings then coalesce(strategy_meetings.due, 0) end as strategy_meetings_due,
        case when due.has_strategy_meetings then coalesce(strategy_meetings.in_time, 0) end
            as strategy_meetings_in_time,
        case when due.has_caseload then coalesce(children.open_children, 0) end as open_children,
        case when whole_years.month is not null then coalesce(children.workers_12m, 0) end as child_workers_12m
    from {{ ref('int_unit_months') }} as units
    inner join due
        on
            units.council = due.council
            and units.month = due.month
    left join whole_years
        on
            units.council = whole_years.council
            and units.month = whole_years.month
    {%- for part in [
        'median_days_to_allocation', 'cases_allocated', 'assessments_completed', 'median_working_days', 'visits',
        'strategy_meetings'
    ] %}
    left join {{ part }}
        on
            units.council = {{ part }}.council
            and units.month = {{ part }}.month
            and units.unit = {{ part }}.unit
    {%- endfor %}
    left join {{ ref('int_child_totals') }} as children
        on
            units.council = children.council
            and units.month = children.month
            and units.unit = children.unit
)

select
    council,
    unit,
    level,
    month,
    as_at,
    'rows' as grain,
    median_days_to_allocation,
    cast(cases_allocated as integer) as cases_allocated,
    cast(assessments_completed as integer) as assessments_completed,
    cast(assessments_in_45_days as integer) as assessments_in_45_days,
    {{ rate('assessments_in_45_days', 'assessments_completed') }} as assessments_in_45_days_rate,
    median_assessment_working_days,
    cast(visits_due as integer) as visits_due,
    cast(visits_in_time as integer) as visits_in_time,
    {{ rate('visits_in_time', 'visits_due') }} as visits_in_time_rate,
    cast(strategy_meetings_due as integer) as strategy_meetings_due,
    cast(strategy_meetings_in_time as integer) as strategy_meetings_in_time,
    {{ rate('strategy_meetings_in_time', 'strategy_meetings_due') }} as strategy_meetings_in_time_rate,
    cast(open_children as integer) as open_children,
    cast(child_workers_12m as integer) as child_workers_12m,
    {{ ratio_half_up('child_workers_12m', 'open_children', 2, 9) }} as workers_per_child_12m
from measured
