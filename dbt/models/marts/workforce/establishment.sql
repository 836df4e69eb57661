with due as (
    {{ months_due() }}
),

role_groups as (
    select distinct role_group
    from {{ ref('roles') }}
),

counted as (
    select
        units.council,
        units.unit,
        units.level,
        units.month,
        units.as_at,
        due.has_posts,
        due.has_workforce,
        role_groups.role_group,
        coalesce(totals.posts_fte, 0) as posts_fte,
        coalesce(totals.in_post_fte, 0) as in_post_fte,
        coalesce(totals.newly_created_fte, 0) as newly_created_fte,
        coalesce(totals.vacant_fte, 0) as vacant_fte,
        coalesce(totals.agency_fte, 0) as agency_fte
    from {{ ref('int_unit_months') }} as units
    inner join due
        on
            units.council = due.council
            and units.month = due.month
    cross join role_groups
    left join {{ ref('int_post_totals') }} as totals
        on
            units.council = totals.council
            and units.month = totals.month
            and units.unit = totals.unit
            and role_groups.role_group = totals.role_group
),

with_total as (
    select
        council, unit, level, month, as_at, has_posts, has_workforce, role_group,
        posts_fte, in_post_fte, newly_created_fte, vacant_fte, agency_fte
    from counted

    union all

    select
        council, unit, level, month, as_at, has_posts, has_workforce,
        'total' as role_group,
        sum(posts_fte) as posts_fte,
        sum(in_post_fte) as in_post_fte,
        sum(newly_created_fte) as newly_created_fte,
        sum(vacant_fte) as vacant_fte,
        sum(agency_fte) as agency_fte
    from counted
    group by council, unit, level, month, as_at, has_posts, has_workforce
),

known as (
    select
        council, unit, level, month, as_at, role_group,
        case when has_posts then posts_fte end as posts_fte,
        case when has_workforce then in_post_fte end as in_post_fte,
        case when has_posts then newly_created_fte end as newly_created_fte,
        case when has_posts then vacant_fte end as vacant_fte,
        case when has_workforce then agency_fte end as agency_fte
    from with_total
)

select
    council,
    unit,
    level,
    month,
    as_at,
    'rows' as grain,
    role_group,
    {{ half_up('posts_fte', 2, 9) }} as posts_fte,
    {{ half_up('in_post_fte', 2, 9) }} as in_post_fte,
    {{ half_up('newly_created_fte', 2, 9) }} as newly_created_fte,
    {{ half_up('vacant_fte', 2, 9) }} as vacant_fte,
    {{ half_up('agency_fte', 2, 9) }} as agency_fte,
    {{ half_up('vacant_fte - agency_fte', 2, 9) }} as uncovered_fte,
    {{ rate('vacant_fte', 'vacant_fte + in_post_fte') }} as vacancy_rate,
    {{ rate('agency_fte', 'agency_fte + in_post_fte') }} as agency_rate
from known
