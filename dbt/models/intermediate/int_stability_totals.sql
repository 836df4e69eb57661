with due as (
    {{ months_due() }}
),

months_of_rows as (
    select
        due.council,
        due.month,
        scope.month as told_month
    from due
    inner join {{ source('run', 'build_scope') }} as scope
        on
            due.council = scope.council
            and scope.has_workforce
            and scope.month <= due.month
            and scope.month >= {{ months_away('due.month', -11) }}
),

numbers_of_rows as (
    select
        council,
        month,
        count(*) as months
    from months_of_rows
    group by council, month
),

parts as (
    select * from {{ ref('int_stability_parts') }}
),

now_in_post as (
    select
        parts.council,
        parts.month,
        parts.unit,
        sum(case when parts.part = 'rows' then parts.in_post_fte end) as rows_in_post_fte,
        {%- for measure in ['in_post_fte', 'headcount', 'qualified_under_18_months'] %}
        -- What one total leaves out is unknown, and with it the sum.
        case
            when
                sum(case when parts.part = 'now' then 1 else 0 end)
                = count(case when parts.part = 'now' then parts.{{ measure }} end)
                then coalesce(sum(case when parts.part = 'now' then parts.{{ measure }} end), 0)
        end as totals_{{ measure }},
        {%- endfor %}
        max(case when parts.part = 'rows' then 1 else 0 end) as has_rows,
        max(case when parts.part = 'rows' then 0 else 1 end) as has_totals
    from parts
    inner join due
        on
            parts.council = due.council
            and parts.month = due.month
    group by parts.council, parts.month, parts.unit
),

-- The total of a year stands for its twelve months, whatever else was delivered of them. What a total leaves out is
-- unknown, and with it the sum.
years as (
    select
        parts.council,
        parts.month,
        parts.unit,
        case when count(*) = count(parts.leavers_fte) then sum(parts.leavers_fte) end as leavers_fte,
        case
            when count(*) = count(parts.voluntary_leavers_fte) then sum(parts.voluntary_leavers_fte)
        end as voluntary_leavers_fte,
        case when count(*) = count(parts.sickness_days) then sum(parts.sickness_days) end as sickness_days
    from parts
    inner join due
        on
            parts.council = due.council
            and parts.month = due.month
    where parts.part = 'year'
    group by parts.council, parts.month, parts.unit
),

covered_by_years as (
    select distinct
        parts.council,
        parts.month,
        parts.unit,
        tree.descendant as part_unit
    from parts
    inner join {{ ref('int_unit_tree') }} as tree
        on
            parts.council = tree.council
            and parts.part_unit = tree.unit
    where parts.part = 'year'
),

open_parts as (
    select
        due.council,
        due.month,
        parts.unit,
        parts.month as told_month,
        parts.part,
        parts.leavers_fte,
        parts.voluntary_leavers_fte,
        parts.sickness_days
    from due
    inner join parts
        on
            due.council = parts.council
            and parts.part in ('rows', 'month')
            and parts.month <= due.month
            and parts.month >= {{ months_away('due.month', -11) }}
    left join covered_by_years
        on
            due.council = covered_by_years.council
            and due.month = covered_by_years.month
            and parts.unit = covered_by_years.unit
            and parts.part_unit = covered_by_years.part_unit
    where covered_by_years.unit is null
),

twelve_months as (
    select
        council,
        month,
        unit,
        case when count(*) = count(leavers_fte) then sum(leavers_fte) end as leavers_fte,
        case
            when count(*) = count(voluntary_leavers_fte) then sum(voluntary_leavers_fte)
        end as voluntary_leavers_fte,
        -- Of rows an empty sum is no day lost, of a total it is unknown.
        case
            when sum(case when part = 'month' and sickness_days is null then 1 else 0 end) = 0
                then coalesce(sum(sickness_days), 0)
        end as sickness_days
    from open_parts
    group by council, month, unit
),

-- Where rows came a unit without any has nobody; where totals alone did, a unit without one is unknown.
told_by_month as (
    select
        open_parts.council,
        open_parts.month,
        open_parts.unit,
        open_parts.told_month,
        max(case when open_parts.part = 'rows' then 1 else 0 end) as has_rows,
        max(case when months_of_rows.month is null then 0 else 1 end) as is_month_of_rows
    from open_parts
    left join months_of_rows
        on
            open_parts.council = months_of_rows.council
            and open_parts.month = months_of_rows.month
            and open_parts.told_month = months_of_rows.told_month
    group by open_parts.council, open_parts.month, open_parts.unit, open_parts.told_month
),

told as (
    select
        council,
        month,
        unit,
        sum(1 - is_month_of_rows) as months_of_totals,
        sum(case when is_month_of_rows = 1 and has_rows = 0 then 1 else 0 end) as months_of_totals_beside_rows
    from told_by_month
    group by council, month, unit
),

-- Where nobody's sickness is told in a year it is unknown; where somebody's is, an empty cell is no day lost.
sickness_is_told as (
    select distinct
        due.council,
        due.month
    from due
    inner join parts
        on
            due.council = parts.council
            and parts.part = 'rows'
            and parts.month <= due.month
            and parts.month >= {{ months_away('due.month', -11) }}
    where parts.sickness_days is not null
),

known_months as (
    select
        units.council,
        units.month,
        units.unit,
        coalesce(numbers_of_rows.months, 0) + coalesce(told.months_of_totals, 0) = 12 as is_whole_year,
        sickness_is_told.month is not null
        or coalesce(numbers_of_rows.months, 0) <= coalesce(told.months_of_totals_beside_rows, 0) as is_sickness_told
    from {{ ref('int_unit_months') }} as units
    inner join due
        on
            units.council = due.council
            and units.month = due.month
    left join numbers_of_rows
        on
            units.council = numbers_of_rows.council
            and units.month = numbers_of_rows.month
    left join told
        on
            units.council = told.council
            and units.month = told.month
            and units.unit = told.unit
    left join sickness_is_told
        on
            units.council = sickness_is_told.council
            and units.month = sickness_is_told.month
),

counted as (
    select
        units.council,
        units.unit,
        units.level,
        units.month,
        units.as_at,
        case
            when coalesce(now_in_post.has_rows, 0) = 1 then 'rows'
            when coalesce(now_in_post.has_totals, 0) = 1 then 'summary'
            when due.has_workforce or not due.has_workforce_summary then 'rows'
            else 'summary'
        end as grain,
        coalesce(now_in_post.has_totals, 0) = 1 as has_totals,
        due.has_workforce,
        coalesce(now_in_post.rows_in_post_fte, 0) as rows_in_post_fte,
        now_in_post.totals_in_post_fte,
        now_in_post.totals_headcount,
        now_in_post.totals_qualified_under_18_months,
        heads.says_qualified,
        heads.says_asye,
        coalesce(heads.headcount, 0) as headcount,
        coalesce(heads.agency_headcount, 0) as agency_headcount,
        coalesce(heads.qualified_under_18_months, 0) as qualified_under_18_months,
        coalesce(heads.qualified_under_2_years, 0) as qualified_under_2_years,
        coalesce(heads.asye_workers, 0) as asye_workers,
        {%- for measure, is_told in [
            ('leavers_fte', 'known_months.is_whole_year'),
            ('voluntary_leavers_fte', 'known_months.is_whole_year'),
            ('sickness_days', 'known_months.is_whole_year and known_months.is_sickness_told'),
        ] %}
        case
            when years.unit is not null and twelve_months.unit is null then years.{{ measure }}
            when {{ is_told }}
                then
                    case when years.unit is null then 0 else years.{{ measure }} end
                    + case when twelve_months.unit is null then 0 else twelve_months.{{ measure }} end
        end as {{ measure }}_12m,
        {%- endfor %}
        working_years.working_days
    from {{ ref('int_unit_months') }} as units
    inner join due
        on
            units.council = due.council
            and units.month = due.month
    inner join {{ ref('working_years') }} as working_years
        on {{ twelve_months_hold_leap_day('units.month') }} = working_years.holds_leap_day
    inner join known_months
        on
            units.council = known_months.council
            and units.month = known_months.month
            and units.unit = known_months.unit
    left join now_in_post
        on
            units.council = now_in_post.council
            and units.month = now_in_post.month
            and units.unit = now_in_post.unit
    left join {{ ref('int_stability_heads') }} as heads
        on
            units.council = heads.council
            and units.month = heads.month
            and units.unit = heads.unit
    left join years
        on
            units.council = years.council
            and units.month = years.month
            and units.unit = years.unit
    left join twelve_months
        on
            units.council = twelve_months.council
            and units.month = twelve_months.month
            and units.unit = twelve_months.unit
),

known as (
    select
        *,
        case
            when has_totals then rows_in_post_fte + totals_in_post_fte
            when has_workforce then rows_in_post_fte
        end as in_post_fte,
        case
            when has_totals then headcount + totals_headcount
            when has_workforce then headcount
        end as all_heads,
        case
            when headcount > 0 and not says_qualified then null
            when has_totals then qualified_under_18_months + totals_qualified_under_18_months
            when has_workforce then qualified_under_18_months
        end as all_qualified_under_18_months,
        -- Totals do not say more of experience, nor of agency workers.
        has_workforce and not has_totals as is_told_by_rows
    from counted
)

select
    council,
    unit,
    level,
    month,
    as_at,
    grain,
    in_post_fte,
    all_heads as headcount,
    leavers_fte_12m,
    voluntary_leavers_fte_12m,
    sickness_days_12m,
    working_days,
    all_qualified_under_18_months as qualified_under_18_months,
    case when is_told_by_rows and (says_qualified or headcount = 0) then qualified_under_2_years end
        as qualified_under_2_years,
    case when is_told_by_rows and (says_asye or headcount = 0) then asye_workers end as asye_workers,
    case when is_told_by_rows then agency_headcount end as agency_headcount,
    case when is_told_by_rows then headcount end as heads_of_rows
from known
