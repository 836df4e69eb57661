with due as (
    {{ months_due() }}
),

in_post as (
    select
        held.council,
        held.month,
        held.as_at,
        held.unit,
        held.worker_key,
        held.employment = 'agency' as is_agency,
        held.qualified_on,
        held.is_asye
    from {{ ref('stg_workforce') }} as held
    inner join due
        on
            held.council = due.council
            and held.month = due.month
    where held.is_in_post and held.is_social_worker
),

-- What one post says of a worker holds in the others.
workers as (
    select
        council,
        month,
        as_at,
        worker_key,
        min(qualified_on) as qualified_on,
        coalesce(bool_or(is_asye), false) as is_asye
    from in_post
    where not is_agency
    group by council, month, as_at, worker_key
),

experience as (
    select
        council,
        month,
        worker_key,
        is_asye,
        {{ months_to_month_end('qualified_on', 'as_at') }} as months_since_qualified
    from workers
),

said as (
    select
        council,
        month,
        count(qualified_on) > 0 as says_qualified,
        count(is_asye) > 0 as says_asye
    from in_post
    group by council, month
),

-- A worker of two teams is one head of their service.
heads as (
    select distinct
        in_post.council,
        in_post.month,
        tree.unit,
        in_post.worker_key,
        in_post.is_agency
    from in_post
    inner join {{ ref('int_unit_tree') }} as tree
        on
            in_post.council = tree.council
            and in_post.unit = tree.descendant
)

select
    heads.council,
    heads.month,
    heads.unit,
    said.says_qualified,
    said.says_asye,
    sum(case when heads.is_agency then 0 else 1 end) as headcount,
    sum(case when heads.is_agency then 1 else 0 end) as agency_headcount,
    sum(case when not heads.is_agency and experience.months_since_qualified < 18 then 1 else 0 end)
        as qualified_under_18_months,
    sum(case when not heads.is_agency and experience.months_since_qualified < 24 then 1 else 0 end)
        as qualified_under_2_years,
    sum(case when not heads.is_agency and experience.is_asye then 1 else 0 end) as asye_workers
from heads
inner join said
    on
        heads.council = said.council
        and heads.month = said.month
left join experience
    on
        heads.council = experience.council
        and heads.month = experience.month
        and heads.worker_key = experience.worker_key
group by heads.council, heads.month, heads.unit, said.says_qualified, said.says_asye
