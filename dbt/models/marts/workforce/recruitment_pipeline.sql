with due as (
    {{ months_due() }}
),

councils as (
    select
        units.council,
        units.unit,
        units.level,
        units.month,
        units.as_at,
        due.has_offers,
        due.has_posts and due.has_workforce as has_establishment
    from {{ ref('int_unit_months') }} as units
    inner join due
        on
            units.council = due.council
            and units.month = due.month
    where units.level = 'council'
),

role_groups as (
    select distinct role_group
    from {{ ref('roles') }}
),

offers as (
    select
        council,
        month,
        role_group,
        sum(case when employment = 'agency' then fte else 0 end) as agency_offers_fte,
        sum(case when employment <> 'agency' then fte else 0 end) as permanent_offers_fte
    from {{ ref('stg_offers') }}
    group by council, month, role_group
),

by_group as (
    select
        councils.council,
        councils.unit,
        councils.level,
        councils.month,
        councils.as_at,
        role_groups.role_group,
        case when councils.has_offers then coalesce(offers.agency_offers_fte, 0) end as agency_offers_fte,
        case when councils.has_offers then coalesce(offers.permanent_offers_fte, 0) end as permanent_offers_fte,
        case
            when councils.has_establishment then coalesce(totals.vacant_fte, 0) - coalesce(totals.agency_fte, 0)
        end as uncovered_fte
    from councils
    cross join role_groups
    left join offers
        on
            councils.council = offers.council
            and councils.month = offers.month
            and role_groups.role_group = offers.role_group
    left join {{ ref('int_post_totals') }} as totals
        on
            councils.council = totals.council
            and councils.month = totals.month
            and councils.unit = totals.unit
            and role_groups.role_group = totals.role_group
),

-- A surplus in one role group fills no gap in another: the floor comes before the sum.
gaps as (
    select
        *,
        {{ floored('uncovered_fte - agency_offers_fte - permanent_offers_fte') }} as remaining_gap_fte,
        {{ floored('agency_offers_fte + permanent_offers_fte - uncovered_fte') }} as surplus_fte
    from by_group
),

with_total as (
    select
        council, unit, level, month, as_at, role_group,
        agency_offers_fte, permanent_offers_fte, uncovered_fte, remaining_gap_fte, surplus_fte
    from gaps

    union all

    select
        council, unit, level, month, as_at,
        'total' as role_group,
        sum(agency_offers_fte) as agency_offers_fte,
        sum(permanent_offers_fte) as permanent_offers_fte,
        sum(uncovered_fte) as uncovered_fte,
        sum(remaining_gap_fte) as remaining_gap_fte,
        sum(surplus_fte) as surplus_fte
    from gaps
    group by council, unit, level, month, as_at
)

select
    council,
    unit,
    level,
    month,
    as_at,
    'rows' as grain,
    role_group,
    {{ half_up('agency_offers_fte', 2, 9) }} as agency_offers_fte,
    {{ half_up('permanent_offers_fte', 2, 9) }} as permanent_offers_fte,
    {{ half_up('agency_offers_fte + permanent_offers_fte', 2, 9) }} as pipeline_fte,
    {{ half_up('uncovered_fte', 2, 9) }} as uncovered_fte,
    {{ half_up('remaining_gap_fte', 2, 9) }} as remaining_gap_fte,
    {{ half_up('surplus_fte', 2, 9) }} as surplus_fte
from with_total
