with due as (
    {{ months_due() }}
),

totals as (
    select
        totals.council,
        totals.month,
        totals.unit,
        totals.open_cases,
        totals.fte_social_workers,
        due.has_caseload
    from {{ ref('stg_caseload_summary') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
),

units_with_post_rows as (
    select distinct
        council,
        month,
        unit
    from {{ ref('int_post_totals') }}
    where post_rows > 0
),

-- Rows win over totals for the same unit and month, and cases and FTE are always of one grain: a team without cases
-- has rows where it has workers, but workers alone do not silence the totals of a council that sends no cases.
in_use as (
    select
        totals.council,
        totals.month,
        totals.unit,
        totals.open_cases,
        totals.fte_social_workers
    from totals
    left join {{ ref('int_case_totals') }} as case_rows
        on
            totals.council = case_rows.council
            and totals.month = case_rows.month
            and totals.unit = case_rows.unit
    left join units_with_post_rows
        on
            totals.council = units_with_post_rows.council
            and totals.month = units_with_post_rows.month
            and totals.unit = units_with_post_rows.unit
    where
        case_rows.unit is null
        and (units_with_post_rows.unit is null or not totals.has_caseload)
),

below as (
    select
        in_use.council,
        in_use.month,
        in_use.open_cases,
        in_use.fte_social_workers,
        in_use.unit as counted_unit,
        tree.unit
    from in_use
    inner join {{ ref('int_unit_tree') }} as tree
        on
            in_use.council = tree.council
            and in_use.unit = tree.descendant
),

-- A service's own total already holds what its teams' totals say.
counted_higher_up as (
    {{ counted_higher_up('below', ['month']) }}
)

select
    below.council,
    below.month,
    below.unit,
    cast(sum(below.open_cases) as decimal(38, 0)) as open_cases,
    cast(sum(below.fte_social_workers) as decimal(38, 15)) as fte_social_workers
from below
left join counted_higher_up
    on
        below.council = counted_higher_up.council
        and below.month = counted_higher_up.month
        and below.unit = counted_higher_up.unit
        and below.counted_unit = counted_higher_up.counted_unit
where counted_higher_up.unit is null
group by below.council, below.month, below.unit
