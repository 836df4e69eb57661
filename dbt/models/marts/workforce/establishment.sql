with due as (
    {{ months_due() }}
),

counted as (
    select totals.*
    from {{ ref('int_establishment_totals') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
),

with_total as (
    select
        council, unit, level, month, as_at, grain, role_group,
        posts_fte, in_post_fte, newly_created_fte, vacant_fte, agency_fte
    from counted

    union all

    select
        council, unit, level, month, as_at, grain,
        'total' as role_group,
        sum(posts_fte) as posts_fte,
        sum(in_post_fte) as in_post_fte,
        sum(newly_created_fte) as newly_created_fte,
        sum(vacant_fte) as vacant_fte,
        sum(agency_fte) as agency_fte
    from counted
    group by council, unit, level, month, as_at, grain
)

select
    council,
    unit,
    level,
    month,
    as_at,
    grain,
    role_group,
    {{ half_up('posts_fte', 2, 9) }} as posts_fte,
    {{ half_up('in_post_fte', 2, 9) }} as in_post_fte,
    {{ half_up('newly_created_fte', 2, 9) }} as newly_created_fte,
    {{ half_up('vacant_fte', 2, 9) }} as vacant_fte,
    {{ half_up('agency_fte', 2, 9) }} as agency_fte,
    {{ half_up('vacant_fte - agency_fte', 2, 9) }} as uncovered_fte,
    {{ vacancy_rate('vacant_fte', 'in_post_fte') }} as vacancy_rate,
    {{ agency_rate('agency_fte', 'in_post_fte') }} as agency_rate
from with_total
