with due as (
    {{ months_due() }}
),

caseload as (
    select totals.*
    from {{ ref('int_caseload_totals') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
),

agency as (
    select totals.*
    from {{ ref('int_agency_totals') }} as totals
    inner join due
        on
            totals.council = due.council
            and totals.month = due.month
),

officers as (
    select officers.*
    from {{ ref('int_support_officers') }} as officers
    inner join due
        on
            officers.council = due.council
            and officers.month = due.month
),

-- Of two contracts of one unit the one that ends first is spoken of.
contracts as (
    select
        due.council,
        due.month,
        due.as_at,
        contracts.unit,
        min({{ days_between('due.as_at', 'contracts.ends_on') }}) as days_to_end
    from due
    inner join {{ ref('managed_contracts') }} as contracts
        on
            due.council = contracts.council
            and contracts.starts_on <= due.as_at
            and contracts.ends_on >= due.month
    group by due.council, due.month, due.as_at, contracts.unit
),

units as (
    select
        council, month, as_at, unit, level, service_area, grain,
        'average_caseload' as metric,
        cast(open_cases as decimal(38, 15)) as numerator,
        cast(fte_social_workers as decimal(38, 15)) as denominator
    from caseload

    union all

    {%- for metric, value in {
        'unallocated_cases': 'unallocated_cases',
        'manager_held_cases': 'manager_held_cases',
        'cases_without_social_workers':
            'case when fte_social_workers = 0 then open_cases when fte_social_workers > 0 then 0 end',
    }.items() %}
    select
        council, month, as_at, unit, level, service_area, grain,
        '{{ metric }}' as metric,
        cast({{ value }} as decimal(38, 15)) as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from caseload

    union all
    {% endfor %}
    -- Forecast against budget: year to date over the months loaded, times twelve.
    select
        council, month, as_at, unit, level, service_area, grain,
        'agency_cost_variance_percent' as metric,
        cast(100 * (forecast_times_months_gbp - months_loaded * budget_gbp) as decimal(38, 15)) as numerator,
        cast(months_loaded * budget_gbp as decimal(38, 15)) as denominator
    from agency

    union all

    select
        caseload.council, caseload.month, caseload.as_at, caseload.unit, caseload.level, caseload.service_area,
        caseload.grain,
        'workers_per_support_officer' as metric,
        cast(officers.social_worker_fte as decimal(38, 15)) as numerator,
        cast(officers.officer_fte as decimal(38, 15)) as denominator
    from officers
    inner join caseload
        on
            officers.council = caseload.council
            and officers.month = caseload.month
            and officers.unit = caseload.unit

    union all

    select
        contracts.council, contracts.month, contracts.as_at, contracts.unit,
        'contract' as level,
        cast(null as varchar) as service_area,
        'rows' as grain,
        'managed_team_days_to_end' as metric,
        cast(contracts.days_to_end as decimal(38, 15)) as numerator,
        cast(1 as decimal(38, 15)) as denominator
    from contracts
),

workers as (
    select
        workers.council,
        workers.month,
        workers.as_at,
        workers.unit,
        workers.is_asye,
        workers.worker_key,
        workers.role_group,
        workers.open_cases
    from {{ ref('int_worker_totals') }} as workers
    inner join due
        on
            workers.council = due.council
            and workers.month = due.month
)

select
    council,
    month,
    as_at,
    unit,
    cast(null as bigint) as worker_key,
    level,
    service_area,
    cast(null as varchar) as role_group,
    cast(null as varchar) as experience,
    grain,
    metric,
    numerator,
    denominator
from units

union all

select
    workers.council,
    workers.month,
    workers.as_at,
    workers.unit,
    workers.worker_key,
    'worker' as level,
    units.service_area,
    workers.role_group,
    case when workers.is_asye then 'asye' end as experience,
    'rows' as grain,
    'worker_caseload' as metric,
    cast(workers.open_cases as decimal(38, 15)) as numerator,
    cast(1 as decimal(38, 15)) as denominator
from workers
left join {{ ref('int_unit_months') }} as units
    on
        workers.council = units.council
        and workers.month = units.month
        and workers.unit = units.unit
