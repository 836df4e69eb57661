with due as (
    {{ months_due() }}
),

months_loaded as (
    select
        due.council,
        due.month,
        count(*) as months_loaded
    from due
    inner join {{ source('run', 'build_scope') }} as loaded
        on
            due.council = loaded.council
            and loaded.has_caseload
            and loaded.month <= due.month
            and loaded.month >= {{ months_away('due.month', -11) }}
    group by due.council, due.month
),

-- A value over twelve months is unknown until twelve are loaded.
whole_years as (
    select
        council,
        month
    from months_loaded
    where months_loaded = 12
),

held as (
    select
        cases.council,
        cases.month,
        cases.case_id,
        cases.worker_key
    from {{ ref('stg_caseload') }} as cases
    inner join whole_years
        on
            cases.council = whole_years.council
            and cases.month = whole_years.month
    where cases.is_open_at_end and cases.worker_key is not null
),

workers_of_case as (
    select
        held.council,
        held.month,
        held.case_id,
        held.worker_key,
        count(distinct earlier.worker_key) as workers
    from held
    inner join {{ ref('stg_caseload') }} as earlier
        on
            held.council = earlier.council
            and held.case_id = earlier.case_id
            and earlier.month <= held.month
            and earlier.month >= {{ months_away('held.month', -11) }}
    where earlier.is_open_at_end
    group by held.council, held.month, held.case_id, held.worker_key
)

select
    whole_years.council,
    whole_years.month,
    workers_of_case.worker_key,
    sum(workers_of_case.workers - 1) as changes_of_worker_12m
from whole_years
left join workers_of_case
    on
        whole_years.council = workers_of_case.council
        and whole_years.month = workers_of_case.month
group by whole_years.council, whole_years.month, workers_of_case.worker_key
