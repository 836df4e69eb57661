with due as (
    {{ months_due() }}
),

-- A leaver belongs to the month of the last day in post, that day included; agency workers leave nobody's employment.
held as (
    select
        held.council,
        held.month,
        held.unit,
        case when held.is_social_worker and held.employment <> 'agency' then 1 else 0 end as is_counted,
        held.fte,
        held.is_in_post,
        held.sickness_days,
        held.leaving_reason,
        (
            held.ended_on between held.month and held.as_at and held.leaving_reason <> 'internal_move'
        ) as is_leaver
    from {{ ref('stg_workforce') }} as held
    inner join due
        on
            held.council = due.council
            and held.month = due.month
),

rows_by_unit as (
    select
        council,
        month,
        unit,
        sum(case when is_counted = 1 and is_in_post then fte else 0 end) as in_post_fte,
        sum(case when is_counted = 1 and is_leaver then fte else 0 end) as leavers_fte,
        sum(
            case
                when is_counted = 1 and is_leaver and leaving_reason in ('resignation', 'retirement') then fte
                else 0
            end
        ) as voluntary_leavers_fte,
        sum(case when is_counted = 1 then sickness_days end) as sickness_days
    from held
    group by council, month, unit
),

rows_below as (
    select
        rows_by_unit.council,
        rows_by_unit.month,
        tree.unit,
        rows_by_unit.unit as part_unit,
        rows_by_unit.in_post_fte,
        rows_by_unit.leavers_fte,
        rows_by_unit.voluntary_leavers_fte,
        rows_by_unit.sickness_days
    from rows_by_unit
    inner join {{ ref('int_unit_tree') }} as tree
        on
            rows_by_unit.council = tree.council
            and rows_by_unit.unit = tree.descendant
),

units_with_rows as (
    select distinct
        council,
        month,
        unit
    from rows_below
),

-- Rows win over totals for the same unit and month.
told as (
    select totals.*
    from {{ ref('stg_workforce_summary') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
    left join units_with_rows
        on
            totals.council = units_with_rows.council
            and totals.month = units_with_rows.month
            and totals.unit = units_with_rows.unit
    where units_with_rows.unit is null
),

-- Who is there at the end is told by the month's total, and by the year's what that leaves out.
totals as (
    select
        council,
        month,
        unit,
        'now' as part,
        coalesce(
            max(case when financial_year is null then in_post_fte end),
            max(case when financial_year is not null then in_post_fte end)
        ) as in_post_fte,
        coalesce(
            max(case when financial_year is null then headcount end),
            max(case when financial_year is not null then headcount end)
        ) as headcount,
        cast(null as decimal(38, 15)) as leavers_fte,
        cast(null as decimal(38, 15)) as voluntary_leavers_fte,
        cast(null as decimal(38, 6)) as sickness_days,
        coalesce(
            max(case when financial_year is null then qualified_under_18_months end),
            max(case when financial_year is not null then qualified_under_18_months end)
        ) as qualified_under_18_months
    from told
    group by council, month, unit

    union all

    select
        council,
        month,
        unit,
        case when financial_year is null then 'month' else 'year' end as part,
        cast(null as decimal(38, 15)) as in_post_fte,
        cast(null as decimal(38, 0)) as headcount,
        leavers_fte,
        voluntary_leavers_fte,
        sickness_days,
        cast(null as decimal(38, 0)) as qualified_under_18_months
    from told
),

totals_below as (
    select
        totals.council,
        totals.month,
        tree.unit,
        totals.unit as counted_unit,
        totals.part,
        totals.in_post_fte,
        totals.headcount,
        totals.leavers_fte,
        totals.voluntary_leavers_fte,
        totals.sickness_days,
        totals.qualified_under_18_months
    from totals
    inner join {{ ref('int_unit_tree') }} as tree
        on
            totals.council = tree.council
            and totals.unit = tree.descendant
),

-- A service's own total already holds what its teams' totals say.
counted_higher_up as (
    {{ counted_higher_up('totals_below', ['month', 'part']) }}
)

select
    council,
    month,
    unit,
    part_unit,
    'rows' as part,
    cast(in_post_fte as decimal(38, 15)) as in_post_fte,
    cast(null as bigint) as headcount,
    cast(leavers_fte as decimal(38, 15)) as leavers_fte,
    cast(voluntary_leavers_fte as decimal(38, 15)) as voluntary_leavers_fte,
    cast(sickness_days as decimal(38, 6)) as sickness_days,
    cast(null as bigint) as qualified_under_18_months
from rows_below

union all

select
    totals_below.council,
    totals_below.month,
    totals_below.unit,
    totals_below.counted_unit as part_unit,
    totals_below.part,
    cast(totals_below.in_post_fte as decimal(38, 15)) as in_post_fte,
    cast(totals_below.headcount as bigint) as headcount,
    cast(totals_below.leavers_fte as decimal(38, 15)) as leavers_fte,
    cast(totals_below.voluntary_leavers_fte as decimal(38, 15)) as voluntary_leavers_fte,
    cast(totals_below.sickness_days as decimal(38, 6)) as sickness_days,
    cast(totals_below.qualified_under_18_months as bigint) as qualified_under_18_months
from totals_below
left join counted_higher_up
    on
        totals_below.council = counted_higher_up.council
        and totals_below.month = counted_higher_up.month
        and totals_below.unit = counted_higher_up.unit
        and totals_below.part = counted_higher_up.part
        and totals_below.counted_unit = counted_higher_up.counted_unit
where counted_higher_up.unit is null
