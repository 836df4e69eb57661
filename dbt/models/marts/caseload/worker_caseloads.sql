with due as (
    {{ months_due() }}
),

workers as (
    select workers.*
    from {{ ref('int_worker_totals') }} as workers
    inner join due
        on
            workers.council = due.council
            and workers.month = due.month
),

verdicts as (
    select *
    from {{ ref('int_verdicts') }}
    where metric = 'worker_caseload'
),

caps as (
    select *
    from {{ ref('int_policies_chosen') }}
    where metric = 'worker_caseload'
),

whole_years as (
    select distinct
        council,
        month
    from {{ ref('int_worker_changes') }}
)

select
    workers.council,
    workers.unit,
    units.level,
    workers.month,
    workers.as_at,
    'rows' as grain,
    workers.worker_key,
    workers.role,
    workers.employment,
    {{ half_up('workers.fte', 2, 9) }} as fte,
    cast(workers.open_cases as integer) as open_cases,
    cast(workers.open_children as integer) as open_children,
    cast(workers.families as integer) as families,
    {{ ratio_half_up('workers.open_cases', 'workers.fte', 4, 9) }} as cases_per_fte,
    workers.is_asye,
    cast({{ months_to_month_end('workers.qualified_on', 'workers.as_at') }} as integer) as months_since_qualified,
    cast(caps.target as decimal(9, 2)) as caseload_cap,
    case
        when workers.open_cases is not null then coalesce(verdicts.severity = 'breach', false)
    end as over_cap,
    case
        when whole_years.month is not null and workers.open_cases is not null
            then cast(coalesce(changes.changes_of_worker_12m, 0) as integer)
    end as changes_of_worker_12m
from workers
inner join {{ ref('int_unit_months') }} as units
    on
        workers.council = units.council
        and workers.month = units.month
        and workers.unit = units.unit
left join verdicts
    on
        workers.council = verdicts.council
        and workers.month = verdicts.month
        and workers.worker_key = verdicts.worker_key
left join caps
    on
        workers.council = caps.council
        and workers.month = caps.month
        and workers.worker_key = caps.worker_key
left join whole_years
    on
        workers.council = whole_years.council
        and workers.month = whole_years.month
left join {{ ref('int_worker_changes') }} as changes
    on
        workers.council = changes.council
        and workers.month = changes.month
        and workers.worker_key = changes.worker_key
