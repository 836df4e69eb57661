with due as (
    {{ months_due() }}
),

cases as (
    select
        cases.council,
        cases.month,
        cases.unit,
        cases.opened_on,
        cases.closed_on,
        cases.closure_outcome,
        cases.is_open_at_end,
        cases.worker_key is null as is_unallocated,
        coalesce(workers.is_manager, false) as is_held_by_manager,
        coalesce(workers.is_social_worker, false) as is_held_by_social_worker,
        cases.closed_on is not null and cases.closed_on <= cases.as_at as is_ended
    from {{ ref('stg_caseload') }} as cases
    inner join due
        on
            cases.council = due.council
            and cases.month = due.month
    left join {{ ref('int_workers_in_post') }} as workers
        on
            cases.council = workers.council
            and cases.month = workers.month
            and cases.worker_key = workers.worker_key
),

by_unit as (
    select
        council,
        month,
        unit,
        count(*) as case_rows,
        sum(case when opened_on < month then 1 else 0 end) as open_at_start,
        sum(case when opened_on >= month then 1 else 0 end) as received,
        sum(case when is_ended and closure_outcome = 'closed' then 1 else 0 end) as closed,
        sum(case when is_ended and closure_outcome = 'stepped_down' then 1 else 0 end) as stepped_down,
        sum(case when is_ended and closure_outcome = 'transferred' then 1 else 0 end) as transferred_out,
        sum(case when is_open_at_end then 1 else 0 end) as open_at_end,
        sum(case when is_open_at_end and is_unallocated then 1 else 0 end) as unallocated_cases,
        sum(case when is_open_at_end and is_held_by_manager then 1 else 0 end) as manager_held_cases,
        sum(case when is_open_at_end and is_held_by_social_worker then 1 else 0 end) as dfe_cases
    from cases
    group by council, month, unit
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
