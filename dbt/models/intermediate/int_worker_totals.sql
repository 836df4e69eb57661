with due as (
    {{ months_due() }}
),

-- Months in which a worker held a case, a child, a family: each a row, however many cases are of one child. A case
-- without a family is a family of its own.
parts as (
    select
        council,
        year,
        worker_key,
        'case' as part,
        months_open
    from {{ ref('int_case_years') }}
    where worker_key is not null

    union all

    select
        council,
        year,
        worker_key,
        'child' as part,
        bit_or(months_open) as months_open
    from {{ ref('int_case_years') }}
    where worker_key is not null
    group by council, year, worker_key, child_key

    union all

    select
        council,
        year,
        worker_key,
        'family' as part,
        bit_or(months_open) as months_open
    from {{ ref('int_case_years') }}
    where worker_key is not null and family_key is not null
    group by council, year, worker_key, family_key

    union all

    select
        council,
        year,
        worker_key,
        'family' as part,
        months_open
    from {{ ref('int_case_years') }}
    where worker_key is not null and family_key is null
),

counted as (
    select
        council,
        year,
        worker_key,
        part,
        {{ counts_by_month('held', 'months_open') | indent(8) }}
    from parts
    group by council, year, worker_key, part
),

by_month as (
    select
        due.council,
        due.month,
        counted.worker_key,
        counted.part,
        {{ count_of_month('counted.held', 'due.month') | indent(8) }} as held
    from counted
    inner join due
        on
            counted.council = due.council
            and counted.year = extract(year from due.month)
),

held as (
    select
        council,
        month,
        worker_key,
        cast(sum(case when part = 'case' then held end) as bigint) as open_cases,
        cast(sum(case when part = 'child' then held end) as bigint) as open_children,
        cast(sum(case when part = 'family' then held end) as bigint) as families
    from by_month
    group by council, month, worker_key
)

select
    workers.council,
    workers.month,
    workers.as_at,
    workers.unit,
    workers.worker_key,
    workers.role,
    workers.role_group,
    workers.employment,
    workers.fte,
    workers.is_asye,
    workers.qualified_on,
    case when due.has_caseload then coalesce(held.open_cases, 0) end as open_cases,
    case when due.has_caseload then coalesce(held.open_children, 0) end as open_children,
    case when due.has_caseload then coalesce(held.families, 0) end as families
from {{ ref('int_workers_in_post') }} as workers
inner join due
    on
        workers.council = due.council
        and workers.month = due.month
left join held
    on
        workers.council = held.council
        and workers.month = held.month
        and workers.worker_key = held.worker_key
-- Everyone in post who is a social worker, carries cases by role, or holds a case.
where workers.is_social_worker or workers.carries_cases or held.open_cases > 0
