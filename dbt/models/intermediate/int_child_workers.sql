-- A value over twelve months is unknown until twelve are loaded.
with whole_years as (
    {{ whole_years_due('caseload') }}
),

open_children as (
    select distinct
        cases.council,
        cases.month,
        cases.child_key
    from {{ ref('stg_caseload') }} as cases
    inner join whole_years
        on
            cases.council = whole_years.council
            and cases.month = whole_years.month
    where cases.is_open_at_end
)

select
    open_children.council,
    open_children.month,
    open_children.child_key,
    count(distinct earlier.worker_key) as workers
from open_children
inner join {{ ref('stg_caseload') }} as earlier
    on
        open_children.council = earlier.council
        and open_children.child_key = earlier.child_key
        and earlier.month <= open_children.month
        and earlier.month >= {{ months_away('open_children.month', -11) }}
where earlier.is_open_at_end
group by open_children.council, open_children.month, open_children.child_key
