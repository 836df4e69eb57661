with due as (
    {{ months_due() }}
),

workers as (
    select
        council,
        month,
        unit,
        sum(post_rows) as post_rows,
        sum(case when role_group = 'social_worker' then held_fte else 0 end) as fte_social_workers,
        sum(dfe_fte) as dfe_fte
    from {{ ref('int_post_totals') }}
    group by council, month, unit
)

select
    units.council,
    units.month,
    units.as_at,
    units.unit,
    units.unit_name,
    units.level,
    units.service_area,
    units.is_frontline,
    case
        when coalesce(cases.case_rows, 0) > 0 then 'rows'
        when totals.open_cases is not null then 'summary'
        when due.has_caseload or due.has_workforce or not due.has_caseload_summary then 'rows'
        else 'summary'
    end as grain,
    case
        when due.has_caseload or totals.open_cases is not null
            then coalesce(cases.open_at_end, 0) + cast(coalesce(totals.open_cases, 0) as bigint)
    end as open_cases,
    case when due.has_caseload then coalesce(children.open_children, 0) end as open_children,
    case when due.has_caseload then coalesce(cases.unallocated_cases, 0) end as unallocated_cases,
    case
        when due.has_caseload and due.has_workforce then coalesce(cases.manager_held_cases, 0)
    end as manager_held_cases,
    -- One average is of one grain: totals are not set against rows of the same unit, nor rows against totals.
    case
        when totals.fte_social_workers is not null and not due.has_caseload then totals.fte_social_workers
        when due.has_workforce
            then coalesce(workers.fte_social_workers, 0) + coalesce(totals.fte_social_workers, 0)
        when coalesce(cases.case_rows, 0) = 0 then totals.fte_social_workers
    end as fte_social_workers,
    case when due.has_caseload and due.has_workforce then coalesce(cases.dfe_cases, 0) end as dfe_cases,
    case when due.has_caseload and due.has_workforce then coalesce(workers.dfe_fte, 0) end as dfe_fte
from {{ ref('int_unit_months') }} as units
inner join due
    on
        units.council = due.council
        and units.month = due.month
left join {{ ref('int_case_totals') }} as cases
    on
        units.council = cases.council
        and units.month = cases.month
        and units.unit = cases.unit
left join {{ ref('int_child_totals') }} as children
    on
        units.council = children.council
        and units.month = children.month
        and units.unit = children.unit
left join workers
    on
        units.council = workers.council
        and units.month = workers.month
        and units.unit = workers.unit
left join {{ ref('int_summary_totals') }} as totals
    on
        units.council = totals.council
        and units.month = totals.month
        and units.unit = totals.unit
