{#- What is counted by child, worker and family, and over twelve months, is counted from these: a case open all year is
    one row here and twelve in the archive. The rows are of cases and do not say which: the warehouse holds no number of
    a case. -#}
with due as (
    {{ months_due() }}
),

councils_due as (
    select distinct council
    from due
)

select
    cases.council,
    cast(extract(year from cases.month) as integer) as year,
    cases.child_key,
    cases.family_key,
    cases.case_type,
    cases.unit,
    cases.worker_key,
    bit_or({{ month_bit('cases.month') }}) as months_open,
    cast(min(extract(month from cases.month)) as integer) as first_month,
    cast(max(extract(month from cases.month)) as integer) as last_month
from {{ ref('stg_caseload') }} as cases
inner join councils_due on cases.council = councils_due.council
where cases.is_open_at_end
group by
    cases.council, cast(extract(year from cases.month) as integer), cases.case_id, cases.child_key, cases.family_key,
    cases.case_type, cases.unit, cases.worker_key
