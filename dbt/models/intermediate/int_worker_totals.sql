with due as (
    {{ months_due() }}
),

held as (
    select
        cases.council,
        cases.month,
        cases.worker_key,
        count(*) as open_cases,
        count(distinct cases.child_key) as open_children,
        count(distinct cases.family_key) + sum(case when cases.family_key is null then 1 else 0 end) as families
    from {{ ref('stg_caseload') }} as cases
    inner join due
        on
            cases.council = due.council
            and cases.month = due.month
    where cases.is_open_at_end and cases.worker_key is not null
    group by cases.council, cases.month, cases.worker_key
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
