{#- The steps in their order, and what each adds to cases and to FTE. Every role group that is not named has its place
    in `other_roles`, so that the steps lead to the end whatever roles a council has. -#}
{%- set steps = [
    ('start', 'Open cases, FTE of the role group social worker', 'open_cases', 'fte_social_workers'),
    ('totals_without_rows', 'Monthly totals of units without rows', '-cases_of_totals', '-fte_of_totals'),
    ('unallocated', 'Cases without a worker', '-unallocated_cases', none),
    ('workers_not_in_post', 'Cases of workers who are not in post', '-cases_of_workers_not_in_post', none),
    ('not_social_workers', 'Cases of workers who are not social workers', '-cases_of_others', none),
    ('without_cases', 'FTE of social workers who hold no case', none, '-fte_without_cases'),
    ('advanced_practitioners', 'FTE of advanced practitioners who hold cases', none, 'fte_of_advanced_practitioners'),
    ('managers', 'FTE of managers who are social workers and hold cases', none, 'fte_of_managers'),
    ('other_roles', 'FTE of social workers in other roles who hold cases', none, 'fte_of_other_roles'),
    (
        'not_qualified', 'FTE of the role group social worker in roles that are not of social workers',
        none, '-fte_not_qualified'
    ),
    ('end', 'Cases held by social workers, FTE of those who hold cases (DfE)', none, none),
] -%}
{%- set cases_of = ['unallocated_cases', 'cases_of_workers_not_in_post', 'cases_of_others'] -%}
{%- set fte_of = [
    'fte_without_cases', 'fte_of_advanced_practitioners', 'fte_of_managers', 'fte_of_other_roles', 'fte_not_qualified'
] -%}
with due as (
    {{ months_due() }}
),

workers as (
    select * from {{ ref('int_workers_in_post') }}
),

open_cases as (
    select
        cases.council,
        cases.month,
        cases.worker_key,
        workers.worker_key is not null as is_in_post,
        coalesce(workers.is_social_worker, false) as is_social_worker
    from {{ ref('stg_caseload') }} as cases
    inner join due
        on
            cases.council = due.council
            and cases.month = due.month
    left join workers
        on
            cases.council = workers.council
            and cases.month = workers.month
            and cases.worker_key = workers.worker_key
    where cases.is_open_at_end
),

cases as (
    select
        council,
        month,
        sum(case when worker_key is null then 1 else 0 end) as unallocated_cases,
        sum(case when worker_key is not null and not is_in_post then 1 else 0 end) as cases_of_workers_not_in_post,
        sum(case when is_in_post and not is_social_worker then 1 else 0 end) as cases_of_others
    from open_cases
    group by council, month
),

holders as (
    select distinct
        council,
        month,
        worker_key
    from open_cases
    where worker_key is not null
),

posts as (
    select
        held.council,
        held.month,
        held.fte,
        held.role_group,
        held.role_group = 'social_worker' as is_in_role_group,
        coalesce(held.is_social_worker, false) as is_social_worker,
        coalesce(held.is_social_worker, false) and holders.worker_key is not null as is_case_holder
    from {{ ref('stg_workforce') }} as held
    inner join due
        on
            held.council = due.council
            and held.month = due.month
    left join holders
        on
            held.council = holders.council
            and held.month = holders.month
            and held.worker_key = holders.worker_key
    where held.is_in_post
),

fte as (
    select
        council,
        month,
        sum(case when is_in_role_group and is_social_worker and not is_case_holder then fte else 0 end)
            as fte_without_cases,
        sum(case when is_case_holder and role_group = 'advanced_practitioner' then fte else 0 end)
            as fte_of_advanced_practitioners,
        sum(case when is_case_holder and role_group = 'manager' then fte else 0 end) as fte_of_managers,
        sum(
            case
                when is_case_holder and role_group not in ('social_worker', 'advanced_practitioner', 'manager') then fte
                else 0
            end
        ) as fte_of_other_roles,
        sum(case when is_in_role_group and not is_social_worker then fte else 0 end) as fte_not_qualified
    from posts
    group by council, month
),

components as (
    select
        councils.council,
        councils.unit,
        councils.level,
        councils.month,
        councils.as_at,
        councils.grain,
        councils.open_cases,
        councils.fte_social_workers,
        coalesce(totals.open_cases, 0) as cases_of_totals,
        {%- for part in cases_of %}
        coalesce(cases.{{ part }}, 0) as {{ part }},
        {%- endfor %}
        {%- for part in fte_of %}
        coalesce(fte.{{ part }}, 0) as {{ part }},
        {%- endfor %}
        coalesce(totals.fte_social_workers, 0) as fte_of_totals
    from {{ ref('int_caseload_totals') }} as councils
    inner join due
        on
            councils.council = due.council
            and councils.month = due.month
            and due.has_caseload
            and due.has_workforce
    left join cases
        on
            councils.council = cases.council
            and councils.month = cases.month
    left join fte
        on
            councils.council = fte.council
            and councils.month = fte.month
    left join {{ ref('int_summary_totals') }} as totals
        on
            councils.council = totals.council
            and councils.month = totals.month
            and councils.unit = totals.unit
    where councils.level = 'council'
),

changes as (
    {%- for step, label, cases, fte in steps %}
    select
        council, unit, level, month, as_at, grain,
        {{ loop.index0 }} as step_order,
        '{{ step }}' as step,
        '{{ label }}' as step_label,
        cast({{ cases or 0 }} as decimal(18, 0)) as cases_change,
        cast({{ fte or 0 }} as decimal(38, 15)) as fte_change
    from components
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

running as (
    select
        *,
        sum(cases_change) over (
            partition by council, month
            order by step_order
            rows between unbounded preceding and current row
        ) as cases,
        sum(fte_change) over (
            partition by council, month
            order by step_order
            rows between unbounded preceding and current row
        ) as fte
    from changes
),

rounded as (
    select
        *,
        {{ half_up('fte', 2, 9) }} as fte_rounded
    from running
)

select
    council,
    unit,
    level,
    month,
    as_at,
    grain,
    cast(step_order as integer) as step_order,
    step,
    step_label,
    cast(cases_change as integer) as cases_change,
    -- Of rounded running totals, so that what is published adds up.
    cast(
        fte_rounded - coalesce(lag(fte_rounded) over (partition by council, month order by step_order), 0)
        as decimal(9, 2)
    ) as fte_change,
    cast(cases as integer) as cases,
    fte_rounded as fte,
    {{ ratio_half_up('cases', 'fte', 4, 9) }} as average
from rounded
