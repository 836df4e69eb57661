{%- set above_target = floored('totals.open_cases - targets.target * totals.fte_social_workers') -%}
with due as (
    {{ months_due() }}
),

totals as (
    select totals.*
    from {{ ref('int_caseload_totals') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
),

verdicts as (
    select *
    from {{ ref('int_verdicts') }}
    where metric = 'average_caseload' and worker_key is null
),

-- A unit without social workers has a target all the same.
targets as (
    select *
    from {{ ref('int_policies_chosen') }}
    where metric = 'average_caseload' and worker_key is null
),

costs as (
    select *
    from {{ ref('int_role_costs') }}
    where role = 'social_worker'
),

-- What keeps the caseload figures of a month from being whole.
left_out as (
    select
        council,
        month,
        sum(rows_rejected) as rows_rejected,
        sum(rows_unmapped) as rows_unmapped
    from {{ source('run', 'deliveries') }}
    where is_in_force and extract in ('caseload', 'workforce', 'caseload_summary')
    group by council, month
)

select
    totals.council,
    totals.unit,
    totals.unit_name,
    totals.level,
    totals.month,
    totals.as_at,
    totals.grain,
    coalesce(left_out.rows_rejected, 0) + coalesce(left_out.rows_unmapped, 0) = 0 as is_complete,
    cast(coalesce(left_out.rows_rejected, 0) as integer) as rows_rejected,
    cast(totals.open_cases as integer) as open_cases,
    cast(totals.open_children as integer) as open_children,
    cast(totals.unallocated_cases as integer) as unallocated_cases,
    cast(totals.manager_held_cases as integer) as manager_held_cases,
    {{ half_up('totals.fte_social_workers', 2, 9) }} as fte_social_workers,
    {{ ratio_half_up('totals.open_cases', 'totals.fte_social_workers', 4, 9) }} as average_caseload,
    cast(
        {{ ratio_half_up('totals.open_cases', 'totals.fte_social_workers', 0, 9) }} as integer
    ) as average_caseload_rounded,
    verdicts.band,
    verdicts.band_label,
    verdicts.severity,
    cast(targets.target as decimal(9, 2)) as target_caseload,
    {{ ratio_half_up(above_target, 'targets.target', 2, 9) }} as fte_to_target,
    {{ ratio_half_up(above_target ~ ' * costs.annual_cost_gbp', 'targets.target', 2) }} as cost_to_target_gbp,
    cast(totals.dfe_cases as integer) as dfe_cases,
    {{ half_up('totals.dfe_fte', 2, 9) }} as dfe_fte,
    {{ average_caseload('totals.dfe_cases', 'totals.dfe_fte') }} as dfe_average_caseload
from totals
left join verdicts
    on
        totals.council = verdicts.council
        and totals.month = verdicts.month
        and totals.unit = verdicts.unit
left join targets
    on
        totals.council = targets.council
        and totals.month = targets.month
        and totals.unit = targets.unit
left join costs
    on
        totals.council = costs.council
        and totals.month = costs.month
left join left_out
    on
        totals.council = left_out.council
        and totals.month = left_out.month
