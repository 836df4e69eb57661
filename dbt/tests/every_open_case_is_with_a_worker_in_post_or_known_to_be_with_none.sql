with months_read as (
    {{ months_read() }}
),

councils as (
    select
        council,
        unit
    from {{ ref('org_units') }}
    where level = 'council'
),

held_by_workers as (
    select
        council,
        month,
        sum(open_cases) as cases
    from {{ ref('worker_caseloads') }}
    group by council, month
),

held_by_nobody_in_post as (
    select
        cases.council,
        cases.month,
        count(*) as cases
    from {{ ref('stg_caseload') }} as cases
    left join {{ ref('int_workers_in_post') }} as workers
        on
            cases.council = workers.council
            and cases.month = workers.month
            and cases.worker_key = workers.worker_key
    where cases.is_open_at_end and cases.worker_key is not null and workers.worker_key is null
    group by cases.council, cases.month
),

unallocated as (
    select
        bands.council,
        bands.month,
        bands.unallocated_cases as cases
    from {{ ref('caseload_bands') }} as bands
    inner join councils
        on
            bands.council = councils.council
            and bands.unit = councils.unit
),

all_cases as (
    select
        throughput.council,
        throughput.month,
        throughput.open_at_end as cases
    from {{ ref('throughput') }} as throughput
    inner join councils
        on
            throughput.council = councils.council
            and throughput.unit = councils.unit
)

select
    all_cases.council,
    all_cases.month,
    all_cases.cases as open_cases,
    held_by_workers.cases as held_by_workers,
    held_by_nobody_in_post.cases as held_by_nobody_in_post,
    unallocated.cases as unallocated_cases
from all_cases
inner join months_read
    on
        all_cases.council = months_read.council
        and all_cases.month = months_read.month
        and months_read.has_caseload
        and months_read.has_workforce
left join held_by_workers
    on
        all_cases.council = held_by_workers.council
        and all_cases.month = held_by_workers.month
left join held_by_nobody_in_post
    on
        all_cases.council = held_by_nobody_in_post.council
        and all_cases.month = held_by_nobody_in_post.month
left join unallocated
    on
        all_cases.council = unallocated.council
        and all_cases.month = unallocated.month
where
    all_cases.cases
    <> coalesce(held_by_workers.cases, 0) + coalesce(held_by_nobody_in_post.cases, 0) + coalesce(unallocated.cases, 0)
