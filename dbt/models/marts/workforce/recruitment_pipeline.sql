with due as (
    {{ months_due() }}
),

offers as (
    select
        council,
        month,
        role_group,
        'rows' as grain,
        employment,
        fte
    from {{ ref('stg_offers') }}

    union all

    -- Totals of offers are the whole council's: they stand where no offers came as rows.
    select
        totals.council,
        totals.month,
        totals.role_group,
        'summary' as grain,
        totals.employment,
        totals.fte
    from {{ ref('stg_offers_summary') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
    where not due.has_offers
),

offers_by_group as (
    select
        council,
        month,
        role_group,
        sum(case when employment = 'agency' then fte else 0 end) as agency_offers_fte,
        sum(case when employment <> 'agency' then fte else 0 end) as permanent_offers_fte
    from offers
    group by council, month, role_group
),

by_group as (
    select
        totals.council,
        totals.unit,
        totals.level,
        totals.month,
        totals.as_at,
        totals.role_group,
        case
            when totals.grain = 'summary' or (due.has_offers_summary and not due.has_offers) then 'summary'
            else 'rows'
        end as grain,
        case
            when due.has_offers or due.has_offers_summary then coalesce(offers_by_group.agency_offers_fte, 0)
        end as agency_offers_fte,
        case
            when due.has_offers or due.has_offers_summary then coalesce(offers_by_group.permanent_offers_fte, 0)
        end as permanent_offers_fte,
        totals.vacant_fte - totals.agency_fte as uncovered_fte
    from {{ ref('int_establishment_totals') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
    left join offers_by_group
        on
            totals.council = offers_by_group.council
            and totals.month = offers_by_group.month
            and totals.role_group = offers_by_group.role_group
    where totals.level = 'council'
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
        council, unit, level, month, as_at, grain, role_group,
        agency_offers_fte, permanent_offers_fte, uncovered_fte, remaining_gap_fte, surplus_fte
    from gaps

    union all

    select
        council, unit, level, month, as_at, grain,
        'total' as role_group,
        sum(agency_offers_fte) as agency_offers_fte,
        sum(permanent_offers_fte) as permanent_offers_fte,
        sum(uncovered_fte) as uncovered_fte,
        sum(remaining_gap_fte) as remaining_gap_fte,
        sum(surplus_fte) as surplus_fte
    from gaps
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
    {{ half_up('agency_offers_fte', 2, 9) }} as agency_offers_fte,
    {{ half_up('permanent_offers_fte', 2, 9) }} as permanent_offers_fte,
    {{ half_up('agency_offers_fte + permanent_offers_fte', 2, 9) }} as pipeline_fte,
    {{ half_up('uncovered_fte', 2, 9) }} as uncovered_fte,
    {{ half_up('remaining_gap_fte', 2, 9) }} as remaining_gap_fte,
    {{ half_up('surplus_fte', 2, 9) }} as surplus_fte
from with_total
