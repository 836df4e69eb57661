with posts_held as (
    select
        *,
        row_number() over (
            partition by council, month, worker_key
            order by fte desc, started_on asc, coalesce(post_id, '') asc
        ) as post_order
    from {{ ref('stg_workforce') }}
    where is_in_post
)

select
    council,
    month,
    as_at,
    worker_key,
    max(case when post_order = 1 then unit end) as unit,
    max(case when post_order = 1 then role end) as role,
    max(case when post_order = 1 then employment end) as employment,
    max(case when post_order = 1 then role_group end) as role_group,
    sum(fte) as fte,
    bool_or(is_social_worker) as is_social_worker,
    bool_or(carries_cases) as carries_cases,
    bool_or(role_group = 'manager') as is_manager,
    coalesce(bool_or(is_asye), false) as is_asye,
    min(qualified_on) as qualified_on
from posts_held
group by council, month, as_at, worker_key
