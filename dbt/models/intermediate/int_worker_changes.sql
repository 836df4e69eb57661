-- A value over twelve months is unknown until twelve are loaded.
with whole_years as (
    {{ whole_years_due('caseload') }}
),

councils_due as (
    select distinct council
    from whole_years
),

-- From the rows: no table of the warehouse tells a case by its number.
held as (
    select
        cases.council,
        cast(extract(year from cases.month) as integer) as year,
        cases.case_id,
        cases.worker_key,
        bit_or({{ month_bit('cases.month') }}) as months_open,
        cast(min(extract(month from cases.month)) as integer) as first_month,
        cast(max(extract(month from cases.month)) as integer) as last_month
    from {{ ref('stg_caseload') }} as cases
    inner join councils_due on cases.council = councils_due.council
    where cases.is_open_at_end and cases.worker_key is not null
    group by cases.council, cast(extract(year from cases.month) as integer), cases.case_id, cases.worker_key
),

cases_with_changes as (
    select
        council,
        case_id
    from held
    group by council, case_id
    having min(worker_key) <> max(worker_key)
),

held_with_changes as (
    select held.*
    from held
    inner join cases_with_changes
        on
            held.council = cases_with_changes.council
            and held.case_id = cases_with_changes.case_id
),

workers_seen as (
    {{ seen_within('held_with_changes', ['case_id', 'worker_key']) | indent(4) }}
),

-- Each other worker that a case had is a change.
changes as (
    select
        held.council,
        held.year,
        held.worker_key,
        {{ counts_within_by_month('changes', 'held.months_open', 'others') | indent(8) }}
    from held_with_changes as held
    inner join workers_seen as others
        on
            held.council = others.council
            and held.year = others.year
            and held.case_id = others.case_id
            and held.worker_key <> others.worker_key
    group by held.council, held.year, held.worker_key
)

select
    whole_years.council,
    whole_years.month,
    changes.worker_key,
    cast({{ count_of_month('changes.changes', 'whole_years.month') | indent(4) }} as bigint) as changes_of_worker_12m
from whole_years
left join changes
    on
        whole_years.council = changes.council
        and extract(year from whole_years.month) = changes.year
