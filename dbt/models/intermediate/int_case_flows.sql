{#- Contracts and printed figures count over spans of their own, by the day and longer than a year back: what they count
    is kept here, so that no build reads the rows of those months again. -#}
with due as (
    {{ months_due() }}
),

units_asked_of as (
    select
        council,
        unit
    from {{ ref('managed_contracts') }}

    union

    select
        council,
        unit
    from {{ ref('report_figure_measures') }}

    union

    select
        council,
        unit
    from {{ ref('report_readings') }}
),

units_counted as (
    select distinct
        tree.council,
        tree.descendant as unit
    from units_asked_of
    inner join {{ ref('int_unit_tree') }} as tree
        on
            units_asked_of.council = tree.council
            and units_asked_of.unit = tree.unit
),

cases as (
    select
        cases.council,
        cases.month,
        cases.as_at,
        cases.unit,
        cases.opened_on,
        cases.closed_on,
        cases.closure_outcome,
        cases.is_open_at_end
    from {{ ref('stg_caseload') }} as cases
    inner join due
        on
            cases.council = due.council
            and cases.month = due.month
    inner join units_counted
        on
            cases.council = units_counted.council
            and cases.unit = units_counted.unit
),

-- Each counted in its own month's delivery: a case that stays open is received once.
events as (
    select council, month, as_at, unit, opened_on as day, 1 as received, 0 as closed, 0 as transferred, 0 as open_at_end
    from cases
    where opened_on >= month

    union all

    select council, month, as_at, unit, closed_on as day, 0 as received, 1 as closed, 0 as transferred, 0 as open_at_end
    from cases
    where closed_on <= as_at and closure_outcome in ('closed', 'stepped_down')

    union all

    select council, month, as_at, unit, closed_on as day, 0 as received, 0 as closed, 1 as transferred, 0 as open_at_end
    from cases
    where closed_on <= as_at and closure_outcome = 'transferred'

    union all

    -- Whoever counts over a span in which nothing happened finds noughts, where cases were told at all.
    select
        council,
        month,
        as_at,
        unit,
        as_at as day,
        0 as received,
        0 as closed,
        0 as transferred,
        case when is_open_at_end then 1 else 0 end as open_at_end
    from cases
)

select
    council,
    month,
    as_at,
    unit,
    day,
    cast(sum(received) as bigint) as received,
    cast(sum(closed) as bigint) as closed,
    cast(sum(transferred) as bigint) as transferred,
    cast(sum(open_at_end) as bigint) as open_at_end
from events
group by council, month, as_at, unit, day
