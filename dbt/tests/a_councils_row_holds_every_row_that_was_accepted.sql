-- Whatever team a row names, and whether anybody knows it: the council's own totals leave nothing out.
with months_read as (
    {{ months_read() }}
),

councils as (
    select
        council,
        unit,
        valid_from,
        valid_to
    from {{ ref('org_units') }}
    where level = 'council'
),

accepted as (
    select council, month, 'open_cases' as measure, cast(count(*) as decimal(38, 15)) as amount
    from {{ ref('stg_caseload') }}
    where is_open_at_end
    group by council, month
    union all
    select council, month, 'held_fte' as measure, cast(sum(fte) as decimal(38, 15)) as amount
    from {{ ref('stg_workforce') }}
    where is_in_post
    group by council, month
    union all
    select council, month, 'posts_fte' as measure, cast(sum(fte) as decimal(38, 15)) as amount
    from {{ ref('stg_posts') }}
    group by council, month
    union all
    select council, month, 'vacant_fte' as measure, cast(sum(vacant_fte) as decimal(38, 15)) as amount
    from {{ ref('stg_posts') }}
    group by council, month
    union all
    select council, month, 'pipeline_fte' as measure, cast({{ half_up('sum(fte)', 2, 9) }} as decimal(38, 15)) as amount
    from {{ ref('stg_offers') }}
    group by council, month
    union all
    -- Where totals of other units came beside the ledger, the council's cost is of both.
    select council, month, 'agency_cost_gbp' as measure, cast(sum(amount_gbp) as decimal(38, 15)) as amount
    from {{ ref('stg_agency_spend') }} as ledger
    where
        not exists (
            select 1
            from {{ ref('stg_agency_spend_summary') }} as totals
            where
                totals.council = ledger.council
                and totals.month = ledger.month
                and totals.financial_year is null
        )
    group by council, month
    union all
    select council, month, 'contacts' as measure, cast(count(*) as decimal(38, 15)) as amount
    from {{ ref('stg_contacts') }}
    group by council, month
    union all
    select council, month, 'assessments_completed' as measure, cast(count(*) as decimal(38, 15)) as amount
    from {{ ref('stg_assessments') }}
    group by council, month
    union all
    select council, month, 'visits_due' as measure, cast(count(*) as decimal(38, 15)) as amount
    from {{ ref('stg_visits') }}
    group by council, month
),

fte as (
    select
        council,
        month,
        unit,
        sum(held_fte) as held_fte,
        sum(posts_fte) as posts_fte,
        sum(vacant_fte) as vacant_fte
    from {{ ref('int_post_totals') }}
    group by council, month, unit
),

told as (
    select council, month, unit, 'open_cases' as measure, cast(open_at_end as decimal(38, 15)) as amount
    from {{ ref('throughput') }}
    union all
    select council, month, unit, 'held_fte' as measure, cast(held_fte as decimal(38, 15)) as amount
    from fte
    union all
    select council, month, unit, 'posts_fte' as measure, cast(posts_fte as decimal(38, 15)) as amount
    from fte
    union all
    select council, month, unit, 'vacant_fte' as measure, cast(vacant_fte as decimal(38, 15)) as amount
    from fte
    union all
    select council, month, unit, 'pipeline_fte' as measure, cast(pipeline_fte as decimal(38, 15)) as amount
    from {{ ref('recruitment_pipeline') }}
    where role_group = 'total'
    union all
    select council, month, unit, 'agency_cost_gbp' as measure, cast(agency_cost_gbp as decimal(38, 15)) as amount
    from {{ ref('agency_costs') }}
    union all
    select council, month, unit, 'contacts' as measure, cast(contacts as decimal(38, 15)) as amount
    from {{ ref('demand') }}
    union all
    select
        council, month, unit, 'assessments_completed' as measure,
        cast(assessments_completed as decimal(38, 15)) as amount
    from {{ ref('timeliness') }}
    union all
    select council, month, unit, 'visits_due' as measure, cast(visits_due as decimal(38, 15)) as amount
    from {{ ref('timeliness') }}
)

select
    accepted.council,
    accepted.month,
    accepted.measure,
    accepted.amount as accepted_amount,
    told.amount as told_amount
from accepted
inner join months_read
    on
        accepted.council = months_read.council
        and accepted.month = months_read.month
inner join councils
    on
        accepted.council = councils.council
        and (councils.valid_from is null or councils.valid_from <= months_read.as_at)
        and (councils.valid_to is null or months_read.as_at < councils.valid_to)
left join told
    on
        accepted.council = told.council
        and accepted.month = told.month
        and accepted.measure = told.measure
        and councils.unit = told.unit
where accepted.amount is distinct from told.amount
