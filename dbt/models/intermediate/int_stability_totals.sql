with due as (
    {{ months_due() }}
),

delivered as (
    select
        council,
        month
    from {{ source('run', 'build_scope') }}
    where has_workforce or has_workforce_summary
),

-- A value over twelve months is unknown until twelve are loaded.
whole_years as (
    select
        due.council,
        due.month
    from due
    inner join delivered
        on
            due.council = delivered.council
            and delivered.month <= due.month
            and delivered.month >= {{ months_away('due.month', -11) }}
    group by due.council, due.month
    having count(*) = 12
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
        sum(case when parts.part = 'month' then parts.in_post_fte end) as month_in_post_fte,
        sum(case when parts.part = 'year' then parts.in_post_fte end) as year_in_post_fte,
        sum(case when parts.part = 'month' then parts.headcount end) as month_headcount,
        sum(case when parts.part = 'year' then parts.headcount end) as year_headcount,
        sum(case when parts.part = 'month' then parts.qualified_under_18_months end) as month_qualified,
        sum(case when parts.part = 'year' then parts.qualified_under_18_months end) as year_qualified,
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

twelve_months as (
    select
        due.council,
        due.month,
        parts.unit,
        case when count(*) = count(parts.leavers_fte) then sum(parts.leavers_fte) end as leavers_fte,
        case
            when count(*) = count(parts.voluntary_leavers_fte) then sum(parts.voluntary_leavers_fte)
        end as voluntary_leavers_fte,
        -- Of rows an empty sum is no day lost, of a total it is unknown.
        case
            when sum(case when parts.part = 'month' and parts.sickness_days is null then 1 else 0 end) = 0
                then coalesce(sum(parts.sickness_days), 0)
        end as sickness_days
    from due
    inner join parts
        on
            due.council = parts.council
            and parts.month <= due.month
            and parts.month >= {{ months_away('due.month', -11) }}
    left join covered_by_years
        on
            due.council = covered_by_years.council
            and due.month = covered_by_years.month
            and parts.unit = covered_by_years.unit
            and parts.part_unit = covered_by_years.part_unit
    where parts.part <> 'year' and covered_by_years.unit is null
    group by due.council, due.month, parts.unit
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
            and parts.month <= due.month
            and parts.month >= {{ months_away('due.month', -11) }}
    where parts.sickness_days is not null
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
        case when due.has_workforce then coalesce(now_in_post.rows_in_post_fte, 0) else now_in_post.rows_in_post_fte end
            as rows_in_post_fte,
        coalesce(now_in_post.month_in_post_fte, now_in_post.year_in_post_fte) as totals_in_post_fte,
        coalesce(now_in_post.month_headcount, now_in_post.year_headcount) as totals_headcount,
        coalesce(now_in_post.month_qualified, now_in_post.year_qualified) as totals_qualified,
        heads.says_qualified,
        heads.says_asye,
        coalesce(heads.headcount, 0) as headcount,
        coalesce(heads.agency_headcount, 0) as agency_headcount,
        coalesce(heads.qualified_under_18_months, 0) as qualified_under_18_months,
        coalesce(heads.qualified_under_2_years, 0) as qualified_under_2_years,
        coalesce(heads.asye_workers, 0) as asye_workers,
        case
            when years.unit is not null and (twelve_months.unit is null or whole_years.month is not null)
                then
                    years.leavers_fte
                    + case when twelve_months.unit is null then 0 else twelve_months.leavers_fte end
            when whole_years.month is not null
                then case when twelve_months.unit is null then 0 else twelve_months.leavers_fte end
        end as leavers_fte_12m,
        case
            when years.unit is not null and (twelve_months.unit is null or whole_years.month is not null)
                then
                    years.voluntary_leavers_fte
                    + case when twelve_months.unit is null then 0 else twelve_months.voluntary_leavers_fte end
            when whole_years.month is not null
                then case when twelve_months.unit is null then 0 else twelve_months.voluntary_leavers_fte end
        end as voluntary_leavers_fte_12m,
        case
            when sickness_is_told.month is null then null
            when years.unit is not null and (twelve_months.unit is null or whole_years.month is not null)
                then
                    years.sickness_days
                    + case when twelve_months.unit is null then 0 else twelve_months.sickness_days end
            when whole_years.month is not null
                then case when twelve_months.unit is null then 0 else twelve_months.sickness_days end
        end as sickness_days_12m,
        working_years.working_days
    from {{ ref('int_unit_months') }} as units
    inner join due
        on
            units.council = due.council
            and units.month = due.month
    inner join {{ ref('working_years') }} as working_years
        on {{ twelve_months_hold_leap_day('units.month') }} = working_years.holds_leap_day
    left join whole_years
        on
            units.council = whole_years.council
            and units.month = whole_years.month
    left join sickness_is_told
        on
            units.council = sickness_is_told.council
            and units.month = sickness_is_told.month
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
            when rows_in_post_fte is not null or totals_in_post_fte is not null
                then coalesce(rows_in_post_fte, 0) + coalesce(totals_in_post_fte, 0)
        end as in_post_fte,
        case
            when has_workforce then headcount + coalesce(totals_headcount, 0) else totals_headcount
        end as all_heads,
        case
            when has_workforce and (says_qualified or headcount = 0)
                then qualified_under_18_months + coalesce(totals_qualified, 0)
            when not has_workforce then totals_qualified
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
