with months_read as (
    {{ months_read() }}
),

units as (
    select
        council,
        unit,
        parent_unit
    from {{ ref('org_units') }}

    union all

    select
        council,
        'unmapped' as unit,
        unit as parent_unit
    from {{ ref('org_units') }}
    where level = 'council'
),

told as (
    select
        throughput.council,
        throughput.month,
        throughput.unit,
        units.parent_unit,
        coalesce(throughput.open_at_end, 0) as open_at_end,
        coalesce(throughput.received, 0) as received,
        coalesce(throughput.closed + throughput.stepped_down + throughput.transferred_out, 0) as ended,
        coalesce(spend.agency_cost_gbp, 0) as agency_cost_gbp
    from {{ ref('throughput') }} as throughput
    inner join months_read
        on
            throughput.council = months_read.council
            and throughput.month = months_read.month
    inner join units
        on
            throughput.council = units.council
            and throughput.unit = units.unit
    left join {{ ref('agency_costs') }} as spend
        on
            throughput.council = spend.council
            and throughput.month = spend.month
            and throughput.unit = spend.unit
),

-- Below a unit that is no longer in force nothing can be added up.
broken_trees as (
    select distinct
        lower_unit.council,
        lower_unit.month
    from told as lower_unit
    left join told as higher_unit
        on
            lower_unit.council = higher_unit.council
            and lower_unit.month = higher_unit.month
            and lower_unit.parent_unit = higher_unit.unit
    where lower_unit.parent_unit is not null and higher_unit.unit is null
),

its_own as (
    select
        council,
        month,
        unit,
        sum(case when is_open_at_end then 1 else 0 end) as open_at_end,
        sum(case when opened_on >= month then 1 else 0 end) as received,
        sum(case when is_open_at_end then 0 else 1 end) as ended,
        0 as agency_cost_gbp
    from {{ ref('stg_caseload') }}
    group by council, month, unit

    union all

    select
        council,
        month,
        unit,
        0 as open_at_end,
        0 as received,
        0 as ended,
        sum(amount_gbp) as agency_cost_gbp
    from {{ ref('stg_agency_spend') }}
    group by council, month, unit
),

parts as (
    select council, month, unit, open_at_end, received, ended, agency_cost_gbp
    from its_own
    union all
    select council, month, parent_unit as unit, open_at_end, received, ended, agency_cost_gbp
    from told
    where parent_unit is not null
),

-- Monthly totals of spend may be given for a higher unit alone.
months_of_totals as (
    select distinct
        council,
        month
    from {{ ref('stg_agency_spend_summary') }}
    where financial_year is null
),

added_up as (
    select
        council,
        month,
        unit,
        sum(open_at_end) as open_at_end,
        sum(received) as received,
        sum(ended) as ended,
        sum(agency_cost_gbp) as agency_cost_gbp
    from parts
    group by council, month, unit
)

select
    told.council,
    told.month,
    told.unit,
    told.open_at_end,
    added_up.open_at_end as open_at_end_added_up,
    told.received,
    added_up.received as received_added_up,
    told.ended,
    added_up.ended as ended_added_up,
    told.agency_cost_gbp,
    added_up.agency_cost_gbp as agency_cost_gbp_added_up
from told
left join added_up
    on
        told.council = added_up.council
        and told.month = added_up.month
        and told.unit = added_up.unit
left join broken_trees
    on
        told.council = broken_trees.council
        and told.month = broken_trees.month
left join months_of_totals
    on
        told.council = months_of_totals.council
        and told.month = months_of_totals.month
where
    broken_trees.council is null
    and (
        told.open_at_end <> coalesce(added_up.open_at_end, 0)
        or told.received <> coalesce(added_up.received, 0)
        or told.ended <> coalesce(added_up.ended, 0)
        or (months_of_totals.council is null and told.agency_cost_gbp <> coalesce(added_up.agency_cost_gbp, 0))
    )
