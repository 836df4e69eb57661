with due as (
    {{ months_due() }}
),

-- Of each worker first: who that is in post is asked once a month, not of every case.
by_worker as (
    select
        cases.council,
        cases.month,
        cases.unit,
        cases.worker_key,
        count(*) as case_rows,
        sum(case when cases.opened_on < cases.month then 1 else 0 end) as open_at_start,
        sum(case when cases.opened_on >= cases.month then 1 else 0 end) as received,
        {%- for outcome in ['closed', 'stepped_down', 'transferred'] %}
        sum(
            case
                when cases.closed_on <= cases.as_at and cases.closure_outcome = '{{ outcome }}' then 1
                else 0
            end
        ) as {{ outcome }},
        {%- endfor %}
        sum(case when cases.is_open_at_end then 1 else 0 end) as open_at_end
    from {{ ref('stg_caseload') }} as cases
    inner join due
        on
            cases.council = due.council
            and cases.month = due.month
    group by cases.council, cases.month, cases.unit, cases.worker_key
),

by_unit as (
    select
        by_worker.council,
        by_worker.month,
        by_worker.unit,
        sum(by_worker.case_rows) as case_rows,
        sum(by_worker.open_at_start) as open_at_start,
        sum(by_worker.received) as received,
        sum(by_worker.closed) as closed,
        sum(by_worker.stepped_down) as stepped_down,
        sum(by_worker.transferred) as transferred_out,
        sum(by_worker.open_at_end) as open_at_end,
        sum(case when by_worker.worker_key is null then by_worker.open_at_end else 0 end) as unallocated_cases,
        sum(case when workers.is_manager then by_worker.open_at_end else 0 end) as manager_held_cases,
        sum(case when workers.is_social_worker then by_worker.open_at_end else 0 end) as dfe_cases
    from by_worker
    left join {{ ref('int_workers_in_post') }} as workers
        on
            by_worker.council = workers.council
            and by_worker.month = workers.month
            and by_worker.worker_key = workers.worker_key
    group by by_worker.council, by_worker.month, by_worker.unit
)

select
    by_unit.council,
    by_unit.month,
    tree.unit,
    sum(by_unit.case_rows) as case_rows,
    sum(by_unit.open_at_start) as open_at_start,
    sum(by_unit.received) as received,
    sum(by_unit.closed) as closed,
    sum(by_unit.stepped_down) as stepped_down,
    sum(by_unit.transferred_out) as transferred_out,
    sum(by_unit.open_at_end) as open_at_end,
    sum(by_unit.unallocated_cases) as unallocated_cases,
    sum(by_unit.manager_held_cases) as manager_held_cases,
    sum(by_unit.dfe_cases) as dfe_cases
from by_unit
inner join {{ ref('int_unit_tree') }} as tree
    on
        by_unit.council = tree.council
        and by_unit.unit = tree.descendant
group by by_unit.council, by_unit.month, tree.unit
